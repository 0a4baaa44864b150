"""Deploy: a release goes live whole or not at all, and what was before is back when a step fails."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lifetracker.ops.backups import backup
from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.checks.verdict import State
from lifetracker.ops.deploying import deploy, judging, rollback, undertaking
from lifetracker.ops.journal import Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases
from lifetracker.ops.telling import Teller
from tests.ops import archives, tiny_release
from tests.ops.tiny_release import Behaviour
from tests.ops.trial import PYTHON, Trial, trial


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setattr(undertaking, "HEALTHY_WITHIN", 0.3)
    with trial(tmp_path / "server") as made:
        monkeypatch.setenv("PATH", made.path)
        yield made


def well(_: Places) -> list[Outcome]:
    return [Outcome("unit", State.ok, "active", None)]


def ill(_: Places) -> list[Outcome]:
    return [Outcome("unit", State.failed, "it does not run", "start it")]


def go(server: Trial, version: str, check: Callable[[Places], list[Outcome]] = well, **behaviour: Any) -> str:
    """Deploy a tiny release that behaves so; its id."""
    archive = server.archive(version, **behaviour)
    return deploy.deploy(server.places, archive, Teller(quiet=True), check=check)


def live(server: Trial) -> str:
    release = releases.live(server.places)
    assert release is not None
    assert server.health()["release"] == release.id
    return release.version


def schema(server: Trial) -> str:
    with closing(sqlite3.connect(server.database)) as db:
        return str(db.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def snapshot(folder: Path) -> dict[str, object]:
    """Every path below with what it holds, but for journal and lock."""
    return {
        str(path): os.readlink(path) if path.is_symlink() else path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.parent.name != "deploy" and path.is_file()
    }


class TestDeploy:
    def test_brings_the_first_release_live(self, server: Trial) -> None:
        release = go(server, "1.0.0")

        assert (live(server), server.health()["release"]) == ("1.0.0", release)
        assert [each.outcome for each in Journal(server.places).read()] == ["done"]

    @pytest.mark.slow
    def test_leaves_a_tree_that_nobody_writes_to_by_mistake(self, server: Trial) -> None:
        go(server, "1.0.0")

        tree = server.places.live.resolve()
        modes = {stat.S_IMODE(path.stat().st_mode) & 0o222 for path in tree.rglob("*.py")}
        assert modes == {0}
        assert releases.Release(tree).differences() == []

    @pytest.mark.thorough
    def test_begins_in_a_database_that_was_made_for_it_and_is_empty(self, server: Trial) -> None:
        with closing(sqlite3.connect(server.database)) as db:
            db.execute("PRAGMA user_version = 1")

        go(server, "1.0.0")

        assert live(server) == "1.0.0"

    @pytest.mark.thorough
    def test_backs_up_code_and_database_before_the_second(self, server: Trial) -> None:
        first = go(server, "1.0.0")
        server.log("before")
        go(server, "1.1.0")

        assert live(server) == "1.1.0"
        assert (server.places.backups / "code" / f"{first}.tar.gz").exists()
        assert backup.listed(server.places)[0].manifest.tables["daily_log"] == 1

    @pytest.mark.slow
    @pytest.mark.parametrize("fails", ["guards", "import", "migration", "db upgrade", "start", "health", "smoke"])
    def test_puts_back_what_was_when_a_step_fails(self, server: Trial, fails: str) -> None:
        good = go(server, "1.0.0")
        server.log("kept")

        with pytest.raises(Refused):
            go(server, "1.1.0", fails=(fails,))

        assert live(server) == "1.0.0"
        assert server.notes() == ["kept"]
        assert Journal(server.places).read()[-1].outcome == "failed"
        assert releases.good(server.places, Journal(server.places).read()) == [good]
        assert not server.places.new.exists()

    @pytest.mark.slow
    @pytest.mark.parametrize("fails", ["guards", "import"])
    def test_leaves_the_service_alone_when_it_fails_before_anything_live_is_touched(
        self, server: Trial, fails: str
    ) -> None:
        go(server, "1.0.0")
        before, process = snapshot(server.places.root), (server.folder / "pid").read_text()

        with pytest.raises(Refused):
            go(server, "1.1.0", fails=(fails,))

        assert snapshot(server.places.root) == before
        assert (server.folder / "pid").read_text() == process

    @pytest.mark.thorough
    def test_has_nothing_live_when_the_first_one_fails(self, server: Trial) -> None:
        with pytest.raises(Refused):
            go(server, "1.0.0", fails=("smoke",))

        assert releases.live(server.places) is None
        assert go(server, "1.0.1") == server.health()["release"]

    def test_refuses_an_archive_for_another_python(self, server: Trial) -> None:
        with pytest.raises(Refused, match=r"wheels for Python 2\.9"):
            deploy.deploy(server.places, server.archive("1.0.0", python="2.9"), Teller(quiet=True), check=well)

    def test_refuses_with_too_little_disk(self, server: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(judging, "SPARE", 1 << 60)

        with pytest.raises(Refused, match="MiB free, a deploy needs"):
            go(server, "1.0.0")

    def test_refuses_a_file_that_is_no_python_though_nothing_imports_it(self, server: Trial) -> None:
        files = tiny_release.files_of("1.0.0", Behaviour()) | {"lifetracker/rare.py": b"def broken(:\n"}
        manifest = tiny_release.manifest_of("1.0.0", files, PYTHON)
        archive = archives.write(server.folder / "x.pyz", archives.members_of(manifest.model_dump(), files))

        with pytest.raises(Refused, match="SyntaxError"):
            deploy.deploy(server.places, archive, Teller(quiet=True), check=well)
        assert Journal(server.places).read()[-1].steps[-2:] == ["compile", "put back"]

    @pytest.mark.thorough
    def test_ends_first_what_was_cut_short(self, server: Trial) -> None:
        Journal(server.places).begin(Undertaking("r1", "deploy", "r1", None))

        go(server, "1.0.0")

        assert [each.outcome for each in Journal(server.places).read()] == ["failed", "done"]

    def test_counts_together_what_lies_on_one_disk(self, server: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        with open(server.database, "wb") as file:
            file.truncate(1000 * 1024**2)
        free = shutil.disk_usage(server.folder)._replace(free=2500 * 1024**2)  # each alone would fit
        monkeypatch.setattr(shutil, "disk_usage", lambda _: free)

        with pytest.raises(Refused, match="2500 MiB free, a deploy needs 31"):
            go(server, "1.0.0")

    @pytest.mark.parametrize("lacking", ["releases", "venvs", "data", "backups"])
    def test_wants_a_prepared_server(self, tmp_path: Path, lacking: str) -> None:
        places = Places(tmp_path)
        for folder in (places.deploy, places.releases, places.venvs, places.data, places.backups):
            folder.mkdir(parents=True)
        folder = getattr(places, lacking)
        folder.rmdir()

        with pytest.raises(Refused, match=f"no {folder}: run `server init` first"):
            deploy.deploy(places, tmp_path / "x.pyz", Teller(quiet=True))

    def test_says_which_archive_cannot_be_read(self, server: Trial) -> None:
        with pytest.raises(Refused, match=r"nowhere\.pyz cannot be read: No such file"):
            deploy.deploy(server.places, Path("nowhere.pyz"), Teller(quiet=True))
        assert Journal(server.places).read() == []

    @pytest.mark.thorough
    def test_unpacks_what_the_service_can_read_whatever_roots_umask_is(self, server: Trial) -> None:
        go(server, "1.0.0")
        modes = set[int]()

        def look(places: Places) -> list[Outcome]:
            there = [places.new, *places.new.rglob("*")] if places.new.exists() else []
            tree = [path for path in there if not path.is_symlink()]
            modes.update(stat.S_IMODE(path.stat().st_mode) & 0o055 for path in tree)
            return well(places)

        before = os.umask(0o077)
        try:
            go(server, "1.1.0", check=look)
        finally:
            after = os.umask(before)

        assert (modes, after) == ({0o055, 0o044}, 0o077)

    @pytest.mark.thorough
    def test_puts_back_what_was_when_the_fault_is_our_own(self, server: Trial) -> None:
        go(server, "1.0.0")
        answers: Iterator[Any] = iter([[], None])  # the check after it answers nothing that can be read

        with pytest.raises(TypeError):
            go(server, "1.1.0", check=lambda _: next(answers))

        assert live(server) == "1.0.0"
        assert Journal(server.places).read()[-1].outcome == "failed"

    @pytest.mark.thorough
    def test_stays_live_though_old_releases_cannot_be_removed(
        self, server: Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(releases, "prune", fail)
        deploy.deploy(server.places, server.archive("1.0.0"), Teller(), check=well)

        assert "live all the same" in capsys.readouterr().out
        assert (live(server), Journal(server.places).read()[-1].outcome) == ("1.0.0", "done")

    @pytest.mark.slow
    def test_keeps_as_many_backups_of_code_as_of_the_database(self, server: Trial) -> None:
        server.places.config.write_text(f"{server.places.config.read_text()}keep_backups = 1\n")
        made = [go(server, f"1.{number}.0") for number in range(3)]

        assert [path.name for path in (server.places.backups / "code").iterdir()] == [f"{made[1]}.tar.gz"]

    @pytest.mark.slow
    def test_says_that_it_was_interrupted_and_puts_back(self, server: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        go(server, "1.0.0")

        def interrupt(*_: object) -> None:
            os.kill(os.getpid(), 15)

        monkeypatch.setattr(releases, "switch", _after(releases.switch, interrupt))
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
            go(server, "1.1.0")

        monkeypatch.undo()
        assert live(server) == "1.0.0"

    @pytest.mark.slow
    def test_makes_ids_that_rise_when_the_clock_was_set_back(self, server: Trial) -> None:
        (server.places.releases / "20991231T235959Z-0123456789ab").mkdir()
        (server.places.releases / "20991231T235959Z-0123456789ab" / "release.json").write_text('{"version": "9"}')

        assert go(server, "1.0.0") > "20991231T235959Z"

    @pytest.mark.slow
    def test_keeps_some_releases_and_never_removes_the_live_one(self, server: Trial) -> None:
        made = [go(server, f"1.{number}.0") for number in range(5)]

        assert [each.id for each in releases.listed(server.places)] == made[-3:]
        assert live(server) == "1.4.0"

    @pytest.mark.slow
    def test_keeps_the_last_good_release_however_many_failed_since(self, server: Trial) -> None:
        good = [go(server, "1.0.0"), go(server, "1.1.0")]
        for number in range(4):
            with pytest.raises(Refused):
                go(server, f"2.{number}.0", fails=("smoke",))
        releases.prune(server.places, 2, Journal(server.places).read())

        assert [each.id for each in releases.listed(server.places)][:2] == good

    @pytest.mark.thorough
    def test_keeps_the_one_that_was_live_before_however_old_it_is(self, server: Trial) -> None:
        old = go(server, "1.0.0")
        for version in ("1.1.0", "1.2.0"):
            go(server, version)
        rollback.roll_back(server.places, old, Teller(quiet=True), check=well)

        go(server, "1.3.0")

        assert old in [each.id for each in releases.listed(server.places)]

    @pytest.mark.thorough
    def test_removes_libraries_that_no_release_needs(self, server: Trial) -> None:
        (server.places.venvs / "unused").mkdir()

        go(server, "1.0.0")

        assert not (server.places.venvs / "unused").exists()
        assert live(server) == "1.0.0"


class TestFiftyAtOnce:
    @pytest.mark.slow
    def test_are_one_and_forty_nine_that_say_who_it_is(self, server: Trial) -> None:
        go(server, "1.0.0")
        archive = server.archive("1.1.0")
        said = server.folder / "said"
        said.mkdir()

        def wait_for_the_others(places: Places) -> list[Outcome]:
            for _ in range(6000):
                if len(list(said.iterdir())) == 49:
                    break
                time.sleep(0.01)
            return well(places)

        def one(number: int) -> None:
            try:
                deploy.deploy(server.places, archive, Teller(quiet=True), check=wait_for_the_others)
            except Refused as refused:
                (said / f"{number}.new").write_text(str(refused))
                (said / f"{number}.new").rename(said / str(number))

        children = [_forked(partial(one, number)) for number in range(50)]
        for child in children:
            os.waitpid(child, 0)

        told = [path.read_text() for path in said.iterdir()]
        assert len(told) == 49
        assert all("deploy of lifetracker-1.1.0.pyz by " in each and "holds the lock" in each for each in told)
        assert [each.outcome for each in Journal(server.places).read()] == ["done", "done"]
        assert live(server) == "1.1.0"


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _after(first: Callable[..., None], then: Callable[..., None]) -> Callable[..., None]:
    def both(*words: Any) -> None:
        first(*words)
        then(*words)

    return both


class TestMigration:
    @pytest.mark.slow
    def test_keeps_the_old_release_on_the_new_schema_when_it_can_serve_that(self, server: Trial) -> None:
        go(server, "1.0.0", serves=("0001", "0002"))
        server.log("kept")

        with pytest.raises(Refused):
            go(server, "1.1.0", schema="0002", serves=("0001", "0002"), fails=("smoke",))

        assert (live(server), schema(server), server.notes()) == ("1.0.0", "0002", ["kept"])

    @pytest.mark.thorough
    def test_puts_the_database_back_when_the_old_code_cannot_read_the_new_one(self, server: Trial) -> None:
        go(server, "1.0.0")
        server.log("kept")

        with pytest.raises(Refused):
            go(server, "1.1.0", schema="0002", serves=("0002",), fails=("smoke",))

        assert (live(server), schema(server), server.notes()) == ("1.0.0", "0001", ["kept"])

    @pytest.mark.slow
    def test_is_tried_on_a_copy_first(self, server: Trial) -> None:
        go(server, "1.0.0")

        with pytest.raises(Refused):
            go(server, "1.1.0", schema="0002", serves=("0002",), fails=("migration",))

        assert Journal(server.places).read()[-1].steps[-2:] == ["rehearsal", "put back"]
        assert not (server.places.data / "rehearsal").exists()

    @pytest.mark.thorough
    def test_stops_a_service_that_could_not_read_what_comes_out(self, server: Trial) -> None:
        go(server, "1.0.0")
        go(server, "1.1.0", schema="0002", serves=("0002",))

        steps = Journal(server.places).read()[-1].steps
        assert steps[steps.index("release") : steps.index("swap")] == ["release", "stop", "backup again", "migration"]
        assert (live(server), schema(server)) == ("1.1.0", "0002")

    @pytest.mark.slow
    def test_leaves_a_service_running_that_can(self, server: Trial) -> None:
        go(server, "1.0.0", serves=("0001", "0002"))
        go(server, "1.1.0", schema="0002", serves=("0002",))

        assert "stop" not in Journal(server.places).read()[-1].steps


class TestOpsCheck:
    @pytest.mark.thorough
    def test_that_fails_forbids_a_deploy(self, server: Trial) -> None:
        go(server, "1.0.0")

        with pytest.raises(Refused, match="it does not run"):
            go(server, "1.1.0", check=ill)
        assert live(server) == "1.0.0"

    @pytest.mark.slow
    def test_does_not_forbid_the_first(self, server: Trial) -> None:
        go(server, "1.0.0", check=ill)

        assert live(server) == "1.0.0"

    @pytest.mark.thorough
    def test_may_be_gone_against_with_a_reason_that_stays_on_record(self, server: Trial) -> None:
        go(server, "1.0.0")
        archive = server.archive("1.1.0")

        deploy.deploy(server.places, archive, Teller(quiet=True), check=ill, despite_ops_check="it mends the unit")

        assert Journal(server.places).read()[-1].facts["despite"] == "it mends the unit"
        assert live(server) == "1.1.0"

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_is_gone_against_with_a_reason_only(self, server: Trial, reason: str) -> None:
        with pytest.raises(Refused, match="wants the reason"):
            deploy.deploy(server.places, server.archive(), Teller(quiet=True), despite_ops_check=reason)

    @pytest.mark.thorough
    def test_that_fails_only_afterwards_puts_back_what_was(self, server: Trial) -> None:
        go(server, "1.0.0")
        answers = iter([well, ill])

        with pytest.raises(Refused, match="fails since"):
            go(server, "1.1.0", check=lambda places: next(answers)(places))
        assert live(server) == "1.0.0"


class TestDatabaseGone:
    """As when the disk that holds it is not mounted."""

    def test_forbids_a_deploy_whatever_it_is_told(self, server: Trial) -> None:
        go(server, "1.0.0")
        server.stop()
        server.database.unlink()
        archive = server.archive("1.1.0")

        with pytest.raises(Refused, match=r"there is no database at .*mount the disk.*restore"):
            deploy.deploy(server.places, archive, Teller(quiet=True), check=well, despite_ops_check="it must")
        with pytest.raises(Refused, match="mount the disk"):
            rollback.roll_back(server.places, None, Teller(quiet=True), check=well)
        assert not server.database.exists()

    @pytest.mark.thorough
    def test_forbids_it_though_nothing_is_linked_any_more(self, server: Trial) -> None:
        go(server, "1.0.0")
        server.places.live.unlink()
        server.database.unlink()

        with pytest.raises(Refused, match="mount the disk"):
            go(server, "1.1.0")


class TestTypedAgain:
    """After a kill, which told nobody how it had ended."""

    @pytest.mark.thorough
    def test_deploy_makes_no_second_release_of_an_archive(self, server: Trial) -> None:
        go(server, "1.0.0")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Journal, "close", _killed)
            with pytest.raises(_Killed):
                go(server, "1.1.0")
        second = live(server)

        again = go(server, "1.1.0")

        assert (second, again) == ("1.1.0", server.health()["release"])
        assert [each.version for each in releases.listed(server.places)] == ["1.0.0", "1.1.0"]

    @pytest.mark.thorough
    def test_deploy_that_came_to_its_end_makes_one(self, server: Trial) -> None:
        first = go(server, "1.0.0")

        assert go(server, "1.0.0") > first

    @pytest.mark.thorough
    def test_rollback_goes_no_further(self, server: Trial) -> None:
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            go(server, version)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Journal, "close", _killed)
            with pytest.raises(_Killed):
                rollback.roll_back(server.places, None, Teller(quiet=True), check=well)

        rollback.roll_back(server.places, None, Teller(quiet=True), check=well)
        assert live(server) == "1.1.0"
        rollback.roll_back(server.places, None, Teller(quiet=True), check=well)
        assert live(server) == "1.0.0"


class _Killed(BaseException):
    pass


def _killed(*_: object) -> None:
    raise _Killed


class TestDryRun:
    @pytest.mark.thorough
    def test_refuses_an_older_archive_on_a_newer_closed_schema(self, server: Trial) -> None:
        go(server, "1.1.0", schema="0002", serves=("0002",))
        before = snapshot(server.places.root)

        with pytest.raises(Refused, match="made by a newer release"):
            deploy.deploy(server.places, server.archive("1.0.0"), Teller(quiet=True), check=well, dry_run=True)
        assert snapshot(server.places.root) == before

    def test_judges_all_and_changes_nothing(self, server: Trial) -> None:
        go(server, "1.0.0")
        before = snapshot(server.places.root)

        deploy.deploy(server.places, server.archive("1.1.0"), Teller(quiet=True), check=well, dry_run=True)

        assert snapshot(server.places.root) == before
        assert live(server) == "1.0.0"

    def test_ends_nothing_that_was_cut_short(self, server: Trial) -> None:
        Journal(server.places).begin(Undertaking("r1", "deploy", "r1", None))
        before = snapshot(server.places.root)

        with pytest.raises(Refused, match="`lifetracker deploy --recover` ends it"):
            deploy.deploy(server.places, server.archive(), Teller(quiet=True), dry_run=True)
        assert snapshot(server.places.root) == before
        assert Journal(server.places).unfinished() is not None

    @pytest.mark.slow
    def test_refuses_what_a_deploy_would_refuse(self, server: Trial) -> None:
        go(server, "1.0.0")
        archive = server.archive("1.1.0", fails=("guards",))

        with pytest.raises(Refused):
            deploy.deploy(server.places, archive, Teller(quiet=True), check=well, dry_run=True)


class TestRollBack:
    def back(self, server: Trial, wanted: str | None = None, *, restore: bool = False) -> str:
        return rollback.roll_back(server.places, wanted, Teller(quiet=True), restore_database=restore, check=well)

    @pytest.mark.slow
    def test_goes_back_one_good_release_at_a_time(self, server: Trial) -> None:
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            go(server, version)
        server.log("kept")

        self.back(server)
        assert live(server) == "1.1.0"
        self.back(server)
        assert (live(server), server.notes()) == ("1.0.0", ["kept"])

    @pytest.mark.slow
    def test_never_goes_to_one_that_failed(self, server: Trial) -> None:
        go(server, "1.0.0")
        with pytest.raises(Refused):
            go(server, "1.1.0", fails=("smoke",))
        failed = releases.listed(server.places)[-1].id
        go(server, "1.2.0")

        with pytest.raises(Refused, match="failed when it was deployed"):
            self.back(server, failed)
        self.back(server)
        assert live(server) == "1.0.0"

    @pytest.mark.thorough
    def test_goes_to_one_by_name_also_forward(self, server: Trial) -> None:
        go(server, "1.0.0")
        newer = go(server, "1.1.0")
        self.back(server)

        assert self.back(server, newer) == newer
        assert live(server) == "1.1.0"

    def test_refuses_when_there_is_none(self, server: Trial) -> None:
        with pytest.raises(Refused, match="nothing is live"):
            self.back(server)
        go(server, "1.0.0")
        with pytest.raises(Refused, match="no good release before"):
            self.back(server)
        with pytest.raises(Refused, match="there is no release 1"):
            self.back(server, "1")

    @pytest.mark.thorough
    def test_refuses_one_that_was_changed_by_hand(self, server: Trial) -> None:
        first = go(server, "1.0.0")
        go(server, "1.1.0")
        file = server.places.releases / first / "lifetracker" / "main.py"
        file.chmod(0o644)
        file.write_text("# mended on the server")

        with pytest.raises(Refused, match=r"lifetracker/main.py was changed"):
            self.back(server)

    @pytest.mark.thorough
    def test_refuses_one_that_cannot_read_the_database_and_says_what_it_would_lose(self, server: Trial) -> None:
        go(server, "1.0.0")
        go(server, "1.1.0", schema="0002", serves=("0002",))
        server.log("since")

        with pytest.raises(Refused, match=r"--restore-database.*daily_log"):
            self.back(server)
        assert (live(server), server.notes()) == ("1.1.0", ["since"])

    @pytest.mark.thorough
    def test_puts_the_database_of_then_back_when_that_is_asked_for(self, server: Trial) -> None:
        go(server, "1.0.0")
        server.log("then")
        go(server, "1.1.0", schema="0002", serves=("0002",))
        server.log("since")

        self.back(server, restore=True)

        assert (live(server), schema(server), server.notes()) == ("1.0.0", "0001", ["then"])
        assert backup.listed(server.places)[0].manifest.tables["daily_log"] == 2
