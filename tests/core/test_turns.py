"""Turns at writing: who waits is told of them, nobody who ends keeps one, and none is needed where there are none."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from lifetracker.core import waiting
from lifetracker.core.db import Database
from lifetracker.core.errors import Busy
from lifetracker.core.turns import Turns
from tests.core.units import another, note, notes

TAKES_ONE = """
import sys
from lifetracker.core.turns import Turns
turns = Turns(sys.argv[1] + "/life_tracker.db")
print(turns.take(), flush=True)
sys.stdin.read()
"""
SOON = 5.0


@pytest.fixture
def of(tmp_path: Path) -> Iterator[Callable[[], Turns]]:
    made: list[Turns] = []

    def make() -> Turns:
        made.append(Turns(str(tmp_path / "life_tracker.db")))
        return made[-1]

    yield make
    for each in made:
        each.close()


class TestTurns:
    def test_are_one_at_a_time(self, of: Callable[[], Turns]) -> None:
        mine, theirs = of(), of()

        assert mine.take()
        assert not theirs.take()
        mine.give_back()
        assert theirs.take()

    def test_stay_ours_until_they_are_given_back(self, of: Callable[[], Turns]) -> None:
        mine = of()

        assert mine.take()
        assert mine.take()

    def test_are_told_of_to_who_waits(self, of: Callable[[], Turns]) -> None:
        mine, theirs = of(), of()

        async def wait() -> None:
            told = _told_by(theirs)
            assert not await _comes(told, 0.05)
            mine.give_back()
            assert await _comes(told, SOON)

        mine.take()
        asyncio.run(wait())
        assert theirs.take()

    def test_are_told_of_to_everybody_who_waits(self, of: Callable[[], Turns]) -> None:
        mine, others = of(), (of(), of())

        async def wait() -> None:
            told = [_told_by(theirs) for theirs in others]
            mine.give_back()
            assert [await _comes(each, SOON) for each in told] == [True, True]

        mine.take()
        asyncio.run(wait())

    def test_are_told_of_however_many_nobody_waited_for(self, of: Callable[[], Turns]) -> None:
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

    def test_are_told_of_to_nobody_who_has_one(self, of: Callable[[], Turns]) -> None:
        """Who is not waiting would take the word away from who is."""
        mine, theirs = of(), of()

        async def wait() -> None:
            told = _told_by(theirs)
            mine.give_back()
            assert theirs.take()
            assert not await _comes(told, 0.05)

        mine.take()
        asyncio.run(wait())

    def test_go_with_the_process_that_had_them(self, of: Callable[[], Turns], tmp_path: Path) -> None:
        command = [sys.executable, "-c", TAKES_ONE, str(tmp_path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "True\n"
            assert not of().take()
            process.kill()

        assert of().take()

    def test_are_always_ours_where_no_folder_takes_a_lock(self, tmp_path: Path) -> None:
        with closing(Turns(str(tmp_path / "gone" / "life_tracker.db"))) as nowhere:
            assert nowhere.take()
            nowhere.give_back()
            assert nowhere.take()

    @pytest.mark.parametrize("make", [Path.mkdir, Path.touch], ids=["folder", "file"])
    def test_do_without_a_pipe(self, of: Callable[[], Turns], tmp_path: Path, make: Callable[[Path], None]) -> None:
        """Then nobody is told; who waits looks again by itself."""
        make(tmp_path / "life_tracker.db-turns")
        mine, theirs = of(), of()

        async def wait() -> None:
            told = _told_by(theirs)
            mine.give_back()
            assert not await _comes(told, 0.05)

        mine.take()
        asyncio.run(wait())
        assert theirs.take()


class TestWrite:
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

    def test_is_told_of_its_turn(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        async def write() -> str:
            begun = asyncio.create_task(db.write(note))
            await asyncio.sleep(0.02)
            theirs.give_back()
            return await asyncio.wait_for(begun, SOON)

        monkeypatch.setattr(waiting, "pauses", lambda _: iter([10 * SOON]))
        with closing(_turns_at(db)) as theirs:
            theirs.take()
            assert asyncio.run(write()) == "a note"

    def test_gives_up_after_a_while(self, db: Database) -> None:
        with another(db, wait=0.05) as impatient, closing(_turns_at(db)) as theirs:
            theirs.take()
            with pytest.raises(Busy):
                asyncio.run(impatient.write(note))
            theirs.give_back()

            assert asyncio.run(impatient.write(note)) == "a note"

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

    def test_gives_its_turn_to_nobody_who_has_ended(self, db: Database) -> None:
        """The loop is gone by the time that the turn comes: it is free for others then."""
        with another(db, wait=0.01) as impatient, closing(_turns_at(db)) as theirs:
            theirs.take()
            with pytest.raises(Busy):
                asyncio.run(impatient.write(note))
            theirs.give_back()

            assert asyncio.run(_taken_at_last(theirs))


def _turns_at(db: Database) -> Turns:
    if db.file is None:
        pytest.skip("SQLite only: PostgreSQL lets many write at once")
    return Turns(db.file)


def _told_by(turns: Turns) -> asyncio.Event:
    """Set once these turns, none of which is to be had, tell that one may be."""
    told = asyncio.Event()
    assert not turns.take()
    turns.be_told(asyncio.get_running_loop(), told.set)
    return told


async def _comes(told: asyncio.Event, within: float) -> bool:
    with suppress(TimeoutError):
        return await asyncio.wait_for(told.wait(), within)
    return False


async def _taken_at_last(turns: Turns) -> bool:
    for _ in range(200):
        if turns.take():
            return True
        await asyncio.sleep(0.01)
    return False
