"""What `deploy --status` tells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lifetracker.ops import journal
from lifetracker.ops.deploying import status
from lifetracker.ops.places import Places
from tests.ops.installation import Installation, back_up
from tests.ops.undertaken import Half, half


@pytest.fixture
def undertaken(server: Installation) -> Iterator[Half]:
    with half(server) as made:
        yield made


def told(places: Places) -> dict[str, str]:
    """The lines by their first word."""
    return {name: rest.strip() for name, _, rest in (line.strip().partition("  ") for line in status.told(places))}


class TestTold:
    def test_names_what_is_live_and_what_answers(self, undertaken: Half) -> None:
        undertaken.answer("r1")

        said = told(undertaken.places)

        assert (said["live"], said["answers"]) == ("r1", "r1, status ok")
        assert said["*"] == "r1, version r1: of unknown fate"

    def test_says_why_nothing_answers(self, undertaken: Half) -> None:
        undertaken.server.configure(url="http://127.0.0.1:1", public_url="")

        assert "does not answer" in told(undertaken.places)["answers"]

    def test_says_how_each_deploy_ended(self, undertaken: Half) -> None:
        undertaken.work("swap").journal.end(undertaken.journal.read()[-1], "failed")

        assert any(line.strip() == "r2, version r2: failed" for line in status.told(undertaken.places))

    def test_says_what_was_cut_short_and_what_ends_it(self, undertaken: Half) -> None:
        undertaken.work("unpack")

        assert told(undertaken.places)["cut short"] == "deploy r2 at 'unpack': `lifetracker deploy --recover` ends it"

    def test_says_who_is_at_it(self, undertaken: Half) -> None:
        undertaken.work("unpack")

        with journal.locked(undertaken.places, "deploy of x.pyz"):
            said = told(undertaken.places)
        assert said["under way"].startswith("deploy of x.pyz by ")
        assert "cut short" not in said

    def test_names_the_last_backup(self, undertaken: Half) -> None:
        assert told(undertaken.places)["backup"] == "none yet"

    def test_of_a_bare_server_says_so(self, server: Installation) -> None:
        server.places.live.unlink()
        back_up(server, hours=1)

        assert told(server.places)["live"] == "nothing yet"
