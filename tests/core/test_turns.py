"""Turns at writing: handed on by the kernel, kept from nobody who ends, and none needed where there are none."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from lifetracker.core.db import Database
from lifetracker.core.errors import Busy
from lifetracker.core.turns import Turns
from tests.core.units import another, note, notes

TAKES_ONE = """
import sys
from lifetracker.core.turns import Turns
turns = Turns(sys.argv[1])
print(turns.take(), flush=True)
sys.stdin.read()
"""
SOON = 5.0


@pytest.fixture
def of(tmp_path: Path) -> Iterator[Callable[[], Turns]]:
    made: list[Turns] = []

    def make() -> Turns:
        made.append(Turns(str(tmp_path)))
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

    def test_come_to_who_awaits_them(self, of: Callable[[], Turns]) -> None:
        mine, theirs, came = of(), of(), Event()
        mine.take()

        theirs.await_next(came.set)

        assert not came.wait(0.05)
        mine.give_back()
        assert came.wait(SOON)
        assert not mine.take()

    def test_go_with_the_process_that_had_them(self, of: Callable[[], Turns], tmp_path: Path) -> None:
        command = [sys.executable, "-c", TAKES_ONE, str(tmp_path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "True\n"
            assert not of().take()
            process.kill()

        assert of().take()

    def test_are_always_ours_where_no_folder_takes_a_lock(self, tmp_path: Path) -> None:
        nowhere, came = Turns(str(tmp_path / "gone")), Event()

        with closing(nowhere):
            assert nowhere.take()
            nowhere.await_next(came.set)
            assert came.wait(SOON)
            nowhere.give_back()


class TestWrite:
    def test_waits_for_its_turn(self, db: Database) -> None:
        async def write() -> str:
            waiting = asyncio.create_task(db.write(note))
            await asyncio.sleep(0.02)
            assert not waiting.done()
            theirs.give_back()
            return await waiting

        with closing(_turns_at(db)) as theirs:
            theirs.take()
            assert asyncio.run(write()) == "a note"
            assert theirs.take()  # given back after the commit
        assert db.read_now(notes) == ["a note"]

    def test_gives_up_after_a_while(self, db: Database) -> None:
        with another(db, wait=0.05) as impatient, closing(_turns_at(db)) as theirs:
            theirs.take()
            with pytest.raises(Busy):
                asyncio.run(impatient.write(note))
            theirs.give_back()

            assert asyncio.run(impatient.write(note)) == "a note"

    def test_leaves_its_turn_to_others_while_its_loop_is_at_something_else(self, db: Database) -> None:
        async def write_and_be_busy() -> str:
            waiting = asyncio.create_task(db.write(note))
            await asyncio.sleep(0.02)
            theirs.give_back()
            time.sleep(0.2)  # as a loop that hangs
            assert theirs.take()
            theirs.give_back()
            return await waiting

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
    return Turns(str(Path(db.file).parent))


async def _taken_at_last(turns: Turns) -> bool:
    for _ in range(200):
        if turns.take():
            return True
        await asyncio.sleep(0.01)
    return False
