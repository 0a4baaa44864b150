"""What is done by hand: under the lock, on record, and between two looks at everything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lifetracker.ops import by_hand, installed, journal
from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.checks.verdict import State
from lifetracker.ops.journal import Journal
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.telling import Teller

QUIET = Teller(quiet=True)
ILL = Outcome("nginx", State.failed, "a typo", "mend it")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path)
    made.deploy.mkdir(parents=True)
    made.live.symlink_to("releases/r1")
    return made


def told(places: Places) -> list[tuple[str, str | None]]:
    return [(each["what"], each.get("outcome")) for each in Journal(places).notes()]


class TestRunOnRecord:
    @pytest.mark.parametrize(("code", "outcome"), [(0, "done"), (3, "failed with code 3")])
    def test_answers_the_exit_code_and_writes_it_down(self, places: Places, code: int, outcome: str) -> None:
        command = [sys.executable, "-c", f"raise SystemExit({code})", "lifetracker", "db", "upgrade"]

        assert installed.run_on_record(places, command) == code
        assert told(places) == [("db upgrade", None), ("db upgrade", outcome)]

    def test_is_refused_while_a_deploy_runs(self, places: Places) -> None:
        with journal.locked(places, "deploy of x.pyz"):
            said = installed.run_on_record(places, [sys.executable, "-c", "", "lifetracker", "db", "upgrade"])

        assert "deploy of x.pyz" in str(said)
        assert told(places) == []


class TestLook:
    def test_forbids_nothing(self, places: Places) -> None:
        assert by_hand.look(places, QUIET, lambda _: [ILL]) == {"nginx"}
        assert Journal(places).notes()[0]["failing"] == ["nginx"]

    def test_tells_afterwards_what_fails_anew(self, places: Places) -> None:
        with pytest.raises(Refused, match="it is done, and ops-check fails since:\n  nginx: a typo"):
            by_hand.look_again(places, QUIET, set(), lambda _: [ILL])
        by_hand.look_again(places, QUIET, {"nginx"}, lambda _: [ILL])

    def test_looks_at_nothing_where_no_release_is_live(self, places: Places) -> None:
        places.live.unlink()

        assert by_hand.look(places, QUIET, lambda _: [ILL]) == set()
