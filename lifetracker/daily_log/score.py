"""Habit strength, as Loop Habit Tracker computes it. Pure: no I/O, no clock.

`score = score * m + c * (1 - m)` with `m = 0.5 ** (sqrt(N / D) / 13)`, from the first entry's day on; source:
iSoron/uhabits, `core/models/Score.kt` and `ScoreList.kt` (release 2.3.1). A daily habit takes 13 days to get half way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date
from itertools import accumulate
from math import fsum, sqrt

from lifetracker.daily_log.attempts import Log, Logged
from lifetracker.templates.goal import Goal, outcome
from lifetracker.templates.schedule import AnySchedule, frequency


def score_on(
    goal: Goal,
    schedule: AnySchedule,
    log: Log,
    last: date,
    rests_on: Callable[[date], bool] | None,
    unlogged: Collection[date],
) -> float:
    """The strength on `last`, 0 to 1; `rests_on` is None for a challenge that never rested.

    `unlogged` are due days that are over and have no entry.
    """
    strength = 1.0 if goal.direction == "at_most" else 0.0
    if not log:
        return strength
    times, days = frequency(schedule)
    keeps = 0.5 ** (sqrt(times / days) / 13)
    if goal.kind == "check" and times < days:
        times, days = 2 * times, 2 * days
    grows = 1 - keeps
    every = [date.fromordinal(ordinal) for ordinal in range(min(log).toordinal(), last.toordinal() + 1)]
    entries = [log.get(day) for day in every]
    totals = _totals([_amount(goal, entry) for entry in entries], days, exact=goal.kind == "check")
    for day, entry, total in zip(every, entries, totals, strict=True):
        if (entry is not None and entry.skipped) or (rests_on is not None and rests_on(day)):
            continue
        checked = 0.0 if day in unlogged else _checked(goal, total, times)
        strength = strength * keeps + checked * grows
    return strength


def _totals(amounts: list[float], days: int, *, exact: bool) -> Iterable[float]:
    """For each day the sum of the last `days` amounts; `exact` ones, which are whole, add up in any order."""
    if days == 1:
        return amounts
    if exact:
        so_far = list(accumulate(amounts, initial=0.0))
        return (so_far[end] - so_far[max(0, end - days)] for end in range(1, len(so_far)))
    return (fsum(amounts[max(0, end - days) : end]) for end in range(1, len(amounts) + 1))


def _amount(goal: Goal, entry: Logged | None) -> float:
    if entry is None or entry.value is None:
        return 0.0
    if goal.kind == "check":
        return 1.0 if outcome(goal, *entry) == "done" else 0.0
    return max(0.0, entry.value)


def _checked(goal: Goal, total: float, times: int) -> float:
    """How far the sum of the last days met the goal, 0 to 1."""
    if goal.kind == "check":
        return min(1.0, total / times)
    aim = goal.target * times
    if goal.direction == "at_least":
        return min(1.0, total / aim) if aim > 0 else 1.0
    if aim <= 0:
        return 1.0 if total <= 0 else 0.0
    return max(0.0, min(1.0, 1 - (total - aim) / aim))
