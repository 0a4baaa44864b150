"""What crosses the API about entries, today and progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from lifetracker.challenges.rules import Status
from lifetracker.challenges.schemas import BriefStats, ChallengePublic
from lifetracker.core.schemas import Day, Instant, Note, PageQuery, Sent, Shown
from lifetracker.templates.goal import MAX_VALUE, Outcome
from lifetracker.templates.schedule import StreakUnit, Weekday


def _plus_zero(value: float) -> float:
    return value + 0.0  # −0 is 0


Value = Annotated[float, Field(ge=0, le=MAX_VALUE, allow_inf_nan=False), AfterValidator(_plus_zero)]
Amount = Annotated[float, Field(ge=-MAX_VALUE, le=MAX_VALUE, allow_inf_nan=False)]


def _today_or_date(given: object) -> object:
    return None if given == "today" else given


# A day in a path or query: None stands for the person's own today.
LogDay = Annotated[
    Day | None,
    BeforeValidator(_today_or_date),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "const": "today"}]}),
]
TodayOutcome = Literal["done", "partial", "missed", "skipped", "open", "rest", "paused"]


class EntryWrite(Sent):
    """What is not sent keeps what is stored; `null` clears."""

    value: Value | None = None
    skipped: bool | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _skipped_has_no_value(self) -> EntryWrite:
        if self.skipped and self.value is not None:
            raise PydanticCustomError("skipped_with_value", "A skipped entry has no value: send one of them")
        return self


class EntryAdd(Sent):
    """`amount` may be negative; the sum is rounded to 6 decimals and never below 0."""

    amount: Amount


class EntryPublic(Shown):
    """`outcome` is the entry's own, null while it holds a note alone."""

    DERIVED: ClassVar[frozenset[str]] = frozenset({"outcome"})

    challenge_id: int
    date: date
    value: float | None
    skipped: bool
    note: str | None
    outcome: Outcome | None
    created_at: Instant
    updated_at: Instant


class ProgressPublic(Shown):
    """As of today; `period_done` and `period_target` are null unless the schedule is `times`."""

    current_streak: int
    streak_unit: StreakUnit
    period_done: int | None
    period_target: int | None
    attempt: int
    status: Status


class EntryLogged(EntryPublic):
    progress: ProgressPublic


@dataclass(frozen=True, slots=True)
class LoggedResult:
    """An entry as it was logged, and whether it is new.

    `entry` and `progress` are fields of an `EntryPublic` and a `ProgressPublic`, which are made of them once the unit
    is over: whoever waits to write would wait for it.
    """

    entry: dict[str, Any]
    progress: dict[str, Any]
    created: bool


class RangeQuery(PageQuery):
    """Days from `from` to `to`, both in."""

    from_: Annotated[LogDay, Field(alias="from")] = date.min
    to: LogDay = date.max


class TodayQuery(BaseModel):
    """Any day gone by, or up to 7 days ahead; today unless said."""

    model_config = ConfigDict(hide_input_in_errors=True)
    date: Annotated[LogDay, Field(description="A day gone by, or up to 7 days ahead; `today` unless said.")] = None


class StatsQuery(BaseModel):
    """`as_of` asks how it stood on that day."""

    model_config = ConfigDict(hide_input_in_errors=True)
    as_of: LogDay = None


class TodayItem(Shown):
    """`due` says whether the day asks for something; a day of a period stays due until the period has what it needs."""

    challenge: ChallengePublic
    due: bool
    outcome: TodayOutcome
    entry: EntryPublic | None
    current_streak: int
    streak_unit: StreakUnit
    period_done: int | None
    period_target: int | None


class Today(Shown):
    """`due` and `done` count items."""

    date: date
    time_zone: str
    due: int
    done: int
    items: list[TodayItem]


class StreakPublic(Shown):
    start: date
    end: date
    length: int


class WeekdayCount(Shown):
    weekday: Weekday
    due: int
    done: int


class MonthCount(Shown):
    """`month` is `YYYY-MM`."""

    month: str
    due: int
    done: int
    total_value: float


class Stats(BriefStats):
    """`score`, `total_value`, `best_streak`, `streaks` and `last_done` span all attempts, the rest the running one."""

    as_of: date
    due: int
    done: int
    partial: int
    missed: int
    skipped: int
    total_value: float
    last_done: date | None
    streaks: list[StreakPublic]
    by_weekday: list[WeekdayCount]
    by_month: list[MonthCount]


ImportFormat = Literal["auto", "loop"]


class ImportQuery(BaseModel):
    """`dry_run` tells what would happen and keeps nothing."""

    model_config = ConfigDict(hide_input_in_errors=True)
    format: ImportFormat = "auto"
    dry_run: bool = False


class Rejected(Shown):
    """What of a file was not taken over as it is, and why."""

    where: str
    reason: str


class Imported(Shown):
    format: str
    challenges_created: int = 0
    entries_created: int = 0
    entries_updated: int = 0
    rejected: list[Rejected] = []
