"""Backups: whole while others write, refused with a reason, and never at the cost of an older one."""

from __future__ import annotations

import json
import os
import pwd
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from lifetracker.core import sqlite
from lifetracker.migrations import HEAD
from lifetracker.ops import files
from lifetracker.ops.backup_commands import commands
from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import database as backup_database
from lifetracker.ops.backups import restore_database
from lifetracker.ops.backups.child import ask
from lifetracker.ops.backups.file_repository import Damaged, NotOurs
from lifetracker.ops.backups.live_database import live_database
from lifetracker.ops.backups.manifest import (
    MANIFEST,
    Backup,
    Record,
    Tried,
    Unsound,
    clock,
    newest_first,
    write_manifest,
    write_record,
)
from lifetracker.ops.files import PARTIAL, NoSpace, locked, take_over
from lifetracker.ops.refusal import Refused
from lifetracker.ops.shell import as_user
from tests.core.units import note
from tests.engines import Engine
from tests.ops.backups.server import (
    Server,
    empty,
    lose_parents,
    notes_in,
    server_of,
    spoil_header,
    spoil_index,
    spoil_page,
)
from tests.processes import unmeasured
from tests.thoroughness import thorough

ROOT = Path(__file__).parents[3]


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    return server_of(engine, tmp_path)


@contextmanager
def writers(server: Server, count: int = 4) -> Iterator[list[str]]:
    """As many at once, in units of work of their own; what was acknowledged to them so far."""
    acknowledged: list[str] = []
    done = Event()
    database = server.open()

    def write(name: int) -> None:
        for number in range(100_000):
            if done.is_set():
                return
            acknowledged.append(database.write_now(note, f"{name}/{number}"))

    threads = [Thread(target=write, args=[name]) for name in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield acknowledged
    finally:
        done.set()
        for thread in threads:
            thread.join()
        database.close()


class TestMake:
    @pytest.mark.thorough
    def test_holds_what_is_in_the_log_alone(self, server: Server) -> None:
        server.leave_a_log("one", "two")

        made = backups.make(server.places)

        assert notes_in(made.database) == ["one", "two"]

    @pytest.mark.thorough
    def test_is_whole_while_four_write(self, server: Server) -> None:
        with writers(server) as acknowledged:
            before = [*acknowledged]
            made = backups.make(server.places)

        kept = notes_in(made.database)
        assert set(before) <= set(kept) <= set(acknowledged)
        backups.verify(server.places, made)

    def test_keeps_no_log_beside_the_copy(self, server: Server) -> None:
        with writers(server):
            made = backups.make(server.places)

        assert sorted(each.name for each in made.folder.iterdir()) == [MANIFEST, "life_tracker.db"]
        assert made.database.read_bytes()[18:20] == b"\x01\x01"  # opened, it makes none

    def test_tells_what_it_holds(self, server: Server) -> None:
        server.write("one", "two")

        made = backups.make(server.places).manifest

        content = (server.places.backups / made.id / "life_tracker.db").read_bytes()
        assert (made.tables["attempts"], made.revision, made.engine) == (2, HEAD, "sqlite")
        assert made.files["life_tracker.db"].model_dump() == {
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
        }

    def test_may_hold_more_than_the_database(self, server: Server) -> None:
        def add(folder: Path) -> None:
            (folder / "code").mkdir()
            (folder / "code" / "main.py").write_text("x = 1\n")

        made = backups.make(server.places, "deploy", add=add)

        assert made.id.startswith("deploy-2")
        assert sorted(made.manifest.files) == ["code/main.py", "life_tracker.db"]

    def test_is_for_nobody_else_to_read(self, server: Server) -> None:
        made = backups.make(server.places)

        modes = [each.stat().st_mode & 0o077 for each in (made.folder, made.database, server.places.backups)]
        assert modes[:2] == [0, 0]
        assert modes[2] & 0o067 == 0

    def test_removes_what_a_killed_one_left(self, server: Server) -> None:
        left = server.places.backups / f"20261123T000000Z-000000{PARTIAL}"
        left.mkdir(parents=True)
        (left / "life_tracker.db").write_bytes(b"half")

        made = backups.make(server.places)

        assert server.names() == [made.id]

    def test_waits_for_another_and_refuses_at_last(self, server: Server) -> None:
        running = pytest.raises(Refused, match="another backup or restore is running")

        with backups.open_folder(server.places) as folder, running, locked(folder, seconds=0):
            pass

    def test_goes_to_another_folder(self, server: Server, tmp_path: Path) -> None:
        made = backups.make(server.places, to=tmp_path / "elsewhere")

        assert made.folder.parent == tmp_path / "elsewhere"
        assert not server.places.backups.exists()


class TestRefusal:
    """Each leaves the older backup, and nothing of its own."""

    @pytest.fixture
    def older(self, server: Server) -> Backup:
        return backups.make(server.places)

    @pytest.mark.parametrize("spoil", [spoil_page, *thorough(spoil_header, spoil_index, lose_parents, empty)])
    def test_of_a_damaged_database(self, server: Server, older: Backup, spoil: Callable[[Path], None]) -> None:
        spoil(server.file)

        with pytest.raises(Damaged):
            backups.make(server.places, keep=1)

        assert server.names() == [older.id]

    def test_of_another_database(self, server: Server, older: Backup) -> None:
        server.file.unlink()
        with sqlite.driver.connect(server.file) as other:
            other.execute("CREATE TABLE things (id INTEGER)")
        other.close()

        with pytest.raises(NotOurs, match="not a database of LifeTracker"):
            backups.make(server.places, keep=1)

        assert server.names() == [older.id]

    def test_where_there_is_no_database(self, server: Server, older: Backup) -> None:
        server.file.unlink()

        with pytest.raises(Refused, match=r"there is no database at .*life_tracker.db: `lifetracker db upgrade`"):
            backups.make(server.places, keep=1)

        assert server.names() == [older.id]
        assert not server.file.exists()

    def test_of_too_little_disk_beforehand(self, server: Server, older: Backup) -> None:
        with pytest.raises(NoSpace, match=r"MB free, .* are needed"):
            backups.make(server.places, keep=1, spare=10**18)

        assert server.names() == [older.id]

    @pytest.mark.thorough
    def test_of_a_disk_that_fills_up_meanwhile(self, server: Server, older: Backup) -> None:
        def fill() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        done = backup_in_a_process(server, preexec=fill)

        assert done.returncode == 1
        assert "the disk is full" in done.stderr
        assert server.names() == [older.id]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
    def test_of_a_disk_that_is_full(self, server: Server, tmp_path: Path) -> None:
        small = tmp_path / "small"
        small.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        try:
            with pytest.raises(Refused, match="the disk is full"):
                backups.make(server.places, to=small, spare=-(10**9))

            assert [each.name for each in small.iterdir()] == [".lock"]
        finally:
            subprocess.run(["umount", small], check=True)

    def test_when_what_is_added_fails(self, server: Server, older: Backup) -> None:
        def add(folder: Path) -> None:
            raise Refused("no code")

        with pytest.raises(Refused, match="no code"):
            backups.make(server.places, add=add, keep=1)

        assert server.names() == [older.id]


def backup_in_a_process(server: Server, preexec: Callable[[], None]) -> subprocess.CompletedProcess[str]:
    code = "from lifetracker.ops.backup_commands import commands; commands()"
    command = [sys.executable, "-c", code, "backup", "--keep", "1", "--root", str(server.places.root)]
    # What measures the tests' coverage would have no room for its own file either, and leave a damaged one.
    return subprocess.run(
        command, cwd=ROOT, env=unmeasured(), preexec_fn=preexec, capture_output=True, text=True, check=False
    )


class TestPrune:
    @pytest.mark.thorough
    def test_keeps_the_newest_of_each_kind(self, server: Server) -> None:
        labelled = backups.make(server.places, "deploy")
        made = [backups.make(server.places, keep=2).id for _ in range(3)]

        assert set(server.names()) == {labelled.id, *made[1:]}

    @pytest.mark.thorough
    def test_does_not_count_what_failed_its_drill(self, server: Server) -> None:
        first, second = (backups.make(server.places) for _ in range(2))
        backups.verify(server.places, first)
        spoil(second, "bit")
        with pytest.raises(Refused):
            backups.verify(server.places, second)

        backups.prune(server.places.backups, 1)

        assert set(server.names()) == {first.id, second.id}

    @pytest.mark.thorough
    def test_keeps_the_newest_that_was_verified_until_a_newer_one_is(self, server: Server) -> None:
        old, verified, _, newest = (backups.make(server.places) for _ in range(4))
        for each in (old, verified):
            backups.verify(server.places, each)

        backups.prune(server.places.backups, 1)
        assert set(server.names()) == {verified.id, newest.id}

        backups.verify(server.places, newest)
        backups.prune(server.places.backups, 1)
        assert server.names() == [newest.id]

    @pytest.mark.thorough
    def test_keeps_one_that_is_sound_where_the_verified_one_is_not_any_more(self, server: Server) -> None:
        first, second = (backups.make(server.places) for _ in range(2))
        backups.verify(server.places, second)
        spoil(second, "gone")

        backups.prune(server.places.backups, 1)

        assert set(server.names()) == {first.id, second.id}

    @pytest.mark.thorough
    def test_removes_neither_what_was_just_made_nor_what_is_from_the_future(self, server: Server) -> None:
        ahead = backups.make(server.places)
        date_ahead(ahead, days=300)

        made = [backups.make(server.places, keep=1) for _ in range(2)]

        assert set(server.names()) == {ahead.id, made[1].id}

    def test_does_not_count_what_is_damaged(self, server: Server) -> None:
        first, second = (backups.make(server.places) for _ in range(2))
        date_back(first, 2)
        date_back(second, 1)
        second.database.write_bytes(b"cut")

        backups.prune(server.places.backups, 1)

        assert {first.id, second.id} == set(server.names())

    @pytest.mark.thorough
    def test_removes_none_under_its_name_by_halves(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        first, second = (backups.make(server.places) for _ in range(2))
        date_back(first, 1)
        seen: list[list[str]] = []
        monkeypatch.setattr(shutil, "rmtree", lambda path, **_: seen.append(server.names()))

        backups.prune(server.places.backups, 1)

        assert seen == [sorted([f"{first.id}{PARTIAL}", second.id])]


def date_back(backup: Backup, days: int) -> None:
    text = (backup.folder / MANIFEST).read_text()
    year = f"{backup.manifest.made:%Y}"
    (backup.folder / MANIFEST).write_text(text.replace(f'"made": "{year}', f'"made": "{int(year) - days}'))


def date_ahead(backup: Backup, days: float) -> None:
    """Made while the clock was so far ahead."""
    made = backup.manifest.made + timedelta(days=days)
    write_manifest(backup.folder, backup.manifest.model_copy(update={"made": made}))


class TestClockThatWasSetBack:
    """What was made while it was ahead is older than what is made since."""

    @pytest.mark.parametrize("ahead", [timedelta(hours=1), *thorough(timedelta(minutes=5), timedelta(days=300))])
    def test_makes_the_newest_all_the_same(self, server: Server, ahead: timedelta) -> None:
        older = backups.make(server.places)
        date_ahead(older, days=ahead / timedelta(days=1))

        made = [backups.make(server.places).id for _ in range(3)]

        assert [each.id for each in backups.listed(server.places)] == [*reversed(made), older.id]
        assert backups.find(server.places, None).id == made[-1]

    @pytest.mark.thorough
    def test_gives_ids_that_rise(self, server: Server) -> None:
        made = [backups.make(server.places).id for _ in range(4)]

        assert made == sorted(made)

    def test_leaves_what_it_was_ahead_for_the_older_one_when_its_time_has_come(self, server: Server) -> None:
        older = backups.make(server.places)
        date_ahead(older, days=300)
        made = backups.make(server.places)

        found = newest_first([made, backups.find(server.places, older.id)], clock() + timedelta(days=400))

        assert [each.id for each in found] == [made.id, older.id]

    def test_has_what_is_real_verified(self, server: Server) -> None:
        made = backups.make(server.places)
        date_ahead(backups.make(server.places), days=300)

        assert backups.find(server.places, None).id == made.id

    def test_is_told_in_the_list(self, server: Server) -> None:
        date_ahead(backups.make(server.places), days=300)

        done = CliRunner().invoke(commands, ["backup", "--list", "--root", str(server.places.root)])

        assert "from the future: a clock was ahead" in done.output


class TestFind:
    def test_takes_an_id_or_a_path_or_the_newest(self, server: Server) -> None:
        made = backups.make(server.places)

        found = [backups.find(server.places, name) for name in (made.id, str(made.folder), None)]

        assert {each.id for each in found} == {made.id}

    def test_takes_no_damaged_one_that_was_only_kept_for_the_newest(self, server: Server) -> None:
        good = backups.make(server.places)
        date_back(good, 1)
        with backups.open_folder(server.places) as folder:
            kept = backups.make_in(folder, live_database(server.places), "before-restore", problem="a page is damaged")

        assert backups.find(server.places, None).id == good.id
        assert backups.find(server.places, kept.id).manifest.problem == "a page is damaged"

    def test_takes_one_of_every_day_before_one_of_a_deploy(self, server: Server) -> None:
        daily = backups.make(server.places)
        deploys = backups.make(server.places, "before-deploy")

        assert backups.find(server.places, None).id == daily.id
        shutil.rmtree(daily.folder)
        assert backups.find(server.places, None).id == deploys.id

    @pytest.mark.parametrize("name", ["20260101T000000Z-abcdef", "..", "drill.partial", None])
    def test_refuses_what_is_none_and_tells_what_there_is(self, server: Server, name: str | None) -> None:
        with pytest.raises(Refused, match="there are: none; `lifetracker backup` makes one"):
            backups.find(server.places, name)


class TestVerify:
    @pytest.fixture
    def made(self, server: Server) -> Backup:
        server.write("one", "two")
        return backups.make(server.places)

    def test_writes_down_that_it_passed(self, server: Server, made: Backup) -> None:
        assert made.verified is None
        manifest = (made.folder / MANIFEST).read_bytes()

        backups.verify(server.places, made)

        assert made.verified is not None
        assert (made.folder / MANIFEST).read_bytes() == manifest
        assert server.names() == [made.id]

    @pytest.mark.thorough
    def test_passes_twice(self, server: Server, made: Backup) -> None:
        backups.verify(server.places, made)
        backups.verify(server.places, made)

    @pytest.mark.parametrize("damage", ["bit", "cut", "header", "log", "gone", "link", "count", "revision"])
    def test_refuses_what_was_damaged_afterwards(self, server: Server, made: Backup, damage: str) -> None:
        backups.verify(server.places, made)

        spoil(made, damage)

        with pytest.raises(Refused) as refused:
            backups.verify(server.places, backups.find(server.places, made.id))
        assert made.verified is None
        assert made.record.failed is not None
        assert made.record.failed.why == str(refused.value)
        assert server.names() == [made.id]

    def test_refuses_a_manifest_that_cannot_be_read(self, server: Server, made: Backup) -> None:
        (made.folder / MANIFEST).write_text("{")

        with pytest.raises(Unsound, match="cannot be read"):
            backups.find(server.places, str(made.folder))
        assert backups.listed(server.places) == []

    def test_restores_what_it_judges(self, server: Server, made: Backup) -> None:
        """A database that was no good before it was summed up: the sums alone would let it pass."""
        spoil_page(made.database)
        sums_anew(made)

        with pytest.raises(Damaged):
            backups.verify(server.places, backups.find(server.places, made.id))


class TestDrillThatCannotBeTried:
    """It says nothing of the backup, and is on record."""

    @pytest.fixture
    def verified(self, server: Server) -> Backup:
        made = backups.make(server.places)
        backups.verify(server.places, made)
        return made

    def test_for_want_of_disk_takes_no_mark_away(
        self, server: Server, verified: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "require_space", partial(files.require_space, spare=10**18))

        with pytest.raises(NoSpace):
            backups.verify(server.places, verified)

        assert (verified.verified is not None, verified.record.failed) == (True, None)
        assert verified.record.untried is not None
        assert verified.record.untried.why.startswith("too little disk")

    def test_for_settings_that_cannot_be_is_on_record(self, server: Server, verified: Backup) -> None:
        server.places.environment.write_text("LIFETRACKER_DATABASE_URL=nonsense\n")

        with pytest.raises(Refused):
            backups.verify(server.places, verified)

        assert verified.record.untried is not None
        assert "must begin with" in verified.record.untried.why

    def test_since_it_was_ended_half_way_is_on_record(
        self, server: Server, verified: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ended(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(backup_database, "try_out", ended)

        with pytest.raises(KeyboardInterrupt):
            backups.verify(server.places, verified)

        assert verified.record.untried is not None
        assert verified.record.untried.why == "it was begun, and did not come to its end"

    def test_takes_no_failure_away(self, server: Server, verified: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
        spoil(verified, "bit")
        for spare in (0, 10**18):
            monkeypatch.setattr(files, "require_space", partial(files.require_space, spare=spare))
            with pytest.raises(Refused):
                backups.verify(server.places, verified)

        assert verified.record.failed is not None

    @pytest.mark.thorough
    def test_is_over_when_one_passes(self, server: Server, verified: Backup) -> None:
        write_record(verified, Record(untried=Tried(at=clock(), why="too little disk")))

        backups.verify(server.places, verified)

        assert verified.record.untried is None

    @pytest.mark.thorough
    def test_cannot_be_hidden_by_a_record_that_nobody_can_read(self, verified: Backup) -> None:
        (verified.folder / "VERIFIED.json").write_text("{")

        assert verified.verified is None
        assert verified.record.untried is not None

    def test_is_read_by_the_release_before(self, verified: Backup) -> None:
        """Which looks for one word, and takes a backup for unsound that holds files it does not know."""
        assert set(json.loads((verified.folder / "VERIFIED.json").read_text())) == {"verified"}
        assert {each.name for each in verified.folder.iterdir()} == {MANIFEST, "VERIFIED.json", "life_tracker.db"}


def spoil(made: Backup, damage: str) -> None:
    file, text = made.database, (made.folder / MANIFEST).read_text()
    content = bytearray(file.read_bytes())
    match damage:
        case "bit":
            content[len(content) // 2] ^= 1
            file.write_bytes(content)
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "header":
            spoil_header(file)
        case "log":
            file.with_name(f"{file.name}-wal").write_bytes(b"a log of another database")
        case "gone":
            file.unlink()
        case "link":
            file.rename(made.folder.parent / ".moved")
            file.symlink_to(made.folder.parent / ".moved")
        case "count":
            (made.folder / MANIFEST).write_text(text.replace('"attempts": 2', '"attempts": 3'))
        case "revision":
            (made.folder / MANIFEST).write_text(text.replace(f'"revision": "{HEAD}"', '"revision": "another"'))


def sums_anew(made: Backup) -> None:
    said = made.manifest.files["life_tracker.db"].sha256
    file = made.folder / MANIFEST
    file.write_text(file.read_text().replace(said, sha256(made.database.read_bytes()).hexdigest()))


def python_for(user: str) -> str:
    """One that may run there: ours may lie in a home."""
    code = "import lifetracker.ops.backups.copy"
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            options: dict[str, Any] = {"env": {"PYTHONPATH": str(ROOT)}, "cwd": "/", **as_user(user)}
            if not subprocess.run([python, "-Bc", code], capture_output=True, check=False, **options).returncode:
                return python
    pytest.skip(f"no Python here that {user} may run, with this source to read")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root backs up for another user")
class TestForAnotherUser:
    """Root commands; whatever opens the database is the service's user."""

    @pytest.fixture
    def server(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
        for module in (backups, backup_database, restore_database):
            monkeypatch.setattr(module, "USER", "nobody")
        monkeypatch.setattr(sys, "executable", python_for("nobody"))
        with TemporaryDirectory(prefix="lifetracker-backup-") as folder:
            Path(folder).chmod(0o755)
            made = server_of(engine, Path(folder))
            shutil.chown(made.places.data, "nobody")
            made.places.data.chmod(0o700)
            shutil.chown(made.file, "nobody")
            yield made

    def test_leaves_nothing_of_roots_beside_the_database(self, server: Server) -> None:
        nobody = pwd.getpwnam("nobody").pw_uid
        server.leave_a_log("one")
        for part in server.parts():
            os.chown(part, nobody, -1)

        backups.make(server.places)

        assert {part.stat().st_uid for part in server.parts()} == {nobody}

    def test_opens_it_as_the_services_user(self, server: Server) -> None:
        """Who may not write where root may."""
        roots = server.places.root / "roots"
        roots.mkdir(mode=0o755)

        with pytest.raises(Refused, match="Permission denied"):
            ask("copy", server.file, roots / "copy.db", user="nobody")

    @pytest.mark.thorough
    def test_gives_the_service_no_backup(self, server: Server) -> None:
        made = backups.make(server.places)
        backups.verify(server.places, made)

        owners = {each.stat().st_uid for each in (server.places.backups, made.folder, *made.folder.iterdir())}
        assert owners == {0}
        as_nobody: dict[str, Any] = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
        for command in (["ls", server.places.backups], ["cat", made.database], ["rm", "-r", made.folder]):
            assert subprocess.run([*map(str, command)], capture_output=True, check=False, **as_nobody).returncode

    def test_takes_no_link_for_the_copy(self, server: Server) -> None:
        backups.make(server.places)
        place = server.places.backups / "place"
        place.mkdir()
        (place / "life_tracker.db").symlink_to("/etc/hostname")

        with pytest.raises(Refused, match="not a plain file of its own"):
            take_over(place)


class TestCommand:
    def test_backs_up_lists_and_verifies(self, server: Server) -> None:
        root = ["--root", str(server.places.root)]

        said = [
            CliRunner().invoke(commands, ["backup", *words, *root]).output for words in ([], ["--verify"], ["--list"])
        ]

        (name,) = server.names()
        assert re.match(rf"{name}: \d+ rows in \d+ tables, \d+\.\d MB, in ", said[0])
        assert said[1].startswith(f"{name}: verified: restored into a temporary place")
        assert re.match(rf"{name}\t\d+ rows", said[2])
        assert "\tverified 2" in said[2]

    def test_fails_when_the_drill_does(self, server: Server) -> None:
        made = backups.make(server.places)
        spoil(made, "bit")

        done = CliRunner().invoke(commands, ["backup", "--verify", made.id, "--root", str(server.places.root)])

        assert done.exit_code == 1
        assert "is damaged" in str(done.exception)

    @pytest.mark.thorough
    def test_lists_what_became_of_each(self, server: Server) -> None:
        made = [backups.make(server.places) for _ in range(3)]
        write_record(made[0], Record(failed=Tried(at=clock(), why="cut")))
        write_record(made[1], Record(verified=clock(), untried=Tried(at=clock(), why="too little disk")))
        (made[2].folder / MANIFEST).unlink()

        said = CliRunner().invoke(commands, ["backup", "--list", "--root", str(server.places.root)]).output

        lines = dict(line.split("\t", 1) for line in said.splitlines())
        assert re.search(r"\tunsound since 2.*Z: cut$", lines[made[0].id])
        assert re.search(r"\tverified 2.*Z; drill not done 2.*Z: too little disk$", lines[made[1].id])
        assert lines[made[2].id].startswith("no backup\t")

    def test_keeps_as_many_as_the_operator_decided(self, server: Server) -> None:
        server.places.config.write_text("keep_backups = 1\n")

        for _ in range(2):
            CliRunner().invoke(commands, ["backup", "--root", str(server.places.root)])

        assert len(server.names()) == 1
