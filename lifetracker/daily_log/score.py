"""Habit strength, as Loop Habit Tracker computes it. Pure: no I/O, no clock.

`score = score * m + c * (1 - m)` with `m = 0.5 ** (sqrt(N / D) / 13)`, from the first entry's day on; source:
iSoron/uhabits, `core/models/Score.kt` and `ScoreList.kt` (release 2.3.1). A daily habit takes 13 days to get half way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date
from itertools import accumulate
from math import fsum, sqrt

from lifetracker.daily_log.attempts import Log, Logged
from lifetracker.templates.goal import Goal, outcome
from lifetracker.templates.schedule import Schedule, frequency


def score_on(
    goal: Goal,
    schedule: Schedule,
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
    for day, total in _totals(goal, log, last, days):
        entry = log.get(day)
        if (entry is not None and entry.skipped) or (rests_on is not None and rests_on(day)):
            continue
        checked = 0.0 if day in unlogged else _checked(goal, total, times)
        strength = strength * keeps + checked * grows
    return strength


def _totals(goal: Goal, log: Log, last: date, days: int) -> Iterator[tuple[date, float]]:
    """From the first entry's day to `last`, each with the sum of what its last `days` days brought."""
    first = min(log).toordinal()
    every = [date.fromordinal(ordinal) for ordinal in range(first, last.toordinal() + 1)]
    amounts = [_amount(goal, log.get(day)) for day in every]
    if days == 1:
        return zip(every, amounts, strict=True)
    if goal.kind == "check":  # whole numbers, which add up exactly in any order
        so_far = list(accumulate(amounts, initial=0.0))
        sums = (so_far[end] - so_far[max(0, end - days)] for end in range(1, len(so_far)))
        return zip(every, sums, strict=True)
    return zip(every, (fsum(amounts[max(0, end - days) : end]) for end in range(1, len(every) + 1)), strict=True)


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
