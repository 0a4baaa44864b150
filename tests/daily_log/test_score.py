"""Habit strength: our own cases, worked out from the formula, and the numbers Loop Habit Tracker asserts itself."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction
from math import isfinite
from typing import Any

import pytest

from lifetracker.challenges.rules import Rules, Span
from lifetracker.daily_log.attempts import Logged
from lifetracker.daily_log.progress import Progress
from lifetracker.templates.goal import Goal
from lifetracker.templates.schedule import WEEKDAYS, Daily, Interval, Schedule, Times, Weekday, Weekly
from tests.daily_log.samples import sample

CHECK = Goal("check", "at_least", 1)
TEN_PAGES = Goal("measure", "at_least", 10)
TWO_BEERS = Goal("measure", "at_most", 2)
NO_SUGAR = Goal("measure", "at_most", 0)

DAILY = Daily(type="daily")
DAY = timedelta(days=1)
TODAY = date(2015, 1, 25)


class TestScoreOfACheck:
    def test_is_0_without_entries(self) -> None:
        assert score(None, None, None) == 0

    @pytest.mark.parametrize(("days", "expected"), [(1, 0.051922), (2, 0.101149), (3, 0.147820), (13, 0.5)])
    def test_grows_with_each_day_done(self, days: int, expected: float) -> None:
        assert score(*[1] * days) == near(expected)

    def test_counts_today_as_it_stands(self) -> None:
        assert score(1, None) == near(0.049227)
        assert score(1, 1) == near(0.101149)

    def test_fades_with_each_day_missed(self) -> None:
        assert score(1, None, 0) == near(0.046671)

    def test_begins_with_the_first_entry(self) -> None:
        assert score(None, None, None, 1) == near(0.051922)

    def test_is_kept_by_a_skipped_day(self) -> None:
        assert score(1, "skip", "skip") == near(0.051922)

    def test_begins_at_0_with_a_skipped_day(self) -> None:
        assert score("skip", 1) == near(0.051922)

    def test_is_kept_by_a_paused_day(self) -> None:
        assert score(1, None, None, rests=(Span(june(2), june(3)),)) == near(0.051922)

    def test_is_kept_by_a_paused_day_that_was_done(self) -> None:
        assert score(1, 1, rests=(Span(june(2), june(2)),)) == near(0.051922)

    def test_ends_with_the_challenge(self) -> None:
        assert score(1, None, None, None, duration_days=2) == near(0.049227)

    def test_goes_on_over_all_attempts(self) -> None:
        assert score(1, 1, restarts=(june(2),)) == near(0.101149)
        assert score(1, None, 1, on_miss="restart") == near(0.098593)

    def test_goes_on_between_two_attempts(self) -> None:
        assert score(1, None, None, restarts=(june(3),), duration_days=1) == near(0.046671)

    def test_looks_at_twice_the_days_when_not_daily(self) -> None:
        three_a_week = weekly("mon", "wed", "fri")

        assert score(1, schedule=three_a_week) == near(0.005717)  # 1 of 6 in 14 days
        assert score(1, None, 1, schedule=three_a_week) == near(0.022287)

    def test_forgets_a_check_after_twice_the_days(self) -> None:
        every_second = Interval(type="interval", days=2)  # 1 of 2 in 4 days: the fifth day has none

        assert score(1, None, None, None, schedule=every_second) == near(0.069994)
        assert score(1, None, None, None, None, schedule=every_second) == near(0.067404)

    def test_takes_no_more_than_was_asked(self) -> None:
        once_a_week = Times(type="times", count=1, per="week")

        twice, four_times = score(1, 1, schedule=once_a_week), score(1, 1, 1, 1, schedule=once_a_week)

        assert twice == near(0.029727)
        assert four_times == near(0.068057)

    @pytest.mark.parametrize(
        "every_day",
        [
            DAILY,
            Weekly(type="weekly", days=list(WEEKDAYS)),
            Times(type="times", count=7, per="week"),
            Times(type="times", count=30, per="month"),
            Interval(type="interval", days=1),
        ],
        ids=lambda schedule: schedule.type,
    )
    def test_is_alike_for_all_ways_to_say_every_day(self, every_day: Schedule) -> None:
        assert score(1, 1, None, schedule=every_day) == near(0.095897)

    def test_takes_a_month_for_30_days(self) -> None:
        ten_a_month = Times(type="times", count=10, per="month")

        assert score(1, schedule=ten_a_month) == near(0.001516)  # 1 of 20 in 60 days


class TestScoreOfATarget:
    def test_is_0_without_entries(self) -> None:
        assert score(None, None, goal=TEN_PAGES) == 0

    def test_grows_by_the_part_that_was_reached(self) -> None:
        assert score(10, goal=TEN_PAGES) == near(0.051922)
        assert score(5, goal=TEN_PAGES) == near(0.025961)

    def test_does_not_grow_by_more_than_the_whole(self) -> None:
        assert score(1000, goal=TEN_PAGES) == near(0.051922)

    def test_of_a_week_is_the_sum_of_its_days(self) -> None:
        three_a_week = weekly("mon", "wed", "fri")

        assert score(15, goal=TEN_PAGES, schedule=three_a_week) == near(0.017152)  # 15 of 30
        assert score(15, 15, goal=TEN_PAGES, schedule=three_a_week) == near(0.050867)

    def test_of_a_week_forgets_what_is_seven_days_ago(self) -> None:
        once_a_week = weekly("mon")

        on_sunday = score(10, *[None] * 6, goal=TEN_PAGES, schedule=once_a_week)
        on_monday = score(10, *[None] * 7, goal=TEN_PAGES, schedule=once_a_week)

        assert on_sunday == near(0.131570)
        assert on_monday == near(0.128946)

    def test_is_kept_by_a_skipped_day(self) -> None:
        assert score(10, "skip", goal=TEN_PAGES) == near(0.051922)

    def test_sees_the_smallest_target(self) -> None:
        assert score(0.0000004, goal=Goal("measure", "at_least", 0.0000004)) == near(0.051922)


class TestScoreOfALimit:
    def test_is_1_without_entries(self) -> None:
        assert score(None, goal=TWO_BEERS) == 1
        assert score(None, None, None, goal=TWO_BEERS) == 1

    def test_stays_1_up_to_the_limit(self) -> None:
        assert score(0, 1, 2, goal=TWO_BEERS) == near(1)

    def test_falls_by_the_part_that_is_too_much(self) -> None:
        assert score(3, goal=TWO_BEERS) == near(0.974039)

    def test_falls_no_more_than_by_the_whole(self) -> None:
        assert score(4, goal=TWO_BEERS) == near(0.948078)
        assert score(400, goal=TWO_BEERS) == near(0.948078)

    def test_falls_by_the_whole_on_a_due_day_that_nobody_logged(self) -> None:
        assert score(0, None, 0, goal=TWO_BEERS) == near(0.950773)

    def test_does_not_fall_by_today_that_nobody_logged_yet(self) -> None:
        assert score(0, None, goal=TWO_BEERS) == near(1)

    def test_does_not_fall_by_rest_days(self) -> None:
        assert score(0, None, None, goal=TWO_BEERS, schedule=weekly("mon")) == near(1)

    def test_does_not_fall_by_days_of_a_week_that_nobody_logged(self) -> None:
        three_a_week = Times(type="times", count=3, per="week")

        assert score(0, *[None] * 14, goal=TWO_BEERS, schedule=three_a_week) == near(1)

    def test_does_not_fall_by_days_before_the_first_entry(self) -> None:
        assert score(None, None, 0, goal=TWO_BEERS) == near(1)

    def test_is_kept_by_skipped_and_paused_days(self) -> None:
        assert score(3, "skip", None, 0, goal=TWO_BEERS, rests=(Span(june(3), june(3)),)) == near(0.975387)

    def test_falls_by_a_miss_that_only_moves_the_start(self) -> None:
        moved, counted = (score(3, None, None, goal=TWO_BEERS, on_miss=on_miss) for on_miss in ("restart", "continue"))

        assert moved == counted == near(0.927438)

    def test_falls_by_a_miss_of_an_attempt_before(self) -> None:
        assert score(0, None, 0, goal=TWO_BEERS, on_miss="restart") == near(0.950773)

    def test_of_a_week_is_the_sum_of_its_days(self) -> None:
        twice_a_week = Times(type="times", count=2, per="week")

        assert score(4, goal=TWO_BEERS, schedule=twice_a_week) == near(1)  # 4 of 4
        assert score(4, 1, goal=TWO_BEERS, schedule=twice_a_week) == near(0.992976)

    def test_of_0_is_met_by_0_alone(self) -> None:
        assert score(0, goal=NO_SUGAR) == near(1)
        assert score(0.1, goal=NO_SUGAR) == near(0.948078)
        assert score(0, None, 0, goal=NO_SUGAR) == near(0.950773)

    def test_of_0_forgets_what_has_passed(self) -> None:
        passed = score(0.1, 0.2, 0.3, 0.7, *[0] * 1000, goal=NO_SUGAR, schedule=weekly("mon"))

        assert passed == near(1)

    def test_of_0_forgets_billions_too(self) -> None:
        once_in_30_days = Interval(type="interval", days=30)

        assert score(*[999_999_999.9] * 20, *[0] * 3000, goal=NO_SUGAR, schedule=once_in_30_days) == near(1)

    def test_sees_the_smallest_excess(self) -> None:
        assert score(0.0000004, goal=NO_SUGAR) == near(0.948078)


class TestLoop:
    """Loop Habit Tracker's own numbers: a day back from today, and a raw value that says what the habit's type is."""

    def test_makes_the_same_single_step(self, subtests: pytest.Subtests) -> None:
        for case in loop_cases("compute_cases"):
            with subtests.test(case["source_test"], **case):
                frequency = Fraction(case["frequency"])
                stepped = score_after(case["previous_score"], case["checkmark_value"], frequency.denominator)
                assert stepped == pytest.approx(case["expected"], abs=case["tolerance"])

    def test_has_the_same_scores(self, subtests: pytest.Subtests) -> None:
        cases = {case["id"]: case for case in loop_cases("score_cases")}
        for name, case in cases.items():
            for back, expected in case["expected_scores"]:
                with subtests.test(name, days_ago=back):
                    if case["compare"] == "same_today_score_as_case":
                        assert loop_score(case) == near(loop_score(cases[expected]))
                    else:
                        assert_compares(case, loop_score(case, back), expected)

    def test_has_the_same_best_streaks(self, subtests: pytest.Subtests) -> None:
        for case in loop_cases("streak_cases"):
            with subtests.test(case["id"]):
                best = sorted(
                    loop_progress(case).streaks[: case["limit"]], key=lambda streak: streak.start, reverse=True
                )
                assert [streak.length for streak in best] == case["expected_lengths_newest_first"]
                assert [
                    {
                        "length": streak.length,
                        "start_days_ago": (TODAY - streak.start).days,
                        "end_days_ago": (TODAY - streak.end).days,
                    }
                    for streak in best
                ] == case["derived_ranges"]


def score(*days: float | str | None, goal: Goal = CHECK, schedule: Schedule = DAILY, **rules: Any) -> float:
    """The score on the last of these days, from Monday, June 1 on: a value each, "skip", or None for no entry."""
    log = {
        june(1) + number * DAY: Logged(None, skipped=True) if isinstance(value, str) else Logged(value)
        for number, value in enumerate(days)
        if value is not None
    }
    last = june(1) + (len(days) - 1) * DAY
    return Progress(Rules(1, goal, schedule, june(1), **rules), log, last).score()


def score_after(previous: float, step: float, every: int) -> float:
    """One step from a score that was reached with the same part of the target on so many days."""
    days = 30 * every
    keeps: float = 0.5 ** (every**-0.5 / 13)
    part = previous / (1 - keeps**days)
    values = [part if number % every == 0 else 0 for number in range(days)]
    schedule = Interval(type="interval", days=every)
    return score(*(1e6 * value for value in [*values, step]), goal=Goal("measure", "at_least", 1e6), schedule=schedule)


def weekly(*days: Weekday) -> Weekly:
    return Weekly(type="weekly", days=list(days))


def june(day: int) -> date:
    return date(2026, 6, day)


def near(expected: float) -> Any:
    return pytest.approx(expected, abs=1e-6, rel=0)


def loop_cases(of: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(sample("loop", "score_cases.json").read_text("utf-8"))[of]
    assert cases
    return cases


def assert_compares(case: dict[str, Any], found: float, expected: float) -> None:
    match case["compare"]:
        case "close":
            assert found == pytest.approx(expected, abs=case["tolerance"], rel=0)
        case "greater_than":
            assert found > expected
        case "finite":
            assert isfinite(found)
        case unknown:
            pytest.fail(f"The file compares in a way this test does not know: {unknown}")


def loop_score(case: dict[str, Any], days_ago: int = 0) -> float:
    return loop_progress(case, days_ago).score()


def loop_progress(case: dict[str, Any], days_ago: int = 0) -> Progress:
    is_check = case["habit"]["type"] == "YES_NO"
    log = {TODAY - back * DAY: loop_entry(raw, is_check) for back, raw in case["entries"]}
    rules = Rules(1, loop_goal(case["habit"]), loop_schedule(**case["frequency"]), min(log, default=TODAY))
    return Progress(rules, log, TODAY - days_ago * DAY)


def loop_goal(habit: dict[str, Any]) -> Goal:
    if habit["type"] == "YES_NO":
        return CHECK
    return Goal("measure", "at_most" if habit["target_type"] == "AT_MOST" else "at_least", habit["target_value"])


def loop_schedule(numerator: int, denominator: int) -> Schedule:
    if numerator == denominator:
        return DAILY
    if numerator == 1:
        return Interval(type="interval", days=denominator)
    assert denominator == 7
    return Times(type="times", count=numerator, per="week")


def loop_entry(raw: int, is_check: bool) -> Logged:
    """3 is a skipped day; a check is 0 (no) or 2 (yes), an amount is in thousandths."""
    if raw == 3:
        return Logged(None, skipped=True)
    return Logged(float(raw == 2) if is_check else raw / 1000)
