"""Habit strength, as Loop Habit Tracker computes it. Pure: no I/O, no clock.

`score = score * m + c * (1 - m)` with `m = 0.5 ** (sqrt(N / D) / 13)`, from the first entry's day on; source:
iSoron/uhabits, `core/models/Score.kt` and `ScoreList.kt` (release 2.3.1). A daily habit takes 13 days to get half way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from datetime import date
from math import fsum, sqrt

from lifetracker.core.day import ONE_DAY
from lifetracker.daily_log.attempts import Log, Logged
from lifetracker.templates.goal import Goal, outcome
from lifetracker.templates.schedule import Schedule, frequency


def score_on(
    goal: Goal,
    schedule: Schedule,
    log: Log,
    last: date,
    rests_on: Callable[[date], bool],
    unlogged: Collection[date],
) -> float:
    """The strength on `last`, 0 to 1. `unlogged` are due days that are over and have no entry."""
    strength = 1.0 if goal.direction == "at_most" else 0.0
    if not log:
        return strength
    times, days = frequency(schedule)
    keeps = 0.5 ** (sqrt(times / days) / 13)
    if goal.kind == "check" and times < days:
        times, days = 2 * times, 2 * days
    window: deque[float] = deque(maxlen=days)
    day = min(log)
    while day <= last:
        entry = log.get(day)
        window.append(_amount(goal, entry))
        if not (entry is not None and entry.skipped) and not rests_on(day):
            checked = 0.0 if goal.direction == "at_most" and day in unlogged else _checked(goal, fsum(window), times)
            strength = strength * keeps + checked * (1 - keeps)
        day += ONE_DAY
    return strength


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
