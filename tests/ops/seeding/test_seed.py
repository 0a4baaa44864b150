"""`lifetracker seed`: people whom the service takes for its own, and nobody in the way of who was there before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from fastapi import FastAPI
from sqlalchemy import Table, func, select

from lifetracker.challenges.models import CHALLENGES
from lifetracker.core.db import Database, Transaction
from lifetracker.daily_log.models import DAILY_LOG
from lifetracker.ops.refusal import Refused
from lifetracker.ops.seeding import seed as seeding
from lifetracker.ops.seeding.people import Wanted
from lifetracker.ops.seeding.seed import Made
from lifetracker.templates.models import TEMPLATES
from lifetracker.users.models import USERS
from tests.people import Client

A_FEW = Wanted(people=3, days=60, challenges=2, seed=1, today=date(2026, 3, 11))  # of the tests' own day
MANY = Wanted(people=101, days=3, challenges=1, seed=1, today=date(2026, 3, 11))


class Cut(Exception):
    pass


def fill(db: Database, wanted: Wanted = A_FEW, *, beside: bool = False) -> Made:
    return seeding.seed(db, wanted, beside=beside, tell=lambda _: None)


def count(db: Database, table: Table) -> int:
    def ask(tx: Transaction) -> int:
        found: int = tx.exec(select(func.count()).select_from(table)).scalar_one()
        return found

    return db.read_now(ask)


@pytest.fixture
def seeded(db: Database, app: FastAPI) -> Client:
    """The first of those who were made, logged in over HTTP."""
    form = {"grant_type": "password", "username": fill(db).login, "password": seeding.PASSWORD}
    answer = Client(app).post("/auth/token", data=form)
    return Client(app, answer.json()["access_token"])


class TestSeed:
    def test_tells_what_is_there(self, db: Database) -> None:
        made = fill(db)

        tables = (USERS, CHALLENGES, DAILY_LOG)
        assert (made.people, made.challenges, made.entries) == tuple(count(db, table) for table in tables)
        assert made.entries > 100

    def test_makes_people_who_can_log_in(self, seeded: Client) -> None:
        assert seeded.got("/users/me")["email"] == "person1@seed.test"

    def test_makes_challenges_that_can_be_counted(self, seeded: Client) -> None:
        listed = seeded.got("/challenges", include="stats")["items"]

        assert len(listed) >= 2
        assert any(each["stats"]["completion_rate"] for each in listed)

    def test_makes_entries_that_can_be_changed(self, seeded: Client) -> None:
        item = next(each for each in seeded.got("/today")["items"] if each["challenge"]["status"] == "active")

        changed = seeded.logged(item["challenge"]["id"], value=0.5)

        assert changed["value"] == 0.5

    def test_lets_others_come_after(self, db: Database, people: Callable[..., Client]) -> None:
        fill(db)

        anna = people("anna")

        assert anna.got("/users/me")["id"] == 4
        assert anna.got(f"/challenges/{anna.starts()}")["position"] == 1

    def test_counts_in_the_catalogue(self, db: Database) -> None:
        made = fill(db)

        started = db.read_now(lambda tx: tx.exec(select(func.sum(TEMPLATES.c.times_started))).scalar_one())
        assert started == made.challenges

    def test_tells_how_far_it_is(self, db: Database) -> None:
        heard: list[int] = []

        seeding.seed(db, MANY, beside=False, tell=lambda made: heard.append(made.people))

        assert heard == [100, 101]

    def test_leaves_nothing_when_it_is_cut_short(self, db: Database) -> None:
        def cut(made: Made) -> None:
            raise Cut

        with pytest.raises(Cut):
            seeding.seed(db, A_FEW, beside=False, tell=cut)

        assert count(db, USERS) == 0

    def test_refuses_a_database_that_holds_people(self, db: Database, anna: Client) -> None:
        with pytest.raises(Refused, match="1 people"):
            fill(db)

        assert count(db, USERS) == 1

    def test_goes_beside_people_when_told_to(self, db: Database, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)

        made = fill(db, beside=True)

        assert made.login == "person2@seed.test"
        assert [each["id"] for each in anna.got("/challenges")["items"]] == [walk]
        assert count(db, USERS) == 4
