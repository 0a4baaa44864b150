"""What a challenge promises and where it stands in its life. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import Field
from typing_extensions import TypeAliasType

from lifetracker.core.day import ONE_DAY
from lifetracker.templates.goal import Goal, OnMiss
from lifetracker.templates.schedule import AnySchedule

Status = TypeAliasType(
    "Status",
    Annotated[
        Literal["archived", "failed", "completed", "upcoming", "paused", "active"],
        Field(description="How it stands today: derived, the first of these that fits.", examples=["active"]),
    ],
)
WeekStart = Literal["mon", "sun"]


class Span(NamedTuple):
    """Days that do not count: from `first` until `last`, both in; open-ended when `last` is None."""

    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


class Rules(NamedTuple):
    """All that decides what a day of a challenge is worth, apart from the log.

    `restarts` are days on which the owner began again by hand, ascending; `rests` are pauses and times in the archive.
    `written_at` tells these rules, but for the person's week, from any that the challenge had before.
    """

    challenge_id: int
    goal: Goal
    schedule: AnySchedule
    first_start: date
    duration_days: int | None = None
    on_miss: OnMiss = "continue"
    allowed_misses: int = 0
    rests: tuple[Span, ...] = ()
    restarts: tuple[date, ...] = ()
    archived: bool = False
    week_starts_on: WeekStart = "mon"
    written_at: datetime | None = None

    def rests_on(self, day: date) -> bool:
        # Nearly all have none, and to begin a generator costs more than to see that.
        return bool(self.rests) and any(rest.covers(day) for rest in self.rests)

    def days_until(self, day: date) -> int:
        """About how many days there are to walk from the first start to `day`."""
        return max((day - self.first_start).days + 1, 0)

    def end_of(self, start: date) -> date | None:
        """The last day of an attempt that begins on `start`."""
        return None if self.duration_days is None else start + timedelta(days=self.duration_days - 1)


class Attempt(NamedTuple):
    """The attempt that runs: its number, first and last day, and whether it had more misses than are allowed."""

    number: int
    start: date
    end: date | None
    failed: bool = False


def attempt_by_hand(rules: Rules, today: date) -> Attempt:
    """The running attempt of a challenge whose misses have no consequence: the log is not needed to tell."""
    begun = [day for day in rules.restarts if day <= today]
    start = begun[-1] if begun else rules.first_start
    return Attempt(1 + len(begun), start, rules.end_of(start))


def status_of(rules: Rules, attempt: Attempt, today: date) -> Status:
    """Derived, never stored; the first that fits."""
    if rules.archived:
        return "archived"
    if attempt.failed:
        return "failed"
    if attempt.end is not None and attempt.end < today:
        return "completed"
    if attempt.start > today:
        return "upcoming"
    return "paused" if rules.rests_on(today) else "active"


def day_after(day: date) -> date:
    return day + ONE_DAY
