"""Turns at writing: who waits is told of them, nobody who ends keeps one, and none is needed where there are none."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lifetracker.core.db import Database, waiting
from lifetracker.core.db.baton import Baton
from lifetracker.core.errors import Busy
from tests.core.units import another, locked, note, notes
from tests.people import PASSWORD, Client
from tests.processes import unmeasured

TAKES_ONE = """
import sys
from lifetracker.core.db.baton import Baton
turns = Baton(sys.argv[1] + "/life_tracker.db")
print(turns.take(), flush=True)
sys.stdin.read()
"""
WRITES = """
import asyncio, os, signal, sys
from lifetracker.core.db import Database
from tests.core.units import note
db = Database("sqlite:///" + sys.argv[1])
asyncio.run(db.write(note))
os.kill(os.getpid(), signal.SIGKILL) if sys.argv[2] == "killed" else db.close()
"""
HOLDS = """
import fcntl, os, sys
held = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in sys.argv[1:]]
for each in held:
    fcntl.flock(each, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
SOON = 5.0
FOR_EVER = 10 * SOON
SOMEBODY_ELSE = 4711


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a turn goes on waiting."""
    monkeypatch.setattr(waiting, "PATIENCE", FOR_EVER)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service's own runtime folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/life_tracker.db").touch()
    return tmp_path / "data/life_tracker.db"


@pytest.fixture
def of(run: Path, data: Path) -> Iterator[Callable[[], Baton]]:
    made: list[Baton] = []

    def make() -> Baton:
        made.append(Baton(str(data)))
        return made[-1]

    yield make
    for each in made:
        each.close()


class TestTurns:
    def test_are_one_at_a_time(self, of: Callable[[], Baton]) -> None:
        mine, theirs = of(), of()

        assert mine.take()
        assert not theirs.take()
        mine.give_back()
        assert theirs.take()

    def test_stay_ours_until_they_are_given_back(self, of: Callable[[], Baton]) -> None:
        mine = of()

        assert mine.take()
        assert mine.take()

    def test_are_told_of_to_who_waits(self, of: Callable[[], Baton]) -> None:
        mine, theirs = of(), of()

        async def wait() -> None:
            told = _told_by(theirs)
            assert not await _comes(told, 0.05)
            mine.give_back()
            assert await _comes(told, SOON)

        mine.take()
        asyncio.run(wait())
        assert theirs.take()

    def test_are_told_of_to_everybody_who_waits(self, of: Callable[[], Baton]) -> None:
        mine, others = of(), (of(), of())

        async def wait() -> None:
            told = [_told_by(theirs) for theirs in others]
            mine.give_back()
            assert [await _comes(each, SOON) for each in told] == [True, True]

        mine.take()
        asyncio.run(wait())

    def test_are_told_of_however_many_nobody_waited_for(self, of: Callable[[], Baton]) -> None:
        """The pipe is full long before."""
        mine, theirs = of(), of()
        for _ in range(70_000):
            mine.take()
            mine.give_back()

        async def wait() -> None:
            for _ in range(2):  # of what is in the pipe, and then of what comes
                told = _told_by(theirs)
                assert await _comes(told, SOON)
                mine.give_back()
                mine.take()

        mine.take()
        asyncio.run(wait())

    def test_are_told_of_to_nobody_who_has_one(self, of: Callable[[], Baton]) -> None:
        """Who is not waiting would take the word away from who is."""
        mine, theirs = of(), of()

        async def wait() -> None:
            told = _told_by(theirs)
            mine.give_back()
            assert theirs.take()
            assert not await _comes(told, 0.05)

        mine.take()
        asyncio.run(wait())

    def test_go_with_the_process_that_had_them(self, of: Callable[[], Baton], data: Path) -> None:
        with _other_process(TAKES_ONE, data.parent) as (process, said):
            assert said == "True\n"
            assert not of().take()
            process.kill()
            process.wait()

        assert of().take()

    def test_of_a_database_that_was_replaced_are_others(self, of: Callable[[], Baton], data: Path) -> None:
        mine = of()
        mine.take()
        other = data.with_name("other.db")
        other.touch()
        other.replace(data)

        assert of().take()

    def test_are_always_ours_where_there_is_no_database(self, run: Path, tmp_path: Path) -> None:
        with closing(Baton(str(tmp_path / "gone" / "life_tracker.db"))) as nowhere:
            assert nowhere.take()
            nowhere.give_back()
            assert nowhere.take()
        assert _in(run) == []


class TestPipe:
    """Where the turns are, and what is done without: then nobody waits for anybody."""

    def test_lies_in_the_runtime_folder_named_for_the_database(
        self, of: Callable[[], Baton], run: Path, data: Path
    ) -> None:
        mine = of()
        mine.take()

        (pipe,) = _in(run)
        found = data.stat()
        assert pipe.name == f"{found.st_dev}-{found.st_ino}"
        assert stat.filemode(pipe.stat().st_mode) == "prw-------"
        assert stat.filemode(pipe.parent.stat().st_mode) == "drwx------"
        assert os.listdir(data.parent) == ["life_tracker.db"]

    def test_lies_in_the_first_of_several_runtime_folders(
        self, of: Callable[[], Baton], run: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RUNTIME_DIRECTORY", f"{run}:/run/other")
        of().take()

        assert len(_in(run)) == 1

    def test_lies_in_the_temporary_folder_where_there_is_no_other(
        self, of: Callable[[], Baton], run: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("RUNTIME_DIRECTORY")
        monkeypatch.setattr(tempfile, "tempdir", str(run))
        of().take()

        assert len(_in(run)) == 1

    def test_goes_with_the_last_who_had_it_open(self, of: Callable[[], Baton], run: Path) -> None:
        mine, theirs = of(), of()
        mine.take()
        theirs.take()

        mine.close()
        assert len(_in(run)) == 1
        theirs.close()
        assert _in(run) == []

    def test_that_a_killed_process_left_serves_the_next(self, of: Callable[[], Baton], run: Path) -> None:
        mine = of()
        mine.take()
        (pipe,) = _in(run)
        mine.close()
        os.mkfifo(pipe, 0o600)
        theirs, others = of(), of()

        assert theirs.take()
        assert not others.take()
        assert _in(run) == [pipe]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda folder, _: folder.touch(),
            lambda folder, _: folder.symlink_to(folder.parent),
            lambda folder, _: folder.symlink_to("gone"),
            lambda folder, _: (folder.mkdir(), folder.chmod(0o777)),
            lambda folder, _: (folder.mkdir(0o700), _pipe(folder / "1-2")),
            lambda folder, name: (folder.mkdir(0o700), (folder / name).touch()),
            lambda folder, name: (folder.mkdir(0o700), (folder / name).mkdir()),
            lambda folder, name: (folder.mkdir(0o700), (folder / name).symlink_to("/dev/zero")),
            lambda folder, name: (folder.mkdir(0o700), _pipe(folder / name, 0o666)),
            lambda folder, _: shutil.rmtree(folder.parent),
        ],
        ids=["file", "link", "dead link", "open to all", "other", "a file", "a folder", "a link", "anybody's", "gone"],
    )
    def test_is_done_without_where_something_else_is(
        self, of: Callable[[], Baton], run: Path, data: Path, spoil: Callable[[Path, str], object], request: Any
    ) -> None:
        found = data.stat()
        spoil(run / f"lifetracker-turns-{os.geteuid()}", f"{found.st_dev}-{found.st_ino}")
        mine, theirs = of(), of()

        assert mine.take()
        assert theirs.take() is (request.node.callspec.id != "other")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
    @pytest.mark.parametrize("whose", ["folder", "pipe"])
    def test_is_done_without_where_it_is_somebody_elses(
        self, of: Callable[[], Baton], run: Path, data: Path, whose: str
    ) -> None:
        folder = run / f"lifetracker-turns-{os.geteuid()}"
        pipe = folder / f"{data.stat().st_dev}-{data.stat().st_ino}"
        folder.mkdir(0o700)
        os.mkfifo(pipe, 0o600)
        os.chown(folder if whose == "folder" else pipe, SOMEBODY_ELSE, SOMEBODY_ELSE)

        assert [of().take(), of().take()] == [True, True]


class TestClearAwayOld:
    def test_removes_the_pipe_of_earlier_releases(self, of: Callable[[], Baton], data: Path) -> None:
        os.mkfifo(f"{data}-turns")

        of().clear_away_old()

        assert os.listdir(data.parent) == ["life_tracker.db"]

    @pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to(path.parent / "gone")])
    def test_leaves_what_is_no_pipe(self, of: Callable[[], Baton], data: Path, make: Callable[[Path], object]) -> None:
        make(data.with_name("life_tracker.db-turns"))

        of().clear_away_old()

        assert sorted(os.listdir(data.parent)) == ["life_tracker.db", "life_tracker.db-turns"]

    def test_is_content_where_there_is_none(self, of: Callable[[], Baton]) -> None:
        of().clear_away_old()


class TestWrite:
    @pytest.mark.usefixtures("patient")
    def test_waits_for_its_turn(self, db: Database) -> None:
        async def write() -> str:
            begun = asyncio.create_task(db.write(note))
            await asyncio.sleep(0.02)
            assert not begun.done()
            theirs.give_back()
            return await begun

        with closing(_turns_at(db)) as theirs:
            theirs.take()
            assert asyncio.run(write()) == "a note"
            assert theirs.take()  # given back after the commit
        assert db.read_now(notes) == ["a note"]

    @pytest.mark.usefixtures("patient")
    def test_is_told_of_its_turn(self, db: Database) -> None:
        async def write() -> str:
            begun = asyncio.create_task(db.write(note))
            await asyncio.sleep(0.02)
            theirs.give_back()
            return await asyncio.wait_for(begun, SOON)

        with _without_a_timer(), closing(_turns_at(db)) as theirs:
            theirs.take()
            assert asyncio.run(write()) == "a note"

    def test_goes_on_without_a_turn_that_does_not_come(self, db: Database) -> None:
        with closing(_turns_at(db)) as theirs:
            theirs.take()

            assert asyncio.run(db.write(note)) == "a note"

    def test_waits_once_for_a_turn_that_does_not_come(self, db: Database) -> None:
        """Not with each batch: until one is ours again, nobody believes in them."""

        async def write() -> list[str]:
            await db.write(note)
            with _without_a_timer():
                return [await db.write(note) for _ in range(20)]

        with closing(_turns_at(db)) as theirs:
            theirs.take()
            assert asyncio.run(write()) == ["a note"] * 20

    def test_waits_for_turns_again_once_one_was_ours(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        async def write() -> None:
            await db.write(note)
            theirs.give_back()
            await db.write(note)
            monkeypatch.setattr(waiting, "PATIENCE", FOR_EVER)
            theirs.take()
            begun = asyncio.create_task(db.write(note))
            await asyncio.sleep(0.02)
            assert not begun.done()
            theirs.give_back()
            await begun

        with closing(_turns_at(db)) as theirs:
            theirs.take()
            asyncio.run(write())

    def test_without_a_turn_meets_the_lock_of_who_writes(self, db: Database) -> None:
        with another(db, wait=0.2) as impatient, closing(_turns_at(db)) as theirs, locked(db) as stranger:
            theirs.take()
            with pytest.raises(Busy):
                asyncio.run(impatient.write(note))
            stranger.execute("COMMIT")

            assert asyncio.run(impatient.write(note)) == "a note"

    def test_gives_up_at_once_where_nothing_is_waited_for(self, db: Database) -> None:
        with closing(_turns_at(db)) as theirs:
            theirs.take()
            asyncio.run(db.write_or_skip(note))

        assert db.read_now(notes) == []

    def test_goes_on_while_a_stranger_holds_folder_and_turn(self, run: Path, db: Database, anna: Client) -> None:
        """As a backup that does `flock /var/lib/lifetracker` for as long as it runs, or a debugger for ever."""
        if db.file is None:
            pytest.skip("SQLite only: it is about the file")
        anna.post("/challenges", json={"title": "Walk"})
        with _other_process(HOLDS, Path(db.file).parent, *_in(run)) as (_, said):
            started = anna.post("/challenges", json={"title": "Read"})
            login = {"grant_type": "password", "username": "anna@example.test", "password": PASSWORD}
            logged_in = anna.post("/auth/token", data=login)

        assert (said, started.status_code, logged_in.status_code) == ("held\n", 201, 200)

    @pytest.mark.usefixtures("patient")
    def test_leaves_its_turn_to_others_while_its_loop_is_at_something_else(self, db: Database) -> None:
        async def write_and_be_busy() -> str:
            begun = asyncio.create_task(db.write(note))
            await asyncio.sleep(0.02)
            theirs.give_back()
            time.sleep(0.2)  # as a loop that hangs
            assert theirs.take()
            theirs.give_back()
            return await begun

        with closing(_turns_at(db)) as theirs:
            theirs.take()
            assert asyncio.run(write_and_be_busy()) == "a note"

    def test_goes_on_where_a_folder_takes_no_lock(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: int) -> None:
            raise PermissionError

        monkeypatch.setattr(fcntl, "flock", refuse)

        assert [asyncio.run(db.write(note)), asyncio.run(db.write(note))] == ["a note", "a note"]

    @pytest.mark.parametrize("end", ["killed", "closed"])
    def test_leaves_nothing_but_sqlites_own_files_beside_the_database(self, run: Path, file: Path, end: str) -> None:
        before = os.listdir(file.parent)
        done = subprocess.run([sys.executable, "-c", WRITES, file, end], check=False, env=unmeasured())

        left = sorted(path for path in file.parent.iterdir() if path.name not in before)
        assert done.returncode == (-signal.SIGKILL if end == "killed" else 0)
        assert [path.name for path in left] == ([f"{file.name}-shm", f"{file.name}-wal"] if end == "killed" else [])
        assert all(path.is_file() for path in left)
        assert len(_in(run)) == (end == "killed")

    def test_gives_its_turn_to_nobody_who_has_ended(self, db: Database) -> None:
        """The loop is gone by the time that the turn comes: it is free for others then."""
        with another(db, wait=0.01) as impatient, closing(_turns_at(db)) as theirs:
            theirs.take()
            with pytest.raises(Busy):
                asyncio.run(impatient.write(note))
            theirs.give_back()

            assert asyncio.run(_taken_at_last(theirs))


def _turns_at(db: Database) -> Baton:
    if db.file is None:
        pytest.skip("SQLite only: PostgreSQL lets many write at once")
    return Baton(db.file)


def _pipe(path: Path, mode: int = 0o600) -> Path:
    os.mkfifo(path)
    path.chmod(mode)
    return path


def _in(run: Path) -> list[Path]:
    """The pipes in a runtime folder."""
    return [path for path in run.rglob("*") if path.is_fifo()]


@contextmanager
def _other_process(code: str, *words: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """One that runs this code, and the first line that it said; it ends with this."""
    command = [sys.executable, "-c", code, *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield process, process.stdout.readline()
        process.stdin.close()


@contextmanager
def _without_a_timer() -> Iterator[None]:
    """Who waits is told, or waits for ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "pauses", lambda _: iter([FOR_EVER]))
        yield


def _told_by(baton: Baton) -> asyncio.Event:
    """Set once these turns, none of which is to be had, tell that one may be."""
    told = asyncio.Event()
    assert not baton.take()
    baton.be_told(asyncio.get_running_loop(), told.set)
    return told


async def _comes(told: asyncio.Event, within: float) -> bool:
    with suppress(TimeoutError):
        return await asyncio.wait_for(told.wait(), within)
    return False


async def _taken_at_last(baton: Baton) -> bool:
    for _ in range(200):
        if baton.take():
            return True
        await asyncio.sleep(0.01)
    return False
