"""What a unit says it will go through decides where it runs, and what held the loop is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import select

from lifetracker.core.db import Database, Transaction, holding
from lifetracker.core.db.holding import AT_MOST, MANY, Watch
from lifetracker.core.db.prepared import Prepared
from lifetracker.core.errors import Busy
from lifetracker.users.models import TRIES
from tests.core.units import another, locked, note, notes

SUBJECTS = Prepared(select(TRIES.c.subject))


def thread_after(number: int) -> Callable[[Transaction], str]:
    """A unit that will go through so much, and answers in which thread it did."""

    def work(tx: Transaction) -> str:
        tx.expect(number)
        return threading.current_thread().name

    return work


def is_apart(name: str) -> bool:
    """Whether a thread is one of those that are there for long units."""
    return name.startswith(("unit-long", "unit-writing"))


class TestExpect:
    @pytest.mark.parametrize("door", ["read", "write"])
    def test_runs_apart_what_is_too_much(self, db: Database, door: str) -> None:
        assert is_apart(asyncio.run(getattr(db, door)(thread_after(AT_MOST + 1))))
        assert is_apart(asyncio.run(getattr(db, door)(thread_after(MANY))))

    @pytest.mark.parametrize("door", ["read", "write"])
    def test_runs_as_ever_what_is_not(self, db: Database, door: str) -> None:
        assert not is_apart(asyncio.run(getattr(db, door)(thread_after(AT_MOST))))

    def test_adds_up_what_one_unit_says(self, db: Database) -> None:
        def work(tx: Transaction) -> str:
            for _ in range(3):
                tx.expect(AT_MOST // 2)
            return threading.current_thread().name

        assert is_apart(asyncio.run(db.read(work)))

    def test_adds_up_what_is_written_together(self, db: Database) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: on a networked database units share no transaction")

        async def write() -> list[str]:
            return list(await asyncio.gather(*(db.write(thread_after(AT_MOST // 2 + 1)) for _ in range(3))))

        assert [is_apart(name) for name in asyncio.run(write())] == [False, True, True]

    def test_keeps_nothing_of_the_first_try(self, db: Database) -> None:
        def work(tx: Transaction) -> None:
            note(tx)
            tx.expect(MANY)
            note(tx, "another")

        asyncio.run(db.write(work))

        assert db.read_now(notes) == ["a note", "another"]

    def test_undoes_only_the_first_try_among_others(self, db: Database) -> None:
        def work(tx: Transaction) -> None:
            note(tx, "long")
            tx.expect(MANY)

        async def write() -> None:
            await asyncio.gather(db.write(note, "first"), db.write(work), db.write(note, "third"))

        asyncio.run(write())

        assert sorted(db.read_now(notes)) == ["first", "long", "third"]

    def test_says_nothing_where_nobody_is_held_up(self, db: Database) -> None:
        assert db.read_now(thread_after(MANY)) == threading.current_thread().name


class TestQuestion:
    def test_with_too_many_rows_is_asked_apart(self, db: Database) -> None:
        db.write_now(lambda tx: [note(tx) for _ in range(AT_MOST + 1)])

        def read(tx: Transaction) -> tuple[int, str]:
            return len(tx.ask(SUBJECTS)), threading.current_thread().name

        def read_columns(tx: Transaction) -> tuple[int, str]:
            (column,) = tx.ask_columns(SUBJECTS)
            return len(list(column)), threading.current_thread().name

        for number, thread in (asyncio.run(db.read(read)), asyncio.run(db.read(read_columns))):
            assert (number, is_apart(thread)) == (AT_MOST + 1, True)

    def test_with_as_many_as_may_be_is_not(self, db: Database) -> None:
        db.write_now(lambda tx: [note(tx) for _ in range(AT_MOST)])

        assert asyncio.run(db.read(lambda tx: (len(tx.ask(SUBJECTS)), is_apart(threading.current_thread().name)))) == (
            AT_MOST,
            False,
        )


class TestWriteApart:
    @pytest.fixture(autouse=True)
    def _embedded(self, db: Database) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: on a networked database units write side by side")

    def test_leaves_the_loop_free(self, db: Database) -> None:
        go_on = threading.Event()

        async def call() -> bool:
            waiting = asyncio.create_task(db.write(lasting(go_on)))
            await db.read(notes)
            go_on.set()
            return await waiting

        assert asyncio.run(call())

    def test_comes_in_its_turn(self, db: Database) -> None:
        """Whoever comes after it waits for it, and then is written."""
        order: list[str] = []
        go_on = threading.Event()

        def after(tx: Transaction, name: str) -> None:
            order.append(name)
            note(tx, name)

        async def call() -> None:
            long = asyncio.create_task(db.write(lasting(go_on, lambda: order.append("long"))))
            for _ in range(3):
                await asyncio.sleep(0)
            others = [asyncio.create_task(db.write(after, name)) for name in ("one", "two")]
            await db.read(notes)
            go_on.set()
            await asyncio.gather(long, *others)

        asyncio.run(call())

        assert order == ["long", "one", "two"]
        assert db.read_now(notes) == ["one", "two"]

    def test_is_kept_though_nobody_awaits_it_any_more(self, db: Database) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def work(tx: Transaction) -> None:
            tx.expect(MANY)
            note(tx)
            begun.set()
            go_on.wait(5)

        async def call() -> None:
            given_up = asyncio.create_task(db.write(work))
            while not begun.is_set():
                await asyncio.sleep(0)
            given_up.cancel()
            go_on.set()
            await db.write(note, "after it")

        asyncio.run(call())

        assert db.read_now(notes) == ["a note", "after it"]

    def test_waits_for_a_stranger(self, db: Database) -> None:
        async def call() -> str:
            with locked(db) as stranger:
                waiting = asyncio.create_task(db.write(thread_after(MANY)))
                await asyncio.sleep(0.01)
                stranger.execute("COMMIT")
                return await waiting

        assert is_apart(asyncio.run(call()))

    def test_says_so_when_it_waited_too_long(self, db: Database) -> None:
        with another(db, wait=0.03) as impatient, locked(impatient), pytest.raises(Busy):
            asyncio.run(impatient.write(thread_after(MANY)))

        assert asyncio.run(db.write(note)) == "a note"


class TestWatch:
    def test_tells_and_counts_what_held_the_loop(self, capsys: pytest.CaptureFixture[str]) -> None:
        watch = Watch()

        watch.note(perf_counter() - 0.2, lambda: {"tick", "add"})

        assert watch.held == 1
        assert "WARNING" in (said := capsys.readouterr().err)
        assert "a unit held the event loop for 2" in said
        assert "ms: add, tick" in said

    def test_says_nothing_of_what_did_not(self) -> None:
        watch = Watch()

        watch.note(perf_counter(), lambda: {"tick"})

        assert watch.held == 0

    @pytest.mark.parametrize("door", ["read", "write"])
    def test_hears_of_every_unit_in_place(
        self, db: Database, door: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: on a networked database nothing runs in place")
        monkeypatch.setattr(holding, "HELD_AT_MOST", 0.0)

        asyncio.run(getattr(db, door)(notes))

        assert db.times_held == 1
        assert "ms: notes" in capsys.readouterr().err

    def test_hears_nothing_of_what_runs_apart(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        asyncio.run(db.read(notes))
        monkeypatch.setattr(holding, "HELD_AT_MOST", 0.05)
        before = db.times_held

        asyncio.run(db.read(lasting(None)))

        assert db.times_held == before


def lasting(go_on: threading.Event | None, then: Callable[[], Any] = lambda: None) -> Callable[[Transaction], bool]:
    """A unit that says it takes long, and does: until it may go on."""

    def work(tx: Transaction) -> bool:
        tx.expect(MANY)
        went_on = go_on is None or go_on.wait(5)
        then()
        return went_on

    return work
