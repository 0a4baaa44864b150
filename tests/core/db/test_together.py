"""Writes that wait at the same time share one commit, and nothing else. On PostgreSQL each has its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import pytest
from sqlalchemy import text

from lifetracker.core.db import Database, Transaction, Work
from lifetracker.core.db.waiting import TOGETHER_AT_MOST
from lifetracker.core.errors import Busy, Unavailable
from tests.core.db.test_door import break_a_foreign_key
from tests.core.units import another, locked, note, notes


def write_at_once(db: Database, works: Sequence[Work[[], Any]]) -> list[Any]:
    """What each answered, or raised."""

    async def write() -> list[Any]:
        return await asyncio.gather(*(db.write(work) for work in works), return_exceptions=True)

    return asyncio.run(write())


def noting(what: str) -> Work[[], str]:
    return lambda tx: note(tx, what)


class TestWritesAtOnce:
    def test_answers_each_its_own(self, db: Database) -> None:
        words = [f"note {number}" for number in range(TOGETHER_AT_MOST + 5)]

        assert write_at_once(db, [noting(word) for word in words]) == words
        assert sorted(db.read_now(notes)) == sorted(words)

    def test_shares_one_transaction_on_an_embedded_database(self, db: Database) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: on a networked database units run side by side")
        seen: list[Sequence[str]] = []

        def look(tx: Transaction) -> None:
            with another(db) as other:
                seen.extend([notes(tx), other.read_now(notes)])

        write_at_once(db, [noting("first"), look])

        assert seen == [["first"], []]

    def test_undoes_only_the_one_that_raised(self, db: Database) -> None:
        def fail(tx: Transaction) -> None:
            note(tx, "never")
            raise LookupError("mine alone")

        first, failed, third = write_at_once(db, [noting("first"), fail, noting("third")])

        assert (first, str(failed), third) == ("first", "mine alone", "third")
        assert sorted(db.read_now(notes)) == ["first", "third"]

    def test_runs_each_once_where_nothing_has_to_be_undone(self, db: Database) -> None:
        runs: list[str] = []

        def write(tx: Transaction) -> None:
            runs.append(note(tx, "kept"))

        def refuse(tx: Transaction) -> None:
            runs.append("refused")
            raise LookupError("before it wrote")

        def look_in_vain(tx: Transaction) -> None:
            runs.append("discarded")
            tx.discard()

        write_at_once(db, [write, refuse, look_in_vain])

        assert sorted(runs) == ["discarded", "kept", "refused"]

    def test_undoes_only_the_one_that_a_constraint_refused(self, db: Database) -> None:
        _, broken, _ = write_at_once(db, [noting("first"), break_a_foreign_key, noting("third")])

        assert isinstance(broken, Exception)
        assert sorted(db.read_now(notes)) == ["first", "third"]

    def test_undoes_only_the_one_that_was_discarded(self, db: Database) -> None:
        def dry_run(tx: Transaction) -> str:
            tx.discard()
            return note(tx, "never")

        assert write_at_once(db, [noting("first"), dry_run, noting("third")]) == ["first", "never", "third"]
        assert sorted(db.read_now(notes)) == ["first", "third"]

    def test_answers_an_error_that_was_returned(self, db: Database) -> None:
        refused = LookupError("left its trace")

        assert write_at_once(db, [lambda tx: refused, note]) == [refused, "a note"]

    def test_gives_each_its_own_context(self, db: Database) -> None:
        whose: ContextVar[str] = ContextVar("whose")

        async def write_as(name: str) -> str:
            whose.set(name)
            return await db.write(lambda tx: whose.get())

        async def write() -> list[str]:
            return list(await asyncio.gather(write_as("anna"), write_as("boris")))

        assert asyncio.run(write()) == ["anna", "boris"]

    def test_leaves_out_one_that_nobody_awaits_any_more(self, db: Database) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: on a networked database a unit may have begun before it is given up")

        async def write_and_give_up() -> None:
            with locked(db) as stranger:
                given_up = asyncio.create_task(db.write(note, "never"))
                kept = asyncio.create_task(db.write(note, "kept"))
                await asyncio.sleep(0.01)
                given_up.cancel()
                await asyncio.sleep(0)
                stranger.execute("COMMIT")
                assert await kept == "kept"

        asyncio.run(write_and_give_up())

        assert db.read_now(notes) == ["kept"]

    def test_tells_all_that_waited_too_long(self, db: Database) -> None:
        async def write_in_vain(impatient: Database) -> list[Any]:
            with locked(impatient):
                writes = [impatient.write(note) for _ in range(3)]
                return await asyncio.gather(*writes, return_exceptions=True)

        with another(db, wait=0.03) as impatient:
            outcomes = asyncio.run(write_in_vain(impatient))

        assert [type(outcome) for outcome in outcomes] == [Busy] * 3
        assert db.read_now(notes) == []

    def test_refuses_only_the_one_that_found_the_disk_full(self, db: Database) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: the limit is a PRAGMA")

        def fill_the_disk(tx: Transaction) -> None:
            tx.exec(text("PRAGMA max_page_count = 1"))
            note(tx, "x" * 1_000_000)

        _, refused, _ = write_at_once(db, [noting("first"), fill_the_disk, noting("third")])

        assert isinstance(refused, Unavailable)
        assert sorted(db.read_now(notes)) == ["first", "third"]

    def test_tells_nobody_that_it_is_kept_when_the_whole_transaction_was_given_up(self, db: Database) -> None:
        """As SQLite does by itself on some errors of the disk."""
        if not db.embedded:
            pytest.skip("SQLite only: on a networked database units share no transaction")

        def give_up(tx: Transaction) -> None:
            tx.exec(text("ROLLBACK"))
            raise LookupError

        outcomes = write_at_once(db, [noting("first"), give_up, noting("third")])

        assert [type(outcome) for outcome in outcomes] == [LookupError] * 3
        assert db.read_now(notes) == []
