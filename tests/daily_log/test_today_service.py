"""`/today` and `/stats`, against numbers worked out by hand. The clock stands at Wednesday, 11 March 2026."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.people import Client, FrozenClock, refusal

PAGES: dict[str, Any] = {"kind": "measure", "target": 20, "unit": "pages"}
BEERS: dict[str, Any] = {"kind": "measure", "direction": "at_most", "target": 2}
TWICE_A_WEEK: dict[str, Any] = {"type": "times", "count": 2, "per": "week"}
MONDAYS: dict[str, Any] = {"type": "weekly", "days": ["mon"]}


class TestToday:
    def test_is_empty_for_who_has_nothing(self, anna: Client) -> None:
        assert anna.got("/today") == {"date": "2026-03-11", "time_zone": "UTC", "due": 0, "done": 0, "items": []}

    def test_shows_a_challenge_with_how_it_stands(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-09")
        anna.logged(walk, "2026-03-10")
        logged = anna.logged(walk, "2026-03-11", value=1, note="rainy")
        del logged["progress"]

        assert anna.got("/today")["items"] == [
            {
                "challenge": anna.got(f"/challenges/{walk}"),
                "due": True,
                "outcome": "done",
                "entry": logged,
                "current_streak": 2,
                "streak_unit": "day",
                "period_done": None,
                "period_target": None,
            }
        ]

    def test_counts_items_that_are_due_and_done(self, anna: Client) -> None:
        walk, _, read = anna.starts("Walk"), anna.starts("Swim"), anna.starts("Read", **PAGES)
        anna.starts("Rest", schedule=MONDAYS)
        anna.logged(walk)
        anna.logged(read, value=19)

        today = anna.got("/today")

        assert (today["due"], today["done"], len(today["items"])) == (3, 1, 4)

    def test_follows_the_order_of_the_list(self, anna: Client) -> None:
        walk, swim, read = (anna.starts(title) for title in ("Walk", "Swim", "Read"))
        anna.put("/challenges/order", json={"ids": [read, walk, swim]})

        assert titles(anna.got("/today")) == ["Read", "Walk", "Swim"]

    def test_leaves_out_what_is_archived_deleted_over_or_not_begun(self, anna: Client) -> None:
        archived, deleted = anna.starts("Archived"), anna.starts("Deleted")
        anna.made(f"/challenges/{archived}/archive")
        anna.delete(f"/challenges/{deleted}")
        anna.starts("Over", start_date="2026-03-01", duration_days=10)
        anna.starts("Not begun", start_date="2026-03-12")
        anna.starts("Last day", start_date="2026-03-01", duration_days=11)

        assert titles(anna.got("/today")) == ["Last day"]

    def test_keeps_a_failed_challenge_until_its_end(self, anna: Client, clock: FrozenClock) -> None:
        anna.starts(start_date="2026-03-09", duration_days=3, on_miss="fail")

        assert item(anna.got("/today"))["challenge"]["status"] == "failed"
        clock.set("2026-03-12T12:00")
        assert anna.got("/today")["items"] == []

    def test_keeps_a_challenge_that_began_again(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-01", duration_days=5, on_miss="restart")
        anna.logged(walk, "2026-03-01")
        anna.logged(walk, "2026-03-10")

        challenge = item(anna.got("/today"))["challenge"]

        assert (challenge["attempt"], challenge["start_date"], challenge["end_date"]) == (2, "2026-03-10", "2026-03-14")


class TestOutcomeToday:
    @pytest.mark.parametrize(
        ("promise", "entry", "outcome"),
        [
            ({}, {"value": 1}, "done"),
            ({}, {"value": 0}, "missed"),
            ({}, {"skipped": True}, "skipped"),
            (PAGES, {"value": 5}, "partial"),
            (PAGES, {"value": 20}, "done"),
            (BEERS, {"value": 0}, "done"),
            (BEERS, {"value": 3}, "missed"),
            ({}, {"value": None, "note": "later"}, "open"),
            ({"schedule": MONDAYS}, {"value": 1}, "done"),
        ],
    )
    def test_is_that_of_the_entry(
        self, anna: Client, promise: dict[str, Any], entry: dict[str, Any], outcome: str
    ) -> None:
        anna.logged(anna.starts(**promise), **entry)

        assert item(anna.got("/today"))["outcome"] == outcome

    def test_is_open_while_nothing_is_logged(self, anna: Client) -> None:
        anna.starts()

        shown = item(anna.got("/today"))

        assert (shown["outcome"], shown["due"], shown["entry"]) == ("open", True, None)

    def test_is_rest_on_a_day_that_the_schedule_does_not_name(self, anna: Client) -> None:
        anna.starts(schedule=MONDAYS)

        shown = item(anna.got("/today"))

        assert (shown["outcome"], shown["due"]) == ("rest", False)

    @pytest.mark.parametrize(
        ("start", "outcome"), [("2026-03-11", "open"), ("2026-03-10", "rest"), ("2026-03-09", "open")]
    )
    def test_takes_turns_every_second_day(self, anna: Client, start: str, outcome: str) -> None:
        anna.starts(schedule={"type": "interval", "days": 2}, start_date=start)

        assert item(anna.got("/today"))["outcome"] == outcome

    def test_is_paused_in_a_pause(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-01")
        anna.made(f"/challenges/{walk}/pause")

        shown = item(anna.got("/today"))

        assert (shown["outcome"], shown["due"], shown["challenge"]["status"]) == ("paused", False, "paused")

    def test_is_the_entrys_own_also_in_a_pause(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-01")
        anna.made(f"/challenges/{walk}/pause")
        anna.logged(walk)

        shown = item(anna.got("/today"))

        assert (shown["outcome"], shown["due"]) == ("done", False)

    def test_is_open_again_on_the_day_of_resuming(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-01")
        anna.made(f"/challenges/{walk}/pause", {"from": "2026-03-05"})
        anna.made(f"/challenges/{walk}/resume")

        assert item(anna.got("/today"))["outcome"] == "open"


class TestTimesToday:
    def test_is_open_while_the_week_needs_days(self, anna: Client) -> None:
        gym = anna.starts(schedule=TWICE_A_WEEK, start_date="2026-03-02")
        anna.logged(gym, "2026-03-09")

        shown = item(anna.got("/today"))

        assert (shown["outcome"], shown["due"]) == ("open", True)
        assert (shown["period_done"], shown["period_target"], shown["streak_unit"]) == (1, 2, "week")

    def test_is_rest_once_the_week_has_what_it_needs(self, anna: Client) -> None:
        gym = anna.starts(schedule=TWICE_A_WEEK, start_date="2026-03-02")
        anna.logged(gym, "2026-03-09")
        anna.logged(gym, "2026-03-10")

        shown = item(anna.got("/today"))

        assert (shown["outcome"], shown["due"], shown["period_done"]) == ("rest", False, 2)

    def test_stays_due_when_today_brought_what_was_needed(self, anna: Client) -> None:
        gym = anna.starts(schedule=TWICE_A_WEEK, start_date="2026-03-02")
        anna.logged(gym, "2026-03-10")
        anna.logged(gym, "2026-03-11")

        today = anna.got("/today")

        assert (today["due"], today["done"], item(today)["outcome"]) == (1, 1, "done")

    def test_asks_less_of_a_week_that_began_late(self, anna: Client) -> None:
        anna.starts(schedule={"type": "times", "count": 7, "per": "week"})

        assert item(anna.got("/today"))["period_target"] == 5

    def test_begins_its_week_on_the_persons_day(self, people: Callable[..., Client], clock: FrozenClock) -> None:
        sunday, monday = people("sunday", week_starts_on="sun"), people("monday")
        for person in (sunday, monday):
            gym = person.starts(schedule=TWICE_A_WEEK, start_date="2026-03-01")
            person.logged(gym, "2026-03-08")

        assert item(sunday.got("/today"))["period_done"] == 1
        assert item(monday.got("/today"))["period_done"] == 0

    def test_counts_a_month(self, anna: Client) -> None:
        run = anna.starts(schedule={"type": "times", "count": 10, "per": "month"}, start_date="2026-02-01")
        for day in ("2026-02-28", "2026-03-01", "2026-03-10"):
            anna.logged(run, day)

        shown = item(anna.got("/today"))

        assert (shown["period_done"], shown["period_target"], shown["streak_unit"]) == (2, 10, "month")

    def test_is_rest_on_a_past_day_that_was_not_used(self, anna: Client) -> None:
        gym = anna.starts(schedule=TWICE_A_WEEK, start_date="2026-03-02")
        anna.logged(gym, "2026-03-11")

        assert item(anna.got("/today", date="2026-03-10"))["outcome"] == "rest"


class TestTodayOfAnotherDay:
    def test_shows_the_day_as_it_stood(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-08")
        for day in ("2026-03-08", "2026-03-09", "2026-03-10", "2026-03-11"):
            anna.logged(walk, day)

        today = anna.got("/today", date="2026-03-09")

        assert (today["date"], today["due"], today["done"]) == ("2026-03-09", 1, 1)
        assert (item(today)["current_streak"], item(today)["entry"]["date"]) == (2, "2026-03-09")

    def test_shows_a_day_without_an_entry_as_missed(self, anna: Client) -> None:
        anna.starts(start_date="2026-03-08")

        shown = item(anna.got("/today", date="2026-03-09"))

        assert (shown["outcome"], shown["due"]) == ("missed", True)

    def test_shows_what_was_on_then(self, anna: Client) -> None:
        anna.starts("Over by now", start_date="2026-03-01", duration_days=5)
        anna.starts("Begun since", start_date="2026-03-06")

        assert titles(anna.got("/today", date="2026-03-05")) == ["Over by now"]
        assert titles(anna.got("/today", date="2026-02-28")) == []

    def test_takes_today_for_a_date(self, anna: Client) -> None:
        anna.starts()

        assert anna.got("/today", date="today") == anna.got("/today")

    def test_may_be_tomorrow(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk, "2026-03-11")
        anna.starts("Begins then", start_date="2026-03-12")

        today = anna.got("/today", date="2026-03-12")

        assert (today["date"], titles(today)) == ("2026-03-12", ["Walk", "Begins then"])
        assert [shown["outcome"] for shown in today["items"]] == ["open", "open"]

    @pytest.mark.parametrize("day", ["2026-03-13", "2026-03-15", "2026-03-18"])
    def test_may_be_a_week_ahead_and_holds_nothing_against_anybody(self, anna: Client, day: str) -> None:
        strict = anna.starts("Strict", start_date="2026-03-09", on_miss="restart")
        anna.logged(strict, "2026-03-09")
        anna.logged(strict, "2026-03-10")

        shown = item(anna.got("/today", date=day))

        assert (shown["outcome"], shown["due"], shown["current_streak"]) == ("open", True, 2)
        assert (shown["challenge"]["attempt"], shown["challenge"]["start_date"]) == (1, "2026-03-09")
        assert shown["challenge"]["status"] == "active"

    def test_ahead_counts_what_was_logged_for_tomorrow(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-11")
        anna.logged(walk, "2026-03-11")
        anna.logged(walk, "2026-03-12")

        assert item(anna.got("/today", date="2026-03-14"))["current_streak"] == 2

    def test_ahead_asks_for_what_its_own_week_needs(self, anna: Client) -> None:
        twice = anna.starts(schedule=TWICE_A_WEEK, start_date="2026-03-02")
        for day in ("2026-03-03", "2026-03-05", "2026-03-09"):
            anna.logged(twice, day)

        shown = item(anna.got("/today", date="2026-03-17"))

        assert (shown["current_streak"], shown["period_done"], shown["period_target"]) == (1, 0, 2)
        assert (shown["outcome"], shown["due"]) == ("open", True)

    def test_ahead_shows_what_begins_and_leaves_out_what_is_over_by_then(self, anna: Client) -> None:
        anna.starts("Over by then", start_date="2026-03-09", duration_days=5)
        anna.starts("Begins then", start_date="2026-03-16")
        paused = anna.starts("Paused")
        anna.made(f"/challenges/{paused}/pause", {"from": "2026-03-15"})

        today = anna.got("/today", date="2026-03-16")

        assert [(each["challenge"]["title"], each["outcome"]) for each in today["items"]] == [
            ("Begins then", "open"),
            ("Paused", "paused"),
        ]

    def test_ahead_is_the_same_where_it_was_reckoned_from_what_was_kept(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-01-01")
        for day in range(1, 12):
            anna.logged(walk, f"2026-03-{day:02}")
        anna.got("/today")

        assert item(anna.got("/today", date="2026-03-17"))["current_streak"] == 11

    @pytest.mark.parametrize("day", ["2026-03-19", "2026-04-11", "2999-12-31"])
    def test_is_not_the_eighth_day_ahead(self, anna: Client, day: str) -> None:
        response = anna.get("/today", params={"date": day})

        assert refusal(response) == (422, "date_in_future")
        assert response.json()["today"] == "2026-03-11"
        assert response.json()["errors"][0]["field"] == "date"


class TestWhenTodayChanges:
    def test_is_midnight_where_the_person_is(self, people: Callable[..., Client], clock: FrozenClock) -> None:
        tokyo = people("tokyo", time_zone="Asia/Tokyo")
        los_angeles = people("los", time_zone="America/Los_Angeles")

        clock.set("2026-03-11T14:59")
        assert (date_of(tokyo), date_of(los_angeles)) == ("2026-03-11", "2026-03-11")
        clock.set("2026-03-11T15:00")
        assert (date_of(tokyo), date_of(los_angeles)) == ("2026-03-12", "2026-03-11")
        clock.set("2026-03-12T06:59")
        assert date_of(los_angeles) == "2026-03-11"
        clock.set("2026-03-12T07:00")
        assert date_of(los_angeles) == "2026-03-12"

    def test_is_three_in_the_morning_for_who_starts_late(
        self, people: Callable[..., Client], clock: FrozenClock
    ) -> None:
        owl = people("owl", time_zone="Europe/Moscow", day_starts_at="03:00")
        walk = owl.starts()

        clock.set("2026-03-11T23:59")  # 02:59 there
        assert owl.logged(walk, "today")["date"] == "2026-03-11"
        assert item(owl.got("/today"))["outcome"] == "done"
        clock.set("2026-03-12T00:00")
        assert item(owl.got("/today"))["outcome"] == "open"
        assert owl.logged(walk, "today")["date"] == "2026-03-12"

    def test_follows_the_clock_on_the_day_it_goes_forward(
        self, people: Callable[..., Client], clock: FrozenClock
    ) -> None:
        berlin = people("berlin", time_zone="Europe/Berlin")
        walk = berlin.starts()

        clock.set("2026-03-28T23:00")
        assert berlin.logged(walk)["date"] == "2026-03-29"
        clock.set("2026-03-29T21:59")
        assert berlin.logged(walk)["date"] == "2026-03-29"
        clock.set("2026-03-29T22:00")
        assert berlin.logged(walk)["date"] == "2026-03-30"
        assert berlin.got(f"/challenges/{walk}/stats")["current_streak"] == 2

    def test_follows_the_clock_on_the_day_it_goes_back(self, people: Callable[..., Client], clock: FrozenClock) -> None:
        clock.set("2026-10-24T12:00")
        berlin = people("berlin", time_zone="Europe/Berlin", day_starts_at="03:00")

        clock.set("2026-10-25T01:59")  # 02:59 for the second time
        assert date_of(berlin) == "2026-10-24"
        clock.set("2026-10-25T02:00")
        assert date_of(berlin) == "2026-10-25"

    def test_moves_with_the_person(self, anna: Client, clock: FrozenClock) -> None:
        clock.set("2026-03-11T23:00")
        assert date_of(anna) == "2026-03-11"

        anna.changed("/users/me", {"time_zone": "Asia/Tokyo"})

        today = anna.got("/today")
        assert (today["date"], today["time_zone"]) == ("2026-03-12", "Asia/Tokyo")


class TestStats:
    def test_tells_all_of_a_short_log(self, anna: Client) -> None:
        """Done on 2, 3, 6, 8, 9 and 10 March, a 0 on the 7th, skipped on the 5th, nothing on the 4th."""
        walk = anna.starts(start_date="2026-03-02")
        for day in (2, 3, 6, 8, 9, 10):
            anna.logged(walk, f"2026-03-{day:02}")
        anna.logged(walk, "2026-03-07", value=0)
        anna.logged(walk, "2026-03-05", skipped=True)

        assert anna.got(f"/challenges/{walk}/stats") == {
            "as_of": "2026-03-11",
            "current_streak": 3,
            "best_streak": 3,
            "streak_unit": "day",
            "due": 9,
            "done": 6,
            "partial": 0,
            "missed": 2,
            "skipped": 1,
            "completion_rate": 0.75,
            "score": pytest.approx(strength(1, [1, 1, 0, None, 1, 0, 1, 1, 1, 0]), abs=1e-6),
            "total_value": 6.0,
            "last_done": "2026-03-10",
            "streaks": [
                {"start": "2026-03-08", "end": "2026-03-10", "length": 3},
                {"start": "2026-03-02", "end": "2026-03-03", "length": 2},
                {"start": "2026-03-06", "end": "2026-03-06", "length": 1},
            ],
            "by_weekday": [
                {"weekday": "mon", "due": 2, "done": 2},
                {"weekday": "tue", "due": 2, "done": 2},
                {"weekday": "wed", "due": 1, "done": 0},
                {"weekday": "thu", "due": 1, "done": 0},
                {"weekday": "fri", "due": 1, "done": 1},
                {"weekday": "sat", "due": 1, "done": 0},
                {"weekday": "sun", "due": 1, "done": 1},
            ],
            "by_month": [{"month": "2026-03", "due": 9, "done": 6, "total_value": 6.0}],
        }

    def test_tells_nothing_of_a_log_without_entries(self, anna: Client) -> None:
        walk = anna.starts()

        stats = anna.got(f"/challenges/{walk}/stats")

        assert {name: stats[name] for name in ("due", "done", "missed", "score", "total_value", "best_streak")} == {
            "due": 0, "done": 0, "missed": 0, "score": 0.0, "total_value": 0.0, "best_streak": 0,
        }  # fmt: skip
        assert (stats["completion_rate"], stats["last_done"]) == (None, None)
        assert (stats["streaks"], stats["by_month"]) == ([], [])

    def test_tells_nothing_before_a_start_that_was_moved_past_its_entries(self, anna: Client) -> None:
        read = anna.starts(**PAGES, start_date="2026-03-02")
        anna.logged(read, "2026-03-03", value=20)
        anna.changed(f"/challenges/{read}", {"start_date": "2026-03-06"})

        before = anna.got(f"/challenges/{read}/stats", as_of="2026-03-05")

        assert (before["total_value"], before["last_done"], before["by_month"]) == (0.0, None, [])
        assert anna.got(f"/challenges/{read}/stats")["total_value"] == 20.0

    def test_adds_up_amounts_by_month(self, anna: Client) -> None:
        read = anna.starts(**PAGES, start_date="2026-02-27")
        for day, value in (("2026-02-27", 20), ("2026-02-28", 12.5), ("2026-03-01", 0), ("2026-03-10", 30.1)):
            anna.logged(read, day, value=value)

        stats = anna.got(f"/challenges/{read}/stats")

        assert (stats["due"], stats["done"], stats["partial"], stats["missed"]) == (12, 2, 1, 9)
        assert stats["total_value"] == 62.6
        assert stats["by_month"] == [
            {"month": "2026-02", "due": 2, "done": 1, "total_value": 32.5},
            {"month": "2026-03", "due": 10, "done": 1, "total_value": 30.1},
        ]

    def test_counts_a_limit_that_nothing_was_logged_for_as_missed(self, anna: Client) -> None:
        beer = anna.starts(**BEERS, start_date="2026-03-07")
        for day, value in (("2026-03-07", 0), ("2026-03-08", 2), ("2026-03-09", 2.5)):
            anna.logged(beer, day, value=value)

        stats = anna.got(f"/challenges/{beer}/stats")

        assert (stats["due"], stats["done"], stats["partial"], stats["missed"]) == (4, 2, 0, 2)
        assert (stats["best_streak"], stats["current_streak"]) == (2, 0)
        limit = [1, 1, 1 - (2.5 - 2) / 2, 0, 1]  # the 10th has no entry; today's sum is 0 as yet
        assert stats["score"] == pytest.approx(strength(1, limit, begin=1.0), abs=1e-6)

    def test_counts_rest_days_neither_way(self, anna: Client) -> None:
        gym = anna.starts(schedule={"type": "weekly", "days": ["mon", "thu"]}, start_date="2026-03-02")
        for day in ("2026-03-02", "2026-03-05", "2026-03-07", "2026-03-09"):
            anna.logged(gym, day)

        stats = anna.got(f"/challenges/{gym}/stats")

        assert (stats["due"], stats["done"], stats["current_streak"]) == (3, 3, 3)
        assert stats["total_value"] == 4  # the 7th was a Saturday: kept, and counted here alone
        assert stats["streaks"] == [{"start": "2026-03-02", "end": "2026-03-09", "length": 3}]

    def test_counts_paused_days_neither_way(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-02")
        anna.logged(walk, "2026-03-02")
        anna.made(f"/challenges/{walk}/pause", {"from": "2026-03-03"})
        anna.made(f"/challenges/{walk}/resume", {"on": "2026-03-10"})
        anna.logged(walk, "2026-03-10")

        stats = anna.got(f"/challenges/{walk}/stats")

        assert (stats["due"], stats["done"], stats["missed"], stats["current_streak"]) == (2, 2, 0, 2)


class TestStatsOfTimes:
    def test_count_weeks(self, anna: Client) -> None:
        """The first week got 2 of 2, the second 1, the running one 1 so far."""
        gym = anna.starts(schedule=TWICE_A_WEEK, start_date="2026-02-23")
        for day in ("2026-02-24", "2026-03-01", "2026-03-04", "2026-03-09"):
            anna.logged(gym, day)

        stats = anna.got(f"/challenges/{gym}/stats")

        assert (stats["due"], stats["done"], stats["missed"], stats["completion_rate"]) == (5, 4, 1, 0.8)
        assert (stats["current_streak"], stats["best_streak"], stats["streak_unit"]) == (0, 1, "week")
        assert stats["streaks"] == [{"start": "2026-02-24", "end": "2026-03-01", "length": 1}]

    def test_lengthen_the_streak_once_the_week_has_what_it_needs(self, anna: Client) -> None:
        gym = anna.starts(schedule=TWICE_A_WEEK, start_date="2026-03-02")
        for day in ("2026-03-02", "2026-03-03", "2026-03-09"):
            anna.logged(gym, day)

        assert anna.got(f"/challenges/{gym}/stats")["current_streak"] == 1
        anna.logged(gym, "2026-03-11")
        assert anna.got(f"/challenges/{gym}/stats")["current_streak"] == 2

    def test_count_months(self, anna: Client) -> None:
        """January got 2 of 3, February 3, March none so far."""
        run = anna.starts(schedule={"type": "times", "count": 3, "per": "month"}, start_date="2026-01-01")
        for day in ("2026-01-10", "2026-01-31", "2026-02-01", "2026-02-02", "2026-02-28"):
            anna.logged(run, day)

        stats = anna.got(f"/challenges/{run}/stats")

        assert (stats["due"], stats["done"], stats["missed"]) == (6, 5, 1)
        assert (stats["current_streak"], stats["streak_unit"]) == (1, "month")
        assert [(month["month"], month["due"], month["done"]) for month in stats["by_month"]] == [
            ("2026-01", 3, 2),
            ("2026-02", 3, 3),
            ("2026-03", 0, 0),
        ]


class TestStatsOverAttempts:
    def test_span_them_all_where_the_contract_says_so(self, anna: Client) -> None:
        """Misses on the 5th and the 8th: three attempts, of 3, 2 and 2 done days."""
        walk = anna.starts(start_date="2026-03-02", duration_days=30, on_miss="restart")
        for day in (2, 3, 4, 6, 7, 9, 10):
            anna.logged(walk, f"2026-03-{day:02}")

        stats = anna.got(f"/challenges/{walk}/stats")

        assert anna.got(f"/challenges/{walk}")["attempt"] == 3
        assert (stats["due"], stats["done"], stats["missed"], stats["completion_rate"]) == (2, 2, 0, 1.0)
        assert (stats["current_streak"], stats["best_streak"]) == (2, 3)
        assert [(streak["start"], streak["length"]) for streak in stats["streaks"]] == [
            ("2026-03-02", 3),
            ("2026-03-09", 2),
            ("2026-03-06", 2),
        ]
        assert (stats["total_value"], stats["last_done"]) == (7, "2026-03-10")
        every_day = [1, 1, 1, 0, 1, 1, 0, 1, 1, 0]
        assert stats["score"] == pytest.approx(strength(1, every_day), abs=1e-6)

    def test_speak_of_the_running_one_after_a_restart_by_hand(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-02")
        for day in (2, 3, 4, 10):
            anna.logged(walk, f"2026-03-{day:02}")
        anna.made(f"/challenges/{walk}/restart", {"start_date": "2026-03-09"})

        stats = anna.got(f"/challenges/{walk}/stats")

        assert (stats["due"], stats["done"], stats["missed"]) == (2, 1, 1)
        assert (stats["best_streak"], stats["total_value"]) == (3, 4)


class TestStatsAsOf:
    def test_tell_how_it_stood(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-02")
        for day in (2, 3, 4, 5):
            anna.logged(walk, f"2026-03-{day:02}")

        stats = anna.got(f"/challenges/{walk}/stats", as_of="2026-03-03")

        assert (stats["as_of"], stats["due"], stats["done"], stats["current_streak"]) == ("2026-03-03", 2, 2, 2)
        assert (stats["last_done"], stats["total_value"]) == ("2026-03-03", 2)

    def test_are_all_0_before_the_start(self, anna: Client) -> None:
        beer = anna.starts(**BEERS, start_date="2026-03-05")
        anna.logged(beer, "2026-03-05", value=1)

        stats = anna.got(f"/challenges/{beer}/stats", as_of="2026-03-04")

        assert [stats[name] for name in ("due", "done", "missed", "current_streak", "best_streak")] == [0] * 5
        assert (stats["score"], stats["total_value"], stats["completion_rate"]) == (0, 0, None)

    def test_are_those_of_today_for_today(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)

        stats = anna.got(f"/challenges/{walk}/stats")
        assert anna.got(f"/challenges/{walk}/stats", as_of="today") == stats
        assert anna.got(f"/challenges/{walk}/stats", as_of="2026-03-11") == stats

    def test_are_refused_for_a_day_to_come(self, anna: Client) -> None:
        response = anna.get(f"/challenges/{anna.starts()}/stats", params={"as_of": "2026-03-12"})

        assert refusal(response) == (422, "date_in_future")
        assert (response.json()["today"], response.json()["errors"][0]["field"]) == ("2026-03-11", "as_of")

    def test_stay_as_they_were_at_the_end(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-02", duration_days=3)
        for day in (2, 3, 4):
            anna.logged(walk, f"2026-03-{day:02}")

        at_end = anna.got(f"/challenges/{walk}/stats", as_of="2026-03-04")
        today = anna.got(f"/challenges/{walk}/stats")

        assert today["current_streak"] == 3
        assert today | {"as_of": None} == at_end | {"as_of": None}

    def test_are_the_same_as_in_the_list(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-03-02")
        for day in (2, 3, 4, 10):
            anna.logged(walk, f"2026-03-{day:02}")

        stats = anna.got(f"/challenges/{walk}/stats")
        listed = anna.got("/challenges", include="stats")["items"][0]["stats"]

        assert listed == {name: stats[name] for name in listed}
        assert listed["best_streak"] == 3


def strength(times_a_day: float, checked: Sequence[float | None], begin: float = 0.0) -> float:
    """Habit strength after these days, worked out anew: a None keeps it."""
    keeps = 0.5 ** (times_a_day**0.5 / 13)
    strength = begin
    for each in checked:
        strength = strength if each is None else strength * keeps + each * (1 - keeps)
    return strength


def item(today: dict[str, Any]) -> dict[str, Any]:
    """The only item."""
    (only,) = today["items"]
    shown: dict[str, Any] = only
    return shown


def titles(today: dict[str, Any]) -> list[str]:
    return [shown["challenge"]["title"] for shown in today["items"]]


def date_of(person: Client) -> str:
    today: str = person.got("/today")["date"]
    return today
