"""How a challenge stood is kept, gone on from, and never believed once a day that it counts was written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from lifetracker.challenges import service as challenges
from lifetracker.challenges.models import CHALLENGES, TURNS
from lifetracker.core.db import Database, Transaction
from lifetracker.daily_log import standing_service, today_service
from lifetracker.daily_log.models import DAILY_LOG, STANDINGS
from lifetracker.daily_log.progress import Progress
from lifetracker.daily_log.standing_service import LOWER, UPPER, WEEK
from lifetracker.users import service as users
from lifetracker.users.schemas import Person
from tests.people import Client, FrozenClock

START = "2026-03-01"
KEY = {"user_id": 1, "challenge_id": 1}
MARK = 33


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


def marked(db: Database) -> None:
    """Give every standing a streak by which it can be seen who went on from it."""
    db.write_now(lambda tx: tx.exec(update(STANDINGS).values(streak=MARK)))


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

    @pytest.mark.parametrize(
        "patch",
        [
            {"title": "Run"},
            {"description": "Slowly"},
            {"tags": ["legs"]},
            {"color": "#795548"},
            {"icon": "🏃"},
            {"title": "Walk", "on_miss": "continue", "schedule": {"type": "daily"}, "color": "#000000"},
        ],
    )
    def test_is_gone_on_from_when_the_rules_are_the_same(
        self, anna: Client, walk: int, db: Database, patch: dict[str, Any]
    ) -> None:
        marked(db)

        anna.changed(f"/challenges/{walk}", patch)

        assert anna.logged(walk)["progress"]["current_streak"] == MARK + 1

    def test_is_gone_on_from_under_another_unit(self, anna: Client, db: Database) -> None:
        pages = anna.starts(start_date=START, kind="measure", target=20, unit="pages")
        anna.logged(pages, value=20)
        marked(db)

        anna.changed(f"/challenges/{pages}", {"unit": "leaves"})

        assert streak(anna) == MARK + 1

    def test_is_gone_on_from_in_another_order(self, anna: Client, walk: int, db: Database) -> None:
        other = anna.starts("Run")
        marked(db)

        anna.put("/challenges/order", json={"ids": [other, walk]})

        assert anna.logged(walk)["progress"]["current_streak"] == MARK + 1

    def test_is_gone_on_from_when_what_was_not_told_apart_gets_a_color(
        self, anna: Client, walk: int, db: Database
    ) -> None:
        """A challenge of the release before does not say when its rules were written."""
        marked(db)
        db.write_now(lambda tx: tx.exec(update(CHALLENGES).values(rules_at=None)))

        anna.changed(f"/challenges/{walk}", {"color": "#000000"})
        anna.changed(f"/challenges/{walk}", {"color": "#ffffff"})

        assert streak(anna) == MARK + 1

    @pytest.mark.parametrize(
        "patch",
        [
            {"kind": "measure", "target": 2},
            {"schedule": {"type": "interval", "days": 2}},
            {"start_date": "2026-02-27"},
            {"duration_days": 100},
            {"on_miss": "fail"},
            {"on_miss": "restart", "allowed_misses": 2},
        ],
    )
    def test_is_dropped_with_its_rules(self, anna: Client, walk: int, db: Database, patch: dict[str, Any]) -> None:
        anna.changed(f"/challenges/{walk}", patch)

        assert kept(db) == []

    def test_is_not_gone_on_from_where_nothing_dropped_it(self, anna: Client, walk: int, db: Database) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: triggers are dropped by other words on PostgreSQL")
        marked(db)
        db.write_now(lambda tx: tx.exec(text("DROP TRIGGER update_rules_forget_standing")))

        anna.changed(f"/challenges/{walk}", {"on_miss": "fail"})

        assert streak(anna) == 11

    @pytest.mark.parametrize("patch", [{"target": 10}, {"direction": "at_most"}, {"allowed_misses": 4}])
    def test_is_dropped_with_the_rules_of_a_measure(self, anna: Client, db: Database, patch: dict[str, Any]) -> None:
        pages = anna.starts(start_date=START, kind="measure", target=20, unit="pages", on_miss="fail")
        anna.logged(pages, value=20)

        anna.changed(f"/challenges/{pages}", patch)

        assert kept(db) == []

    @pytest.mark.parametrize(
        ("before", "verb"),
        [([], "pause"), (["pause"], "resume"), ([], "archive"), (["archive"], "unarchive"), ([], "restart")],
    )
    def test_is_dropped_at_a_turn(self, anna: Client, walk: int, db: Database, before: list[str], verb: str) -> None:
        for each in before:
            anna.made(f"/challenges/{walk}/{each}")
        anyones = [stored.rules for stored in db.read_now(challenges.load_all, anyone(db))]
        db.write_now(standing_service.keep_all, 1, anyones, date(2026, 3, 11))
        assert kept(db)

        anna.made(f"/challenges/{walk}/{verb}")

        assert kept(db) == []

    def test_still_holds_when_a_deleted_challenge_comes_back(self, anna: Client, walk: int, db: Database) -> None:
        marked(db)
        anna.delete(f"/challenges/{walk}")

        anna.made(f"/challenges/{walk}/restore")

        assert streak(anna) == MARK + 1

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


class TestBesideTheReleaseBefore:
    """It knows no `rules_at`: it goes on from a standing that was kept when the challenge was last written at all."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda tx: old_touch(tx, target=2.0, kind="measure"),
            lambda tx: old_touch(tx, first_start_date=date(2026, 3, 2)),
            lambda tx: old_turn(tx, "restart", date(2026, 3, 4)),
            lambda tx: old_turn(tx, "pause", date(2026, 3, 4)),
        ],
    )
    def test_is_dropped_when_that_changes_the_rules(
        self, walk: int, db: Database, change: Callable[[Transaction], object]
    ) -> None:
        db.write_now(change)

        assert kept(db) == []

    def test_is_not_dropped_when_that_writes_the_same_rules_again(self, walk: int, db: Database) -> None:
        (rules,) = db.read_now(lambda tx: tx.exec(select(CHALLENGES.c.schedule, CHALLENGES.c.on_miss)).all())

        db.write_now(old_touch, **rules._mapping, color="#000000")

        assert kept(db) == [(walk, date(2026, 3, 11), 10)]

    @pytest.mark.parametrize("seed", range(8))
    def test_neither_goes_on_from_what_is_wrong(
        self, anna: Client, walk: int, db: Database, clock: FrozenClock, seed: int
    ) -> None:
        """Whatever both write, one after the other."""
        chance = Random(seed)
        for _ in range(12):
            day, color = date(2026, 3, chance.randint(1, 11)), f"#{chance.randrange(16**6):06x}"
            fields = chance.choice([{"on_miss": "fail"}, {"on_miss": "continue"}, {"on_miss": "restart"}, {}])
            clock.pass_(minutes=1)
            writes: list[Callable[[], object]] = [
                partial(anna.logged, walk, str(day), value=chance.choice([0, 1])),
                partial(anna.changed, f"/challenges/{walk}", fields | {"color": color}),
                partial(anna.post, f"/challenges/{walk}/restart", json={"start_date": str(day)}),
                partial(anna.got, "/today"),
                partial(db.write_now, old_tick, anyone(db), day, chance.choice([0.0, 1.0])),
                partial(db.write_now, old_touch, **fields, color=color),
                partial(db.write_now, old_turn, "restart", day),
            ]
            chance.choice(writes)()

            assert db.read_now(standing_service.count_wrong, anyone(db)) == 0
            assert db.read_now(count_wrong_to_the_old, anyone(db)) == 0


def old_touch(tx: Transaction, /, **fields: Any) -> None:
    """As the release before writes a challenge."""
    before = tx.exec(select(CHALLENGES.c.updated_at)).scalar_one()
    tx.exec(update(CHALLENGES).values(**fields, updated_at=max(tx.now, before + timedelta(microseconds=1))))


def old_turn(tx: Transaction, kind: str, day: date) -> None:
    tx.exec(insert(TURNS), KEY | {"kind": kind, "from_date": day, "until_date": None})
    old_touch(tx)


def old_rules(tx: Transaction, person: Person) -> Any:
    (stored,) = challenges.load_all(tx, person)
    return stored.rules._replace(written_at=stored.updated_at)


def old_tick(tx: Transaction, person: Person, day: date, value: float) -> None:
    """As the release before goes on from a standing, and keeps one."""
    rules, today = old_rules(tx, person), person.today(tx.now)
    tx.exec(delete(DAILY_LOG).where(DAILY_LOG.c.date == day))
    entry = {"date": day, "value": value, "skipped": False, "note": None}
    tx.exec(insert(DAILY_LOG), KEY | entry | {"created_at": tx.now, "updated_at": tx.now})
    known = standing_service.known_of(tx, person.id, rules, min(day, today))
    standing_service.keep(tx, person.id, known, Progress(rules, known.log, today, known.since))


def count_wrong_to_the_old(tx: Transaction, person: Person) -> int:
    rules = old_rules(tx, person)
    known = [standing_service._on_rung(tx, person.id, rung, rules, date.max) for rung in (UPPER, LOWER)]
    held = [each.since for each in known if each]
    return sum(not standing_service._is_borne_out(tx, person.id, rules, since) for since in held)


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
        anna.changed("/users/me", {"week_starts_on": "sun"})

        assert db.read_now(standing_service.count_wrong, anyone(db)) == 0

    def test_has_what_is_wrong_kept_anew(self, anna: Client, wrong: int, db: Database) -> None:
        assert db.write_now(standing_service.rebuild, anyone(db)) == 1

        assert kept(db) == [(wrong, date(2026, 3, 11), 10)]
        assert streak(anna) == 11


def anyone(db: Database) -> Person:
    return db.read_now(users.list_people)[0]
