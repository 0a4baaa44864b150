"""The questions about the log: what they find, and that SQLite finds it by a key instead of reading whole tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection

from lifetracker.challenges import repository as challenges
from lifetracker.core.auth import digest
from lifetracker.core.db import Database, Transaction
from lifetracker.core.errors import Conflict
from lifetracker.daily_log import repository
from lifetracker.users import service as users
from lifetracker.users import token_repository as tokens
from tests.people import NOON, Client

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
TODAY = date(2026, 3, 11)
OF_ONE = {"user_id=?", "challenge_id=?"}


class TestQueryPlan:
    """SQLite's own account of how it will answer. Each hot question must go straight to its rows."""

    @pytest.mark.parametrize(
        ("asked", "by"),
        [
            pytest.param(lambda tx: repository.find_entry(tx, 1, 1, TODAY), {*OF_ONE, "date=?"}, id="find_entry"),
            pytest.param(lambda tx: repository.days_of_one(tx, 1, 1), OF_ONE, id="days_of_one"),
            pytest.param(lambda tx: repository.entries_of(tx, 1, 1), OF_ONE, id="entries_of"),
            pytest.param(lambda tx: page(tx, [1]), {*OF_ONE, "date>?", "date<?"}, id="page_of_one"),
            pytest.param(lambda tx: page(tx, [1, 2, 3]), {*OF_ONE, "date>?", "date<?"}, id="page_of_many"),
            pytest.param(lambda tx: challenges.find_challenge(tx, 1, 1), {"rowid=?"}, id="find_challenge"),
            pytest.param(lambda tx: challenges.list_challenges(tx, 1), {"user_id=?"}, id="list_challenges"),
            pytest.param(lambda tx: tokens.find_caller(tx, digest("lt_anna")), {"digest=?"}, id="find_caller"),
        ],
    )
    def test_searches_by_a_key(self, db: Database, asked: Callable[[Transaction], Any], by: set[str]) -> None:
        plan = plan_of(db, asked)

        assert keys_of(plan[0]) == by
        assert not [step for step in plan if step.startswith("SCAN")]

    @pytest.mark.parametrize("write", ["change", "remove"])
    def test_of_a_write_searches_by_the_whole_key(self, db: Database, anna: Client, write: str) -> None:
        def change(tx: Transaction) -> None:
            fields = {"value": 0.0, "skipped": False, "note": None, "updated_at": tx.now}
            repository.change_entry(tx, 1, 1, TODAY, fields)

        def remove(tx: Transaction) -> None:
            repository.remove_entry(tx, 1, 1, TODAY)

        plan = plan_of(db, {"change": change, "remove": remove}[write])

        assert plan == ["SEARCH daily_log USING PRIMARY KEY (user_id=? AND challenge_id=? AND date=?)"]

    def test_of_one_page_needs_no_sorting(self, db: Database) -> None:
        assert not [step for step in plan_of(db, lambda tx: page(tx, [1])) if "B-TREE" in step]


class TestEntries:
    def test_are_found_as_they_were_added(self, db: Database, anna: Client) -> None:
        walk, person_id = anna.starts(), id_of(db, "anna")

        db.write_now(repository.add_entry, entry(person_id, walk, value=2.5, note="rainy"))

        found = db.read_now(repository.find_entry, person_id, walk, TODAY)
        assert found is not None
        assert (found.value, found.skipped, found.note, found.date) == (2.5, False, "rainy", TODAY)
        assert (found.created_at, found.updated_at) == (NOON, NOON)

    def test_are_one_a_person_challenge_and_day(self, db: Database, anna: Client) -> None:
        walk, person_id = anna.starts(), id_of(db, "anna")
        db.write_now(repository.add_entry, entry(person_id, walk))

        with pytest.raises(Conflict):
            db.write_now(repository.add_entry, entry(person_id, walk))
        with pytest.raises(Conflict):
            db.write_now(repository.add_entries, [entry(person_id, walk)])

    def test_do_not_count_when_they_hold_a_note_alone(self, db: Database, anna: Client) -> None:
        walk, person_id = anna.starts(), id_of(db, "anna")
        held = [
            entry(person_id, walk, date=date(2026, 3, 9), value=0.0),
            entry(person_id, walk, date=date(2026, 3, 10), skipped=True, value=None),
            entry(person_id, walk, date=date(2026, 3, 11), value=None, note="later"),
        ]
        db.write_now(repository.add_entries, held)

        counting = db.read_now(repository.days_of_one, person_id, walk)

        assert list(map(list, counting)) == [[date(2026, 3, 9), date(2026, 3, 10)], [0.0, None], [False, True]]
        assert len(db.read_now(repository.entries_of, person_id, walk)) == 3

    def test_go_with_their_challenge(self, db: Database, anna: Client) -> None:
        walk, person_id = anna.starts(), id_of(db, "anna")
        anna.logged(walk)

        anna.delete(f"/challenges/{walk}", params={"forever": True})

        assert db.read_now(repository.find_entry, person_id, walk, TODAY) is None

    def test_go_with_their_person(self, db: Database, anna: Client) -> None:
        walk, person_id = anna.starts(), id_of(db, "anna")
        anna.logged(walk)

        anna.delete("/users/me")

        assert db.read_now(repository.find_entry, person_id, walk, TODAY) is None


class TestPageOfEntries:
    def test_goes_on_after_a_day_and_challenge(self, db: Database, anna: Client) -> None:
        walk, swim, person_id = anna.starts(), anna.starts(), id_of(db, "anna")
        days = [date(2026, 3, day) for day in (9, 10, 11)]
        db.write_now(
            repository.add_entries, [entry(person_id, each, date=day) for each in (walk, swim) for day in days]
        )

        rest = db.read_now(
            repository.page_of_entries, person_id, [walk, swim], (FIRST, LAST), (date(2026, 3, 10), walk), 2
        )

        assert [(row.date, row.challenge_id) for row in rest] == [(days[1], swim), (days[2], walk)]

    def test_finds_days_that_lie_years_apart(self, db: Database, anna: Client) -> None:
        walk, swim, person_id = anna.starts(), anna.starts(), id_of(db, "anna")
        days = [date(1970, 1, 1), date(1971, 6, 5), date(1999, 12, 31), date(2026, 3, 10), date(2026, 3, 11)]
        held = [(day, each) for day in days for each in (walk, swim)][:-1]
        db.write_now(repository.add_entries, [entry(person_id, each, date=day) for day, each in held])

        found, after = [], (date.min, 0)
        while page := db.read_now(repository.page_of_entries, person_id, [walk, swim], (days[0], days[-1]), after, 3):
            found += [(row.date, row.challenge_id) for row in page]
            after = found[-1]

        assert found == held

    def test_is_empty_without_challenges(self, db: Database, anna: Client) -> None:
        anna.logged(anna.starts())

        assert db.read_now(repository.page_of_entries, id_of(db, "anna"), [], (FIRST, LAST), (date.min, 0), 9) == []


def plan_of(db: Database, asked: Callable[[Transaction], Any]) -> list[str]:
    """The steps in which SQLite answers what is asked: one statement, or several of one kind."""
    if not db.embedded:
        pytest.skip("PostgreSQL plans by how much there is: an empty table it always scans")

    def explain(connection: Connection) -> list[str]:
        said: list[str] = []
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA query_only = OFF")
        driver.set_trace_callback(said.append)
        asked(Transaction(connection, NOON))
        driver.set_trace_callback(None)
        plans = [[row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")] for statement in said]
        assert plans == [plans[0]] * len(plans)
        return plans[0]

    return db.inspect_now(explain)


def keys_of(step: str) -> set[str]:
    """The columns that a `SEARCH` goes by: `{"user_id=?", "date>?"}`."""
    found = re.fullmatch(r"SEARCH \w+ USING .+ \((.+)\)", step)
    assert found, step
    return set(found[1].split(" AND "))


def page(tx: Transaction, ids: list[int]) -> Any:
    return repository.page_of_entries(tx, 1, ids, (FIRST, LAST), (TODAY, 1), 51)


def entry(person_id: int, challenge_id: int, **fields: Any) -> dict[str, Any]:
    key = {"user_id": person_id, "challenge_id": challenge_id, "date": TODAY}
    instants = {"created_at": NOON, "updated_at": NOON}
    return key | {"value": 1.0, "skipped": False, "note": None} | instants | fields


def id_of(db: Database, name: str) -> int:
    return db.read_now(users.find_person, f"{name}@example.test").id
