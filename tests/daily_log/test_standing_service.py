"""How a challenge stood is kept, gone on from, and never believed once a day that it counts was written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from lifetracker.core.db import Database, Transaction
from lifetracker.daily_log import standing_service, today_service
from lifetracker.daily_log.models import DAILY_LOG, STANDINGS
from lifetracker.daily_log.standing_service import LOWER, UPPER, WEEK
from lifetracker.users import service as users
from lifetracker.users.schemas import Person
from tests.people import Client, FrozenClock

START = "2026-03-01"
KEY = {"user_id": 1, "challenge_id": 1}


@pytest.fixture
def walk(anna: Client) -> int:
    """A daily challenge, done on each of the ten days before today, and today."""
    walk = anna.starts(start_date=START)
    for day in range(1, 11):
        anna.logged(walk, f"2026-03-{day:02}")
    anna.logged(walk)
    return walk


def kept(db: Database, rung: int = UPPER) -> list[Any]:
    """Challenge, day it is open from, and streak of each standing."""
    chosen = select(STANDINGS.c.challenge_id, STANDINGS.c.open_from, STANDINGS.c.streak).where(STANDINGS.c.rung == rung)
    return db.read_now(lambda tx: [tuple(row) for row in tx.exec(chosen)])


def streak(anna: Client) -> int:
    """As today tells it."""
    shown: int = anna.got("/today")["items"][0]["current_streak"]
    return shown


class TestLogging:
    def test_keeps_how_the_days_before_today_stood(self, walk: int, db: Database) -> None:
        assert kept(db) == [(walk, date(2026, 3, 11), 10)]

    def test_goes_on_from_there_the_day_after(self, anna: Client, walk: int, db: Database, clock: FrozenClock) -> None:
        clock.pass_(days=1)

        logged = anna.logged(walk)

        assert logged["progress"]["current_streak"] == 12
        assert kept(db) == [(walk, date(2026, 3, 12), 11)]

    def test_of_a_day_gone_by_tells_all_of_them_anew(self, anna: Client, walk: int, db: Database) -> None:
        logged = anna.logged(walk, "2026-03-08", value=0)

        assert logged["progress"]["current_streak"] == 3
        assert kept(db) == [(walk, date(2026, 3, 11), 2)]

    def test_of_tomorrow_waits_until_then(self, anna: Client, walk: int, clock: FrozenClock) -> None:
        logged = anna.logged(walk, "2026-03-12")
        clock.pass_(days=1)

        assert logged["progress"]["current_streak"] == 11
        assert streak(anna) == 12

    def test_keeps_nothing_of_what_has_not_begun(self, anna: Client, db: Database, clock: FrozenClock) -> None:
        later = anna.starts(start_date="2026-03-12")
        anna.logged(later, "2026-03-12")

        assert kept(db) == []
        clock.pass_(days=1)
        assert streak(anna) == 1


class TestStanding:
    """Whoever writes: the triggers do not ask which code it is."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda tx: tx.exec(delete(DAILY_LOG).where(DAILY_LOG.c.date == date(2026, 3, 5))),
            lambda tx: tx.exec(update(DAILY_LOG).where(DAILY_LOG.c.date == date(2026, 3, 5)).values(value=0)),
            lambda tx: tx.exec(
                update(DAILY_LOG).where(DAILY_LOG.c.date == date(2026, 3, 11)).values(date=date(2026, 2, 28))
            ),
        ],
    )
    def test_is_dropped_when_a_day_it_counts_is_written(
        self, walk: int, db: Database, change: Callable[[Transaction], object]
    ) -> None:
        db.write_now(change)

        assert kept(db) == []

    def test_is_dropped_when_a_day_it_counts_is_added(self, anna: Client, walk: int, db: Database) -> None:
        forgotten = {"date": date(2026, 2, 28), "value": 1.0, "skipped": False, "note": None}
        db.write_now(
            lambda tx: tx.exec(insert(DAILY_LOG), KEY | forgotten | {"created_at": tx.now, "updated_at": tx.now})
        )

        assert kept(db) == []

    def test_outlives_what_is_written_on_a_day_that_is_open(self, anna: Client, walk: int, db: Database) -> None:
        anna.delete(f"/challenges/{walk}/log/today")

        assert kept(db) == [(walk, date(2026, 3, 11), 10)]
        assert streak(anna) == 10

    @pytest.mark.parametrize(
        ("verb", "body", "then"),
        [
            ("pause", {"from": "2026-03-03"}, 2),
            ("restart", {"start_date": "2026-03-09"}, 3),
        ],
    )
    def test_is_not_gone_on_from_after_a_turn(
        self, anna: Client, walk: int, verb: str, body: dict[str, Any], then: int
    ) -> None:
        anna.made(f"/challenges/{walk}/{verb}", body)

        assert streak(anna) == then

    def test_is_not_gone_on_from_under_other_rules(self, anna: Client, walk: int) -> None:
        anna.changed(f"/challenges/{walk}", {"schedule": {"type": "weekly", "days": ["sun"]}})

        assert streak(anna) == 2

    def test_is_not_gone_on_from_in_another_week(self, anna: Client, clock: FrozenClock) -> None:
        thrice = anna.starts(start_date="2026-02-23", schedule={"type": "times", "count": 3, "per": "week"})
        for day in ("2026-02-24", "2026-02-25", "2026-03-01", "2026-03-03", "2026-03-04", "2026-03-07"):
            anna.logged(thrice, day)
        before = streak(anna)

        anna.changed("/users/me", {"week_starts_on": "sun"})

        assert (before, streak(anna)) == (2, 1)

    def test_is_not_gone_on_from_on_a_day_before_it(self, anna: Client, walk: int) -> None:
        anna.changed("/users/me", {"time_zone": "Pacific/Pago_Pago", "day_starts_at": "12:00"})

        assert anna.got("/today")["date"] == "2026-03-10"
        assert streak(anna) == 10

    def test_goes_with_its_challenge(self, anna: Client, walk: int, db: Database) -> None:
        anna.delete(f"/challenges/{walk}?forever=true")

        assert kept(db) == []


class TestLooking:
    def test_keeps_what_it_had_to_tell_from_the_whole_log(self, anna: Client, walk: int, db: Database) -> None:
        db.write_now(lambda tx: tx.exec(delete(STANDINGS)))

        assert streak(anna) == 11
        assert kept(db) == [(walk, date(2026, 3, 11), 10)]

    def test_leaves_a_standing_that_lags_a_little(
        self, anna: Client, walk: int, db: Database, clock: FrozenClock
    ) -> None:
        clock.pass_(days=WEEK.days)

        assert streak(anna) == 0
        assert kept(db) == [(walk, date(2026, 3, 11), 10)]

    def test_keeps_anew_what_lags_too_far(self, anna: Client, walk: int, db: Database, clock: FrozenClock) -> None:
        clock.pass_(days=WEEK.days + 1)

        assert streak(anna) == 0
        assert kept(db) == [(walk, date(2026, 3, 12) + WEEK, 0)]

    def test_at_another_day_keeps_nothing(self, anna: Client, walk: int, db: Database) -> None:
        db.write_now(lambda tx: tx.exec(delete(STANDINGS)))

        anna.got("/today", date="2026-03-10")

        assert kept(db) == []

    def test_has_nothing_to_keep_of_a_month_that_still_runs(
        self, anna: Client, db: Database, clock: FrozenClock
    ) -> None:
        clock.set("2026-03-20T12:00")
        anna.logged(anna.starts(start_date=START, schedule={"type": "times", "count": 9, "per": "month"}))

        _, lagging = db.read_now(today_service._look, anyone(db), None)

        assert kept(db) == [(1, date(2026, 3, 1), 0)]
        assert lagging == []

    def test_passes_over_what_was_deleted_meanwhile(self, anna: Client, walk: int, db: Database) -> None:
        db.write_now(lambda tx: tx.exec(delete(STANDINGS)))
        anna.delete(f"/challenges/{walk}?forever=true")

        db.write_now(today_service._keep, anyone(db), [walk])

        assert kept(db) == []


class TestLowerRung:
    """A week below today, for who writes down a day gone by."""

    def test_is_kept_where_all_days_had_to_be_told(self, anna: Client, walk: int, db: Database) -> None:
        anna.logged(walk, "2026-03-08", value=0)

        assert kept(db, LOWER) == [(walk, date(2026, 3, 4), 3)]

    def test_is_gone_on_from_when_a_day_since_is_written(self, anna: Client, walk: int, db: Database) -> None:
        anna.logged(walk, "2026-03-08", value=0)
        db.write_now(lambda tx: tx.exec(update(STANDINGS).where(STANDINGS.c.rung == LOWER).values(streak=33)))

        logged = anna.logged(walk, "2026-03-08", value=1)

        assert logged["progress"]["current_streak"] == 33 + 8

    def test_is_dropped_when_an_older_day_is_written(self, anna: Client, walk: int, db: Database) -> None:
        anna.logged(walk, "2026-03-08", value=0)

        logged = anna.logged(walk, "2026-03-02", value=0)

        assert logged["progress"]["current_streak"] == 3
        assert kept(db, LOWER) == [(walk, date(2026, 3, 4), 1)]

    def test_follows_when_a_week_more_has_passed(
        self, anna: Client, walk: int, db: Database, clock: FrozenClock
    ) -> None:
        anna.logged(walk, "2026-03-08", value=0)
        clock.pass_(days=WEEK.days + 1)

        anna.logged(walk, "2026-03-10")

        assert kept(db, LOWER) == [(walk, date(2026, 3, 12), 3)]

    def test_is_not_kept_of_what_began_this_week(self, anna: Client, db: Database) -> None:
        run = anna.starts(start_date="2026-03-06")

        anna.logged(run, "2026-03-07")

        assert kept(db, LOWER) == []


class TestCheck:
    @pytest.fixture
    def wrong(self, walk: int, db: Database) -> int:
        """The challenge, after somebody changed what is kept of it by hand."""
        db.write_now(lambda tx: tx.exec(update(STANDINGS).where(STANDINGS.c.rung == UPPER).values(streak=99)))
        return walk

    def test_finds_nothing_where_all_is_well(self, anna: Client, walk: int, db: Database, clock: FrozenClock) -> None:
        anna.logged(anna.starts(start_date=START, schedule={"type": "times", "count": 2, "per": "week"}), "2026-03-03")
        clock.pass_(days=3)

        assert db.read_now(standing_service.count_wrong, anyone(db)) == 0

    def test_finds_what_the_log_does_not_bear_out(self, wrong: int, db: Database) -> None:
        assert db.read_now(standing_service.count_wrong, anyone(db)) == 1

    def test_passes_over_what_nobody_would_go_on_from(self, anna: Client, wrong: int, db: Database) -> None:
        anna.changed(f"/challenges/{wrong}", {"title": "Run"})

        assert db.read_now(standing_service.count_wrong, anyone(db)) == 0

    def test_has_what_is_wrong_kept_anew(self, anna: Client, wrong: int, db: Database) -> None:
        assert db.write_now(standing_service.rebuild, anyone(db)) == 1

        assert kept(db) == [(wrong, date(2026, 3, 11), 10)]
        assert streak(anna) == 11


def anyone(db: Database) -> Person:
    return db.read_now(users.list_people)[0]
