"""Schedules: which are taken, which days they name, and the calendar periods of `times`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lifetracker.templates.schedule import (
    SCHEDULE,
    WEEKDAYS,
    Daily,
    Interval,
    Schedule,
    Times,
    Weekday,
    Weekly,
    days_named,
    frequency,
    names,
    period_of,
    streak_unit,
)

ANY_DAY = st.dates(date(1970, 1, 1), date(2999, 12, 31))
ANY_WEEKDAYS = st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True)
ANY_START: st.SearchStrategy[Literal["mon", "sun"]] = st.sampled_from(("mon", "sun"))
DAILY = Daily(type="daily")
# A Wednesday.
START = date(2026, 3, 11)


def day(number: int) -> date:
    """A day of March 2026."""
    return date(2026, 3, number)


def weekly(*days: Weekday) -> Weekly:
    return Weekly(type="weekly", days=list(days))


def times(count: int, per: Literal["week", "month"]) -> Times:
    return Times(type="times", count=count, per=per)


def interval(days: int) -> Interval:
    return Interval(type="interval", days=days)


class TestSchedule:
    @pytest.mark.parametrize(
        "written",
        [
            {"type": "daily"},
            {"type": "weekly", "days": ["mon"]},
            {"type": "weekly", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            {"type": "times", "count": 1, "per": "week"},
            {"type": "times", "count": 7, "per": "week"},
            {"type": "times", "count": 1, "per": "month"},
            {"type": "times", "count": 30, "per": "month"},
            {"type": "interval", "days": 1},
            {"type": "interval", "days": 365},
        ],
    )
    def test_is_shown_as_it_was_written(self, written: dict[str, Any]) -> None:
        assert SCHEDULE.validate_python(written).model_dump() == written

    def test_puts_its_weekdays_in_order(self) -> None:
        assert weekly("sun", "mon", "thu").days == ["mon", "thu", "sun"]

    @pytest.mark.parametrize(
        ("written", "place", "code"),
        [
            ({}, (), "union_tag_not_found"),
            ({"type": "yearly"}, (), "union_tag_invalid"),
            ({"type": "daily", "days": 2}, ("daily", "days"), "extra_forbidden"),
            ({"type": "weekly"}, ("weekly", "days"), "missing"),
            ({"type": "weekly", "days": []}, ("weekly", "days"), "too_short"),
            ({"type": "weekly", "days": ["mon", "mon"]}, ("weekly", "days"), "repeated"),
            ({"type": "weekly", "days": [*WEEKDAYS, "mon"]}, ("weekly", "days"), "too_long"),
            ({"type": "weekly", "days": ["Mon"]}, ("weekly", "days", 0), "literal_error"),
            ({"type": "weekly", "days": [1]}, ("weekly", "days", 0), "literal_error"),
            ({"type": "weekly", "days": "mon"}, ("weekly", "days"), "list_type"),
            ({"type": "times", "count": 3}, ("times", "per"), "missing"),
            ({"type": "times", "per": "week"}, ("times", "count"), "missing"),
            ({"type": "times", "count": 3, "per": "year"}, ("times", "per"), "literal_error"),
            ({"type": "times", "count": 0, "per": "week"}, ("times", "count"), "greater_than_equal"),
            ({"type": "times", "count": 8, "per": "week"}, ("times", "count"), "too_many_times"),
            ({"type": "times", "count": 31, "per": "month"}, ("times", "count"), "less_than_equal"),
            ({"type": "times", "count": True, "per": "week"}, ("times", "count"), "int_type"),
            ({"type": "times", "count": 3.0, "per": "week"}, ("times", "count"), "int_type"),
            ({"type": "interval"}, ("interval", "days"), "missing"),
            ({"type": "interval", "days": 0}, ("interval", "days"), "greater_than_equal"),
            ({"type": "interval", "days": 366}, ("interval", "days"), "less_than_equal"),
            ({"type": "interval", "days": "2"}, ("interval", "days"), "int_type"),
        ],
    )
    def test_refuses_what_cannot_be(self, written: dict[str, Any], place: tuple[str | int, ...], code: str) -> None:
        with pytest.raises(ValidationError) as refused:
            SCHEDULE.validate_python(written)

        assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [(place, code)]


class TestNames:
    def test_names_every_day_of_a_daily_one(self) -> None:
        assert named(DAILY, START, 3) == [START, day(12), day(13)]

    def test_names_the_weekdays_of_a_weekly_one(self) -> None:
        assert named(weekly("mon", "wed"), START, 8) == [START, day(16), day(18)]

    def test_names_every_day_of_a_period_since_the_person_picks(self) -> None:
        assert named(times(1, "week"), START, 3) == [START, day(12), day(13)]

    def test_names_every_nth_day_from_the_start(self) -> None:
        assert named(interval(3), START, 8) == [START, day(14), day(17)]

    def test_counts_an_interval_across_the_end_of_february(self) -> None:
        assert names(interval(2), date(2028, 3, 1), date(2028, 2, 28))
        assert not names(interval(2), date(2026, 3, 1), date(2026, 2, 28))

    @given(ANY_WEEKDAYS, ANY_DAY)
    def test_names_as_many_days_of_any_seven_as_a_weekly_one_has(self, days: list[Weekday], first: date) -> None:
        assert len(named(weekly(*days), first, 7)) == len(days)

    @given(st.integers(1, 365), ANY_DAY)
    def test_names_the_start_of_an_interval_and_no_day_within_it(self, days: int, start: date) -> None:
        assert named(interval(days), start, days) == [start]


class TestDaysNamed:
    def test_are_from_the_start_to_the_last_day_with_both_in(self) -> None:
        assert list(days_named(DAILY, START, day(13))) == [START, day(12), day(13)]
        assert list(days_named(DAILY, START, START)) == [START]

    def test_are_none_before_the_start(self) -> None:
        assert list(days_named(DAILY, START, day(10))) == []

    @given(
        st.sampled_from([DAILY, weekly("tue", "sun"), times(2, "month"), interval(1), interval(7)]),
        ANY_DAY,
        st.integers(0, 40),
    )
    def test_are_those_that_the_schedule_names(self, schedule: Schedule, start: date, count: int) -> None:
        last = start + timedelta(days=count - 1)

        assert list(days_named(schedule, start, last)) == named(schedule, start, count)

    @given(
        st.sampled_from([DAILY, weekly("tue", "sun"), times(2, "month"), interval(1), interval(7)]),
        ANY_DAY,
        st.integers(0, 40),
        st.integers(-3, 44),
    )
    def test_are_none_before_the_day_to_begin_at(self, schedule: Schedule, start: date, count: int, late: int) -> None:
        last, begin = start + timedelta(days=count - 1), start + timedelta(days=late)

        later = [each for each in named(schedule, start, count) if each >= begin]
        assert list(days_named(schedule, start, last, begin)) == later


class TestFrequency:
    @pytest.mark.parametrize(
        ("written", "pair"),
        [
            ({"type": "daily"}, (1, 1)),
            ({"type": "weekly", "days": ["mon", "thu"]}, (2, 7)),
            ({"type": "weekly", "days": list(WEEKDAYS)}, (1, 1)),
            ({"type": "times", "count": 3, "per": "week"}, (3, 7)),
            ({"type": "times", "count": 7, "per": "week"}, (1, 1)),
            ({"type": "times", "count": 3, "per": "month"}, (3, 30)),
            ({"type": "times", "count": 30, "per": "month"}, (1, 1)),
            ({"type": "interval", "days": 2}, (1, 2)),
            ({"type": "interval", "days": 1}, (1, 1)),
        ],
    )
    def test_is_so_many_times_in_so_many_days(self, written: dict[str, Any], pair: tuple[int, int]) -> None:
        assert frequency(SCHEDULE.validate_python(written)) == pair


class TestStreakUnit:
    def test_is_the_period_of_times_and_else_the_day(self) -> None:
        assert streak_unit(times(3, "week")) == "week"
        assert streak_unit(times(3, "month")) == "month"
        assert streak_unit(DAILY) == "day"
        assert streak_unit(weekly("mon")) == "day"
        assert streak_unit(interval(2)) == "day"


class TestPeriodOf:
    def test_is_a_week_from_monday(self) -> None:
        assert period_of(times(3, "week"), START, "mon") == (day(9), day(15))

    def test_is_a_week_from_sunday(self) -> None:
        assert period_of(times(3, "week"), START, "sun") == (day(8), day(14))

    def test_puts_a_sunday_last_or_first(self) -> None:
        assert period_of(times(3, "week"), day(15), "mon") == (day(9), day(15))
        assert period_of(times(3, "week"), day(15), "sun") == (day(15), day(21))

    def test_lets_a_week_lie_in_two_years(self) -> None:
        assert period_of(times(3, "week"), date(2026, 1, 1), "mon") == (date(2025, 12, 29), date(2026, 1, 4))

    @pytest.mark.parametrize(
        ("within", "last"),
        [
            (date(2026, 2, 11), date(2026, 2, 28)),
            (date(2028, 2, 11), date(2028, 2, 29)),
            (date(2100, 2, 28), date(2100, 2, 28)),
            (date(2026, 4, 30), date(2026, 4, 30)),
            (date(2026, 12, 1), date(2026, 12, 31)),
        ],
    )
    def test_is_a_whole_month(self, within: date, last: date) -> None:
        assert period_of(times(3, "month"), within, "sun") == (within.replace(day=1), last)

    @given(ANY_DAY, st.sampled_from(("week", "month")), ANY_START)
    def test_is_the_same_for_each_of_its_days(self, within: date, per: Literal["week", "month"], start: Any) -> None:
        first, last = period_of(times(1, per), within, start)

        assert first <= within <= last
        assert period_of(times(1, per), first, start) == period_of(times(1, per), last, start) == (first, last)
        assert period_of(times(1, per), last + timedelta(days=1), start)[0] == last + timedelta(days=1)


def named(schedule: Schedule, first: date, days: int) -> list[date]:
    """Which of so many days the schedule names, when it starts on the first."""
    every = [first + timedelta(days=number) for number in range(days)]
    return [each for each in every if names(schedule, each, first)]
