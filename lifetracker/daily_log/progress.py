"""Progress: streaks, rates and standings, derived from the log whenever they are asked for. Pure: no I/O, no clock."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from heapq import nlargest
from typing import NamedTuple

from lifetracker.challenges.rules import Attempt, Rules
from lifetracker.daily_log.attempts import Log, Logged, Period, Standing, Step, Walk, walk_attempts
from lifetracker.daily_log.score import score_on
from lifetracker.templates.goal import Outcome, outcome
from lifetracker.templates.schedule import WEEKDAYS, Times, Weekday, names

STREAKS_SHOWN = 10
Month = tuple[int, int]
COUNTS = slice(3, 8)  # of a step: due, done, partial, missed, skipped


class Streak(NamedTuple):
    """A run of done days, or of periods that got what they needed; `start` and `end` are done days."""

    start: date
    end: date
    length: int


class Tally(NamedTuple):
    """Counts of one attempt's due days or periods, in the order in which a step has them."""

    due: int = 0
    done: int = 0
    partial: int = 0
    missed: int = 0
    skipped: int = 0

    @property
    def completion_rate(self) -> float | None:
        asked = self.due - self.skipped
        return self.done / asked if asked else None


class Progress:
    """How one challenge stands on `as_of`. Everything is derived, so logging a forgotten day repairs it."""

    def __init__(
        self, rules: Rules, log: Log, as_of: date, since: Standing | None = None, today: date | None = None
    ) -> None:
        """With `since`, whose `open_from` is no later than `as_of`, a log from that day on tells how the challenge
        stands: the attempt, its streak, the period and the day. The rest of it needs the whole log. Where `as_of` lies
        after `today`, no day between them is over."""
        self.rules = rules
        self.as_of = as_of
        is_ahead = bool(log) and max(log) > as_of
        self.log: Log = {day: entry for day, entry in log.items() if day <= as_of} if is_ahead else log
        self.walks: list[Walk] = walk_attempts(rules, self.log, as_of, since, today and min(today, as_of))
        self.running: Walk = self.walks[-1]
        self.attempt: Attempt = self.running.as_attempt(rules)
        self.period: Period | None = self._period()

    @property
    def current_streak(self) -> int:
        return self.running.streak

    def standing(self) -> Standing:
        return self.running.standing(self.as_of)

    @property
    def best_streak(self) -> int:
        return max((streak.length for streak in self.streaks), default=0)

    @cached_property
    def streaks(self) -> list[Streak]:
        """The longest of all attempts, the later first among equals."""
        found = [streak for walk in self.walks for streak in _runs(walk.steps)]
        return nlargest(STREAKS_SHOWN, found, key=lambda streak: (streak.length, streak.start))

    def tally(self) -> Tally:
        return _sum(self._by_month.values())

    def score(self) -> float:
        """Habit strength up to today or the end, over all attempts."""
        if self.as_of < self.rules.first_start:
            return 0.0
        end = self.running.end
        last = self.as_of if end is None else min(end, self.as_of)
        rests_on = self.rules.rests_on if self.rules.rests else None
        return score_on(self.rules.goal, self.rules.schedule, self.log, last, rests_on, self._unlogged())

    def total_value(self) -> float:
        return round(sum(entry.value or 0.0 for entry in self.log.values()), 6)

    def last_done(self) -> date | None:
        return next((day for day in sorted(self.log, reverse=True) if self._is_done(self.log[day])), None)

    def by_weekday(self) -> dict[Weekday, Tally]:
        """Due and done days of the running attempt; a day of a `times` schedule is due once it is done."""
        due, done = [0] * 7, [0] * 7
        for day, is_done in self._due_days():
            number = day.weekday()
            due[number] += 1
            done[number] += is_done
        return {name: Tally(due[number], done[number]) for number, name in enumerate(WEEKDAYS)}

    def by_month(self) -> list[tuple[str, Tally, float]]:
        """Month, counts of the running attempt (a week counts in the month of its last day), sum of the values."""
        days = sorted(self.log)
        values = [self.log[day].value or 0.0 for day in days]
        sums = {month: round(sum(values[part]), 6) for month, part in _months(days)}
        return [
            (f"{year:04}-{month:02}", self._by_month.get((year, month), Tally()), sums.get((year, month), 0.0))
            for year, month in sorted(self._by_month.keys() | sums.keys())
        ]

    @cached_property
    def _by_month(self) -> dict[Month, Tally]:
        """Counts of the running attempt's steps."""
        steps = self.running.steps
        last = [step.last for step in steps]
        last[-1:] = [min(day, self.as_of) for day in last[-1:]]  # of a period that still runs
        return {month: _tally(steps[part]) for month, part in _months(last)}

    def is_due(self) -> bool:
        """Whether `as_of` asks for something: named by the schedule, not paused, and still needed by its period."""
        day, walk = self.as_of, self.running
        if not walk.covers(day) or self.rules.rests_on(day):
            return False
        period = self.period
        if period is not None:
            return len([done for done in period.done if done != day]) < period.needs
        return names(self.rules.schedule, day, walk.start)

    def outcome_of(self, day: date) -> Outcome | None:
        entry = self.log.get(day)
        return outcome(self.rules.goal, *entry) if entry else None

    def _period(self) -> Period | None:
        """The week or month that `as_of` lies in; None unless the schedule is `times` and the attempt covers it."""
        walk = self.running
        return walk.steps[-1].period if walk.steps and walk.covers(self.as_of) else None

    def _due_days(self) -> Iterable[tuple[date, int]]:
        if not isinstance(self.rules.schedule, Times):
            return ((step.first, step.done) for step in self.running.steps)
        walk = self.running
        return (
            (day, 1)
            for day, entry in self.log.items()
            if self._is_done(entry) and walk.covers(day) and not self.rules.rests_on(day)
        )

    def _unlogged(self) -> set[date]:
        """Due days that are over and have no entry, where that weighs in the score: it does on a limit."""
        if self.rules.goal.direction == "at_least" or isinstance(self.rules.schedule, Times):
            return set()
        steps = (step for walk in self.walks for step in (*walk.moved, *walk.steps))
        return {step.first for step in steps if step.missed and step.first not in self.log}

    def _is_done(self, entry: Logged | None) -> bool:
        return entry is not None and outcome(self.rules.goal, *entry) == "done"


def _runs(steps: Iterable[Step]) -> Iterator[Streak]:
    """Streaks in order; the last one may still be alive."""
    kept: list[Step] = []
    for step in steps:
        if step.turn == "kept":
            kept.append(step)
        elif step.turn == "broken" and kept:
            yield _streak(kept)
            kept = []
    if kept:
        yield _streak(kept)


def _streak(kept: list[Step]) -> Streak:
    start, end = kept[0].first_done, kept[-1].last_done
    assert start is not None
    assert end is not None
    return Streak(start, end, len(kept))


def _tally(steps: Iterable[Step]) -> Tally:
    return _sum(step[COUNTS] for step in steps)  # type: ignore[misc]  # its counts


def _sum(counts: Iterable[Iterable[int]]) -> Tally:
    return Tally(*map(sum, zip(*counts, strict=True)))


def _months(days: Sequence[date]) -> Iterator[tuple[Month, slice]]:
    """The months that ascending days lie in, each with the part of them that it has."""
    begin = 0
    while begin < len(days):
        year, month = days[begin].year, days[begin].month
        end = bisect_left(days, date(year + month // 12, month % 12 + 1, 1), begin)
        yield (year, month), slice(begin, end)
        begin = end
