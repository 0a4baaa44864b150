"""A challenge's days and periods, walked from its start: what was asked, what came of it, where it began again.

Pure: no I/O, no clock. The rules are the contract's (`GET /challenges/{id}/stats`): today never breaks anything, rest
days neither lengthen nor break a streak, and a restart begins on the day after the miss that was one too many.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Literal, NamedTuple

from lifetracker.challenges.rules import Attempt, Rules, day_after
from lifetracker.core.day import ONE_DAY
from lifetracker.templates.goal import outcome
from lifetracker.templates.schedule import Times, days_named, period_of

Turn = Literal["kept", "broken", "neutral"]


class Logged(NamedTuple):
    """What progress needs of an entry. An entry without a value and not skipped is none: leave it out of the log."""

    value: float | None
    skipped: bool = False


Log = Mapping[date, Logged]


class Step(NamedTuple):
    """A due day, or one period of a `times` schedule, and what it did to the streak.

    `first_done` and `last_done` are its first and last done day, None when there is none; a due day has no `period`.
    """

    first: date
    last: date
    turn: Turn
    due: int = 1
    done: int = 0
    partial: int = 0
    missed: int = 0
    skipped: int = 0
    first_done: date | None = None
    last_done: date | None = None
    period: Period | None = None

    @property
    def misses(self) -> int:
        return self.missed + self.partial


class Seen(NamedTuple):
    """How far a walk goes, and before which day all days and periods are over: the same day, but for a look ahead."""

    as_of: date
    over: date


class Standing(NamedTuple):
    """How the running attempt stood when the day `open_from` began: all its due days and periods before are counted.

    `done` says whether any of them was done, `streak` how long the streak was that they left alive. A walk that goes
    on from here comes to the same attempt and the same streak as one from the start, and needs no older entry.
    """

    open_from: date
    number: int
    start: date
    misses: int
    done: bool
    streak: int


# These are made by the thousand, a standing for each challenge of a look at today: their own constructors would take
# twice as long.
_step: Callable[[tuple[Any, ...]], Step] = partial(tuple.__new__, Step)
logged: Callable[[tuple[float | None, bool]], Logged] = partial(tuple.__new__, Logged)
stood: Callable[[tuple[Any, ...]], Standing] = partial(tuple.__new__, Standing)


@dataclass(slots=True)
class Walk:
    """One attempt and its steps so far; `moved` are the misses before anything was done, which only move its start.

    One that goes on from a standing, `since`, has no steps from before it.
    """

    number: int
    start: date
    end: date | None
    steps: list[Step] = field(default_factory=list)
    moved: list[Step] = field(default_factory=list)
    misses: int = 0
    since: Standing | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    def has_done(self) -> bool:
        return self._has_done(self.steps)

    @property
    def streak(self) -> int:
        """The one still alive."""
        return self._streak(self.steps)

    def standing(self, as_of: date) -> Standing:
        """What a walk on a later day can go on from; `as_of` is the day that this one came to."""
        is_open = bool(self.steps) and self.steps[-1].last >= as_of
        open_from = self.steps[-1].first if is_open else max(as_of, self.start)
        over = self.steps[:-1] if is_open else self.steps
        return Standing(open_from, self.number, self.start, self.misses, self._has_done(over), self._streak(over))

    def as_attempt(self, rules: Rules) -> Attempt:
        failed = rules.on_miss == "fail" and self.misses > rules.allowed_misses
        return Attempt(self.number, self.start, self.end, failed)

    def _has_done(self, steps: Sequence[Step]) -> bool:
        return (self.since is not None and self.since.done) or any(step.done for step in steps)

    def _streak(self, steps: Sequence[Step]) -> int:
        length = 0
        for step in reversed(steps):
            if step.turn == "broken":
                return length
            length += step.turn == "kept"
        return length + (self.since.streak if self.since else 0)


def walk_attempts(
    rules: Rules, log: Log, as_of: date, since: Standing | None = None, over: date | None = None
) -> list[Walk]:
    """Every attempt up to `as_of`, oldest first; the last one runs. Entries after `as_of` must not be in `log`.

    With `since`, only the attempt that ran then, and those that follow; `log` need not hold entries of before. Days are
    over before `as_of`; looking ahead, only those before `over`, which is today: the others stay open as today does.
    """
    seen = Seen(as_of, over or as_of)
    begun = [rules.first_start, *(rules.restarts and [day for day in rules.restarts if day <= as_of])]
    place = bisect_right(begun, since.start) - 1 if since and rules.restarts else 0
    walks = [_going_on(since, rules) if since else Walk(1, begun[0], rules.end_of(begun[0]))]
    while True:
        stop = begun[place + 1] - ONE_DAY if place + 1 < len(begun) else None
        next_start = _walk(walks[-1], rules, log, seen, stop)
        if next_start is None:
            place += 1
            if place == len(begun):
                return walks
            next_start = begun[place]
        walks.append(Walk(walks[-1].number + 1, next_start, rules.end_of(next_start)))


def _going_on(since: Standing, rules: Rules) -> Walk:
    return Walk(since.number, since.start, rules.end_of(since.start), misses=since.misses, since=since)


def _walk(walk: Walk, rules: Rules, log: Log, seen: Seen, stop: date | None) -> date | None:
    """Fill in one attempt; the day on which the next one begins, or None when this one goes on or is over."""
    while True:
        again = _walk_once(walk, rules, log, seen, stop)
        if again is None or (stop is not None and again > stop):
            return None
        if walk.has_done():
            return again
        walk.moved += walk.steps
        walk.start, walk.end, walk.steps, walk.since = again, rules.end_of(again), [], None


def _walk_once(walk: Walk, rules: Rules, log: Log, seen: Seen, stop: date | None) -> date | None:
    """The day after the miss at which this attempt restarts (or moves its start), or None."""
    end = walk.end if stop is None else min(stop, walk.end or stop)
    done, begin = (walk.since.done, max(walk.start, walk.since.open_from)) if walk.since else (False, walk.start)
    steps = steps_of(rules, walk.start, end, log, seen, begin)
    if rules.on_miss == "continue":
        walk.steps.extend(steps)
        return None
    for step in steps:
        walk.steps.append(step)
        done = done or step.done > 0
        if not step.misses:
            continue
        if rules.on_miss == "restart" and not done:
            return day_after(step.last)
        walk.misses += step.misses
        if rules.on_miss == "restart" and walk.misses > rules.allowed_misses:
            return day_after(step.last)
    return None


def steps_of(
    rules: Rules, start: date, end: date | None, log: Log, seen: Seen, begin: date | None = None
) -> Iterator[Step]:
    """What was asked from `start` to `end`, as it was `seen`, oldest first; with `begin`, from that day on."""
    if isinstance(rules.schedule, Times):
        return _periods(rules, rules.schedule, start, end, log, seen, begin or start)
    return _due_days(rules, start, end, log, seen, begin or start)


def _due_days(rules: Rules, start: date, end: date | None, log: Log, seen: Seen, begin: date) -> Iterator[Step]:
    """Today does not count yet while it is neither done nor skipped."""
    goal, rests, (as_of, over) = rules.goal, rules.rests, seen
    for day in days_named(rules.schedule, start, as_of if end is None else min(end, as_of), begin):
        if rests and rules.rests_on(day):
            continue
        entry = log.get(day)
        came = outcome(goal, *entry) if entry is not None else None
        if came == "done":
            yield _step((day, day, "kept", 1, 1, 0, 0, 0, day, day, None))
        elif came == "skipped":
            yield _step((day, day, "neutral", 1, 0, 0, 0, 1, None, None, None))
        elif day < over:
            partly = came == "partial"
            yield _step((day, day, "broken", 1, 0, int(partly), int(not partly), 0, None, None, None))


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar week or month of a `times` schedule: how many done days it `needs`, and the `done` ones."""

    first: date
    last: date
    needs: int
    done: tuple[date, ...]

    def as_step(self, over: date) -> Step:
        """What it did, when the days before `over` are."""
        got = min(len(self.done), self.needs)
        missed = self.needs - got if self.last < over else 0
        turn: Turn = "neutral" if got < self.needs or self.needs == 0 else "kept"
        if missed:
            turn = "broken"
        first_done, last_done = (self.done[0], self.done[-1]) if self.done else (None, None)
        return Step(self.first, self.last, turn, got + missed, got, 0, missed, 0, first_done, last_done, self)


def _periods(
    rules: Rules, schedule: Times, start: date, end: date | None, log: Log, seen: Seen, begin: date
) -> Iterator[Step]:
    last = seen.as_of if end is None else min(end, seen.as_of)
    day = begin
    while day <= last:
        yield _period_at(rules, schedule, day, start, end, log).as_step(seen.over)
        day = day_after(period_of(schedule, day, rules.week_starts_on)[1])


def _period_at(rules: Rules, schedule: Times, day: date, start: date, end: date | None, log: Log) -> Period:
    """The period that `day` lies in, cut to `start` … `end`.

    It needs `count` × (its days that are neither paused nor skipped) ÷ (all its days), rounded up, and no more than
    those days.
    """
    first, last = period_of(schedule, day, rules.week_starts_on)
    length = (last - first).days + 1
    first, last = max(first, start), last if end is None else min(last, end)
    goal, rests, counted, done = rules.goal, rules.rests, 0, []
    for each in map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1)):
        entry = log.get(each)
        if (entry is not None and entry.skipped) or (rests and rules.rests_on(each)):
            continue
        counted += 1
        if entry is not None and outcome(goal, *entry) == "done":
            done.append(each)
    needs = min(-(-schedule.count * counted // length), counted)
    return Period(first, last, needs, tuple(done))
