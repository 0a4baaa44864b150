"""`kill -9` where the database goes along: releases that cannot serve each other's schema, and the very first one.

Between the stop and the restart nobody answers: that is the price of a schema that the old code cannot read. Once it is
recovered, one release answers, whole, on its own schema, with every row that its database held.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lifetracker.ops.deploying import deploy, rollback
from lifetracker.ops.journal import Journal
from lifetracker.ops.release import releases
from tests.ops.deploying.test_deploy_kills import MOMENTS, QUIET, killed, live, next_version, recovered
from tests.ops.trial import Trial, trial

pytestmark = pytest.mark.slow
# Where the new release is linked already when the kill comes, and is therefore the one to stay.
LINKED = {("swap", "after"), *(("restart", moment) for moment in MOMENTS)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """One for all kills: each begins where the one before was recovered to."""
    with pytest.MonkeyPatch.context() as patch, trial(tmp_path_factory.mktemp("killed") / "server") as made:
        patch.setenv("PATH", made.path)
        deploying(made)()
        yield made


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    with trial(tmp_path / "server") as made:
        monkeypatch.setenv("PATH", made.path)
        yield made


def deploying(server: Trial) -> Callable[[], str]:
    """The deploy of a release that serves no schema but its own."""
    version = next_version(server)
    archive = server.archive(version, schema=version, serves=(version,))
    return lambda: deploy.deploy(server.places, archive, QUIET, check=lambda _: [])


def require_whole(server: Trial) -> None:
    """What is linked answers, is as its manifest says, and finds the schema that it wants."""
    release = releases.Release(server.places.releases / live(server))
    assert server.health() == {"status": "ok", "release": release.id}
    assert release.differences() == []
    assert schema(server) == release.version
    assert not recovered(server)


def schema(server: Trial) -> str:
    with closing(sqlite3.connect(server.database)) as db:
        return str(db.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.mark.parametrize("moment", MOMENTS)
class TestKilled:
    @pytest.mark.parametrize("step", ["rehearsal", "stop", "backup again", "migration", "swap", "restart"])
    def test_deploy_leaves_a_release_on_its_own_schema(self, server: Trial, step: str, moment: str) -> None:
        before, note = live(server), f"{step} {moment}"
        server.log(note)

        assert killed(deploying(server), step, moment, at=1)
        recovered(server)

        require_whole(server)
        assert note in server.notes()
        assert (live(server) == before) == ((step, moment) not in LINKED)

    @pytest.mark.parametrize("step", ["backup database", "stop", "backup again", "migration", "swap", "restart"])
    def test_rollback_leaves_a_release_on_its_own_schema(self, server: Trial, step: str, moment: str) -> None:
        old, new = live(server), deploying(server)()
        note = f"rollback {step} {moment}"
        server.log(note)

        assert killed(
            lambda: rollback.roll_back(server.places, old, QUIET, restore_database=True, check=lambda _: []),
            step,
            moment,
            at=1,
        )
        recovered(server)

        require_whole(server)
        assert live(server) in (old, new)
        assert (note in server.notes()) == (live(server) == new)


class TestKilledAtTheFirst:
    @pytest.mark.parametrize("step", ["migration", "swap", "restart", "record"])
    def test_deploy_leaves_nothing_or_the_whole_release(self, bare: Trial, step: str) -> None:
        assert killed(deploying(bare), step, "after")

        recovered(bare)

        if releases.live(bare.places) is not None:
            require_whole(bare)
        first = next_version(bare)
        archive = bare.archive(first, schema=first, serves=(first,))
        deploy.deploy(bare.places, archive, QUIET, check=lambda _: [])
        require_whole(bare)


class TestDeployAfterAKilledOne:
    def test_ends_that_one_first(self, server: Trial) -> None:
        assert killed(deploying(server), "migration", "after")

        release = deploying(server)()

        assert live(server) == release
        require_whole(server)
        assert [each.outcome for each in Journal(server.places).read()[-2:]] == ["failed", "done"]
