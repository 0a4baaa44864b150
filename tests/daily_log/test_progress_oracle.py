"""Progress against the slow reading of the contract in `oracle`, over whatever challenges hypothesis thinks of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifetracker.challenges.rules import Rules, Span
from lifetracker.daily_log.attempts import Logged
from lifetracker.daily_log.progress import Progress
from lifetracker.templates.goal import Goal
from lifetracker.templates.schedule import WEEKDAYS, Daily, Interval, Schedule, Times, Weekly
from tests.daily_log import oracle
from tests.thoroughness import examples

Case = tuple[Rules, dict[date, Logged], date]

SKIPPED = Logged(None, skipped=True)
MOODS = ["d", "dddddd-", "ddds-", "ddp-", "d-", "dm", "dpms-", "-----d", "dss"]  # one letter is drawn for each day


class TestProgress:
    @settings(max_examples=examples(280), deadline=None)
    @given(st.data())
    def test_agrees_with_the_contract_day_by_day(self, data: st.DataObject) -> None:
        assert_agree(*data.draw(cases(daily() | weekly() | interval(), days=50)))

    @settings(max_examples=examples(160), deadline=None)
    @given(st.data())
    def test_agrees_with_the_contract_on_weeks(self, data: st.DataObject) -> None:
        assert_agree(*data.draw(cases(times("week", 7), days=70)))

    @settings(max_examples=examples(80), deadline=None)
    @given(st.data())
    def test_agrees_with_the_contract_on_months(self, data: st.DataObject) -> None:
        assert_agree(*data.draw(cases(times("month", 30), days=130)))


class TestLookAhead:
    """As if a day ahead were today, and no day between were over."""

    @settings(max_examples=examples(200), deadline=None)
    @given(st.data())
    def test_agrees_with_the_contract_by_days(self, data: st.DataObject) -> None:
        case = data.draw(cases(daily() | weekly() | interval(), days=50))
        assert_agree_ahead(*case, data.draw(st.integers(1, 7)))

    @settings(max_examples=examples(200), deadline=None)
    @given(st.data())
    def test_agrees_with_the_contract_by_periods(self, data: st.DataObject) -> None:
        case = data.draw(cases(times("week", 7) | times("month", 30), days=130))
        assert_agree_ahead(*case, data.draw(st.integers(1, 7)))

    @given(st.data())
    def test_never_breaks_a_streak_nor_begins_again(self, data: st.DataObject) -> None:
        rules, log, today = data.draw(cases(daily() | weekly() | interval() | times("week", 7), days=50))
        so_far = {day: entry for day, entry in log.items() if day < today}
        now = Progress(rules, so_far, today)

        for days in range(1, 8):
            ahead = Progress(rules, so_far, today + timedelta(days=days), today=today)
            if not set(rules.restarts) & {today + timedelta(days=each) for each in range(1, 8)}:
                assert (ahead.attempt, ahead.current_streak) == (now.attempt, now.current_streak)


class TestStanding:
    """Going on from how a challenge stood on any day before comes to the same as walking all of its days."""

    @settings(max_examples=examples(200), deadline=None)
    @given(st.data())
    def test_is_gone_on_from_by_days(self, data: st.DataObject) -> None:
        case = data.draw(cases(daily() | weekly() | interval(), days=50))
        assert_goes_on(*case, data.draw(st.integers(0, 60)))

    @settings(max_examples=examples(200), deadline=None)
    @given(st.data())
    def test_is_gone_on_from_by_periods(self, data: st.DataObject) -> None:
        case = data.draw(cases(times("week", 7) | times("month", 30), days=130))
        assert_goes_on(*case, data.draw(st.integers(0, 140)))


def assert_agree_ahead(rules: Rules, log: dict[date, Logged], today: date, days: int) -> None:
    day = today + timedelta(days=days)
    expected = asdict(oracle.standing(rules, log, day, today))
    since = Progress(rules, log, today).standing()

    whole = shown(Progress(rules, log, day, today=today))
    assert {**whole, "score": 0} == {**expected, "score": 0}  # which nobody asks for a day to come
    if since.open_from <= today:
        recent = {each: entry for each, entry in log.items() if each >= since.open_from}
        gone_on = Progress(rules, recent, day, since, today)
        assert (gone_on.attempt.start, gone_on.current_streak) == (whole["start"], whole["current_streak"])
        assert (gone_on.is_due(), gone_on.attempt.failed) == (whole["is_due"], whole["failed"])


def assert_goes_on(rules: Rules, log: dict[date, Logged], as_of: date, days_before: int) -> None:
    earlier = as_of - timedelta(days=days_before)
    since = Progress(rules, log, earlier).standing()
    if since.open_from > earlier:
        return  # it had not begun
    recent = {day: entry for day, entry in log.items() if day >= since.open_from}

    expected, found = Progress(rules, log, as_of), Progress(rules, recent, as_of, since)

    assert found.standing() == expected.standing()
    assert (found.attempt, found.current_streak) == (expected.attempt, expected.current_streak)
    assert (found.period, found.is_due()) == (expected.period, expected.is_due())


def assert_agree(rules: Rules, log: dict[date, Logged], as_of: date) -> None:
    expected = asdict(oracle.standing(rules, log, as_of))
    expected["score"] = pytest.approx(expected["score"], abs=1e-9, rel=0)

    assert shown(Progress(rules, log, as_of)) == expected


def shown(progress: Progress) -> dict[str, Any]:
    """Everything that the oracle tells too, under its names."""
    attempt, tally, period = progress.attempt, progress.tally(), progress.period
    return {
        **{name: getattr(attempt, name) for name in ("number", "start", "end", "failed")},
        **{name: getattr(tally, name) for name in ("due", "done", "partial", "missed", "skipped", "completion_rate")},
        "current_streak": progress.current_streak,
        "best_streak": progress.best_streak,
        "streaks": [(streak.start, streak.end, streak.length) for streak in progress.streaks],
        "score": progress.score(),
        "period": (period.first, period.last, period.needs, list(period.done)) if period else None,
        "is_due": progress.is_due(),
    }


@st.composite
def cases(draw: Callable[..., Any], schedules: st.SearchStrategy[Schedule], days: int) -> Case:
    """A challenge, its log and the day that is asked for, before, within or after it."""
    start = draw(st.dates(date(2024, 1, 1), date(2026, 12, 31)))
    goal = draw(goals())
    on_miss = draw(st.sampled_from(["continue", "fail", "restart", "restart"]))
    restarts = draw(st.lists(st.integers(0, days), max_size=2, unique=True) if draw(st.booleans()) else st.just([]))
    rules = Rules(
        challenge_id=1,
        goal=goal,
        schedule=draw(schedules),
        first_start=start,
        duration_days=draw(st.none() | st.integers(1, days)),
        on_miss=on_miss,
        allowed_misses=0 if on_miss == "continue" else draw(st.integers(0, 3)),
        rests=tuple(draw(st.lists(spans(start, days), max_size=2))),
        restarts=tuple(start + timedelta(days=number) for number in sorted(restarts)),
        week_starts_on=draw(st.sampled_from(["mon", "sun"])),
    )
    as_of = start + timedelta(days=draw(st.integers(0, days) | st.integers(-3, days + 10)))
    return rules, draw(logs(goal, start, days)), as_of


@st.composite
def logs(draw: Callable[..., Any], goal: Goal, start: date, days: int) -> dict[date, Logged]:
    """One letter a day: done, partly done, missed by its value, skipped, or nothing logged."""
    mood = draw(st.sampled_from(MOODS))
    letters = draw(st.text(mood, min_size=days // 2, max_size=days))
    first = start - timedelta(days=draw(st.sampled_from([0, 0, 0, 2])))
    values = values_of(goal)
    log = {}
    for number, letter in enumerate(letters):
        if letter != "-":
            log[first + timedelta(days=number)] = values[letter][number % len(values[letter])]
    return log


def values_of(goal: Goal) -> dict[str, list[Logged]]:
    target = goal.target
    if goal.direction == "at_most":
        done, partial, missed = [0.0, target / 2, target], [target, target + 0.1], [target + 0.1, target * 3 + 1]
    else:
        done, partial, missed = [target, target + 0.1, target * 3], [target / 2, 0.1], [0.0]
    return {
        "d": [Logged(value) for value in done],
        "p": [Logged(value) for value in partial],
        "m": [Logged(value) for value in missed],
        "s": [SKIPPED],
    }


def goals() -> st.SearchStrategy[Goal]:
    return st.sampled_from(
        [
            Goal("check", "at_least", 1.0),
            Goal("measure", "at_least", 20.0),
            Goal("measure", "at_least", 0.3),
            Goal("measure", "at_most", 2.5),
            Goal("measure", "at_most", 0.0),
        ]
    )


def spans(start: date, days: int) -> st.SearchStrategy[Span]:
    first = st.integers(-3, days).map(lambda number: start + timedelta(days=number))
    length = st.none() | st.integers(0, 20).map(lambda number: timedelta(days=number))
    return st.builds(lambda day, more: Span(day, None if more is None else day + more), first, length)


def daily() -> st.SearchStrategy[Schedule]:
    return st.just(Daily(type="daily"))


def weekly() -> st.SearchStrategy[Schedule]:
    some_days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True)
    return some_days.map(lambda days: Weekly(type="weekly", days=days))


def interval() -> st.SearchStrategy[Schedule]:
    return (st.integers(1, 4) | st.integers(1, 20)).map(lambda days: Interval(type="interval", days=days))


def times(per: Any, most: int) -> st.SearchStrategy[Schedule]:
    counts = st.integers(1, 3) | st.integers(1, most) | st.integers(most - 2, most)
    return counts.map(lambda count: Times(type="times", count=count, per=per))
