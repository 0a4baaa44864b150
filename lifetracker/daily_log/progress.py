"""Progress: streaks, rates and standings, derived from the log whenever they are asked for. Pure: no I/O, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from lifetracker.challenges.rules import Attempt, Rules
from lifetracker.daily_log.attempts import Log, Logged, Period, Standing, Step, Walk, period_at, walk_attempts
from lifetracker.daily_log.score import score_on
from lifetracker.templates.goal import Outcome, outcome
from lifetracker.templates.schedule import WEEKDAYS, Times, Weekday, names

STREAKS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Streak:
    """A run of done days, or of periods that got what they needed; `start` and `end` are done days."""

    start: date
    end: date
    length: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one attempt's due days or periods."""

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

    def __init__(self, rules: Rules, log: Log, as_of: date, since: Standing | None = None) -> None:
        """With `since`, whose `open_from` is no later than `as_of`, a log from that day on tells how the challenge
        stands: the attempt, its streak, the period and the day. The rest of it needs the whole log."""
        self.rules = rules
        self.as_of = as_of
        is_ahead = bool(log) and max(log) > as_of
        self.log: Log = {day: entry for day, entry in log.items() if day <= as_of} if is_ahead else log
        self.walks: list[Walk] = walk_attempts(rules, self.log, as_of, since)

    @property
    def running(self) -> Walk:
        return self.walks[-1]

    @property
    def attempt(self) -> Attempt:
        return self.running.as_attempt(self.rules)

    @property
    def current_streak(self) -> int:
        return self.running.streak

    def standing(self) -> Standing:
        return self.running.standing(self.as_of)

    @property
    def best_streak(self) -> int:
        return max((streak.length for streak in self.streaks()), default=0)

    def streaks(self) -> list[Streak]:
        """The longest of all attempts, the later first among equals."""
        found = [streak for walk in self.walks for streak in _runs(walk.steps)]
        return sorted(found, key=lambda streak: (streak.length, streak.start), reverse=True)[:STREAKS_SHOWN]

    def tally(self) -> Tally:
        return _tally(self.running.steps)

    def score(self) -> float:
        """Habit strength up to today or the end, over all attempts."""
        if self.as_of < self.rules.first_start:
            return 0.0
        end = self.running.end
        last = self.as_of if end is None else min(end, self.as_of)
        rules = self.rules
        return score_on(rules.goal, rules.schedule, self.log, last, rules.rests_on, self._unlogged())

    def total_value(self) -> float:
        return round(sum(entry.value or 0.0 for entry in self.log.values()), 6)

    def last_done(self) -> date | None:
        return max((day for day, entry in self.log.items() if self._is_done(entry)), default=None)

    def by_weekday(self) -> dict[Weekday, Tally]:
        """Due and done days of the running attempt; a day of a `times` schedule is due once it is done."""
        due: Counter[int] = Counter()
        done: Counter[int] = Counter()
        for day in self._due_days():
            due[day.weekday()] += 1
            done[day.weekday()] += self._is_done(self.log.get(day))
        return {name: Tally(due[number], done[number]) for number, name in enumerate(WEEKDAYS)}

    def by_month(self) -> list[tuple[str, Tally, float]]:
        """Month, counts of the running attempt (a week counts in the month of its last day), sum of the values."""
        steps: dict[str, list[Step]] = {}
        for step in self.running.steps:
            steps.setdefault(_month(min(step.last, self.as_of)), []).append(step)
        values: dict[str, float] = {}
        for day, entry in self.log.items():
            values[_month(day)] = values.get(_month(day), 0.0) + (entry.value or 0.0)
        return [
            (month, _tally(steps.get(month, [])), round(values.get(month, 0.0), 6))
            for month in sorted(steps.keys() | values.keys())
        ]

    def period(self) -> Period | None:
        """The week or month that `as_of` lies in; None unless the schedule is `times` and the attempt covers it."""
        schedule, walk = self.rules.schedule, self.running
        if not isinstance(schedule, Times) or not walk.covers(self.as_of):
            return None
        return period_at(self.rules, schedule, self.as_of, walk.start, walk.end, self.log)

    def is_due(self) -> bool:
        """Whether `as_of` asks for something: named by the schedule, not paused, and still needed by its period."""
        day, walk = self.as_of, self.running
        if not walk.covers(day) or self.rules.rests_on(day):
            return False
        period = self.period()
        if period is not None:
            return len([done for done in period.done if done != day]) < period.needs
        return names(self.rules.schedule, day, walk.start)

    def outcome_of(self, day: date) -> Outcome | None:
        entry = self.log.get(day)
        return outcome(self.rules.goal, *entry) if entry else None

    def _due_days(self) -> Iterable[date]:
        if not isinstance(self.rules.schedule, Times):
            return [step.first for step in self.running.steps]
        walk = self.running
        return [
            day
            for day, entry in self.log.items()
            if self._is_done(entry) and walk.covers(day) and not self.rules.rests_on(day)
        ]

    def _unlogged(self) -> set[date]:
        """Due days that are over and have no entry."""
        if isinstance(self.rules.schedule, Times):
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
    due = done = partial = missed = skipped = 0
    for step in steps:
        due += step.due
        done += step.done
        partial += step.partial
        missed += step.missed
        skipped += step.skipped
    return Tally(due, done, partial, missed, skipped)


def _month(day: date) -> str:
    return day.isoformat()[:7]
