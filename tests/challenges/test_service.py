"""Challenges: starting, standing, listing, ordering, changing and deleting them. Today is Wednesday, 11 March 2026."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from lifetracker.challenges import service
from lifetracker.challenges.models import CHALLENGES
from lifetracker.core.db import Database, Transaction
from lifetracker.templates.promise import FIELDS
from lifetracker.users.schemas import Person
from lifetracker.users.service import find_person
from tests.people import JSON, Client, FrozenClock, refusal

TODAY = "2026-03-11"
NOT_FOUND = (404, "challenge_not_found")
TOO_MANY = (409, "too_many")
DAILY = {"type": "daily"}
COFFEE: JSON = {
    "title": "Less coffee",
    "description": "Tea counts, too.",
    "kind": "measure",
    "direction": "at_most",
    "target": 2.5,
    "unit": "cups",
    "schedule": {"type": "weekly", "days": ["mon", "fri"]},
    "start_date": "2026-03-02",
    "duration_days": 30,
    "on_miss": "fail",
    "allowed_misses": 3,
    "tags": ["drinks", "limit"],
    "color": "#795548",
    "icon": "☕",
}
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)


@pytest.fixture
def person(db: Database, anna: Client) -> Person:
    """Anna, as services know her."""
    return db.read_now(find_person, "anna@example.test")


class TestStartChallenge:
    def test_fills_in_what_is_not_said(self, anna: Client) -> None:
        challenge = anna.made("/challenges", {"title": "Walk"})

        assert isinstance(challenge.pop("id"), int)
        assert challenge == {
            "title": "Walk",
            "description": "",
            "template": None,
            "kind": "check",
            "direction": "at_least",
            "target": 1.0,
            "unit": None,
            "schedule": DAILY,
            "start_date": TODAY,
            "end_date": None,
            "duration_days": None,
            "first_start_date": TODAY,
            "on_miss": "continue",
            "allowed_misses": None,
            "status": "active",
            "attempt": 1,
            "tags": [],
            "color": None,
            "icon": None,
            "position": 1,
            "role": "owner",
            "created_at": "2026-03-11T12:00:00Z",
            "updated_at": "2026-03-11T12:00:00Z",
        }

    def test_keeps_all_that_is_said(self, anna: Client) -> None:
        challenge = anna.made("/challenges", COFFEE)

        assert {name: challenge[name] for name in COFFEE} == COFFEE

    def test_takes_every_schedule(self, anna: Client) -> None:
        for schedule in (
            DAILY,
            {"type": "weekly", "days": ["mon", "thu"]},
            {"type": "times", "count": 3, "per": "week"},
            {"type": "times", "count": 30, "per": "month"},
            {"type": "interval", "days": 2},
        ):
            challenge_id = anna.starts(schedule=schedule)
            assert anna.got(f"/challenges/{challenge_id}")["schedule"] == schedule

    def test_takes_a_measure_in_both_directions(self, anna: Client) -> None:
        for direction, target in (("at_least", 0.000001), ("at_least", 1e9), ("at_most", 0.0), ("at_most", 1e9)):
            challenge_id = anna.starts(kind="measure", direction=direction, target=target)
            challenge = anna.got(f"/challenges/{challenge_id}")
            assert (challenge["direction"], challenge["target"], challenge["unit"]) == (direction, target, None)

    @pytest.mark.parametrize("on_miss", ["fail", "restart"])
    def test_allows_no_miss_unless_it_is_said(self, anna: Client, on_miss: str) -> None:
        assert anna.made("/challenges", {"title": "W", "on_miss": on_miss})["allowed_misses"] == 0
        assert anna.made("/challenges", {"title": "W", "on_miss": on_miss, "allowed_misses": 2})["allowed_misses"] == 2

    def test_takes_null_for_what_may_be_left_out(self, anna: Client) -> None:
        nulls = dict.fromkeys(
            ("template", "description", "target", "unit", "start_date", "duration_days", "allowed_misses", "tags")
        )

        challenge = anna.made("/challenges", {"title": "Walk", **nulls, "color": None, "icon": None})

        assert (challenge["description"], challenge["tags"], challenge["start_date"]) == ("", [], TODAY)

    def test_names_the_fields_that_cannot_be(self, anna: Client) -> None:
        for fields, wrong in (
            ({"title": "Walk", "target": 2}, ["target"]),
            ({"title": "Walk", "unit": "km", "direction": "at_most"}, ["direction", "unit"]),
            ({"title": "Walk", "kind": "measure"}, ["target"]),
            ({"title": "Walk", "kind": "measure", "target": 0}, ["target"]),
            ({"title": "Walk", "allowed_misses": 0}, ["allowed_misses"]),
            ({"title": "Walk", "schedule": {"type": "times", "count": 8, "per": "week"}}, ["schedule.count"]),
            ({"title": "Walk", "schedule": {"type": "weekly", "days": []}}, ["schedule.days"]),
            ({"title": "Walk", "schedule": {"type": "interval", "days": 366}}, ["schedule.days"]),
            ({"title": "Walk", "start_date": "2026-02-30"}, ["start_date"]),
            ({"title": "", "duration_days": 0}, ["title", "duration_days"]),
            ({"title": "Walk", "titel": "Walk"}, ["titel"]),
            ({"description": "no title"}, ["title"]),
            ({"template": None}, ["title"]),
            ({"template": 75}, ["template"]),
            ({}, ["title"]),
        ):
            assert refused(anna.post("/challenges", json=fields)) == wrong
        assert listed(anna) == []

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=ANY_TEXT)
    def test_keeps_any_text_to_the_letter(self, anna: Client, text: str) -> None:
        texts = {"title": f"{text}.", "description": text, "tags": [text], "icon": text, "unit": text}

        challenge_id = anna.made("/challenges", {"kind": "measure", "target": 1, **texts})["id"]

        challenge = anna.got(f"/challenges/{challenge_id}")
        assert {name: challenge[name] for name in texts} == texts

    def test_puts_it_at_the_end_of_the_list(self, anna: Client, boris: Client) -> None:
        boris.starts("Elsewhere")
        first, second = anna.starts("First"), anna.starts("Second")

        assert [(item["id"], item["position"]) for item in listed(anna)] == [(first, 1), (second, 2)]


class TestStartDate:
    @pytest.mark.parametrize(
        ("time_zone", "day_starts_at", "last_moment", "next_day"),
        [
            ("UTC", "00:00", "2026-03-11T23:59:59", "2026-03-12T00:00"),
            ("UTC", "03:00", "2026-03-12T02:59:59", "2026-03-12T03:00"),
            ("Pacific/Kiritimati", "00:00", "2026-03-11T09:59:59", "2026-03-11T10:00"),
            ("Pacific/Kiritimati", "04:30", "2026-03-11T14:29:59", "2026-03-11T14:30"),
            ("America/New_York", "00:00", "2026-03-12T03:59:59", "2026-03-12T04:00"),
            ("America/New_York", "12:00", "2026-03-12T15:59:59", "2026-03-12T16:00"),
        ],
    )
    def test_is_the_persons_own_today(
        self,
        people: Callable[..., Client],
        clock: FrozenClock,
        time_zone: str,
        day_starts_at: str,
        last_moment: str,
        next_day: str,
    ) -> None:
        person = people("nina", time_zone=time_zone, day_starts_at=day_starts_at)

        for instant, today in ((last_moment, "2026-03-11"), (next_day, "2026-03-12")):
            clock.set(instant)
            challenge = person.made("/challenges", {"title": "Walk"})
            assert (challenge["start_date"], challenge["status"]) == (today, "active")

    def test_is_what_is_said(self, anna: Client) -> None:
        past = anna.made("/challenges", {"title": "Walk", "start_date": "2020-02-29"})
        future = anna.made("/challenges", {"title": "Walk", "start_date": "2028-02-29"})

        assert (past["start_date"], past["first_start_date"]) == ("2020-02-29", "2020-02-29")
        assert (future["start_date"], future["status"]) == ("2028-02-29", "upcoming")

    def test_may_lie_at_the_edges_of_the_calendar(self, anna: Client) -> None:
        for day in ("1970-01-01", "2999-12-31"):
            challenge_id = anna.starts(start_date=day, duration_days=3650)
            assert anna.got(f"/challenges/{challenge_id}")["start_date"] == day

    def test_and_the_duration_give_the_last_day(self, anna: Client) -> None:
        for start, days, end in (
            ("2026-03-11", 1, "2026-03-11"),
            ("2026-03-11", 75, "2026-05-24"),
            ("2026-02-01", 29, "2026-03-01"),
            ("2028-02-01", 29, "2028-02-29"),
            ("2026-01-01", 3650, "2035-12-29"),
        ):
            challenge = anna.made("/challenges", {"title": "Walk", "start_date": start, "duration_days": days})
            assert challenge["end_date"] == end


class TestStartFromTemplate:
    def test_takes_all_of_it(self, anna: Client) -> None:
        template = anna.got("/templates/couch-to-5k")

        challenge = anna.made("/challenges", {"template": "couch-to-5k"})

        taken = challenge.keys() & template.keys() - {"created_at"}
        assert {name: challenge[name] for name in taken} == {name: template[name] for name in taken}
        assert (challenge["template"], challenge["title"]) == ("couch-to-5k", "Couch to 5K")
        assert (challenge["start_date"], challenge["end_date"]) == (TODAY, "2026-05-12")

    def test_begins_again_where_the_template_says_so(self, anna: Client) -> None:
        challenge = anna.made("/challenges", {"template": "75-hard"})

        assert (challenge["on_miss"], challenge["allowed_misses"]) == ("restart", 0)

    def test_lets_any_field_be_overridden(self, anna: Client) -> None:
        derived = {"id", "position", "start_date", "first_start_date", "end_date", "status"}
        plain = anna.made("/challenges", {"template": "75-hard"})

        for overridden in (
            {"title": "My 75"},
            {"description": "Mine"},
            {"schedule": {"type": "interval", "days": 3}},
            {"start_date": "2026-04-01"},
            {"duration_days": 10},
            {"allowed_misses": 2},
            {"on_miss": "fail"},
            {"tags": ["mine"], "color": "#000000", "icon": "🏔"},
            {"kind": "measure", "target": 10.0, "unit": "km", "direction": "at_most"},
        ):
            challenge = anna.made("/challenges", {"template": "75-hard", **overridden})
            assert overridden.items() <= challenge.items()
            kept = plain.keys() - overridden.keys() - derived
            assert {name: challenge[name] for name in kept} == {name: plain[name] for name in kept}

    def test_clears_what_is_null(self, anna: Client) -> None:
        nulls = dict.fromkeys(("description", "duration_days", "tags", "color", "icon"))

        challenge = anna.made("/challenges", {"template": "75-hard", **nulls})

        assert [challenge[name] for name in nulls] == ["", None, [], None, None]

    def test_drops_what_goes_with_what_is_overridden(self, anna: Client) -> None:
        check = anna.made("/challenges", {"template": "10000-steps", "kind": "check"})
        lenient = anna.made("/challenges", {"template": "75-hard", "on_miss": "continue"})

        assert (check["target"], check["unit"]) == (1.0, None)
        assert lenient["allowed_misses"] is None

    def test_refuses_an_override_that_cannot_be(self, anna: Client) -> None:
        for overridden, field in (({"target": 2}, "target"), ({"kind": "measure"}, "target"), ({"x": 1}, "x")):
            assert refused(anna.post("/challenges", json={"template": "75-hard", **overridden})) == [field]

    @pytest.mark.parametrize(
        ("header", "locale", "title"),
        [("ru", "en", "Сухой январь"), (None, "ru-RU", "Сухой январь"), ("en;q=0.1,ru;q=0", "ru", "Dry January")],
    )
    def test_speaks_the_persons_language(
        self, people: Callable[..., Client], header: str | None, locale: str, title: str
    ) -> None:
        person = people("olga", locale=locale)
        accept = {"Accept-Language": header} if header else {}

        assert person.made("/challenges", {"template": "dry-january"}, headers=accept)["title"] == title

    def test_keeps_the_language_it_was_started_in(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", {"template": "dry-january"}, headers={"Accept-Language": "ru"})["id"]

        assert anna.got(f"/challenges/{challenge_id}")["title"] == "Сухой январь"

    def test_knows_only_templates_that_the_person_may_see(self, anna: Client, boris: Client) -> None:
        private = anna.made("/templates", {"title": "Mine", "kind": "check"})["slug"]

        for slug in (private, "no-such-thing", "75 Hard", "75_hard", "../75-hard", "", "a" * 101, "'; --"):
            response = boris.post("/challenges", json={"template": slug})
            assert refusal(response) == (404, "template_not_found")
        assert listed(boris) == []


class TestStatus:
    """From 20 to 22 March; what a log does to it stands below."""

    RUNS: JSON = {"title": "Walk", "start_date": "2026-03-20", "duration_days": 3}

    def test_follows_the_calendar(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.made("/challenges", self.RUNS)["id"]

        for day, status in ((19, "upcoming"), (20, "active"), (22, "active"), (23, "completed"), (31, "completed")):
            clock.set(f"{march(day)}T23:59")
            assert anna.got(f"/challenges/{challenge_id}")["status"] == status

    def test_is_paused_only_while_it_runs(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.made("/challenges", self.RUNS)["id"]
        anna.made(f"/challenges/{challenge_id}/pause")

        for day, status in ((19, "upcoming"), (20, "paused"), (22, "paused"), (23, "completed")):
            clock.set(f"{march(day)}T12:00")
            assert anna.got(f"/challenges/{challenge_id}")["status"] == status

    def test_does_not_end_later_for_a_pause(self, anna: Client) -> None:
        challenge = anna.made("/challenges", self.RUNS)

        paused = anna.made(f"/challenges/{challenge['id']}/pause", {"from": "2026-03-20"})
        resumed = anna.made(f"/challenges/{challenge['id']}/resume", {"on": "2026-03-22"})

        assert [paused["end_date"], resumed["end_date"]] == ["2026-03-22", "2026-03-22"]

    def test_is_archived_before_all_else(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.made("/challenges", self.RUNS | {"on_miss": "fail"})["id"]
        anna.made(f"/challenges/{challenge_id}/pause")
        anna.made(f"/challenges/{challenge_id}/archive")

        for day in (19, 20, 23):
            clock.set(f"{march(day)}T12:00")
            assert anna.got(f"/challenges/{challenge_id}")["status"] == "archived"

    def test_is_completed_however_it_went(self, anna: Client) -> None:
        never_done = anna.made("/challenges", {"title": "Walk", "start_date": "2026-02-01", "duration_days": 10})

        assert never_done["status"] == "completed"


class TestFailing:
    """Four days from Monday, 2 March; the day before today is long over."""

    STRICT: JSON = {"title": "Walk", "start_date": "2026-03-02", "duration_days": 4, "on_miss": "fail"}

    def test_comes_with_one_miss_more_than_allowed(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.STRICT | {"allowed_misses": 1})["id"]
        log(anna, challenge_id, 2, 3)

        assert standing(anna, challenge_id) == ("failed", 1)

    def test_does_not_come_with_as_many_as_are_allowed(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.STRICT | {"allowed_misses": 1})["id"]
        log(anna, challenge_id, 2, 3, 4)

        assert standing(anna, challenge_id) == ("completed", 1)

    def test_is_repaired_by_logging_the_forgotten_day(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.STRICT)["id"]
        log(anna, challenge_id, 2, 3, 4)
        assert standing(anna, challenge_id) == ("failed", 1)

        log(anna, challenge_id, 5)

        assert standing(anna, challenge_id) == ("completed", 1)

    def test_does_not_come_from_a_skipped_or_paused_day(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.STRICT)["id"]
        log(anna, challenge_id, 2, 3)
        anna.logged(challenge_id, march(4), skipped=True)
        anna.made(f"/challenges/{challenge_id}/pause", {"from": march(5)})

        assert standing(anna, challenge_id) == ("completed", 1)

    def test_comes_from_a_day_that_is_only_partly_done(self, anna: Client) -> None:
        measure = self.STRICT | {"kind": "measure", "target": 10, "duration_days": 1}
        challenge_id = anna.made("/challenges", measure)["id"]

        anna.logged(challenge_id, march(2), value=9)

        assert standing(anna, challenge_id) == ("failed", 1)

    def test_never_comes_from_today(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.starts(on_miss="fail")
        assert standing(anna, challenge_id) == ("active", 1)

        clock.pass_(days=1)

        assert standing(anna, challenge_id) == ("failed", 1)

    def test_is_the_same_in_the_list(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.STRICT)["id"]

        assert listed(anna) == [anna.got(f"/challenges/{challenge_id}")]
        assert [item["id"] for item in listed(anna, status="failed")] == [challenge_id]

    def test_has_no_consequence_where_the_challenge_goes_on(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.STRICT | {"on_miss": "continue"})["id"]

        assert standing(anna, challenge_id) == ("completed", 1)


class TestBeginningAgain:
    """Thirty days from Monday, 2 March, with `on_miss` restart."""

    RESTARTS: JSON = {"title": "Walk", "start_date": "2026-03-02", "duration_days": 30, "on_miss": "restart"}

    def test_moves_start_and_end_to_the_day_after_the_miss(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.RESTARTS)["id"]

        log(anna, challenge_id, 2, 3, 5, 6, 7, 8, 9, 10)

        challenge = anna.got(f"/challenges/{challenge_id}")
        assert (challenge["attempt"], challenge["start_date"], challenge["end_date"]) == (2, "2026-03-05", "2026-04-03")
        assert (challenge["first_start_date"], challenge["status"]) == ("2026-03-02", "active")

    def test_comes_as_often_as_needed(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.RESTARTS)["id"]

        log(anna, challenge_id, 2, 4, 6, 8, 9, 10)

        assert anna.got(f"/challenges/{challenge_id}")["start_date"] == "2026-03-08"
        assert standing(anna, challenge_id) == ("active", 4)

    def test_only_moves_the_start_while_nothing_is_done(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.RESTARTS)["id"]

        assert anna.got(f"/challenges/{challenge_id}")["start_date"] == TODAY
        assert standing(anna, challenge_id) == ("active", 1)

    def test_is_repaired_by_logging_the_forgotten_day(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.RESTARTS)["id"]
        log(anna, challenge_id, 2, 3, 5, 6, 7, 8, 9, 10)

        log(anna, challenge_id, 4)

        assert anna.got(f"/challenges/{challenge_id}")["start_date"] == "2026-03-02"
        assert standing(anna, challenge_id) == ("active", 1)

    def test_waits_for_one_miss_more_than_allowed(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.RESTARTS | {"allowed_misses": 1})["id"]

        log(anna, challenge_id, 2, 4, 5, 6, 7, 8, 9)
        assert standing(anna, challenge_id) == ("active", 2)

        log(anna, challenge_id, 10)
        assert standing(anna, challenge_id) == ("active", 1)

    def test_ends_once_an_attempt_was_kept_to_its_end(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.RESTARTS | {"duration_days": 3})["id"]

        log(anna, challenge_id, 2, 4, 5, 6)

        assert anna.got(f"/challenges/{challenge_id}")["end_date"] == "2026-03-06"
        assert standing(anna, challenge_id) == ("completed", 2)

    def test_counts_a_week_of_times_from_the_day_after_it(self, anna: Client) -> None:
        twice = {"type": "times", "count": 2, "per": "week"}
        challenge_id = anna.starts(on_miss="restart", schedule=twice, start_date="2026-03-02")

        log(anna, challenge_id, 3)

        assert anna.got(f"/challenges/{challenge_id}")["start_date"] == "2026-03-09"
        assert standing(anna, challenge_id) == ("active", 2)

    def test_is_the_same_in_the_list(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", self.RESTARTS)["id"]
        anna.starts("Another", on_miss="restart", start_date="2026-03-01")
        log(anna, challenge_id, 2, 3, 9)

        assert listed(anna) == [anna.got(f"/challenges/{item['id']}") for item in listed(anna)]


class TestListChallenges:
    def test_is_empty_at_first(self, anna: Client) -> None:
        assert anna.got("/challenges") == {"items": [], "next_cursor": None}

    def test_shows_each_as_it_is_shown_alone(self, anna: Client) -> None:
        ids = [anna.made("/challenges", fields)["id"] for fields in ({"title": "Walk"}, COFFEE, {"title": "Run"})]

        assert listed(anna) == [anna.got(f"/challenges/{challenge_id}") for challenge_id in ids]

    def test_shows_mine_alone(self, anna: Client, boris: Client) -> None:
        anna.starts()

        assert listed(boris) == []

    def test_keeps_to_a_status(self, anna: Client) -> None:
        ids = one_of_each_status(anna)

        for status, challenge_id in ids.items():
            assert [(item["id"], item["status"]) for item in listed(anna, status=status)] == [(challenge_id, status)]

    def test_leaves_archived_ones_out_unless_asked(self, anna: Client) -> None:
        ids = one_of_each_status(anna)

        assert [item["id"] for item in listed(anna)] == [ids[status] for status in ids if status != "archived"]

    def test_leaves_deleted_ones_out(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}")

        assert listed(anna) == []

    def test_has_stats_only_when_asked(self, anna: Client) -> None:
        challenge_id = anna.starts(start_date="2026-03-02")
        log(anna, challenge_id, 9, 10, 11)
        anna.starts("Another", kind="measure", target=5, schedule={"type": "times", "count": 2, "per": "month"})

        with_stats = listed(anna, include="stats")

        assert with_stats[0]["stats"] == {
            "current_streak": 3,
            "best_streak": 3,
            "streak_unit": "day",
            "completion_rate": 0.3,
            "score": pytest.approx(1 - 0.5 ** (3 / 13), abs=1e-6),
        }
        assert with_stats[1]["stats"]["streak_unit"] == "month"
        assert with_stats[1]["stats"]["completion_rate"] is None
        assert [item | {"stats": None} for item in listed(anna)] == [item | {"stats": None} for item in with_stats]
        assert all("stats" not in item for item in listed(anna))

    def test_has_the_stats_that_the_challenge_has(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", COFFEE)["id"]
        anna.logged(challenge_id, march(9), value=1)

        (item,) = listed(anna, include="stats")

        stats = anna.got(f"/challenges/{challenge_id}/stats")
        assert item["stats"] == {name: stats[name] for name in item["stats"]}

    @pytest.mark.parametrize("query", [{}, {"include": "stats"}])
    def test_is_walked_over_once_by_cursors(self, anna: Client, query: JSON) -> None:
        ids = [anna.starts(str(number)) for number in range(5)]
        anna.put("/challenges/order", json={"ids": ids[::-1]})

        assert walk(anna, limit=1, **query) == walk(anna, limit=2, **query) == walk(anna, limit=5, **query) == ids[::-1]

    def test_is_walked_over_within_a_status(self, anna: Client) -> None:
        ids = [anna.starts(str(number)) for number in range(5)]
        for challenge_id in ids[1::2]:
            anna.made(f"/challenges/{challenge_id}/archive")

        assert walk(anna, limit=1, status="archived") == ids[1::2]
        assert walk(anna, limit=2) == ids[::2]

    def test_is_walked_over_with_places_taken_twice(self, anna: Client) -> None:
        """A restored challenge has its old place back, which another may have by now."""
        first, second, third = (anna.starts(str(number)) for number in range(3))
        anna.delete(f"/challenges/{first}")
        anna.put("/challenges/order", json={"ids": [third, second]})
        anna.made(f"/challenges/{first}/restore")

        assert walk(anna, limit=1) == [first, third, second]

    def test_takes_no_cursor_that_it_did_not_give_out(self, anna: Client) -> None:
        for cursor in ("", "x", "!", "кот", packed(None), packed([]), packed([1]), packed(["1", 1]), packed([1, True])):
            assert refused(anna.get("/challenges", params={"cursor": cursor})) == ["cursor"]

    def test_takes_a_cursor_of_a_place_that_cannot_be(self, anna: Client) -> None:
        anna.starts()

        assert listed(anna, cursor=packed([10**30, 1])) == []


class TestOrderChallenges:
    def test_puts_those_named_first_and_the_others_after_them(self, anna: Client) -> None:
        a, b, c, d = (anna.starts(name) for name in "abcd")

        response = anna.put("/challenges/order", json={"ids": [d, b]})

        assert (response.status_code, response.content) == (204, b"")
        assert [(item["id"], item["position"]) for item in listed(anna)] == [(d, 1), (b, 2), (a, 3), (c, 4)]

    def test_repeats_safely(self, anna: Client) -> None:
        a, b = (anna.starts(name) for name in "ab")

        for _ in range(2):
            anna.put("/challenges/order", json={"ids": [b, a]})

        assert [item["id"] for item in listed(anna)] == [b, a]

    def test_leaves_the_order_when_none_is_named(self, anna: Client) -> None:
        ids = [anna.starts(name) for name in "ab"]

        assert anna.put("/challenges/order", json={"ids": []}).status_code == 204
        assert [item["id"] for item in listed(anna)] == ids

    def test_may_be_asked_by_who_has_none(self, anna: Client) -> None:
        assert anna.put("/challenges/order", json={"ids": []}).status_code == 204

    def test_orders_archived_ones_too(self, anna: Client) -> None:
        a, b = (anna.starts(name) for name in "ab")
        anna.made(f"/challenges/{b}/archive")
        anna.put("/challenges/order", json={"ids": [b]})

        anna.made(f"/challenges/{b}/unarchive")

        assert [item["id"] for item in listed(anna)] == [b, a]

    def test_puts_a_new_one_after_them(self, anna: Client) -> None:
        a, b = (anna.starts(name) for name in "ab")
        anna.put("/challenges/order", json={"ids": [b, a]})

        assert anna.made("/challenges", {"title": "c"})["position"] == 3

    def test_refuses_one_named_twice(self, anna: Client) -> None:
        a, b = (anna.starts(name) for name in "ab")

        response = anna.put("/challenges/order", json={"ids": [b, a, b]})

        assert refused(response) == ["ids"]
        assert response.json()["errors"][0]["code"] == "repeated"
        assert [item["id"] for item in listed(anna)] == [a, b]

    def test_knows_only_living_ones_of_mine(self, anna: Client, boris: Client) -> None:
        mine, deleted, other = anna.starts(), anna.starts(), boris.starts()
        anna.delete(f"/challenges/{deleted}")

        for stranger in (other, deleted, 10**6, 0, -1, 10**30):
            assert refusal(anna.put("/challenges/order", json={"ids": [stranger, mine]})) == NOT_FOUND
        assert boris.got(f"/challenges/{other}")["position"] == 1


class TestChangeChallenge:
    def test_changes_only_what_is_sent(self, anna: Client, clock: FrozenClock) -> None:
        before = anna.made("/challenges", COFFEE)
        clock.pass_(hours=1)

        after = anna.changed(f"/challenges/{before['id']}", {"target": 1})

        assert after == before | {"target": 1.0, "updated_at": "2026-03-11T13:00:00Z"}
        assert anna.got(f"/challenges/{before['id']}") == after

    def test_changes_everything_that_is_sent(self, anna: Client) -> None:
        challenge_id = anna.starts()

        after = anna.changed(f"/challenges/{challenge_id}", COFFEE)

        assert {name: after[name] for name in COFFEE} == COFFEE
        assert (after["first_start_date"], after["end_date"]) == ("2026-03-02", "2026-03-31")

    def test_clears_with_null(self, anna: Client) -> None:
        before = anna.made("/challenges", COFFEE)
        cleared: JSON = {
            "description": "",
            "unit": None,
            "duration_days": None,
            "tags": [],
            "color": None,
            "icon": None,
            "allowed_misses": 0,
        }

        after = anna.changed(f"/challenges/{before['id']}", dict.fromkeys(cleared))

        derived = {"end_date": None, "updated_at": after["updated_at"]}
        assert after == before | cleared | derived | {"status": "failed"}

    def test_writes_nothing_when_nothing_changes(self, anna: Client, clock: FrozenClock) -> None:
        made = anna.post("/challenges", json=COFFEE)
        clock.pass_(hours=1)

        for changes in (
            {},
            {"title": "Less coffee"},
            {"target": 2.5, "tags": ["drinks", "limit"]},
            {"schedule": {"type": "weekly", "days": ["fri", "mon"]}},
            {"start_date": "2026-03-02"},
            COFFEE,
        ):
            response = anna.patch(made.headers["location"], json=changes)
            assert (response.json(), response.headers["etag"]) == (made.json(), made.headers["etag"])

    def test_refuses_what_the_whole_could_not_be(self, anna: Client) -> None:
        before = anna.made("/challenges", COFFEE)

        for changes, field in (
            ({"title": None}, "title"),
            ({"target": None}, "target"),
            ({"target": 0, "direction": "at_least"}, "target"),
            ({"on_miss": "continue", "allowed_misses": 1}, "allowed_misses"),
            ({"duration_days": 0}, "duration_days"),
            ({"start_date": None}, "start_date"),
            ({"start_date": "2026-02-30"}, "start_date"),
            ({"schedule": {"type": "weekly", "days": []}}, "schedule.days"),
            ({"id": 7}, "id"),
            ({"kind": "check", "unit": "cups"}, "unit"),
            ({"kind": "counter"}, "kind"),
            ({"template": "75-hard"}, "template"),
            ({"status": "completed"}, "status"),
            ({"titel": "Coffee"}, "titel"),
        ):
            response = anna.patch(f"/challenges/{before['id']}", json={"description": "Changed", **changes})
            assert refused(response) == [field]
        assert anna.got(f"/challenges/{before['id']}") == before

    def test_leaves_a_check_a_check(self, anna: Client) -> None:
        challenge_id = anna.starts()

        for changes in ({"target": 2}, {"unit": "km"}, {"direction": "at_most"}):
            assert refused(anna.patch(f"/challenges/{challenge_id}", json=changes)) == list(changes)

    def test_makes_a_check_of_a_measure(self, anna: Client) -> None:
        challenge_id = anna.starts(kind="measure", target=20, unit="pages")
        anna.logged(challenge_id, value=12)

        after = anna.changed(f"/challenges/{challenge_id}", {"kind": "check"})

        assert (after["kind"], after["target"], after["unit"]) == ("check", 1.0, None)
        assert anna.got(f"/challenges/{challenge_id}/log/today")["outcome"] == "done"

    def test_makes_a_measure_of_a_check_given_a_target(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.logged(challenge_id)

        assert refused(anna.patch(f"/challenges/{challenge_id}", json={"kind": "measure"})) == ["target"]
        anna.changed(f"/challenges/{challenge_id}", {"kind": "measure", "target": 20, "unit": "pages"})

        entry = anna.got(f"/challenges/{challenge_id}/log/today")
        assert (entry["value"], entry["outcome"]) == (1.0, "partial")

    def test_drops_the_allowed_misses_once_none_are_counted(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", COFFEE)["id"]

        assert anna.changed(f"/challenges/{challenge_id}", {"on_miss": "continue"})["allowed_misses"] is None
        assert anna.changed(f"/challenges/{challenge_id}", {"on_miss": "restart"})["allowed_misses"] == 0

    def test_moves_the_start_and_with_it_the_end(self, anna: Client) -> None:
        challenge_id = anna.starts(duration_days=10)

        for start, end, status in ((1, 10, "completed"), (2, 11, "active"), (12, 21, "upcoming")):
            after = anna.changed(f"/challenges/{challenge_id}", {"start_date": march(start)})
            assert (after["start_date"], after["first_start_date"]) == (march(start), march(start))
            assert (after["end_date"], after["status"]) == (march(end), status)

    def test_moves_no_start_that_was_made_by_hand(self, anna: Client) -> None:
        challenge_id = anna.starts(start_date="2026-03-02")
        before = anna.made(f"/challenges/{challenge_id}/restart", {"start_date": "2026-03-09"})

        response = anna.patch(f"/challenges/{challenge_id}", json={"start_date": "2026-03-03", "title": "Run"})

        assert refusal(response) == (409, "restarted")
        assert anna.got(f"/challenges/{challenge_id}") == before

    def test_changes_all_else_of_one_that_was_restarted_by_hand(self, anna: Client) -> None:
        challenge_id = anna.starts(start_date="2026-03-02")
        anna.made(f"/challenges/{challenge_id}/restart", {"start_date": "2026-03-09"})

        after = anna.changed(f"/challenges/{challenge_id}", {"title": "Run", "start_date": "2026-03-09"})

        assert (after["title"], after["start_date"], after["attempt"]) == ("Run", "2026-03-09", 2)

    def test_judges_anew_by_what_a_miss_then_means(self, anna: Client) -> None:
        challenge_id = anna.starts(start_date="2026-03-02")
        log(anna, challenge_id, 2, 3)

        assert anna.changed(f"/challenges/{challenge_id}", {"on_miss": "fail"})["status"] == "failed"
        assert anna.changed(f"/challenges/{challenge_id}", {"allowed_misses": 7})["status"] == "active"
        assert anna.changed(f"/challenges/{challenge_id}", {"on_miss": "restart", "allowed_misses": 0})["attempt"] == 2

    def test_ends_it_when_the_duration_is_over_by_then(self, anna: Client) -> None:
        challenge_id = anna.starts(start_date="2026-03-02")

        assert anna.changed(f"/challenges/{challenge_id}", {"duration_days": 9})["status"] == "completed"
        assert anna.changed(f"/challenges/{challenge_id}", {"duration_days": 10})["status"] == "active"
        assert anna.changed(f"/challenges/{challenge_id}", {"duration_days": None})["end_date"] is None

    def test_lets_the_instant_of_writing_move_on_whatever_the_clock_does(
        self, anna: Client, clock: FrozenClock
    ) -> None:
        challenge_id = anna.starts()
        clock.pass_(hours=-1)

        written = [anna.changed(f"/challenges/{challenge_id}", {"title": title})["updated_at"] for title in "abc"]

        assert written == [f"2026-03-11T12:00:00.00000{number}Z" for number in (1, 2, 3)]

    def test_changes_an_archived_one_too(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.made(f"/challenges/{challenge_id}/archive")

        assert anna.changed(f"/challenges/{challenge_id}", {"title": "Run"})["title"] == "Run"


class TestListDeleted:
    def test_shows_what_can_be_brought_back_and_until_when(self, anna: Client, clock: FrozenClock) -> None:
        kept, gone = anna.starts(), anna.made("/challenges", COFFEE)
        anna.delete(f"/challenges/{gone['id']}")

        (item,) = anna.got("/challenges", status="deleted")["items"]

        assert item == gone | {"deleted_at": "2026-03-11T12:00:00Z", "gone_at": "2026-04-10T12:00:00Z"}
        assert [each["id"] for each in listed(anna)] == [kept]

    def test_shows_none_of_it_unless_asked(self, anna: Client) -> None:
        anna.delete(f"/challenges/{anna.starts()}")
        anna.starts()

        (item,) = anna.got("/challenges")["items"]
        assert not {"deleted_at", "gone_at"} & item.keys()

    @pytest.mark.parametrize("status", ["active", "archived", "upcoming", "completed"])
    def test_shows_them_under_no_other_status(self, anna: Client, status: str) -> None:
        anna.delete(f"/challenges/{anna.starts()}")

        assert anna.got("/challenges", status=status)["items"] == []

    def test_goes_on_from_a_cursor_in_my_order(self, anna: Client) -> None:
        ids = [anna.starts() for _ in range(3)]
        for challenge_id in reversed(ids):
            anna.delete(f"/challenges/{challenge_id}")

        first = anna.got("/challenges", status="deleted", limit=2)
        rest = anna.got("/challenges", status="deleted", cursor=first["next_cursor"])

        assert [item["id"] for item in first["items"] + rest["items"]] == ids
        assert rest["next_cursor"] is None

    def test_counts_their_days_where_that_is_asked(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.logged(challenge_id)
        anna.delete(f"/challenges/{challenge_id}")

        (item,) = anna.got("/challenges", status="deleted", include="stats")["items"]

        assert item["stats"]["current_streak"] == 1

    def test_shows_the_last_instant_and_not_the_next(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}")

        clock.set("2026-04-10T11:59")
        assert [item["id"] for item in anna.got("/challenges", status="deleted")["items"]] == [challenge_id]
        clock.set("2026-04-10T12:00")
        assert anna.got("/challenges", status="deleted")["items"] == []
        assert refusal(anna.post(f"/challenges/{challenge_id}/restore")) == NOT_FOUND

    def test_shows_mine_alone_and_none_that_came_back(self, anna: Client, boris: Client) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}")
        assert boris.got("/challenges", status="deleted")["items"] == []

        anna.post(f"/challenges/{challenge_id}/restore")

        assert anna.got("/challenges", status="deleted")["items"] == []


class TestTooManyChallenges:
    """Of 500: the last that fits, and none more by any way."""

    @pytest.fixture
    def nearly(self, db: Database, anna: Client) -> Client:
        """Anna, who has room for one more."""
        one = anna.made("/challenges", {"title": "Walk"})
        fields = {name: one[name] for name in FIELDS} | {"template": None, "first_start_date": date(2026, 3, 11)}

        def fill(tx: Transaction) -> None:
            mine = fields | {"user_id": 1, "created_at": tx.now, "updated_at": tx.now}
            tx.exec(insert(CHALLENGES), [mine | {"position": place} for place in range(2, service.MOST_LIVING)])

        db.write_now(fill)
        return anna

    def test_is_refused_when_one_is_started(self, nearly: Client) -> None:
        nearly.starts()

        assert refusal(nearly.post("/challenges", json={"title": "Walk"})) == TOO_MANY
        assert refusal(nearly.post("/challenges", json={"template": "75-hard"})) == TOO_MANY

    def test_is_refused_when_one_is_brought_back(self, nearly: Client) -> None:
        challenge_id = nearly.starts()
        nearly.delete(f"/challenges/{challenge_id}")
        other = nearly.starts()

        assert refusal(nearly.post(f"/challenges/{challenge_id}/restore")) == TOO_MANY
        nearly.delete(f"/challenges/{other}")
        assert nearly.post(f"/challenges/{challenge_id}/restore").status_code == 200

    def test_counts_archived_ones(self, nearly: Client) -> None:
        nearly.made(f"/challenges/{nearly.starts()}/archive")

        assert refusal(nearly.post("/challenges", json={"title": "Walk"})) == TOO_MANY

    def test_counts_each_person_alone(self, nearly: Client, boris: Client) -> None:
        nearly.starts()

        assert boris.starts()

    def test_can_all_be_ordered(self, nearly: Client) -> None:
        nearly.starts()
        ids = list(range(service.MOST_LIVING, 0, -1))

        assert nearly.put("/challenges/order", json={"ids": ids}).status_code == 204
        assert nearly.got("/challenges", limit=1)["items"][0]["id"] == service.MOST_LIVING

    def test_is_refused_to_all_but_one_that_come_at_once(self, app: FastAPI, nearly: Client) -> None:
        async def start() -> list[int]:
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://x", headers=nearly.headers) as client:
                calls = [client.post("/challenges", json={"title": "Walk"}) for _ in range(4)]
                return sorted([answer.status_code for answer in await asyncio.gather(*calls)])

        assert asyncio.run(start()) == [201, 409, 409, 409]


class TestDeleteChallenge:
    def test_takes_its_log_along(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.logged(challenge_id)

        response = anna.delete(f"/challenges/{challenge_id}")

        assert (response.status_code, response.content) == (204, b"")
        assert refusal(anna.get(f"/challenges/{challenge_id}")) == NOT_FOUND
        assert refusal(anna.get(f"/challenges/{challenge_id}/log/today")) == NOT_FOUND
        assert anna.got("/daily-log")["items"] == []
        assert anna.got("/today")["items"] == []

    @pytest.mark.parametrize("query", [{}, {"forever": "true"}])
    def test_answers_404_the_second_time(self, anna: Client, query: JSON) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}", params=query)

        assert refusal(anna.delete(f"/challenges/{challenge_id}", params=query)) == NOT_FOUND

    @pytest.mark.parametrize("query", [{}, {"forever": "true"}])
    def test_leaves_those_of_others(self, anna: Client, boris: Client, query: JSON) -> None:
        challenge_id = anna.starts()

        assert refusal(boris.delete(f"/challenges/{challenge_id}", params=query)) == NOT_FOUND
        assert anna.got(f"/challenges/{challenge_id}")["title"] == "Walk"

    def test_may_be_forever(self, anna: Client) -> None:
        challenge_id = anna.starts()

        assert anna.delete(f"/challenges/{challenge_id}", params={"forever": "true"}).status_code == 204
        assert refusal(anna.post(f"/challenges/{challenge_id}/restore")) == NOT_FOUND

    def test_may_be_made_forever_later(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}")

        assert anna.delete(f"/challenges/{challenge_id}", params={"forever": "true"}).status_code == 204
        assert refusal(anna.post(f"/challenges/{challenge_id}/restore")) == NOT_FOUND

    def test_never_gives_an_id_twice(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}", params={"forever": "true"})

        assert anna.starts() > challenge_id

    def test_refuses_what_is_neither_true_nor_false(self, anna: Client) -> None:
        challenge_id = anna.starts()

        for forever in ("maybe", ""):
            assert refused(anna.delete(f"/challenges/{challenge_id}", params={"forever": forever})) == ["forever"]
        assert anna.got(f"/challenges/{challenge_id}")["id"] == challenge_id


class TestRestoreChallenge:
    def test_brings_back_all_of_it(self, anna: Client) -> None:
        challenge_id = anna.made("/challenges", COFFEE)["id"]
        anna.logged(challenge_id, march(9), value=1, note="strong")
        anna.made(f"/challenges/{challenge_id}/pause", {"from": march(10)})
        before = anna.get(f"/challenges/{challenge_id}")
        entries = anna.got(f"/challenges/{challenge_id}/log")
        anna.delete(f"/challenges/{challenge_id}")

        restored = anna.post(f"/challenges/{challenge_id}/restore")

        assert (restored.status_code, restored.json()) == (200, before.json())
        assert restored.headers["etag"] == before.headers["etag"]
        assert anna.got(f"/challenges/{challenge_id}/log") == entries
        assert listed(anna) == [before.json()]

    def test_works_until_thirty_days_have_passed(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}")

        clock.pass_(days=30, seconds=-1)

        assert anna.made(f"/challenges/{challenge_id}/restore")["id"] == challenge_id

    def test_comes_too_late_after_thirty_days(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}")

        clock.pass_(days=30)

        assert refusal(anna.post(f"/challenges/{challenge_id}/restore")) == NOT_FOUND

    def test_counts_from_the_last_time_it_was_deleted(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = anna.starts()
        for _ in range(2):
            anna.delete(f"/challenges/{challenge_id}")
            clock.pass_(days=20)
            restored = anna.made(f"/challenges/{challenge_id}/restore")

        assert restored["id"] == challenge_id

    def test_refuses_one_that_lives(self, anna: Client) -> None:
        assert refusal(anna.post(f"/challenges/{anna.starts()}/restore")) == (409, "not_deleted")

    def test_knows_only_mine(self, anna: Client, boris: Client) -> None:
        living, deleted = anna.starts(), anna.starts()
        anna.delete(f"/challenges/{deleted}")

        for challenge_id in (living, deleted, 10**6):
            assert refusal(boris.post(f"/challenges/{challenge_id}/restore")) == NOT_FOUND
        assert anna.made(f"/challenges/{deleted}/restore")["id"] == deleted


class TestPruning:
    @pytest.mark.parametrize("days", [29, 31])
    @pytest.mark.parametrize("writes", ["start", "delete"])
    def test_removes_for_good_what_was_deleted_long_ago(
        self, anna: Client, clock: FrozenClock, days: int, writes: str
    ) -> None:
        old, other = anna.starts("Old"), anna.starts("Other")
        anna.delete(f"/challenges/{old}")
        clock.pass_(days=days)

        if writes == "start":
            anna.starts("New")
        else:
            anna.delete(f"/challenges/{other}")

        was_there = anna.delete(f"/challenges/{old}", params={"forever": "true"}).status_code == 204
        assert was_there == (days < 30)

    def test_leaves_what_others_deleted(self, anna: Client, boris: Client, clock: FrozenClock) -> None:
        old = boris.starts()
        boris.delete(f"/challenges/{old}")
        clock.pass_(days=31)

        anna.starts()

        assert boris.delete(f"/challenges/{old}", params={"forever": "true"}).status_code == 204


class TestBeginEarlier:
    def test_moves_the_first_start_back(self, db: Database, anna: Client, person: Person) -> None:
        challenge_id = anna.starts(start_date="2026-03-05")

        db.write_now(service.begin_earlier, person, challenge_id, date(2026, 3, 1))

        assert anna.got(f"/challenges/{challenge_id}")["first_start_date"] == "2026-03-01"

    @pytest.mark.parametrize("day", [5, 6])
    def test_never_moves_it_forward(self, db: Database, anna: Client, person: Person, day: int) -> None:
        challenge_id = anna.starts(start_date="2026-03-05")
        before = anna.got(f"/challenges/{challenge_id}")

        db.write_now(service.begin_earlier, person, challenge_id, date(2026, 3, day))

        assert anna.got(f"/challenges/{challenge_id}") == before

    def test_knows_only_their_own(self, db: Database, boris: Client, person: Person) -> None:
        challenge_id = boris.starts()

        with pytest.raises(service.ChallengeNotFound):
            db.write_now(service.begin_earlier, person, challenge_id, date(2026, 3, 1))


class TestFindImported:
    def test_finds_living_ones_by_what_their_file_calls_them(self, db: Database, anna: Client, person: Person) -> None:
        fields = {name: value for name, value in COFFEE.items() if name != "start_date"}
        fields |= {"template": None, "first_start_date": date(2026, 3, 1)}
        anna.starts()

        kept, deleted = (
            db.write_now(service.add_challenge, person, fields | {"imported_as": name}).id for name in ("kept", "gone")
        )
        anna.delete(f"/challenges/{deleted}")

        assert db.read_now(service.find_imported, person) == {"kept": kept}

    def test_finds_none_of_others(self, db: Database, boris: Client, person: Person) -> None:
        other = db.read_now(find_person, "boris@example.test")
        fields = {name: value for name, value in COFFEE.items() if name != "start_date"}
        fields |= {"template": None, "first_start_date": date(2026, 3, 1), "imported_as": "theirs"}

        db.write_now(service.add_challenge, other, fields)

        assert db.read_now(service.find_imported, person) == {}


def march(number: int) -> str:
    return f"2026-03-{number:02}"


def listed(person: Client, **query: Any) -> list[JSON]:
    items: list[JSON] = person.got("/challenges", **query)["items"]
    return items


def refused(response: Response) -> list[str]:
    """The fields that a 422 names."""
    assert refusal(response) == (422, "invalid")
    return [error["field"] for error in response.json()["errors"]]


def packed(key: object) -> str:
    """A cursor that holds this."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def walk(person: Client, **query: Any) -> list[int]:
    """The ids of all pages, one after the other."""
    page = person.got("/challenges", **query)
    seen = [item["id"] for item in page["items"]]
    while page["next_cursor"] and len(seen) < 100:
        page = person.got("/challenges", **query, cursor=page["next_cursor"])
        assert page["items"]
        seen += [item["id"] for item in page["items"]]
    return seen


def log(person: Client, challenge_id: int, *days: int) -> None:
    """Tick these days of March."""
    for day in days:
        person.logged(challenge_id, march(day))


def standing(person: Client, challenge_id: int) -> tuple[str, int]:
    challenge = person.got(f"/challenges/{challenge_id}")
    return challenge["status"], challenge["attempt"]


def one_of_each_status(person: Client) -> dict[str, int]:
    ids = {
        "failed": person.starts("a", start_date="2026-03-02", on_miss="fail"),
        "completed": person.starts("b", start_date="2026-03-02", duration_days=3),
        "upcoming": person.starts("c", start_date="2026-04-02"),
        "paused": person.starts("d"),
        "active": person.starts("e"),
        "archived": person.starts("f"),
    }
    person.made(f"/challenges/{ids['paused']}/pause")
    person.made(f"/challenges/{ids['archived']}/archive")
    return ids
