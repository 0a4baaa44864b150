"""Logging days, adding to them, reading and erasing them: the contract's rules, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from lifetracker.core.cursors import write_cursor
from lifetracker.core.db import Database
from lifetracker.core.schemas import MAX_ID
from lifetracker.daily_log import service
from lifetracker.daily_log.schemas import EntryAdd, EntryWrite, RangeQuery
from lifetracker.daily_log.service import EntryNotFound
from lifetracker.users import service as users
from tests.people import Client, FrozenClock, refusal

PAGES: dict[str, Any] = {"kind": "measure", "target": 20, "unit": "pages"}
BEERS: dict[str, Any] = {"kind": "measure", "direction": "at_most", "target": 2}
SINCE_MARCH: dict[str, Any] = {"start_date": "2026-03-01"}


class TestLogDay:
    def test_shows_the_entry_that_it_made(self, anna: Client) -> None:
        walk = anna.starts()

        entry = anna.logged(walk, value=1, note="rainy")

        assert entry == {
            "challenge_id": walk,
            "date": "2026-03-11",
            "value": 1.0,
            "skipped": False,
            "note": "rainy",
            "outcome": "done",
            "created_at": "2026-03-11T12:00:00Z",
            "updated_at": "2026-03-11T12:00:00Z",
            "progress": {
                "current_streak": 1,
                "streak_unit": "day",
                "period_done": None,
                "period_target": None,
                "attempt": 1,
                "status": "active",
            },
        }

    def test_makes_a_check_1_when_nothing_is_sent(self, anna: Client) -> None:
        assert anna.logged(anna.starts())["value"] == 1

    def test_refuses_a_measure_without_a_value(self, anna: Client) -> None:
        read = anna.starts(**PAGES)

        assert refusal(anna.put(f"/challenges/{read}/log/today", json={})) == (422, "missing")
        assert anna.get(f"/challenges/{read}/log/today").status_code == 404

    def test_keeps_the_note_when_a_value_is_sent(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=5, note="on the train")

        entry = anna.logged(read, value=25)

        assert (entry["value"], entry["note"]) == (25, "on the train")

    def test_keeps_the_value_when_a_note_is_sent(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=5)

        entry = anna.logged(read, note="on the train")

        assert (entry["value"], entry["note"]) == (5, "on the train")

    def test_clears_with_null(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=25, note="on the train")

        entry = anna.logged(read, value=None, note=None)

        assert (entry["value"], entry["note"], entry["outcome"]) == (None, None, None)

    def test_counts_a_note_without_a_value_as_no_entry(self, anna: Client) -> None:
        walk = anna.starts()
        assert anna.logged(walk)["progress"]["current_streak"] == 1

        entry = anna.logged(walk, value=None, note="not today")

        assert (entry["note"], entry["outcome"]) == ("not today", None)
        assert entry["progress"]["current_streak"] == 0

    def test_drops_the_value_of_a_skipped_day(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=25)

        entry = anna.logged(read, skipped=True)

        assert (entry["value"], entry["skipped"], entry["outcome"]) == (None, True, "skipped")

    def test_ends_a_skip_with_a_value(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, skipped=True, note="ill")

        entry = anna.logged(read, value=3)

        assert (entry["value"], entry["skipped"], entry["note"]) == (3, False, "ill")
        assert entry["outcome"] == "partial"

    def test_leaves_no_value_when_a_skip_is_taken_back(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk, skipped=True, note="ill")

        entry = anna.logged(walk, skipped=False)

        assert (entry["value"], entry["skipped"], entry["outcome"], entry["note"]) == (None, False, None, "ill")
        assert anna.got("/today")["items"][0]["outcome"] == "open"

    @pytest.mark.parametrize(
        ("promise", "value", "outcome"),
        [
            ({}, 1, "done"),
            ({}, 0, "missed"),
            ({}, 0.5, "partial"),
            (PAGES, 20, "done"),
            (PAGES, 19.999999, "partial"),
            (PAGES, 0, "missed"),
            (BEERS, 0, "done"),
            (BEERS, 2, "done"),
            (BEERS, 2.000001, "missed"),
        ],
    )
    def test_tells_the_outcome(self, anna: Client, promise: dict[str, Any], value: float, outcome: str) -> None:
        assert anna.logged(anna.starts(**promise), value=value)["outcome"] == outcome

    def test_changes_only_its_own_day_and_challenge(self, anna: Client) -> None:
        walk, swim = anna.starts("Walk", **SINCE_MARCH), anna.starts("Swim", **SINCE_MARCH)
        anna.logged(walk, "2026-03-10")
        anna.logged(swim, "2026-03-11")

        anna.logged(walk, "2026-03-11", value=0)

        assert [entry["value"] for entry in anna.got(f"/challenges/{walk}/log")["items"]] == [1, 0]
        assert [entry["value"] for entry in anna.got(f"/challenges/{swim}/log")["items"]] == [1]

    def test_moves_updated_at_with_a_change(self, anna: Client, clock: FrozenClock) -> None:
        walk = anna.starts()
        anna.logged(walk)
        clock.set("2026-03-11T13:00")

        entry = anna.logged(walk, value=0)

        assert (entry["created_at"], entry["updated_at"]) == ("2026-03-11T12:00:00Z", "2026-03-11T13:00:00Z")

    def test_moves_updated_at_even_when_the_clock_was_set_back(self, anna: Client, clock: FrozenClock) -> None:
        walk = anna.starts()
        anna.logged(walk)
        clock.set("2026-03-11T11:00")

        assert anna.logged(walk, value=0)["updated_at"] == "2026-03-11T12:00:00.000001Z"

    def test_keeps_updated_at_when_nothing_changes(self, anna: Client, clock: FrozenClock) -> None:
        walk = anna.starts()
        anna.logged(walk, value=1, note="rainy")
        clock.set("2026-03-11T13:00")

        assert anna.logged(walk, value=1, note="rainy")["updated_at"] == "2026-03-11T12:00:00Z"


class TestDayThatTakesAnEntry:
    def test_is_any_from_the_start_to_the_end(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-05", duration_days=7)

        assert anna.logged(walk, "2026-03-05")["date"] == "2026-03-05"
        assert anna.logged(walk, "2026-03-11")["date"] == "2026-03-11"

    def test_is_not_one_before_the_start(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-05")

        assert refusal(anna.put(f"/challenges/{walk}/log/2026-03-04", json={})) == (422, "before_start")

    def test_is_not_today_before_the_start(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-12")

        assert refusal(anna.put(f"/challenges/{walk}/log/today", json={})) == (422, "before_start")
        assert anna.logged(walk, "2026-03-12")["progress"]["status"] == "upcoming"

    def test_is_not_one_after_the_end(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-05", duration_days=3)

        assert refusal(anna.put(f"/challenges/{walk}/log/2026-03-08", json={})) == (422, "after_end")
        assert refusal(anna.put(f"/challenges/{walk}/log/today", json={})) == (422, "after_end")

    def test_is_not_tomorrow_when_the_end_is_today(self, anna: Client) -> None:
        walk = anna.starts(duration_days=1)

        assert refusal(anna.put(f"/challenges/{walk}/log/2026-03-12", json={})) == (422, "after_end")

    def test_may_be_one_of_a_completed_challenge(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-05", duration_days=3)

        entry = anna.logged(walk, "2026-03-07")

        assert entry["progress"]["status"] == "completed"
        assert entry["progress"]["current_streak"] == 1

    def test_may_be_one_of_a_failed_challenge_and_repairs_it(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-09", duration_days=30, on_miss="fail")

        first = anna.logged(walk, "2026-03-09")
        second = anna.logged(walk, "2026-03-10")

        assert first["progress"]["status"] == "failed"
        assert second["progress"]["status"] == "active"

    def test_reaches_back_over_all_attempts(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-07", duration_days=30, on_miss="restart")
        anna.logged(walk, "2026-03-07")
        assert anna.logged(walk, "2026-03-10")["progress"]["attempt"] == 2
        assert anna.logged(walk, "2026-03-08")["progress"]["attempt"] == 2

        forgotten = anna.logged(walk, "2026-03-09")

        assert forgotten["progress"]["attempt"] == 1
        assert forgotten["progress"]["current_streak"] == 4

    def test_reaches_as_far_as_the_running_attempt(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-06", duration_days=5, on_miss="restart")
        anna.logged(walk, "2026-03-06")

        assert anna.logged(walk, "2026-03-12")["date"] == "2026-03-12"  # it began again, and now ends on the 15th

    def test_may_be_one_of_a_pause(self, anna: Client) -> None:
        walk = anna.starts(**SINCE_MARCH)
        anna.made(f"/challenges/{walk}/pause", {"from": "2026-03-08"})

        entry = anna.logged(walk, "2026-03-09")

        assert (entry["outcome"], entry["progress"]["status"]) == ("done", "paused")

    def test_may_be_one_that_the_schedule_does_not_name(self, anna: Client) -> None:
        gym = anna.starts(schedule={"type": "weekly", "days": ["mon"]})

        assert anna.logged(gym)["outcome"] == "done"

    def test_is_none_of_an_archived_challenge(self, anna: Client) -> None:
        walk = anna.starts()
        anna.made(f"/challenges/{walk}/archive")

        assert refusal(anna.put(f"/challenges/{walk}/log/today", json={})) == (409, "archived")
        assert refusal(anna.post(f"/challenges/{walk}/log/today/add", json={"amount": 1})) == (409, "archived")

    def test_is_one_again_after_unarchiving(self, anna: Client) -> None:
        walk = anna.starts()
        anna.made(f"/challenges/{walk}/archive")
        anna.made(f"/challenges/{walk}/unarchive")

        assert anna.logged(walk)["outcome"] == "done"

    def test_is_none_of_a_deleted_challenge(self, anna: Client) -> None:
        walk = anna.starts()
        anna.delete(f"/challenges/{walk}")

        assert refusal(anna.put(f"/challenges/{walk}/log/today", json={})) == (404, "challenge_not_found")


class TestDayInTheFuture:
    def test_is_refused_with_the_persons_today(self, anna: Client) -> None:
        walk = anna.starts()

        response = anna.put(f"/challenges/{walk}/log/2026-03-13", json={})

        assert refusal(response) == (422, "date_in_future")
        assert response.json()["today"] == "2026-03-11"

    def test_is_let_in_when_it_is_tomorrow(self, anna: Client) -> None:
        assert anna.logged(anna.starts(), "2026-03-12")["date"] == "2026-03-12"

    def test_is_ignored_until_then(self, anna: Client, clock: FrozenClock) -> None:
        walk = anna.starts()
        anna.logged(walk)

        tomorrows = anna.logged(walk, "2026-03-12")

        assert tomorrows["progress"]["current_streak"] == 1
        assert anna.got(f"/challenges/{walk}/stats")["total_value"] == 1
        clock.set("2026-03-12T00:00")
        assert anna.got(f"/challenges/{walk}/stats")["current_streak"] == 2

    def test_depends_on_where_the_person_is(self, people: Callable[..., Client]) -> None:
        far_east = people("kiri", time_zone="Pacific/Kiritimati")
        far_west = people("samo", time_zone="Pacific/Pago_Pago")
        walk, swim = far_east.starts(**SINCE_MARCH), far_west.starts(**SINCE_MARCH)

        assert far_east.logged(walk, "2026-03-13")["date"] == "2026-03-13"
        assert far_west.logged(swim, "today")["date"] == "2026-03-11"
        response = far_west.put(f"/challenges/{swim}/log/2026-03-13", json={})
        assert (refusal(response), response.json()["today"]) == ((422, "date_in_future"), "2026-03-11")


class TestProgressInTheAnswer:
    def test_is_as_of_today_though_another_day_is_logged(self, anna: Client) -> None:
        walk = anna.starts(**SINCE_MARCH)
        anna.logged(walk, "2026-03-09")
        anna.logged(walk, "2026-03-11")

        entry = anna.logged(walk, "2026-03-10")

        assert entry["progress"]["current_streak"] == 3

    def test_counts_the_period_of_a_times_schedule(self, anna: Client) -> None:
        gym = anna.starts(schedule={"type": "times", "count": 3, "per": "week"}, start_date="2026-03-02")
        anna.logged(gym, "2026-03-08")

        entry = anna.logged(gym, "2026-03-09")

        assert entry["progress"] == {
            "current_streak": 0,
            "streak_unit": "week",
            "period_done": 1,
            "period_target": 3,
            "attempt": 1,
            "status": "active",
        }

    def test_lengthens_the_streak_once_the_period_has_what_it_needs(self, anna: Client) -> None:
        gym = anna.starts(schedule={"type": "times", "count": 2, "per": "month"})

        first = anna.logged(gym, "2026-03-11")
        second = anna.logged(gym, "2026-03-12")["progress"]

        assert (first["progress"]["streak_unit"], first["progress"]["current_streak"]) == ("month", 0)
        assert second["period_done"] == 1  # tomorrow is ignored until then

    def test_names_the_attempt(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-05", duration_days=30, on_miss="restart")
        anna.logged(walk, "2026-03-05")

        progress = anna.logged(walk, "2026-03-10")["progress"]

        assert (progress["attempt"], progress["current_streak"], progress["status"]) == (2, 1, "active")


class TestAddToDay:
    def test_begins_from_nothing(self, anna: Client) -> None:
        read = anna.starts(**PAGES)

        entry = anna.made(f"/challenges/{read}/log/today/add", {"amount": 12.5})

        assert (entry["value"], entry["outcome"]) == (12.5, "partial")
        assert entry["progress"]["current_streak"] == 0

    def test_adds_to_what_is_there(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=12, note="on the train")

        entry = anna.made(f"/challenges/{read}/log/today/add", {"amount": 8})

        assert (entry["value"], entry["note"], entry["outcome"]) == (20, "on the train", "done")
        assert entry["progress"]["current_streak"] == 1

    def test_takes_away_a_negative_amount(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=12)

        assert anna.made(f"/challenges/{read}/log/today/add", {"amount": -2})["value"] == 10

    def test_refuses_a_sum_below_0_and_keeps_the_value(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=12)

        assert refusal(anna.post(f"/challenges/{read}/log/today/add", json={"amount": -13})) == (422, "below_zero")
        assert anna.got(f"/challenges/{read}/log/today")["value"] == 12

    def test_refuses_a_sum_above_the_most(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=1e9)

        assert refusal(anna.post(f"/challenges/{read}/log/today/add", json={"amount": 1})) == (422, "above_most")

    def test_ends_a_skip(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, skipped=True)

        entry = anna.made(f"/challenges/{read}/log/today/add", {"amount": 3})

        assert (entry["value"], entry["skipped"]) == (3, False)

    def test_makes_1_of_ten_tenths(self, anna: Client) -> None:
        drink = anna.starts(kind="measure", target=2)
        for _ in range(9):
            anna.made(f"/challenges/{drink}/log/today/add", {"amount": 0.1})

        assert anna.made(f"/challenges/{drink}/log/today/add", {"amount": 0.1})["value"] == 1

    @pytest.mark.parametrize(
        ("day", "code"), [("2026-03-13", "date_in_future"), ("2026-02-28", "before_start"), ("2026-03-12", "after_end")]
    )
    def test_refuses_a_day_that_takes_no_entry(self, anna: Client, day: str, code: str) -> None:
        read = anna.starts(**PAGES, **SINCE_MARCH, duration_days=11)

        assert refusal(anna.post(f"/challenges/{read}/log/{day}/add", json={"amount": 1})) == (422, code)

    def test_is_exact_when_many_threads_add_at_once(self, anna: Client, db: Database) -> None:
        drink = anna.starts(kind="measure", target=2)
        person = db.read_now(users.find_person, "anna@example.test")
        one_tenth = EntryAdd(amount=0.1)

        def add(_: int) -> None:
            db.write_now(service.add_to_day, person, drink, None, one_tenth)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(add, range(40)))

        assert anna.got(f"/challenges/{drink}/log/today")["value"] == 4

    def test_is_exact_when_many_requests_add_at_once(self, anna: Client, app: FastAPI) -> None:
        drink = anna.starts(kind="measure", target=2)
        adding = [("POST", f"/challenges/{drink}/log/today/add", {"json": {"amount": 0.25}})] * 20

        answers = asyncio.run(all_at_once(app, anna, adding))

        assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
        assert max(answer.json()["value"] for answer in answers) == 5

    def test_makes_one_entry_when_many_requests_log_at_once(self, anna: Client, app: FastAPI) -> None:
        walk = anna.starts()
        empty: dict[str, Any] = {"json": {}}

        answers = asyncio.run(all_at_once(app, anna, [("PUT", f"/challenges/{walk}/log/today", empty)] * 10))

        assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
        assert len(anna.got(f"/challenges/{walk}/log")["items"]) == 1


class TestAddOnce:
    def test_adds_once_for_one_key(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        key = {"Idempotency-Key": "train"}

        first = anna.post(f"/challenges/{read}/log/today/add", json={"amount": 5}, headers=key)
        again = anna.post(f"/challenges/{read}/log/today/add", json={"amount": 5}, headers=key)

        assert (first.status_code, first.json()["value"]) == (201, 5)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])

    def test_adds_again_for_another_key(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        path = f"/challenges/{read}/log/today/add"

        anna.made(path, {"amount": 5}, headers={"Idempotency-Key": "train"})

        assert anna.made(path, {"amount": 5}, headers={"Idempotency-Key": "bus"})["value"] == 10

    def test_refuses_a_key_that_was_used_for_another_amount(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        path = f"/challenges/{read}/log/today/add"
        anna.made(path, {"amount": 5}, headers={"Idempotency-Key": "train"})

        response = anna.post(path, json={"amount": 6}, headers={"Idempotency-Key": "train"})

        assert refusal(response) == (422, "idempotency_key_reused")
        assert anna.got(f"/challenges/{read}/log/today")["value"] == 5

    def test_does_not_keep_a_refusal(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        path, key = f"/challenges/{read}/log/today/add", {"Idempotency-Key": "train"}
        assert refusal(anna.post(path, json={"amount": -5}, headers=key)) == (422, "below_zero")
        anna.logged(read, value=20)

        response = anna.post(path, json={"amount": -5}, headers=key)

        assert "Idempotent-Replayed" not in response.headers
        assert response.json()["value"] == 15

    def test_adds_once_when_both_come_at_once(self, anna: Client, app: FastAPI) -> None:
        read = anna.starts(**PAGES)
        twice = {"json": {"amount": 5}, "headers": {"Idempotency-Key": "train"}}
        adding = [("POST", f"/challenges/{read}/log/today/add", twice)] * 4

        answers = asyncio.run(all_at_once(app, anna, adding))

        assert [answer.json()["value"] for answer in answers] == [5, 5, 5, 5]
        assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 3


class TestShowDay:
    def test_shows_the_entry(self, anna: Client) -> None:
        walk = anna.starts(**SINCE_MARCH)
        logged = anna.logged(walk, "2026-03-10", note="rainy")
        del logged["progress"]

        assert anna.got(f"/challenges/{walk}/log/2026-03-10") == logged

    def test_takes_today_for_a_date(self, anna: Client, clock: FrozenClock) -> None:
        walk = anna.starts()
        clock.set("2026-03-14T08:00")
        anna.logged(walk, "today")

        assert anna.got(f"/challenges/{walk}/log/today") == anna.got(f"/challenges/{walk}/log/2026-03-14")

    def test_finds_nothing_where_nothing_was_logged(self, anna: Client) -> None:
        walk = anna.starts()

        assert refusal(anna.get(f"/challenges/{walk}/log/today")) == (404, "entry_not_found")

    def test_shows_an_entry_of_an_archived_challenge(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)
        anna.made(f"/challenges/{walk}/archive")

        assert anna.got(f"/challenges/{walk}/log/today")["outcome"] == "done"

    def test_shows_an_entry_before_a_start_that_was_moved(self, anna: Client) -> None:
        walk = anna.starts(**SINCE_MARCH)
        anna.logged(walk, "2026-03-02")
        anna.changed(f"/challenges/{walk}", {"start_date": "2026-03-10"})

        assert anna.got(f"/challenges/{walk}/log/2026-03-02")["outcome"] == "done"


class TestEraseDay:
    def test_erases_the_entry_once(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)

        assert anna.delete(f"/challenges/{walk}/log/today").status_code == 204
        assert refusal(anna.delete(f"/challenges/{walk}/log/today")) == (404, "entry_not_found")
        assert anna.got(f"/challenges/{walk}/stats")["done"] == 0

    def test_leaves_the_other_days(self, anna: Client) -> None:
        walk = anna.starts(**SINCE_MARCH)
        anna.logged(walk, "2026-03-10")
        anna.logged(walk, "2026-03-11")

        anna.delete(f"/challenges/{walk}/log/2026-03-10")

        assert [entry["date"] for entry in anna.got(f"/challenges/{walk}/log")["items"]] == ["2026-03-11"]

    def test_refuses_an_archived_challenge(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)
        anna.made(f"/challenges/{walk}/archive")

        assert refusal(anna.delete(f"/challenges/{walk}/log/today")) == (409, "archived")

    def test_lets_the_day_be_logged_anew(self, anna: Client, clock: FrozenClock) -> None:
        walk = anna.starts()
        anna.logged(walk, note="rainy")
        anna.delete(f"/challenges/{walk}/log/today")
        clock.set("2026-03-11T13:00")

        entry = anna.logged(walk)

        assert (entry["note"], entry["created_at"]) == (None, "2026-03-11T13:00:00Z")


class TestListLog:
    def test_lists_ascending_by_date(self, anna: Client) -> None:
        walk = anna.starts(**SINCE_MARCH)
        for day in ("2026-03-10", "2026-03-02", "2026-03-12", "2026-03-05"):
            anna.logged(walk, day)

        assert days(anna.got(f"/challenges/{walk}/log")) == ["2026-03-02", "2026-03-05", "2026-03-10", "2026-03-12"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"from": "2026-03-05"}, ["2026-03-05", "2026-03-11", "2026-03-12"]),
            ({"to": "2026-03-05"}, ["2026-03-02", "2026-03-05"]),
            ({"from": "2026-03-03", "to": "2026-03-11"}, ["2026-03-05", "2026-03-11"]),
            ({"from": "2026-03-05", "to": "2026-03-05"}, ["2026-03-05"]),
            ({"from": "2026-03-06", "to": "2026-03-10"}, []),
            ({"from": "today"}, ["2026-03-11", "2026-03-12"]),
            ({"to": "today"}, ["2026-03-02", "2026-03-05", "2026-03-11"]),
            ({"from": "today", "to": "today"}, ["2026-03-11"]),
            ({"from": "1970-01-01", "to": "2999-12-31"}, ["2026-03-02", "2026-03-05", "2026-03-11", "2026-03-12"]),
        ],
    )
    def test_lists_a_range_with_both_its_ends(self, anna: Client, query: dict[str, str], found: list[str]) -> None:
        walk = anna.starts(**SINCE_MARCH)
        for day in ("2026-03-02", "2026-03-05", "2026-03-11", "2026-03-12"):
            anna.logged(walk, day)

        assert days(anna.got(f"/challenges/{walk}/log", **query)) == found

    def test_refuses_a_range_that_ends_before_it_begins(self, anna: Client) -> None:
        walk = anna.starts()
        reversed_range = {"from": "2026-03-11", "to": "2026-03-10"}

        for path in (f"/challenges/{walk}/log", "/daily-log"):
            assert refusal(anna.get(path, params=reversed_range)) == (422, "range_reversed")

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
    def test_gives_everything_once_to_who_follows_the_cursors(self, anna: Client, limit: int) -> None:
        walk = anna.starts(**SINCE_MARCH)
        logged = [f"2026-03-0{day}" for day in range(1, 7)]
        for day in logged:
            anna.logged(walk, day)

        assert [entry["date"] for entry in walked(anna, f"/challenges/{walk}/log", limit)] == logged

    def test_keeps_notes_that_hold_no_value(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk, value=None, note="not today")

        assert [entry["note"] for entry in anna.got(f"/challenges/{walk}/log")["items"]] == ["not today"]


class TestListDailyLog:
    def test_lists_all_challenges_by_date_then_by_challenge(self, anna: Client) -> None:
        walk, swim = anna.starts("Walk", **SINCE_MARCH), anna.starts("Swim", **SINCE_MARCH)
        for challenge_id, day in ((swim, "2026-03-09"), (swim, "2026-03-10"), (walk, "2026-03-10")):
            anna.logged(challenge_id, day)

        items = anna.got("/daily-log")["items"]

        assert [(entry["date"], entry["challenge_id"]) for entry in items] == [
            ("2026-03-09", swim),
            ("2026-03-10", walk),
            ("2026-03-10", swim),
        ]

    def test_leaves_out_deleted_challenges_until_they_are_restored(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)
        anna.delete(f"/challenges/{walk}")

        assert anna.got("/daily-log")["items"] == []
        anna.made(f"/challenges/{walk}/restore")
        assert days(anna.got("/daily-log")) == ["2026-03-11"]

    def test_keeps_archived_challenges(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)
        anna.made(f"/challenges/{walk}/archive")

        assert days(anna.got("/daily-log")) == ["2026-03-11"]

    def test_is_empty_for_who_has_nothing(self, anna: Client) -> None:
        assert anna.got("/daily-log") == {"items": [], "next_cursor": None}

    @pytest.mark.parametrize("limit", [1, 2, 3, 5])
    def test_gives_everything_once_to_who_follows_the_cursors(self, anna: Client, limit: int) -> None:
        walk, swim = anna.starts("Walk", **SINCE_MARCH), anna.starts("Swim", **SINCE_MARCH)
        for day in ("2026-03-09", "2026-03-10", "2026-03-11"):
            for challenge_id in (swim, walk):
                anna.logged(challenge_id, day)

        entries = walked(anna, "/daily-log", limit)

        assert [(entry["date"], entry["challenge_id"]) for entry in entries] == [
            (day, challenge_id) for day in ("2026-03-09", "2026-03-10", "2026-03-11") for challenge_id in (walk, swim)
        ]

    def test_takes_a_range(self, anna: Client) -> None:
        walk = anna.starts(**SINCE_MARCH)
        for day in ("2026-03-09", "2026-03-10", "2026-03-11"):
            anna.logged(walk, day)

        assert days(anna.got("/daily-log", **{"from": "2026-03-10", "to": "today"})) == ["2026-03-10", "2026-03-11"]

    @pytest.mark.parametrize("cursor", ["x", "é", "e30", write_cursor(7), write_cursor((date(2026, 3, 1), 10**30))])
    def test_refuses_a_cursor_that_it_did_not_give(self, anna: Client, cursor: str) -> None:
        anna.logged(anna.starts())

        assert refusal(anna.get("/daily-log", params={"cursor": cursor})) == (422, "invalid")

    def test_takes_the_cursor_of_the_last_id_there_can_be(self, anna: Client) -> None:
        anna.logged(anna.starts())

        assert days(anna.got("/daily-log", cursor=write_cursor((date(2026, 3, 10), MAX_ID)))) == ["2026-03-11"]


class TestOthersLog:
    def test_is_not_listed_with_mine(self, anna: Client, boris: Client) -> None:
        anna.logged(anna.starts())

        assert boris.got("/daily-log")["items"] == []
        assert boris.got("/today")["items"] == []

    def test_is_as_if_it_were_not_there(self, anna: Client, boris: Client, subtests: pytest.Subtests) -> None:
        walk = anna.starts()
        anna.logged(walk, note="mine")

        for method, path, body in (
            ("PUT", f"/challenges/{walk}/log/today", {}),
            ("POST", f"/challenges/{walk}/log/today/add", {"amount": 1}),
            ("GET", f"/challenges/{walk}/log/today", None),
            ("DELETE", f"/challenges/{walk}/log/today", None),
            ("GET", f"/challenges/{walk}/log", None),
            ("GET", f"/challenges/{walk}/stats", None),
        ):
            with subtests.test(method=method, path=path):
                assert refusal(boris.request(method, path, json=body)) == (404, "challenge_not_found")
        assert anna.got(f"/challenges/{walk}/log/today")["note"] == "mine"


class TestUnitsOfWork:
    """What callers without HTTP rely on."""

    def test_tell_whether_the_entry_is_new(self, anna: Client, db: Database) -> None:
        walk = anna.starts()
        person = db.read_now(users.find_person, "anna@example.test")

        first = db.write_now(service.log_day, person, walk, None, EntryWrite(), None)
        second = db.write_now(service.log_day, person, walk, date(2026, 3, 11), EntryWrite(value=0), None)

        assert (first.created, second.created) == (True, False)
        assert (first.progress["current_streak"], second.progress["current_streak"]) == (1, 0)

    def test_raise_their_refusals(self, anna: Client, db: Database) -> None:
        walk = anna.starts()
        person = db.read_now(users.find_person, "anna@example.test")
        reversed_range = RangeQuery.model_validate({"from": "2026-03-11", "to": "2026-03-10"})

        with pytest.raises(EntryNotFound):
            db.read_now(service.show_day, person, walk, None)
        with pytest.raises(service.RangeReversed):
            db.read_now(service.list_daily_log, person, reversed_range)


def days(page: dict[str, Any]) -> list[str]:
    return [entry["date"] for entry in page["items"]]


def walked(person: Client, path: str, limit: int) -> list[dict[str, Any]]:
    """All items of a list, page by page, each of which must be as long as was asked for."""
    page = person.got(path, limit=limit)
    items: list[dict[str, Any]] = page["items"]
    while page["next_cursor"]:
        assert len(page["items"]) == limit
        page = person.got(path, limit=limit, cursor=page["next_cursor"])
        items += page["items"]
    return items


async def all_at_once(
    app: FastAPI, person: Client, requests: list[tuple[str, str, dict[str, Any]]]
) -> list[httpx2.Response]:
    """The answers to requests that one event loop serves at the same time."""
    transport = httpx2.ASGITransport(app)
    headers = {"Authorization": f"Bearer {person.token}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        return await asyncio.gather(*(client.request(method, path, **sent) for method, path, sent in requests))
