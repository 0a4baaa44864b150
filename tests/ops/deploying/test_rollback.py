"""Going back: to which release, whether its code can serve what is there, and what becomes of one that fails.

With releases whose code is a script; `test_deploy` goes back with real processes and databases.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.checks.verdict import State
from lifetracker.ops.deploying import undertaking
from lifetracker.ops.deploying.rollback import roll_back
from lifetracker.ops.journal import Undertaking
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases
from lifetracker.ops.telling import Teller
from tests.ops.installation import Installation, write_json
from tests.ops.undertaken import Half, half

CANNOT = '"-m lifetracker db serves"'
ILL = Outcome("nginx", State.failed, "a typo", "mend it")


@pytest.fixture
def server_with_two(server: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Half]:
    """Release `r1` was good, `r2` is live."""
    monkeypatch.setattr(undertaking, "HEALTHY_WITHIN", 0.2)
    with half(server) as made:
        made.deployed("r1")
        made.deployed("r2")
        made.link("r2")
        yield made


def back(made: Half, wanted: str | None = None, *, restore_database: bool = False) -> str:
    return roll_back(
        made.places, wanted, Teller(quiet=True), restore_database=restore_database, check=lambda _: next(made.checks)
    )


class TestRollBack:
    def test_goes_to_the_last_good_one_before(self, server_with_two: Half) -> None:
        server_with_two.answer("r1")

        assert back(server_with_two) == "r1"
        assert server_with_two.live == "r1"
        last = server_with_two.journal.read()[-1]
        assert (last.what, last.release, last.previous, last.outcome) == ("rollback", "r1", "r2", "done")
        assert last.steps == ["swap", "compileall", "restart", "health", "smoke", "record"]

    def test_stays_where_it_was_when_that_one_does_not_answer(self, server_with_two: Half) -> None:
        server_with_two.answer("r2")

        with pytest.raises(Refused, match="expected was r1"):
            back(server_with_two)
        assert (server_with_two.live, server_with_two.journal.read()[-1].outcome) == ("r2", "failed")

    def test_stays_where_it_was_when_it_is_interrupted(
        self, server_with_two: Half, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server_with_two.answer("r2")
        switch = releases.switch

        def interrupt(*words: object) -> None:
            monkeypatch.setattr(releases, "switch", switch)
            raise KeyboardInterrupt

        monkeypatch.setattr(releases, "switch", interrupt)
        with pytest.raises(KeyboardInterrupt):
            back(server_with_two)
        assert (server_with_two.live, server_with_two.journal.read()[-1].outcome) == ("r2", "failed")

    def test_recovers_first_what_was_cut_short(self, server_with_two: Half) -> None:
        server_with_two.answer("r2")
        server_with_two.work("unpack", previous="r1")

        with pytest.raises(Refused, match="r2 is live already"):
            back(server_with_two, "r2")
        assert server_with_two.journal.unfinished() is None


class TestOpsCheck:
    def test_that_fails_before_forbids_nothing_and_is_on_record(self, server_with_two: Half) -> None:
        server_with_two.answer("r1")
        server_with_two.checks = iter([[ILL], [ILL]])

        assert back(server_with_two) == "r1"
        assert [(each["what"], each["failing"]) for each in server_with_two.journal.notes()] == [
            ("ops-check", ["nginx"])
        ]

    def test_that_fails_only_afterwards_is_told_and_takes_nothing_back(self, server_with_two: Half) -> None:
        server_with_two.answer("r1")
        server_with_two.checks = iter([[], [ILL]])

        with pytest.raises(Refused, match="ops-check fails since:\n  nginx: a typo"):
            back(server_with_two)
        assert (server_with_two.live, server_with_two.journal.read()[-1].outcome) == ("r1", "done")


class TestOfOneArchive:
    """Such as a release that was deployed again to mend its tree."""

    def test_is_nothing_to_go_back_to(self, server_with_two: Half) -> None:
        for release, archive in (("r1", "a"), ("r2", "b"), ("r3", "b")):
            if release == "r3":
                server_with_two.lay(release)
                server_with_two.deployed(release)
            write_json(server_with_two.places.releases / release / "release.json", {"id": release, "archive": archive})
        server_with_two.link("r3")
        server_with_two.answer("r1")

        assert back(server_with_two) == "r1"


class TestTypedAgain:
    def test_after_a_deploy_that_was_undone_stays_where_that_led_back_to(self, server_with_two: Half) -> None:
        server_with_two.answer("r2")
        undertaking = Undertaking("r3", "deploy", "r3", "r2")
        server_with_two.journal.begin(undertaking)

        assert back(server_with_two) == "r2"

    def test_after_a_rollback_that_was_undone_goes_where_that_would_have(self, server_with_two: Half) -> None:
        server_with_two.journal.begin(Undertaking("rollback-1", "rollback", "r1", "r2"))
        server_with_two.answer("r1")

        assert back(server_with_two) == "r1"

    def test_after_a_rollback_that_was_finished_goes_no_further(self, server_with_two: Half) -> None:
        server_with_two.lay("r0")
        server_with_two.deployed("r0")
        undertaking = Undertaking("rollback-1", "rollback", "r1", "r2")
        server_with_two.journal.begin(undertaking)
        with server_with_two.journal.step(undertaking, "swap"):
            server_with_two.link("r1")
        server_with_two.answer("r1")

        assert back(server_with_two) == "r1"


class TestRefuses:
    def test_one_that_is_live(self, server_with_two: Half) -> None:
        with pytest.raises(Refused, match="r2 is live already"):
            back(server_with_two, "r2")

    def test_one_that_failed(self, server_with_two: Half) -> None:
        server_with_two.lay("r3")
        server_with_two.deployed("r3", "failed")

        with pytest.raises(Refused, match="failed when it was deployed"):
            back(server_with_two, "r3")

    def test_one_that_is_not_here(self, server_with_two: Half) -> None:
        with pytest.raises(Refused, match="there is no release r9"):
            back(server_with_two, "r9")

    def test_one_that_was_changed_by_hand(self, server_with_two: Half) -> None:
        (server_with_two.places.releases / "r1/mended.py").touch()

        with pytest.raises(Refused, match=r"not whole any more: mended\.py was added"):
            back(server_with_two)

    def test_where_there_is_no_good_one_before(self, server_with_two: Half) -> None:
        server_with_two.link("r1")

        with pytest.raises(Refused, match="no good release before r1"):
            back(server_with_two)

    def test_where_nothing_is_live(self, server_with_two: Half) -> None:
        server_with_two.places.live.unlink()

        with pytest.raises(Refused, match="nothing is live here"):
            back(server_with_two)

    def test_one_that_cannot_serve_the_database_where_there_is_no_backup(self, server_with_two: Half) -> None:
        server_with_two.lay("r0", fails=CANNOT)
        server_with_two.deployed("r0")

        with pytest.raises(Refused, match="there is no backup from before"):
            back(server_with_two, "r0", restore_database=True)

    def test_and_leaves_everything_as_it_is(self, server_with_two: Half) -> None:
        before = server_with_two.journal.read()

        with pytest.raises(Refused):
            back(server_with_two, "r2")
        assert server_with_two.journal.read() == before
        assert server_with_two.told_systemd == []
