"""The contract's rules for progress, one clause a test. The log is a line of letters, see `progress`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from lifetracker.challenges.rules import Rules, Span
from lifetracker.daily_log.attempts import Logged
from lifetracker.daily_log.progress import Progress, Streak, Tally
from lifetracker.templates.goal import Goal
from lifetracker.templates.schedule import Daily, Interval, Schedule, Times, Weekday, Weekly

CHECK = Goal("check", "at_least", 1)
TEN_PAGES = Goal("measure", "at_least", 10)
TWO_BEERS = Goal("measure", "at_most", 2)

DAILY = Daily(type="daily")
THREE_A_WEEK = Times(type="times", count=3, per="week")
FULL_WEEK = "xxx...."


class TestToday:
    def test_finds_nothing_before_the_start(self) -> None:
        begins_tomorrow = progress("", as_of=june(1), start=june(2))

        assert begins_tomorrow.tally() == Tally()
        assert begins_tomorrow.tally().completion_rate is None
        assert (begins_tomorrow.current_streak, begins_tomorrow.best_streak) == (0, 0)
        assert begins_tomorrow.score() == 0
        assert not begins_tomorrow.is_due()

    def test_finds_a_limit_at_0_before_the_start(self) -> None:
        begins_tomorrow = progress("", as_of=june(1), start=june(2), goal=TWO_BEERS)

        assert begins_tomorrow.score() == 0

    def test_ignores_entries_after_it(self) -> None:
        on_the_third = progress("xxxxxx", as_of=june(3))

        assert on_the_third.tally() == Tally(due=3, done=3)
        assert on_the_third.best_streak == 3
        assert on_the_third.total_value() == 3
        assert on_the_third.last_done() == june(3)

    def test_does_not_break_the_streak_while_open(self) -> None:
        assert progress("xx.").current_streak == 2

    def test_does_not_break_the_streak_while_partial(self) -> None:
        assert progress("xx/", goal=TEN_PAGES).current_streak == 2

    def test_does_not_break_the_streak_when_it_is_over_a_limit(self) -> None:
        assert amounts(0, 1, 5, goal=TWO_BEERS).current_streak == 2

    def test_is_not_counted_while_open(self) -> None:
        assert progress("xx.").tally() == Tally(due=2, done=2)

    def test_is_not_counted_while_partial(self) -> None:
        assert progress("xx/", goal=TEN_PAGES).tally() == Tally(due=2, done=2)

    def test_is_not_counted_while_it_falls_short_with_a_0(self) -> None:
        assert progress("xxo").tally() == Tally(due=2, done=2)

    def test_is_counted_once_done(self) -> None:
        assert progress("xxx").tally() == Tally(due=3, done=3)
        assert progress("xxx").current_streak == 3

    def test_is_counted_once_skipped(self) -> None:
        assert progress("xxs").tally() == Tally(due=3, done=2, skipped=1)
        assert progress("xxs").current_streak == 2

    def test_does_not_fail_a_challenge(self) -> None:
        assert not progress("xxo", on_miss="fail").attempt.failed

    def test_does_not_restart_a_challenge(self) -> None:
        assert progress("xxo", on_miss="restart").attempt.number == 1

    def test_asks_for_something_also_when_it_is_done_already(self) -> None:
        assert progress("xx.").is_due()
        assert progress("xxx").is_due()


class TestOutcome:
    @pytest.mark.parametrize(
        ("value", "tally"),
        [
            (10, Tally(due=1, done=1)),
            (10.5, Tally(due=1, done=1)),
            (9.9, Tally(due=1, partial=1)),
            (0.1, Tally(due=1, partial=1)),
            (0, Tally(due=1, missed=1)),
        ],
    )
    def test_of_a_target_is_done_partial_or_missed(self, value: float, tally: Tally) -> None:
        assert yesterday(Logged(value), goal=TEN_PAGES).tally() == tally

    @pytest.mark.parametrize(
        ("value", "tally"),
        [
            (0, Tally(due=1, done=1)),
            (2, Tally(due=1, done=1)),
            (2.1, Tally(due=1, missed=1)),
        ],
    )
    def test_of_a_limit_is_done_or_missed(self, value: float, tally: Tally) -> None:
        assert yesterday(Logged(value), goal=TWO_BEERS).tally() == tally

    def test_of_a_limit_that_nobody_logged_is_a_miss(self) -> None:
        assert yesterday(None, goal=TWO_BEERS).tally() == Tally(due=1, missed=1)

    def test_of_a_limit_of_0_is_done_with_a_0(self) -> None:
        no_sugar = Goal("measure", "at_most", 0)

        assert yesterday(Logged(0), goal=no_sugar).tally() == Tally(due=1, done=1)
        assert yesterday(Logged(0.1), goal=no_sugar).tally() == Tally(due=1, missed=1)

    def test_of_a_skipped_day_is_skipped(self) -> None:
        assert yesterday(Logged(None, skipped=True), goal=TEN_PAGES).tally() == Tally(due=1, skipped=1)

    def test_is_the_entrys_own_on_a_day_that_is_not_due(self) -> None:
        on_a_tuesday = progress("x/", goal=TEN_PAGES, schedule=weekly("mon"))

        assert on_a_tuesday.outcome_of(june(2)) == "partial"
        assert on_a_tuesday.outcome_of(june(3)) is None


class TestDueDay:
    def test_without_an_entry_is_missed_when_it_is_over(self) -> None:
        assert progress("x..").tally() == Tally(due=2, done=1, missed=1)

    def test_is_any_from_start_to_end(self) -> None:
        three_days = progress("xxxxx", duration_days=3)

        assert three_days.tally() == Tally(due=3, done=3)
        assert three_days.attempt.end == june(3)

    def test_is_the_last_one_too(self) -> None:
        assert progress("xx.", duration_days=3).is_due()
        assert not progress("xx..", duration_days=3).is_due()

    def test_is_what_a_weekly_schedule_names(self) -> None:
        mondays_and_thursdays = progress("x..x..." + "x..xx..", schedule=weekly("mon", "thu"))

        assert mondays_and_thursdays.tally() == Tally(due=4, done=4)

    def test_is_every_so_many_days_from_the_start_on(self) -> None:
        every_third = progress("x..x..x", schedule=Interval(type="interval", days=3))

        assert every_third.tally() == Tally(due=3, done=3)

    def test_of_an_interval_is_not_the_day_beside_it(self) -> None:
        a_day_late = progress(".x.", schedule=Interval(type="interval", days=2))

        assert a_day_late.tally() == Tally(due=1, missed=1)

    def test_of_an_interval_counts_from_the_running_attempts_start(self) -> None:
        every_second = Interval(type="interval", days=2)

        from_the_fourth = progress("x.xx.x", schedule=every_second, restarts=(june(4),))

        assert from_the_fourth.tally() == Tally(due=2, done=2)

    def test_is_none_that_a_pause_covers(self) -> None:
        two_paused = progress("x..x", rests=(Span(june(2), june(3)),))

        assert two_paused.tally() == Tally(due=2, done=2)

    def test_comes_again_on_the_day_a_pause_ends(self) -> None:
        until_the_third = (Span(june(2), june(2)),)

        assert not progress("x.", rests=until_the_third).is_due()
        assert progress("x..", rests=until_the_third).is_due()

    def test_is_none_in_a_pause_without_an_end(self) -> None:
        still_paused = progress("x......", rests=(Span(june(2), None),))

        assert still_paused.tally() == Tally(due=1, done=1)
        assert not still_paused.is_due()

    def test_is_not_moved_out_by_a_pause(self) -> None:
        paused_at_the_end = progress("x....x", duration_days=3, rests=(Span(june(2), june(3)),))

        assert paused_at_the_end.attempt.end == june(3)
        assert paused_at_the_end.tally() == Tally(due=1, done=1)

    def test_is_none_at_all_when_all_are_paused(self) -> None:
        assert progress("xx.", rests=(Span(june(1), june(3)),)).tally() == Tally()


class TestEntryOnADayThatIsNotDue:
    def test_adds_to_the_total_and_to_nothing_else(self) -> None:
        read_on_tuesday_too = amounts(10, 7, goal=TEN_PAGES, schedule=weekly("mon"))

        assert read_on_tuesday_too.total_value() == 17
        assert read_on_tuesday_too.tally() == Tally(due=1, done=1)

    def test_neither_lengthens_nor_breaks_a_streak(self) -> None:
        mondays = progress("xx/o.xx" + "x", goal=TEN_PAGES, schedule=weekly("mon"))

        assert mondays.streaks == [Streak(june(1), june(8), 2)]

    def test_adds_to_the_score(self) -> None:
        mondays: dict[str, Any] = {"schedule": weekly("mon"), "goal": TEN_PAGES}

        assert amounts(5, 5, **mondays).score() > amounts(5, 0, **mondays).score()

    def test_is_not_skipped_with_the_rest(self) -> None:
        assert progress("xs", schedule=weekly("mon")).tally() == Tally(due=1, done=1)

    def test_that_is_paused_is_not_counted(self) -> None:
        assert progress("xx", rests=(Span(june(2), june(2)),)).tally() == Tally(due=1, done=1)


class TestStreak:
    def test_runs_over_done_days(self) -> None:
        assert progress("xxxx").current_streak == 4

    def test_is_broken_by_a_missed_day(self) -> None:
        assert progress("xx.xxx").current_streak == 3
        assert progress("xxx..").current_streak == 0

    def test_is_broken_by_a_partial_day(self) -> None:
        assert progress("xx/xxx", goal=TEN_PAGES).current_streak == 3

    def test_is_broken_by_a_0(self) -> None:
        assert progress("xxoxxx").current_streak == 3

    def test_is_neither_lengthened_nor_broken_by_a_skipped_day(self) -> None:
        assert progress("xxsx").streaks == [Streak(june(1), june(4), 3)]

    def test_is_neither_lengthened_nor_broken_by_rest_days(self) -> None:
        assert progress("x..x", schedule=weekly("mon", "thu")).current_streak == 2

    def test_is_neither_lengthened_nor_broken_by_paused_days(self) -> None:
        assert progress("xx..x", rests=(Span(june(3), june(4)),)).current_streak == 3

    def test_begins_and_ends_with_a_done_day(self) -> None:
        assert progress("sxxss.").streaks == [Streak(june(2), june(3), 2)]

    def test_stays_alive_after_the_end(self) -> None:
        over = progress("xxx......", duration_days=3)

        assert over.current_streak == 3

    def test_that_was_broken_at_the_end_stays_broken(self) -> None:
        over = progress("xx.......", duration_days=3)

        assert (over.current_streak, over.best_streak) == (0, 2)

    def test_is_the_best_also_when_it_is_long_over(self) -> None:
        shorter_now = progress("xxxx.xx.xxx")

        assert (shorter_now.current_streak, shorter_now.best_streak) == (3, 4)

    def test_is_longer_once_a_forgotten_day_is_logged(self) -> None:
        assert progress("xx.xx").current_streak == 2
        assert progress("xxxxx").current_streak == 5


class TestStreaks:
    def test_are_the_longest_first(self) -> None:
        assert lengths(progress("x.xxx.xx")) == [3, 2, 1]

    def test_are_the_later_first_among_equals(self) -> None:
        assert progress("xx.x.xx").streaks == [
            Streak(june(6), june(7), 2),
            Streak(june(1), june(2), 2),
            Streak(june(4), june(4), 1),
        ]

    def test_are_no_more_than_ten(self) -> None:
        twelve = progress("xx." + "x." * 11)

        assert lengths(twelve) == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]
        assert twelve.streaks[1].start == june(24)
        assert twelve.streaks[-1].start == june(8)

    def test_are_none_without_a_done_day(self) -> None:
        nothing_done = progress("/o.s.", goal=TEN_PAGES)

        assert nothing_done.streaks == []
        assert nothing_done.best_streak == 0


class TestWeek:
    def test_adds_what_it_needs_to_due_and_done(self) -> None:
        assert three_a_week("xxx....", ".").tally() == Tally(due=3, done=3)

    def test_adds_no_more_than_it_needs(self) -> None:
        assert three_a_week("xxxxxx.", ".").tally() == Tally(due=3, done=3)

    def test_adds_its_shortfall_to_missed(self) -> None:
        assert three_a_week("x......", ".").tally() == Tally(due=3, done=1, missed=2)

    def test_that_runs_adds_only_what_is_done(self) -> None:
        assert three_a_week(FULL_WEEK, "xx.....").tally() == Tally(due=5, done=5)
        assert three_a_week(FULL_WEEK, "x").tally() == Tally(due=4, done=4)
        assert three_a_week(FULL_WEEK, ".").tally() == Tally(due=3, done=3)

    def test_that_runs_adds_no_more_than_it_needs(self) -> None:
        assert three_a_week(FULL_WEEK, "xxxxx").tally() == Tally(due=6, done=6)

    def test_that_runs_lengthens_the_streak_once_it_has_what_it_needs(self) -> None:
        assert three_a_week(FULL_WEEK, "xx.").current_streak == 1
        assert three_a_week(FULL_WEEK, "xx.x").current_streak == 2

    def test_that_runs_never_breaks_the_streak(self) -> None:
        assert three_a_week(FULL_WEEK, FULL_WEEK, ".......").current_streak == 2

    def test_that_fell_short_breaks_the_streak(self) -> None:
        assert three_a_week(FULL_WEEK, FULL_WEEK, "xx.....", "x").current_streak == 0
        assert three_a_week(FULL_WEEK, FULL_WEEK, "xx.....", "xxx").current_streak == 1

    def test_gives_its_first_and_last_done_day_to_the_streak(self) -> None:
        assert three_a_week(".xxx...", "x.x...x", "x").streaks == [Streak(june(2), june(14), 2)]

    def test_has_neither_partial_nor_skipped_days(self) -> None:
        read_a_little = progress("///s...", ".", goal=TEN_PAGES, schedule=THREE_A_WEEK)

        assert read_a_little.tally() == Tally(due=3, missed=3)

    def test_asks_for_nothing_more_once_it_has_what_it_needs(self) -> None:
        assert three_a_week("xx.").is_due()
        assert three_a_week("xxx").is_due()
        assert not three_a_week("xxx.").is_due()
        assert not three_a_week("xxxx").is_due()

    def test_tells_how_far_it_is(self) -> None:
        period = three_a_week(FULL_WEEK, "x.x.").period

        assert period is not None
        assert (period.first, period.last, period.needs, period.done) == (june(8), june(14), 3, (june(8), june(10)))

    def test_is_not_told_of_other_schedules_or_after_the_end(self) -> None:
        assert progress("xxx").period is None
        assert three_a_week("xxx.....", duration_days=7).period is None

    def test_runs_from_monday_or_from_sunday(self) -> None:
        on_three_days: dict[str, Any] = {"start": june(6), "schedule": THREE_A_WEEK}  # a Saturday

        assert needs(progress("..", **on_three_days)) == 1
        assert needs(progress("..", week_starts_on="sun", **on_three_days)) == 3

    def test_from_sunday_keeps_sunday_with_the_days_after_it(self) -> None:
        sunday_to_tuesday: dict[str, Any] = {"start": june(7), "schedule": THREE_A_WEEK}

        assert progress("xxx.....", week_starts_on="sun", **sunday_to_tuesday).streaks == [
            Streak(june(7), june(9), 1),
        ]
        assert progress("xxx.....", week_starts_on="mon", **sunday_to_tuesday).tally() == Tally(due=3, done=3)
        assert progress("xxx.....", week_starts_on="mon", **sunday_to_tuesday).streaks == [
            Streak(june(7), june(7), 1),
        ]


class TestWeekWithFewerDays:
    @pytest.mark.parametrize(("first", "needed"), [(1, 3), (2, 3), (3, 3), (4, 2), (5, 2), (6, 1), (7, 1)])
    def test_needs_fewer_from_the_start_on_rounded_up(self, first: int, needed: int) -> None:
        assert needs(progress(".", start=june(first), schedule=THREE_A_WEEK)) == needed

    @pytest.mark.parametrize(("duration", "needed"), [(7, 3), (5, 3), (4, 2), (3, 2), (2, 1), (1, 1)])
    def test_needs_fewer_until_the_end_rounded_up(self, duration: int, needed: int) -> None:
        assert needs(three_a_week(".", duration_days=duration)) == needed

    def test_never_needs_more_than_its_days(self) -> None:
        every_day = Times(type="times", count=7, per="week")

        assert needs(progress(".", start=june(6), schedule=every_day)) == 2

    def test_is_over_after_the_last_day_within_the_end(self) -> None:
        on_its_last_day = three_a_week("x...", duration_days=4)
        on_the_day_after = three_a_week("x....", duration_days=4)

        assert on_its_last_day.tally() == Tally(due=1, done=1)
        assert on_the_day_after.tally() == Tally(due=2, done=1, missed=1)

    def test_does_not_count_days_after_the_end(self) -> None:
        assert three_a_week("x...xx.", duration_days=4).tally() == Tally(due=2, done=1, missed=1)

    def test_needs_fewer_when_days_are_paused(self) -> None:
        four_paused = three_a_week(".......", ".", rests=(Span(june(1), june(4)),))

        assert four_paused.tally() == Tally(due=2, missed=2)

    def test_needs_fewer_when_days_are_skipped(self) -> None:
        assert three_a_week("ssss...", ".").tally() == Tally(due=2, missed=2)
        assert three_a_week("ssssxx.", ".").tally() == Tally(due=2, done=2)

    def test_is_neutral_when_all_its_days_are_paused(self) -> None:
        one_week_off = three_a_week(FULL_WEEK, ".......", FULL_WEEK, ".", rests=(Span(june(8), june(14)),))

        assert one_week_off.tally() == Tally(due=6, done=6)
        assert one_week_off.streaks == [Streak(june(1), june(17), 2)]

    def test_is_neutral_when_all_its_days_are_skipped(self) -> None:
        ill = three_a_week(FULL_WEEK, "sssssss", FULL_WEEK, ".")

        assert ill.tally() == Tally(due=6, done=6)
        assert ill.current_streak == 2

    def test_does_not_count_what_was_done_in_a_pause(self) -> None:
        first_days_paused = three_a_week("xxx....", ".", rests=(Span(june(1), june(3)),))

        assert first_days_paused.tally() == Tally(due=2, missed=2)


class TestMonth:
    @pytest.mark.parametrize(
        ("first", "needed"),
        [
            (date(2026, 2, 1), 15),
            (date(2026, 2, 15), 8),  # 14 of 28 days, 7.5
            (date(2028, 2, 15), 8),  # 15 of 29 days, 7.8
            (date(2026, 4, 1), 15),
            (date(2026, 4, 15), 8),  # 16 of 30 days, 8
            (date(2026, 5, 1), 15),
            (date(2026, 5, 15), 9),  # 17 of 31 days, 8.2
            (date(2026, 5, 31), 1),
        ],
    )
    def test_needs_its_share_rounded_up(self, first: date, needed: int) -> None:
        fifteen = Times(type="times", count=15, per="month")

        assert needs(progress(".", start=first, schedule=fifteen)) == needed

    @pytest.mark.parametrize(
        ("first", "needed"),
        [(date(2026, 2, 1), 28), (date(2028, 2, 1), 29), (date(2026, 4, 1), 30), (date(2026, 5, 1), 30)],
    )
    def test_never_needs_more_than_its_days(self, first: date, needed: int) -> None:
        thirty = Times(type="times", count=30, per="month")

        assert needs(progress(".", start=first, schedule=thirty)) == needed

    def test_is_what_a_streak_counts(self) -> None:
        twice_a_month = Times(type="times", count=2, per="month")
        february, march, april = "xx" + "." * 26, "x" * 31, "." * 29 + "x"

        in_april = progress(february, march, april, start=date(2026, 2, 1), schedule=twice_a_month)

        assert in_april.streaks == [Streak(date(2026, 2, 1), date(2026, 3, 31), 2)]
        assert in_april.tally() == Tally(due=5, done=5)

    def test_is_broken_by_a_month_that_fell_short(self) -> None:
        twice_a_month = Times(type="times", count=2, per="month")
        february, march, april = "xx" + "." * 26, "x" + "." * 30, "xx"

        in_april = progress(february, march, april, start=date(2026, 2, 1), schedule=twice_a_month)

        assert (in_april.current_streak, in_april.best_streak) == (1, 1)
        assert in_april.tally() == Tally(due=6, done=5, missed=1)


class TestCompletionRate:
    def test_is_done_by_due(self) -> None:
        assert progress("xx..x").tally().completion_rate == 0.6

    def test_leaves_skipped_days_out(self) -> None:
        assert progress("xs.x").tally().completion_rate == pytest.approx(2 / 3)

    def test_counts_a_partial_day_as_not_done(self) -> None:
        assert progress("x/x/.", goal=TEN_PAGES).tally().completion_rate == 0.5

    def test_is_none_when_nothing_was_due(self) -> None:
        assert progress(".").tally().completion_rate is None

    def test_is_none_when_all_was_skipped(self) -> None:
        assert progress("sss").tally().completion_rate is None

    def test_of_weeks_is_by_what_they_needed(self) -> None:
        assert three_a_week("xx.....", "x").tally().completion_rate == 0.75


class TestContinue:
    def test_never_fails_nor_restarts(self) -> None:
        many_missed = progress("x......x", on_miss="continue")

        assert (many_missed.attempt.number, many_missed.attempt.failed) == (1, False)
        assert many_missed.tally() == Tally(due=8, done=2, missed=6)


class TestFail:
    def test_comes_with_the_first_miss(self) -> None:
        assert progress("xx.x", on_miss="fail").attempt.failed

    def test_comes_with_a_partial_day(self) -> None:
        assert progress("xx/x", goal=TEN_PAGES, on_miss="fail").attempt.failed

    def test_comes_with_a_miss_on_the_first_day(self) -> None:
        missed_at_once = progress("..", on_miss="fail")

        assert missed_at_once.attempt.failed
        assert missed_at_once.attempt.start == june(1)

    def test_comes_with_one_miss_more_than_is_allowed(self) -> None:
        assert not progress("x..x", on_miss="fail", allowed_misses=2).attempt.failed
        assert progress("x...x", on_miss="fail", allowed_misses=2).attempt.failed

    def test_does_not_come_with_a_skipped_day(self) -> None:
        assert not progress("xxsx", on_miss="fail").attempt.failed

    def test_stays_until_the_forgotten_day_is_logged(self) -> None:
        assert progress("x.xxx", on_miss="fail").attempt.failed
        assert not progress("xxxxx", on_miss="fail").attempt.failed

    def test_is_still_counted_to_its_end(self) -> None:
        failed = progress("x.xxxx...", on_miss="fail", duration_days=5)

        assert failed.attempt.end == june(5)
        assert failed.tally() == Tally(due=5, done=4, missed=1)
        assert failed.current_streak == 3

    def test_counts_the_shortfall_of_weeks(self) -> None:
        assert not three_a_week("x......", "x", on_miss="fail", allowed_misses=2).attempt.failed
        assert three_a_week(".......", "x", on_miss="fail", allowed_misses=2).attempt.failed

    def test_ends_with_a_restart_by_hand(self) -> None:
        again = progress("x.xx", on_miss="fail", restarts=(june(3),))

        assert (again.attempt.number, again.attempt.failed) == (2, False)


class TestRestart:
    def test_begins_the_day_after_the_miss(self) -> None:
        again = progress("xx.xx", on_miss="restart", duration_days=5)

        assert (again.attempt.number, again.attempt.start, again.attempt.end) == (2, june(4), june(8))
        assert again.tally() == Tally(due=2, done=2)

    def test_begins_the_day_after_a_partial_day(self) -> None:
        assert progress("xx/x", goal=TEN_PAGES, on_miss="restart").attempt.start == june(4)

    def test_begins_the_day_after_the_miss_that_is_one_too_many(self) -> None:
        again = progress("x.x.x.x", on_miss="restart", allowed_misses=2)

        assert (again.attempt.number, again.attempt.start) == (2, june(7))

    def test_waits_while_no_more_are_missed_than_allowed(self) -> None:
        still_the_first = progress("x.x.x", on_miss="restart", allowed_misses=2)

        assert (still_the_first.attempt.number, still_the_first.attempt.start) == (1, june(1))
        assert still_the_first.tally() == Tally(due=5, done=3, missed=2)

    def test_forgets_the_misses_of_the_attempt_before(self) -> None:
        assert progress("x..x.x", on_miss="restart", allowed_misses=1).attempt.number == 2
        assert progress("x..x..x", on_miss="restart", allowed_misses=1).attempt.number == 3

    def test_comes_as_often_as_needed(self) -> None:
        assert progress("x.x.x.x", on_miss="restart").attempt.number == 4

    def test_comes_after_a_miss_on_the_last_day(self) -> None:
        again = progress("xx.x", on_miss="restart", duration_days=3)

        assert (again.attempt.number, again.attempt.start, again.attempt.end) == (2, june(4), june(6))

    def test_comes_no_more_after_the_end(self) -> None:
        completed = progress("xxx....", on_miss="restart", duration_days=3)

        assert (completed.attempt.number, completed.attempt.end) == (1, june(3))

    def test_comes_no_more_once_the_forgotten_day_is_skipped(self) -> None:
        assert progress("xxsx", on_miss="restart").attempt.number == 1

    def test_keeps_the_best_streak_of_all_attempts(self) -> None:
        again = progress("xxx.xx", on_miss="restart")

        assert (again.current_streak, again.best_streak) == (2, 3)
        assert again.streaks == [Streak(june(1), june(3), 3), Streak(june(5), june(6), 2)]

    def test_keeps_score_total_and_last_done_of_all_attempts(self) -> None:
        again = progress("xxx..", on_miss="restart")

        assert again.tally() == Tally()
        assert again.total_value() == 3
        assert again.last_done() == june(3)
        assert again.score() == pytest.approx(progress("xxx..").score())

    def test_moves_the_days_of_an_interval(self) -> None:
        every_third: dict[str, Any] = {"schedule": Interval(type="interval", days=3), "on_miss": "restart"}

        again = progress("x...x..x", **every_third)

        assert (again.attempt.number, again.attempt.start) == (2, june(5))
        assert again.tally() == Tally(due=2, done=2)

    def test_of_weeks_begins_after_the_week(self) -> None:
        again = three_a_week("x......", "x", on_miss="restart")

        assert (again.attempt.number, again.attempt.start) == (2, june(8))
        assert again.tally() == Tally(due=1, done=1)

    def test_of_weeks_begins_after_the_end_date_if_that_is_earlier(self) -> None:
        again = three_a_week("x...x", on_miss="restart", duration_days=4)

        assert (again.attempt.number, again.attempt.start, again.attempt.end) == (2, june(5), june(8))

    def test_of_weeks_uses_as_many_misses_as_are_short(self) -> None:
        assert three_a_week("x......", "x", on_miss="restart", allowed_misses=2).attempt.number == 1
        assert three_a_week("x......", "x......", "x", on_miss="restart", allowed_misses=3).attempt.number == 2


class TestMissBeforeAnythingWasDone:
    def test_only_moves_the_start(self) -> None:
        late = progress("..xx", on_miss="restart", duration_days=3)

        assert (late.attempt.number, late.attempt.start, late.attempt.end) == (1, june(3), june(5))
        assert late.tally() == Tally(due=2, done=2)

    def test_uses_no_miss(self) -> None:
        late = progress("..x.x", on_miss="restart", allowed_misses=1)

        assert (late.attempt.number, late.attempt.start) == (1, june(3))
        assert late.tally() == Tally(due=3, done=2, missed=1)

    def test_may_be_a_partial_day(self) -> None:
        late = progress("//x", goal=TEN_PAGES, on_miss="restart", allowed_misses=3)

        assert (late.attempt.number, late.attempt.start) == (1, june(3))

    def test_moves_the_start_past_skipped_days(self) -> None:
        assert progress("s.sx", on_miss="restart").attempt.start == june(3)

    def test_moves_it_to_today_when_nothing_ever_was_done(self) -> None:
        never_begun = progress(".....", on_miss="restart")

        assert (never_begun.attempt.number, never_begun.attempt.start) == (1, june(5))
        assert never_begun.tally() == Tally()

    def test_moves_the_start_of_a_second_attempt_too(self) -> None:
        again = progress("xx...x", on_miss="restart")

        assert (again.attempt.number, again.attempt.start) == (2, june(6))

    def test_moves_the_start_though_a_day_was_done_that_is_not_due(self) -> None:
        on_mondays = progress(".x", ".....", "x", schedule=weekly("mon"), on_miss="restart")

        assert (on_mondays.attempt.number, on_mondays.attempt.start) == (1, june(2))

    def test_moves_the_start_by_a_week_with_times(self) -> None:
        late = three_a_week(".......", "x", on_miss="restart")

        assert (late.attempt.number, late.attempt.start) == (1, june(8))

    def test_makes_the_next_day_due_with_an_interval(self) -> None:
        every_third: dict[str, Any] = {"schedule": Interval(type="interval", days=3), "on_miss": "restart"}

        assert progress("..", **every_third).attempt.start == june(2)
        assert progress("..", **every_third).is_due()

    def test_moves_nothing_when_misses_have_no_such_consequence(self) -> None:
        assert progress("..x", on_miss="continue").attempt.start == june(1)
        assert progress("..x", on_miss="fail").attempt.start == june(1)


class TestRestartByHand:
    def test_begins_a_new_attempt(self) -> None:
        again = progress("xxxx", restarts=(june(3),), duration_days=10)

        assert (again.attempt.number, again.attempt.start, again.attempt.end) == (2, june(3), june(12))
        assert again.tally() == Tally(due=2, done=2)

    def test_begins_each_time_a_new_one(self) -> None:
        assert progress("xxxx", restarts=(june(2), june(4))).attempt.number == 3

    def test_counts_after_the_attempts_that_misses_began(self) -> None:
        again = progress("x.xxx", on_miss="restart", restarts=(june(5),))

        assert (again.attempt.number, again.attempt.start) == (3, june(5))

    def test_is_not_yet_there_on_a_day_before_it(self) -> None:
        assert progress("xxxx", as_of=june(2), restarts=(june(3),)).attempt.number == 1

    def test_ends_the_streak_but_not_the_best_one(self) -> None:
        again = progress("xxxxx", restarts=(june(4),))

        assert (again.current_streak, again.best_streak) == (2, 3)

    def test_begins_again_after_the_end(self) -> None:
        again = progress("xxx..xx", restarts=(june(6),), duration_days=3)

        assert (again.attempt.number, again.attempt.end) == (2, june(8))
        assert again.tally() == Tally(due=2, done=2)

    def test_stands_for_the_one_a_miss_would_have_made_on_that_day(self) -> None:
        again = progress("x.x", on_miss="restart", restarts=(june(3),))

        assert (again.attempt.number, again.attempt.start) == (2, june(3))

    def test_cuts_the_week_of_both_attempts(self) -> None:
        on_thursday = three_a_week("xx.xx..", ".", restarts=(june(4),))

        assert on_thursday.tally() == Tally(due=2, done=2)  # 4 of 7 days
        assert on_thursday.streaks == [Streak(june(4), june(5), 1), Streak(june(1), june(2), 1)]


class TestTotals:
    def test_add_up_all_values(self) -> None:
        assert amounts(0.1, 0.2, 0, goal=TEN_PAGES).total_value() == 0.3

    def test_name_the_last_done_day(self) -> None:
        assert progress("xx./", goal=TEN_PAGES).last_done() == june(2)
        assert progress("../", goal=TEN_PAGES).last_done() is None

    def test_count_by_weekday(self) -> None:
        two_mondays = progress("x......" + "../x")

        by_weekday = two_mondays.by_weekday()

        assert list(by_weekday) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        assert by_weekday["mon"] == Tally(due=2, done=1)
        assert by_weekday["thu"] == Tally(due=2, done=1)
        assert by_weekday["sun"] == Tally(due=1)

    def test_count_by_weekday_only_what_is_due(self) -> None:
        by_weekday = progress("xxxx", schedule=weekly("mon"), duration_days=3).by_weekday()

        assert by_weekday["mon"] == Tally(due=1, done=1)
        assert by_weekday["tue"] == Tally()

    def test_count_by_weekday_nothing_after_the_end(self) -> None:
        by_weekday = three_a_week("xx..x", duration_days=4).by_weekday()

        assert by_weekday["mon"] == Tally(due=1, done=1)
        assert by_weekday["fri"] == Tally()

    def test_count_by_month(self) -> None:
        over_two_months = progress("xx.x", start=date(2026, 5, 30))

        assert over_two_months.by_month() == [
            ("2026-05", Tally(due=2, done=2), 2.0),
            ("2026-06", Tally(due=2, done=1, missed=1), 1.0),
        ]


def progress(
    *days: str,
    start: date = date(2026, 6, 1),
    goal: Goal = CHECK,
    schedule: Schedule = DAILY,
    as_of: date | None = None,
    **rules: Any,
) -> Progress:
    """A letter a day from the start on, the last of them today: x done, / partial, o a 0, s skipped, . no entry."""
    values = {"x": Logged(goal.target), "/": Logged(goal.target / 2), "o": Logged(0), "s": Logged(None, skipped=True)}
    letters = "".join(days)
    log = {start + timedelta(days=number): values[letter] for number, letter in enumerate(letters) if letter != "."}
    today = as_of or start + timedelta(days=len(letters) - 1)
    return Progress(Rules(1, goal, schedule, start, **rules), log, today)


def three_a_week(*weeks: str, **rules: Any) -> Progress:
    return progress(*weeks, schedule=THREE_A_WEEK, **rules)


def amounts(*values: float, goal: Goal, schedule: Schedule = DAILY) -> Progress:
    """A value a day from June 1 on, the last of them today."""
    log = {june(number): Logged(value) for number, value in enumerate(values, 1)}
    return Progress(Rules(1, goal, schedule, june(1)), log, june(len(values)))


def yesterday(entry: Logged | None, goal: Goal) -> Progress:
    return Progress(Rules(1, goal, DAILY, june(1)), {june(1): entry} if entry else {}, june(2))


def weekly(*days: Weekday) -> Weekly:
    return Weekly(type="weekly", days=list(days))


def june(day: int) -> date:
    """June 1, 2026 is a Monday."""
    return date(2026, 6, day)


def needs(progress: Progress) -> int:
    period = progress.period
    assert period is not None
    return period.needs


def lengths(progress: Progress) -> list[int]:
    return [streak.length for streak in progress.streaks]
