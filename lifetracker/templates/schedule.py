"""Schedules: on which days a challenge asks for something. Pure: no I/O, no clock."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from lifetracker.core.day import ONE_DAY
from lifetracker.core.schemas import Sent

Weekday = TypeAliasType(
    "Weekday",
    Annotated[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], Field(description="A day of the week.")],
)
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
StreakUnit = TypeAliasType(
    "StreakUnit", Annotated[Literal["day", "week", "month"], Field(description="What streaks are counted in.")]
)
Per = TypeAliasType("Per", Annotated[Literal["week", "month"], Field(description="The calendar's period.")])


def _in_order(days: list[Weekday]) -> list[Weekday]:
    if len(set(days)) < len(days):
        raise PydanticCustomError("repeated", "A weekday is named twice")
    return sorted(days, key=WEEKDAYS.index)


class Daily(Sent):
    """On every day."""

    type: Literal["daily"] = Field(description="Tells this kind of schedule.")


class Weekly(Sent):
    """On the named weekdays."""

    type: Literal["weekly"] = Field(description="Tells this kind of schedule.")
    days: Annotated[
        list[Weekday],
        Field(min_length=1, max_length=7, description="On which days, each named once.", examples=[["mon", "thu"]]),
        AfterValidator(_in_order),
    ]


class Times(Sent):
    """So many days of a calendar week or month, whichever the person picks."""

    type: Literal["times"] = Field(description="Tells this kind of schedule.")
    per: Per  # before `count`, which is judged by it
    count: Annotated[int, Field(ge=1, le=30, description="On how many days: 1 to 7 a week, or 1 to 30 a month.")]

    @field_validator("count")
    @classmethod
    def _fits_its_period(cls, count: int, info: ValidationInfo) -> int:
        if info.data.get("per") == "week" and count > 7:
            raise PydanticCustomError("too_many_times", "A week has 7 days", {"le": 7})
        return count


class Interval(Sent):
    """Every so many days, counted from the start."""

    type: Literal["interval"] = Field(description="Tells this kind of schedule.")
    days: Annotated[int, Field(ge=1, le=365, description="How many days from one to the next, 1 to 365.")]


Schedule = TypeAliasType(
    "Schedule",
    Annotated[
        Daily | Weekly | Times | Interval,
        Field(discriminator="type", description="On which days it asks for something."),
    ],
)


class Unknown(BaseModel):
    """One that a release after this one made. It is shown as it is and asks for nothing."""

    model_config = ConfigDict(extra="allow")

    type: str


# What is stored and shown; what is sent is a `Schedule`.
AnySchedule = Annotated[Schedule | SkipJsonSchema[Unknown], Field(union_mode="left_to_right")]
STORED: TypeAdapter[Daily | Weekly | Times | Interval | Unknown] = TypeAdapter(AnySchedule)
SCHEDULE: TypeAdapter[Daily | Weekly | Times | Interval] = TypeAdapter(Schedule)


def names(schedule: AnySchedule, day: date, start: date) -> bool:
    """Whether the schedule names this day; `times` names every day, since the person picks."""
    if isinstance(schedule, Weekly):
        return WEEKDAYS[day.weekday()] in schedule.days
    if isinstance(schedule, Interval):
        return (day - start).days % schedule.days == 0
    return not isinstance(schedule, Unknown)


def days_named(schedule: AnySchedule, start: date, last: date, begin: date | None = None) -> Iterable[date]:
    """The days from `start` to `last` that the schedule names, ascending; with `begin`, none before that day."""
    if begin == last and begin >= start:  # nearly always, where all days before are counted already
        return (last,) if names(schedule, last, start) else ()
    if isinstance(schedule, Unknown):
        return ()
    stride = schedule.days if isinstance(schedule, Interval) else 1
    first = start.toordinal()
    passed = 0 if begin is None else max(0, begin.toordinal() - first)
    days = map(date.fromordinal, range(first - -passed // stride * stride, last.toordinal() + 1, stride))
    if not isinstance(schedule, Weekly):
        return days
    wanted = {WEEKDAYS.index(name) for name in schedule.days}
    return (day for day in days if day.weekday() in wanted)


def frequency(schedule: AnySchedule) -> tuple[int, int]:
    """N times in D days, as the score sees the schedule."""
    match schedule:
        case Weekly():
            pair = (len(schedule.days), 7)
        case Times():
            pair = (schedule.count, 7 if schedule.per == "week" else 30)
        case Interval():
            pair = (1, schedule.days)
        case _:
            pair = (1, 1)
    return (1, 1) if pair[0] == pair[1] else pair


def streak_unit(schedule: AnySchedule) -> StreakUnit:
    return schedule.per if isinstance(schedule, Times) else "day"


def period_of(schedule: Times, day: date, week_starts_on: Literal["mon", "sun"]) -> tuple[date, date]:
    """First and last day of the calendar week or month that `day` lies in."""
    if schedule.per == "month":
        return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])
    first = day - timedelta(days=(day.weekday() + (week_starts_on == "sun")) % 7)
    return first, first + 6 * ONE_DAY
