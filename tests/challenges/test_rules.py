"""What a challenge promises and where it stands in its life."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetracker.challenges.rules import Attempt, Rules, Span, attempt_by_hand, day_after, status_of
from lifetracker.templates.goal import Goal
from lifetracker.templates.schedule import Daily

ANY_DAY = st.dates(date(1970, 1, 1), date(2999, 12, 31))


def march(number: int) -> date:
    return date(2026, 3, number)


RULES = Rules(1, Goal("check", "at_least", 1), Daily(type="daily"), first_start=march(2), duration_days=30)


class TestSpan:
    def test_covers_its_first_and_its_last_day(self) -> None:
        span = Span(march(5), march(7))

        assert [number for number in range(1, 12) if span.covers(march(number))] == [5, 6, 7]

    def test_covers_all_that_follows_while_it_is_open(self) -> None:
        span = Span(march(5), None)

        assert not span.covers(march(4))
        assert span.covers(march(5))
        assert span.covers(date(2999, 12, 31))


class TestRules:
    def test_rest_on_each_day_that_any_span_covers(self) -> None:
        rules = RULES._replace(rests=(Span(march(3), march(4)), Span(march(4), march(6)), Span(march(9), None)))

        assert [number for number in range(1, 12) if rules.rests_on(march(number))] == [3, 4, 5, 6, 9, 10, 11]

    def test_end_nowhere_without_a_duration(self) -> None:
        assert RULES._replace(duration_days=None).end_of(march(2)) is None

    def test_end_on_the_day_they_begin_when_they_last_one(self) -> None:
        assert RULES._replace(duration_days=1).end_of(march(2)) == march(2)

    @given(ANY_DAY, st.integers(1, 3650))
    def test_end_after_so_many_days_with_both_ends_in(self, start: date, days: int) -> None:
        end = RULES._replace(duration_days=days).end_of(start)

        assert end is not None
        assert (end - start).days + 1 == days

    @pytest.mark.parametrize(("start", "end"), [(date(2026, 2, 1), date(2026, 3, 2)), (date(2028, 2, 1), march(1))])
    def test_count_the_days_of_february(self, start: date, end: date) -> None:
        assert RULES.end_of(start) == end.replace(year=start.year)


class TestAttemptByHand:
    def test_is_the_first_where_nobody_began_again(self) -> None:
        assert attempt_by_hand(RULES, march(11)) == Attempt(1, march(2), march(31))

    def test_is_the_first_before_the_start(self) -> None:
        assert attempt_by_hand(RULES, march(1)) == Attempt(1, march(2), march(31))

    def test_begins_on_the_latest_day_of_beginning_again(self) -> None:
        rules = RULES._replace(restarts=(march(5), march(9)))

        assert attempt_by_hand(rules, march(11)) == Attempt(3, march(9), date(2026, 4, 7))

    def test_knows_nothing_of_what_comes_later(self) -> None:
        rules = RULES._replace(restarts=(march(5), march(9)))

        assert attempt_by_hand(rules, march(8)).number == 2
        assert attempt_by_hand(rules, march(9)).number == 3

    def test_has_no_end_without_a_duration(self) -> None:
        assert attempt_by_hand(RULES._replace(duration_days=None), march(11)).end is None


class TestStatusOf:
    """The first that fits of archived, failed, completed, upcoming, paused, active."""

    RESTING = RULES._replace(rests=(Span(march(1), None),))
    FAILED = Attempt(1, march(2), march(31), failed=True)
    RUNNING = Attempt(1, march(2), march(31))

    def test_is_archived_before_all_else(self) -> None:
        assert status_of(self.RESTING._replace(archived=True), self.FAILED, date(2026, 5, 1)) == "archived"

    def test_is_failed_though_it_is_over(self) -> None:
        assert status_of(self.RESTING, self.FAILED, date(2026, 5, 1)) == "failed"

    def test_is_completed_from_the_day_after_the_end_though_it_rests(self) -> None:
        assert status_of(self.RESTING, self.RUNNING, date(2026, 4, 1)) == "completed"

    def test_is_upcoming_until_the_day_before_the_start_though_it_rests(self) -> None:
        assert status_of(self.RESTING, self.RUNNING, march(1)) == "upcoming"

    @pytest.mark.parametrize("today", [march(2), march(31)])
    def test_is_paused_while_it_rests_and_runs(self, today: date) -> None:
        assert status_of(self.RESTING, self.RUNNING, today) == "paused"

    @pytest.mark.parametrize("today", [march(2), march(31)])
    def test_is_active_from_the_first_day_to_the_last(self, today: date) -> None:
        assert status_of(RULES, self.RUNNING, today) == "active"

    def test_never_becomes_completed_without_an_end(self) -> None:
        assert status_of(RULES, Attempt(1, march(2), None), date(2999, 12, 31)) == "active"


class TestDayAfter:
    @given(ANY_DAY)
    def test_is_the_next_in_the_calendar(self, day: date) -> None:
        assert day_after(day) - day == timedelta(days=1)
