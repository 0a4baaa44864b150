"""What would hold up the event loop is run in a thread: by what the call will go through, whoever makes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from lifetracker.challenges import repository
from lifetracker.challenges.service import A_CHALLENGE
from lifetracker.core.db import Database
from lifetracker.core.db.holding import AT_MOST
from lifetracker.daily_log import repository as log
from lifetracker.daily_log.models import STANDINGS
from lifetracker.templates.promise import completed
from tests.people import NOON, Client, FrozenClock

TEN_YEARS_AGO, LONG_AGO = "2016-03-12", "2017-05-01"
Call = Callable[[Client, int], Any]


class Watching(FrozenClock):
    """A unit of work asks what time it is where it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[str] = []

    def __call__(self) -> Any:
        self.threads.append(threading.current_thread().name)
        return super().__call__()

    def apart(self) -> bool:
        """Whether any unit since the last look ran in a thread for long ones."""
        names, self.threads = self.threads, []
        return any(name.startswith("unit-") for name in names)


@pytest.fixture
def clock() -> Watching:
    return Watching()


def forget(db: Database) -> None:
    """As after a change of rules, of all challenges."""
    db.write_now(lambda tx: tx.exec(delete(STANDINGS)))


LONG: dict[str, Call] = {
    "list with stats": lambda anna, _: anna.got("/challenges", include="stats"),
    "stats": lambda anna, walk: anna.got(f"/challenges/{walk}/stats"),
    "today": lambda anna, _: anna.got("/today"),
    "a day gone by": lambda anna, _: anna.got("/today", date="2025-01-01"),
    "tick": lambda anna, walk: anna.logged(walk),
    "tick of a day gone by": lambda anna, walk: anna.logged(walk, LONG_AGO),
    "add": lambda anna, walk: anna.made(f"/challenges/{walk}/log/today/add", {"amount": 1}),
    "other rules": lambda anna, walk: anna.changed(f"/challenges/{walk}", {"on_miss": "restart"}),
    "pause": lambda anna, walk: anna.made(f"/challenges/{walk}/pause"),
    "delete forever": lambda anna, walk: anna.delete(f"/challenges/{walk}?forever=true"),
    "leave": lambda anna, _: anna.delete("/users/me"),
}
# Of the same challenge, once it is kept how it stands.
SHORT: dict[str, Call] = {
    "list": lambda anna, _: anna.got("/challenges"),
    "today": lambda anna, _: anna.got("/today"),
    "tick": lambda anna, walk: anna.logged(walk),
    "color": lambda anna, walk: anna.changed(f"/challenges/{walk}", {"color": "#000000"}),
    "log of all": lambda anna, _: anna.got("/daily-log", **{"from": TEN_YEARS_AGO}),
    "log of one": lambda anna, walk: anna.got(f"/challenges/{walk}/log", **{"from": TEN_YEARS_AGO}),
}


class TestOfTenYears:
    @pytest.fixture
    def walk(self, anna: Client) -> int:
        return anna.starts(start_date=TEN_YEARS_AGO)

    @pytest.mark.parametrize("call", LONG)
    def test_runs_apart(self, anna: Client, walk: int, db: Database, clock: Watching, call: str) -> None:
        forget(db)
        clock.apart()

        LONG[call](anna, walk)

        assert clock.apart()

    @pytest.mark.parametrize("call", SHORT)
    def test_runs_in_place_once_it_is_kept(self, anna: Client, walk: int, clock: Watching, call: str) -> None:
        anna.logged(walk)
        anna.logged(walk)
        clock.apart()

        SHORT[call](anna, walk)

        assert not clock.apart()

    def test_runs_apart_though_it_is_said_to_have_begun_yesterday(
        self, anna: Client, db: Database, clock: Watching
    ) -> None:
        """What was logged before counts for the score; the question itself finds more rows than may be."""
        walk = anna.starts(start_date=TEN_YEARS_AGO)
        fill(db, walk, AT_MOST + 1)
        anna.changed(f"/challenges/{walk}", {"start_date": "2026-03-10"})
        clock.apart()

        anna.got(f"/challenges/{walk}/stats")

        assert clock.apart()


class TestOfMany:
    @pytest.mark.parametrize(
        "call",
        [
            lambda anna: anna.got("/challenges"),
            lambda anna: anna.got("/today"),
            lambda anna: anna.got("/daily-log"),
            lambda anna: anna.put("/challenges/order", json={"ids": [3, 2, 1]}),
        ],
    )
    def test_runs_apart(self, anna: Client, db: Database, clock: Watching, call: Callable[[Client], Any]) -> None:
        promise = completed(PROMISE) | {"template": None, "first_start_date": clock.now.date()}
        db.write_now(lambda tx: [repository.add_challenge(tx, 1, promise) for _ in range(AT_MOST // A_CHALLENGE + 1)])
        clock.apart()

        call(anna)

        assert clock.apart()


PROMISE: dict[str, Any] = {
    "title": "Walk",
    "description": None,
    "kind": "check",
    "direction": "at_least",
    "target": None,
    "unit": None,
    "schedule": {"type": "daily"},
    "duration_days": None,
    "on_miss": "continue",
    "allowed_misses": None,
    "tags": None,
    "color": None,
    "icon": None,
}


def fill(db: Database, challenge_id: int, days: int) -> None:
    """So many days from the start on."""
    first = date.fromisoformat(TEN_YEARS_AGO)
    key = {"user_id": 1, "challenge_id": challenge_id, "created_at": NOON, "updated_at": NOON}
    said = {"value": 1.0, "skipped": False, "note": None}
    entries = [key | said | {"date": first + timedelta(days=number)} for number in range(days)]
    db.write_now(log.add_entries, entries)
