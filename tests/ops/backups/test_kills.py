"""`kill -9` of backup, drill and restore at every step of theirs, and of the processes that they start.

Whatever the instant: the database is the old one or the restored one, whole; what has the name of a backup is one;
and the next run works.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lifetracker.core import sqlite
from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import restore as restoring
from lifetracker.ops.backups.manifest import Backup, require_sound
from lifetracker.ops.files import PARTIAL
from tests.engines import Engine
from tests.ops.backups.server import Server, notes_in, server_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
MOST_STEPS = 300
IMPORTS = """
from pathlib import Path
from lifetracker.ops.backups import backup
from lifetracker.ops.backups import copy as backup_copy
from lifetracker.ops.backups import restore
from lifetracker.ops.places import Places
from lifetracker.ops.backups.restore_units import Units
places = Places(Path({root!r}))
---
"""
WHO = pytest.mark.parametrize("who", ["all", "one"])


class Killer:
    """One command that can be killed at a step: what became of it, and of how many steps."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, step: int, who: str) -> tuple[int, int]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{step} {who}\n")
        self._process.stdin.flush()
        end, steps = self._process.stdout.readline().split()
        return int(end), int(steps)


@contextmanager
def killer(server: Server, command: str) -> Iterator[Killer]:
    root = server.places.root
    path = os.pathsep.join([str(Path(__file__).parents[1] / "hooked"), str(ROOT)])
    code = IMPORTS.format(root=str(root)) + command
    whole = [sys.executable, "-m", "tests.ops.kills", code, str(root / "steps")]
    here = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        whole, cwd=ROOT, env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Killer(process)


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    made = server_of(engine, tmp_path)
    made.write("kept")
    return made


def every_step(kill: Killer, who: str, least: int = 10) -> Iterator[int]:
    """Each step at which it was killed, until there is none any more; then it must have come to a good end."""
    for step in range(1, MOST_STEPS):
        end, steps = kill(step, who)
        if steps < step:
            assert end == 0
            assert step > least  # else nothing was killed at all
            return
        yield step
    raise AssertionError("it never came to its end")


def require_whole_backups(server: Server) -> list[Backup]:
    """Whatever has the name of one is one, to the last byte."""
    if not server.places.backups.exists():
        return []
    names = [name for name in server.names() if not name.endswith(PARTIAL)]
    found = backups.listed(server.places)
    assert sorted(names) == sorted(backup.id for backup in found)
    for backup in found:
        require_sound(backup)
    return found


def require_sound_database(file: Path) -> None:
    database = sqlite.driver.connect(f"file:{file}?mode=rw", uri=True)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def live_on(server: Server) -> None:
    """More rows: in the file, and in the log alone."""
    server.write("later")
    server.leave_a_log("in the log")


class TestBackup:
    @WHO
    def test_leaves_no_half_one_under_its_name(self, server: Server, who: str) -> None:
        server.leave_a_log("in the log")
        with killer(server, "backup.make(places, keep=2)") as kill:
            for _ in every_step(kill, who):
                require_whole_backups(server)
                assert server.notes()[-1] == "in the log"

        made = backups.make(server.places, keep=2)
        assert notes_in(made.database) == ["kept", "in the log"]
        assert len(require_whole_backups(server)) == len(server.names()) == 2

    @WHO
    def test_never_removes_the_last_one_before_there_is_another(self, server: Server, who: str) -> None:
        backups.make(server.places)
        with killer(server, "backup.make(places, keep=1)") as kill:
            for _ in every_step(kill, who):
                assert require_whole_backups(server)

    def test_leaves_no_half_drill(self, server: Server) -> None:
        made = backups.make(server.places)
        with killer(server, "backup.verify(places, backup.find(places, None))") as kill:
            for _ in every_step(kill, "all"):
                assert require_whole_backups(server)

        assert made.verified
        assert server.names() == [made.id]


class TestRestore:
    @WHO
    def test_leaves_the_old_database_or_the_restored_one(self, server: Server, who: str) -> None:
        backup = backups.make(server.places)
        ends: set[tuple[str, ...]] = set()
        with killer(server, f"restore.restore(places, backup.find(places, {backup.id!r}))") as kill:
            steps = every_step(kill, who)
            live_on(server)
            for _ in steps:
                found = server.notes()
                ends.add(tuple(found))
                require_sound_database(server.file)
                require_whole_backups(server)
                if "later" not in found:
                    backups.prune(server.places.backups, 3)
                    live_on(server)

        assert ends == {("kept",), ("kept", "later", "in the log")}

    def test_switches_a_database_whose_log_is_full(self, server: Server) -> None:
        new = server.places.data / "new.db"
        aside = server.places.root / "aside.db"
        shutil.copy(server.file, aside)
        ends: set[tuple[str, ...]] = set()
        with killer(server, f"backup_copy.switch(Path({str(new)!r}), Path({str(server.file)!r}))") as kill:
            shutil.copy(aside, new)
            live_on(server)
            for _ in every_step(kill, "all", least=4):
                ends.add(tuple(server.notes()))
                require_sound_database(server.file)
                shutil.copy(aside, server.file)
                shutil.copy(aside, new)
                live_on(server)

        assert ends == {("kept", "later", "in the log")}
        assert server.notes() == ["kept"]

    @WHO
    def test_ends_well_when_it_is_run_again(self, server: Server, who: str) -> None:
        backup = backups.make(server.places)
        with killer(server, f"restore.restore(places, backup.find(places, {backup.id!r}))") as kill:
            for step in (8, 20, 32):
                live_on(server)
                kill(step, who)

                kept = restoring.restore(server.places, backup)

                assert kept is not None
                assert (server.notes(), len(server.parts())) == (["kept"], 1)
                assert not [name for name in server.names() if name.endswith(PARTIAL)]
