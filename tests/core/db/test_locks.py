"""Meeting another's lock on an embedded database: waited for without holding anybody up, then given up in words."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from fastapi import FastAPI

from lifetracker.core.db import Database
from lifetracker.core.errors import Busy
from tests.core.units import another, locked, note, notes
from tests.people import Client, refusal

IN_ANOTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read(1)
connection.execute("COMMIT")
"""


class TestWriteWhileAnotherWrites:
    def test_waits_until_the_other_is_done(self, db: Database) -> None:
        async def write_and_release() -> None:
            with locked(db) as stranger:
                waiting = asyncio.create_task(db.write(note))
                await asyncio.sleep(0.02)
                assert not waiting.done()
                stranger.execute("COMMIT")
                assert await waiting == "a note"

        asyncio.run(write_and_release())

        assert db.read_now(notes) == ["a note"]

    def test_waits_for_another_process_too(self, db: Database) -> None:
        async def write_and_release() -> None:
            with locked_by_another_process(db) as stranger:
                waiting = asyncio.create_task(db.write(note))
                await asyncio.sleep(0.02)
                assert not waiting.done()
                stranger.communicate("x")
                await waiting

        asyncio.run(write_and_release())

        assert db.read_now(notes) == ["a note"]

    def test_waits_without_a_loop_as_well(self, db: Database) -> None:
        with locked(db) as stranger:
            threading.Timer(0.05, stranger.execute, ["COMMIT"]).start()

            assert db.write_now(note) == "a note"

    def test_lets_the_loop_do_other_things_meanwhile(self, db: Database) -> None:
        async def write_and_read() -> None:
            with locked(db) as stranger:
                waiting = asyncio.create_task(db.write(note))
                for _ in range(3):
                    await asyncio.sleep(0)
                    assert await db.read(notes) == []
                stranger.execute("COMMIT")
                await waiting

        asyncio.run(write_and_read())

    def test_gives_up_after_a_while(self, db: Database) -> None:
        with another(db, wait=0.05) as impatient, locked(db):
            with pytest.raises(Busy) as refused:
                asyncio.run(impatient.write(note))
            with pytest.raises(Busy):
                impatient.write_now(note)

        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert refused.value.headers == {"Retry-After": "2"}

    def test_writes_again_once_the_other_is_done(self, db: Database) -> None:
        with another(db, wait=0.05) as impatient:
            with locked(db), pytest.raises(Busy):
                asyncio.run(impatient.write(note))

            assert asyncio.run(impatient.write(note)) == "a note"


class TestWriteOrSkip:
    def test_writes_where_nothing_is_in_the_way(self, db: Database) -> None:
        asyncio.run(db.write_or_skip(note))

        assert db.read_now(notes) == ["a note"]

    def test_skips_without_waiting_and_without_a_word(self, db: Database) -> None:
        with locked(db):
            asyncio.run(asyncio.wait_for(db.write_or_skip(note), timeout=1))

        assert db.read_now(notes) == []


class TestRequestsWhileAnotherWrites:
    def test_are_answered_with_busy_and_when_to_come_again(self, app: FastAPI, db: Database, anna: Client) -> None:
        with another(db, wait=0.05) as impatient, locked(db):
            app.state.database = impatient
            answer = anna.post("/challenges", json={"title": "Walk"})

        assert refusal(answer) == (503, "busy")
        assert answer.headers["Retry-After"] == "2"

    def test_are_answered_where_they_only_read(self, db: Database, anna: Client) -> None:
        with locked(db):
            assert anna.got("/users/me")["display_name"] == "Anna"

    def test_hold_up_nobody_who_asks_for_health(self, app: FastAPI, db: Database, anna: Client) -> None:
        async def call() -> None:
            async with httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app), base_url="http://test", headers=anna.headers
            ) as client:
                with locked(db) as stranger:
                    writing = asyncio.create_task(client.post("/challenges", json={"title": "Walk"}))
                    await asyncio.sleep(0.02)
                    assert (await client.get("/health")).json()["status"] == "ok"
                    assert not writing.done()
                    stranger.execute("COMMIT")
                    assert (await writing).status_code == 201

        asyncio.run(call())


class TestMigrateWhileAnotherWrites:
    def test_waits_then_gives_up(self, db: Database) -> None:
        with locked(db), another(db, wait=0.05) as impatient, pytest.raises(Busy):
            impatient.migrate_now(lambda connection: None)

    def test_waits_until_the_other_is_done(self, db: Database) -> None:
        with locked(db) as stranger:
            threading.Timer(0.05, stranger.execute, ["COMMIT"]).start()

            assert db.migrate_now(lambda connection: "done") == "done"


@contextmanager
def locked_by_another_process(db: Database) -> Iterator[subprocess.Popen[str]]:
    if db.file is None:
        pytest.skip("SQLite only: PostgreSQL has no lock on a whole database")
    with subprocess.Popen(
        [sys.executable, "-I", "-c", IN_ANOTHER_PROCESS, db.file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "locked\n"
        yield stranger
