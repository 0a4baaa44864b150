"""The log is moved into the database beside those who write, and they never wait for it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, get_ident

import pytest

from lifetracker.core import sqlite
from lifetracker.core.db import Database
from lifetracker.core.db.checkpoints import EVERY, Checkpoints
from tests.core.units import note

SOON = 10.0


def commit(checkpoints: Checkpoints, times: int) -> None:
    for _ in range(times):
        checkpoints.note_commit(1)


class TestCheckpoints:
    def test_move_after_so_many_units_in_a_thread_of_their_own(self) -> None:
        moved, threads = Event(), []

        def move() -> None:
            threads.append(get_ident())
            moved.set()

        with closing(Checkpoints(move)) as checkpoints:
            commit(checkpoints, EVERY - 1)
            assert threads == []
            commit(checkpoints, 1)
            assert moved.wait(SOON)

        assert len(threads) == 1
        assert threads[0] != get_ident()

    def test_come_sooner_where_commits_are_larger(self) -> None:
        moved = Event()

        with closing(Checkpoints(moved.set)) as checkpoints:
            checkpoints.note_commit(EVERY)
            assert moved.wait(SOON)

    def test_hold_up_nobody_who_commits(self) -> None:
        begun, may_end, moved = Event(), Event(), []

        def move() -> None:
            begun.set()
            moved.append(may_end.wait(SOON))

        with closing(Checkpoints(move)) as checkpoints:
            commit(checkpoints, EVERY)
            assert begun.wait(SOON)
            commit(checkpoints, 10 * EVERY)
            may_end.set()

        assert moved == [True, True]  # the one that was under way, and one for all that was committed meanwhile

    def test_are_ended_before_the_database_is_closed(self) -> None:
        moved: list[bool] = []
        checkpoints = Checkpoints(lambda: moved.append(not Event().wait(0.1)))
        commit(checkpoints, EVERY)

        checkpoints.close()

        assert len(moved) == 1
        commit(checkpoints, EVERY)
        assert len(moved) == 1


class TestDatabase:
    def test_holds_what_was_committed_in_the_file_itself(self, db: Database, copy_of: Callable[[], Path]) -> None:
        """Without the log: so it is moved, though no commit was large enough to do it."""
        if db.file is None:
            pytest.skip("SQLite only: PostgreSQL looks after its own log")

        async def write_often() -> None:
            for _ in range(EVERY):
                await db.write(note)

        asyncio.run(write_often())

        until = time.monotonic() + SOON
        while not notes_in(copy_of()) and time.monotonic() < until:
            time.sleep(0.01)
        assert notes_in(copy_of()) > 0

    def test_leaves_it_to_commits_where_sqlite_could_lose_pages(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: Database
    ) -> None:
        if db.file is None:
            pytest.skip("SQLite only: PostgreSQL looks after its own log")
        monkeypatch.setattr(sqlite, "wal_reset_warning", lambda: "it can")
        shutil.copy(db.file, tmp_path / "life_tracker.db")

        with closing(Database(f"sqlite:///{tmp_path}/life_tracker.db")) as other:
            assert pages_before_own_checkpoint(other) == 1000
        monkeypatch.undo()
        assert pages_before_own_checkpoint(db) == 4000


def pages_before_own_checkpoint(db: Database) -> int:
    def ask(connection: object) -> int:
        pages: int = connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one()  # type: ignore[attr-defined]
        return pages

    return db.inspect_now(ask)


def notes_in(file: Path) -> int:
    with closing(sqlite.driver.connect(f"file:{file}?immutable=1", uri=True)) as connection:
        found: int = connection.execute("SELECT count(*) FROM attempts").fetchone()[0]
        return found
