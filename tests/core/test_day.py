"""What day it is for a person: at the edge of their day, when the clocks change, and where it has odd minutes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from lifetracker.core.day import day_at, is_time_zone
from tests.daily_log.samples import sample

MIDNIGHT = time(0)
A_MOMENT = timedelta(microseconds=1)


class TestDayAt:
    def test_is_the_date_in_the_persons_time_zone(self) -> None:
        instant = utc("2026-06-01 12:00")

        assert day_at(instant, "UTC", MIDNIGHT) == date(2026, 6, 1)
        assert day_at(instant, "Pacific/Kiritimati", MIDNIGHT) == date(2026, 6, 2)  # 14 hours ahead
        assert day_at(utc("2026-06-01 11:00"), "Pacific/Pago_Pago", MIDNIGHT) == date(2026, 6, 1)  # 11 hours behind
        assert day_at(utc("2026-06-01 10:59"), "Pacific/Pago_Pago", MIDNIGHT) == date(2026, 5, 31)

    def test_is_the_same_whatever_zone_the_instant_is_written_in(self) -> None:
        in_tokyo = datetime(2026, 6, 2, 3, 0, tzinfo=timezone(timedelta(hours=9)))

        assert day_at(in_tokyo, "UTC", MIDNIGHT) == date(2026, 6, 1)

    @pytest.mark.parametrize("hours", ["00:00", "00:01", "03:00", "03:30", "11:59", "12:00"])
    def test_changes_exactly_when_the_day_starts(self, hours: str) -> None:
        day_starts_at = time.fromisoformat(hours)
        start = datetime.combine(date(2026, 6, 2), day_starts_at, UTC)

        assert day_at(start - A_MOMENT, "UTC", day_starts_at) == date(2026, 6, 1)
        assert day_at(start, "UTC", day_starts_at) == date(2026, 6, 2)

    def test_lasts_past_midnight_for_who_starts_late(self) -> None:
        assert day_at(utc("2026-01-01 02:59"), "UTC", time(3)) == date(2025, 12, 31)
        assert day_at(utc("2026-03-01 02:59"), "UTC", time(3)) == date(2026, 2, 28)
        assert day_at(utc("2028-03-01 02:59"), "UTC", time(3)) == date(2028, 2, 29)


class TestDayInBerlin:
    """The clock goes from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25."""

    def test_changes_an_hour_earlier_in_summer(self) -> None:
        assert_changes(utc("2026-03-28 23:00"), date(2026, 3, 29), "Europe/Berlin")
        assert_changes(utc("2026-03-29 22:00"), date(2026, 3, 30), "Europe/Berlin")

    def test_changes_an_hour_later_in_winter(self) -> None:
        assert_changes(utc("2026-10-24 22:00"), date(2026, 10, 25), "Europe/Berlin")
        assert_changes(utc("2026-10-25 23:00"), date(2026, 10, 26), "Europe/Berlin")

    def test_starts_after_the_hour_that_is_left_out(self) -> None:
        assert_changes(utc("2026-03-29 01:00"), date(2026, 3, 29), "Europe/Berlin", time(2, 30))
        assert_changes(utc("2026-03-29 01:00"), date(2026, 3, 29), "Europe/Berlin", time(3))

    def test_follows_the_clock_through_the_hour_that_comes_twice(self) -> None:
        half_past_two = time(2, 30)

        assert_changes(utc("2026-10-25 00:30"), date(2026, 10, 25), "Europe/Berlin", half_past_two)
        assert day_at(utc("2026-10-25 01:00"), "Europe/Berlin", half_past_two) == date(2026, 10, 24)
        assert_changes(utc("2026-10-25 01:30"), date(2026, 10, 25), "Europe/Berlin", half_past_two)

    def test_starts_once_when_it_starts_after_the_hour_that_comes_twice(self) -> None:
        assert_changes(utc("2026-10-25 02:00"), date(2026, 10, 25), "Europe/Berlin", time(3))


class TestDayInStJohns:
    def test_changes_at_a_half_hour(self) -> None:
        assert_changes(utc("2026-01-15 03:30"), date(2026, 1, 15), "America/St_Johns")
        assert_changes(utc("2026-07-15 02:30"), date(2026, 7, 15), "America/St_Johns")

    def test_changes_on_the_days_the_clock_does(self) -> None:
        assert_changes(utc("2026-03-09 02:30"), date(2026, 3, 9), "America/St_Johns")
        assert_changes(utc("2026-11-02 03:30"), date(2026, 11, 2), "America/St_Johns")

    def test_came_twice_when_the_clock_went_back_past_midnight(self) -> None:
        assert_changes(utc("2010-11-07 02:30"), date(2010, 11, 7), "America/St_Johns")
        assert day_at(utc("2010-11-07 02:31"), "America/St_Johns", MIDNIGHT) == date(2010, 11, 6)
        assert_changes(utc("2010-11-07 03:30"), date(2010, 11, 7), "America/St_Johns")


class TestDayInApia:
    """Samoa went over the date line: after 2011-12-29 came 2011-12-31."""

    def test_left_one_out(self) -> None:
        assert day_at(utc("2011-12-30 10:00") - A_MOMENT, "Pacific/Apia", MIDNIGHT) == date(2011, 12, 29)
        assert day_at(utc("2011-12-30 10:00"), "Pacific/Apia", MIDNIGHT) == date(2011, 12, 31)

    def test_is_the_day_before_while_the_clock_shows_less_also_there(self) -> None:
        assert day_at(utc("2011-12-30 10:00"), "Pacific/Apia", time(3)) == date(2011, 12, 30)
        assert_changes(utc("2011-12-30 13:00"), date(2011, 12, 31), "Pacific/Apia", time(3))


class TestDayInKathmandu:
    def test_changes_at_a_quarter_past_the_hour(self) -> None:
        assert_changes(utc("2026-06-01 18:15"), date(2026, 6, 2), "Asia/Kathmandu")
        assert_changes(utc("2026-06-01 22:15"), date(2026, 6, 2), "Asia/Kathmandu", time(4))

    def test_changed_at_the_half_hour_before_1986(self) -> None:
        assert_changes(utc("1985-06-01 18:30"), date(1985, 6, 2), "Asia/Kathmandu")


class TestTimeZone:
    @pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
    def test_is_one_by_its_iana_name(self, name: str) -> None:
        assert is_time_zone(name)

    @pytest.mark.parametrize("name", ["", "Berlin", "+02:00", "localtime", "Factory", "../../etc/passwd", "Europe"])
    def test_is_nothing_else(self, name: str) -> None:
        assert not is_time_zone(name)


class TestLoop:
    """Loop Habit Tracker's own day boundaries."""

    def test_is_on_the_same_day(self, subtests: pytest.Subtests) -> None:
        for case in loop_cases("habit_day_cases"):
            with subtests.test(**case):
                assert loop_day(case) == date.fromisoformat(case["day"])

    def test_begins_the_next_day_at_the_same_time(self, subtests: pytest.Subtests) -> None:
        for case in loop_cases("next_day_starts_cases"):
            with subtests.test(**case):
                assert_next_day_begins(case, utc(case["next_day_starts_at"]))

    def test_waits_as_long_for_the_next_day(self, subtests: pytest.Subtests) -> None:
        for case in loop_cases("milliseconds_until_next_day_cases"):
            with subtests.test(**case):
                assert_next_day_begins(case, utc(case["local_time"]) + timedelta(milliseconds=case["ms"]))


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def assert_changes(at: datetime, to: date, time_zone: str, day_starts_at: time = MIDNIGHT) -> None:
    """It is `to` from this instant on, and was the day before until then."""
    assert day_at(at - A_MOMENT, time_zone, day_starts_at) == to - timedelta(days=1)
    assert day_at(at, time_zone, day_starts_at) == to


def loop_cases(of: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(sample("loop", "day_start_cases.json").read_text("utf-8"))[of]
    assert cases
    return cases


def loop_day(case: dict[str, Any]) -> date:
    return day_at(utc(case["local_time"]), "UTC", time.fromisoformat(case["offset"]))


def assert_next_day_begins(case: dict[str, Any], at: datetime) -> None:
    assert_changes(at, loop_day(case) + timedelta(days=1), "UTC", time.fromisoformat(case["offset"]))
