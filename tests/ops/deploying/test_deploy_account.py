"""What was acknowledged, over everything that may befall a deploy: no entry is lost, and at the end writes are open.

A client writes all the time, before, while and after a deploy is killed at a step, cut off with the whole machine, or
meets a sick release, a full disk, or a last check that fails: with a migration that the old code can live with, and
with one that it cannot. `-s` prints for how long nothing was acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from lifetracker.ops import systemd
from lifetracker.ops.backups import backup, restore
from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.checks.verdict import State
from lifetracker.ops.deploying import deploy, judging, rollback, status, undertaking
from lifetracker.ops.deploying.undertaking import WouldLose
from lifetracker.ops.journal import Journal
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases
from tests.ops.deploying.test_deploy_kills import QUIET, killed, live, next_version, recovered
from tests.ops.trial import Trial, trial
from tests.ops.writing import Account, writing

pytestmark = pytest.mark.slow
OPEN, CLOSED = "open", "closed"
KILLED_AT = (
    *("ops-check", "rehearsal", "backup database", "release", "stop", "backup again", "migration", "swap"),
    *("compileall", "restart", "health", "smoke", "record", "ops-check again"),
)
CUT_OFF_AT = ("stop", "backup again", "migration", "swap", "restart", "health", "smoke", "record")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """One for all: each begins where the one before was recovered to."""
    with pytest.MonkeyPatch.context() as patch, trial(tmp_path_factory.mktemp("account") / "server") as made:
        patch.setenv("PATH", made.path)
        patch.setattr(undertaking, "HEALTHY_WITHIN", 1.0)
        deploying(made, OPEN)()
        yield made


@pytest.fixture
def account(server: Trial, request: pytest.FixtureRequest) -> Iterator[Account]:
    """Whatever happened in between: nothing that was acknowledged is lost, and what comes is acknowledged."""
    with writing(server) as kept:
        yield kept
        kept.await_more()
    print(f"{request.node.name}: {kept.longest_without:.2f} s, {len(kept.acknowledged)} acknowledged")  # noqa: T201
    assert kept.lost == set()
    assert Journal(server.places).unfinished() is None
    assert list(server.places.releases.glob("*.on_trial")) == []


def well(_: Places) -> list[Outcome]:
    return []


def deploying(
    server: Trial, migration: str, check: Callable[[Places], list[Outcome]] = well, **behaviour: Any
) -> Callable[[], str]:
    """The deploy of a release that migrates: to what older code can serve, or to what is open to its own alone."""
    version = next_version(server)
    schema = f"{version}-{migration}"
    archive = server.archive(version, schema=schema, serves=(schema, "those left open"), **behaviour)
    return lambda: deploy.deploy(server.places, archive, QUIET, check=check)


def cut_off(server: Trial) -> None:
    """With its power, and on again: whatever ran is gone, and the linked release is started, if it can be."""
    server.stop()
    with suppress(Refused):
        systemd.restart()


class TestKilled:
    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("step", KILLED_AT)
    @pytest.mark.parametrize("migration", [OPEN, CLOSED])
    def test_deploy_loses_nothing(
        self, server: Trial, account: Account, migration: str, step: str, moment: str
    ) -> None:
        died = killed(deploying(server, migration), step, moment)

        mark = [line for line in status.told(server.places) if line.startswith("on trial")]
        assert bool(mark) == bool(list(server.places.releases.glob("*.on_trial")))
        assert died == (migration == CLOSED or step not in ("stop", "backup again"))
        recovered(server)

    @pytest.mark.parametrize("step", ["restart", "health", "smoke", "put back"])
    @pytest.mark.parametrize("sick", ["health", "smoke"])
    def test_deploy_of_a_sick_release_loses_nothing_either(
        self, server: Trial, account: Account, step: str, sick: str
    ) -> None:
        before = live(server)

        killed(deploying(server, CLOSED, fails=(sick,)), step, "before")
        recovered(server)

        assert live(server) == before

    @pytest.mark.parametrize("step", ["backup database", "stop", "backup again", "migration", "restart", "record"])
    def test_rollback_loses_what_it_was_told_to_and_no_more(self, server: Trial, step: str) -> None:
        deploying(server, CLOSED)()
        with writing(server):
            killed(
                lambda: rollback.roll_back(server.places, None, QUIET, restore_database=True, check=lambda _: []),
                step,
                "after",
            )
        with writing(server, answers=False) as account:
            recovered(server)
            account.await_more()
            assert account.lost == set()


class TestCutOff:
    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("step", CUT_OFF_AT)
    def test_server_loses_nothing(self, server: Trial, account: Account, step: str, moment: str) -> None:
        assert killed(deploying(server, CLOSED), step, moment)
        cut_off(server)

        recovered(server)

    def test_server_with_a_sick_release_loses_nothing_either(self, server: Trial, account: Account) -> None:
        before = live(server)
        assert killed(deploying(server, CLOSED, fails=("smoke",)), "health", "after")
        cut_off(server)

        recovered(server)

        assert live(server) == before


class TestSick:
    @pytest.mark.parametrize("fails", ["migration", "start", "health", "smoke"])
    @pytest.mark.parametrize("migration", [OPEN, CLOSED])
    def test_release_takes_nothing_along(self, server: Trial, account: Account, migration: str, fails: str) -> None:
        before = live(server)

        with pytest.raises(Refused):
            deploying(server, migration, fails=(fails,))()

        assert live(server) == before


class TestLastCheck:
    @pytest.mark.parametrize("migration", [OPEN, CLOSED])
    def test_that_fails_undoes_nothing_that_was_acknowledged(
        self, server: Trial, account: Account, migration: str
    ) -> None:
        """Such as of a typo in another site of nginx, while the new release serves."""
        before, answers = live(server), iter([[], [Outcome("nginx", State.failed, "a typo", "mend it")]])

        with pytest.raises(Refused, match="ops-check fails since") as refused:
            deploying(server, migration, lambda _: next(answers))()

        stays = migration == CLOSED
        assert (live(server) != before, "is live and stays" in str(refused.value)) == (stays, stays)


class TestFullDisk:
    @pytest.fixture(autouse=True)
    def deaf(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody looks beforehand: what another process writes meanwhile is not seen by looking either."""
        monkeypatch.setattr(judging, "_refuse_too_little_disk", lambda *_: None)

    @pytest.mark.parametrize("step", ["backup database", "backup again", "swap", "record"])
    def test_of_backups_or_releases_undoes_nothing_that_was_acknowledged(
        self, server: Trial, account: Account, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        write = Journal._write

        def full(kept: Journal, of: str, phase: str, more: dict[str, Any]) -> None:
            write(kept, of, phase, more)
            if (phase, more.get("step")) == ("begin", step):
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Journal, "_write", full)
            with pytest.raises(OSError, match="No space"):
                deploying(server, CLOSED)()
        recovered(server)

    def test_on_the_way_back_leaves_a_service_that_can_read(
        self, server: Trial, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And no more is acknowledged before there is room, and one release is kept."""
        with monkeypatch.context() as patch:
            patch.setattr(restore, "put_back", no_room)
            with pytest.raises(Refused, match="too little disk"):
                deploying(server, CLOSED, fails=("smoke",))()
            acknowledged = len(account.acknowledged)

            assert server.health()["status"] == "ok"
            account.write()
            assert len(account.acknowledged) == acknowledged
        recovered(server)


def no_room(*_: object, **__: object) -> None:
    raise Refused("too little disk")


class TestWrittenAllTheSame:
    """By somebody whose writes nobody refused: such as a command of the operator's, or a release from before trials."""

    def test_is_counted_and_put_back_by_a_word_alone(self, server: Trial) -> None:
        deploying(server, CLOSED)()
        before = live(server)
        assert killed(deploying(server, CLOSED, fails=("smoke",)), "health", "after")
        releases.end_trials(server.places)
        server.log("written all the same")

        with pytest.raises(WouldLose, match=r"lose or change 1 of \d+ rows of daily_log, written since"):
            recovered(server)
        assert "written all the same" in server.notes()

        recovered(server, lose=True)
        assert live(server) == before
        assert "written all the same" not in server.notes()
        assert backup.listed(server.places)[0].manifest.label == "before-restore"
