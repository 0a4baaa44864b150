"""Prepared statements: the engine's words, sent straight to the driver, inside the same unit of work."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from lifetracker.core.db import Database, Transaction
from lifetracker.core.db.prepared import FEW, Prepared
from lifetracker.core.errors import Conflict
from lifetracker.users.models import TOKENS, TRIES, USERS
from tests.core.units import another, note, notes
from tests.people import NOON, FrozenClock, join

ADD = Prepared(insert(TRIES).values({"subject": bindparam("subject"), "at": bindparam("at")}))
SINCE = Prepared(
    select(TRIES.c.subject, TRIES.c.at.label("instant"))
    .where(TRIES.c.at >= bindparam("since", type_=TRIES.c.at.type))
    .order_by(TRIES.c.id)
)
TAKE = Prepared(update(USERS).values(email_key=bindparam("key")))
ORPHAN = Prepared(update(TOKENS).values(user_id=bindparam("nobody")))


class TestAsk:
    def test_answers_rows_by_name(self, db: Database) -> None:
        db.write_now(note)

        (row,) = db.read_now(lambda tx: tx.ask(SINCE, since=NOON))

        assert (row.subject, row.instant) == ("a note", NOON)
        assert row._fields == ("subject", "instant")

    def test_answers_an_empty_list_where_nothing_is(self, db: Database) -> None:
        assert db.read_now(lambda tx: tx.ask(SINCE, since=NOON)) == []

    def test_carries_instants_as_the_engine_does(self, db: Database, clock: FrozenClock) -> None:
        clock.set("2026-03-11T12:00:00.123456")
        db.write_now(note)

        def look(tx: Transaction) -> bool:
            return [row.instant for row in tx.ask(SINCE, since=tx.now)] == [tx.now]

        assert db.read_now(look)

    @pytest.mark.parametrize("count", [FEW, FEW + 1])
    def test_answers_few_rows_and_many_alike(self, db: Database, count: int) -> None:
        def keep(tx: Transaction) -> None:
            for number in range(count):
                tx.ask(ADD, subject=str(number), at=tx.now)

        db.write_now(keep)

        found = db.read_now(lambda tx: tx.ask(SINCE, since=NOON))
        assert [(row.subject, row.instant) for row in found] == [(str(number), NOON) for number in range(count)]

    def test_changes_and_answers_nothing(self, db: Database) -> None:
        assert db.write_now(lambda tx: tx.ask(ADD, subject="x", at=tx.now)) == []
        assert db.read_now(notes) == ["x"]

    def test_is_undone_with_its_unit(self, db: Database) -> None:
        def fail(tx: Transaction) -> None:
            tx.ask(ADD, subject="x", at=tx.now)
            raise LookupError

        with pytest.raises(LookupError):
            db.write_now(fail)

        assert db.read_now(notes) == []

    def test_sees_what_its_unit_wrote_and_no_other_does(self, db: Database) -> None:
        def write_and_look(tx: Transaction) -> tuple[int, int]:
            tx.ask(ADD, subject="x", at=tx.now)
            with another(db) as other:
                return len(tx.ask(SINCE, since=tx.now)), len(other.read_now(notes))

        assert db.write_now(write_and_look) == (1, 0)

    def test_cannot_write_where_the_door_only_reads(self, db: Database) -> None:
        with pytest.raises(Exception, match=r"read.?only"):
            db.read_now(lambda tx: tx.ask(ADD, subject="x", at=tx.now))

    def test_quotes_what_it_is_given(self, db: Database) -> None:
        db.write_now(lambda tx: tx.ask(ADD, subject="'; DROP TABLE users; -- %s :x", at=tx.now))

        assert db.read_now(notes) == ["'; DROP TABLE users; -- %s :x"]


class TestErrors:
    def test_are_a_conflict_where_something_must_be_unique(self, db: Database) -> None:
        for name in ("anna", "boris"):
            join(db, name)

        with pytest.raises(Conflict):
            db.write_now(lambda tx: tx.ask(TAKE, key="the same"))

    def test_are_our_bug_otherwise_and_hide_what_was_carried(self, db: Database) -> None:
        join(db, "anna")

        with pytest.raises(IntegrityError) as failed:
            db.write_now(lambda tx: tx.ask(ORPHAN, nobody=40404))

        assert "40404" not in str(failed.value).partition("DETAIL")[0]
