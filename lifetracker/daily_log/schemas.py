"""What crosses the API about entries, today and progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from lifetracker.challenges.rules import Status
from lifetracker.challenges.schemas import Attempt, BriefStats, ChallengePublic, CurrentStreak
from lifetracker.core.schemas import CREATED_AT, ID, UPDATED_AT, Day, Instant, PageQuery, Sent, Shown, example
from lifetracker.templates.fields import NOTE, Note
from lifetracker.templates.goal import MAX_VALUE, Outcome, TodayOutcome
from lifetracker.templates.schedule import StreakUnit, Weekday


def _plus_zero(value: float) -> float:
    return value + 0.0  # −0 is 0


VALUE = Field(description="The day's number, 0 to 1e9 in the challenge's `unit`; null for none.", examples=[25.0])
SKIPPED = Field(description="Whether the day is excused; it then has no value.")
DATE = Field(description="The civil day, `YYYY-MM-DD`.", examples=["2026-03-11"])
Value = Annotated[float, Field(ge=0, le=MAX_VALUE, allow_inf_nan=False), AfterValidator(_plus_zero), VALUE]
AMOUNT = Field(description="How much, -1e9 to 1e9 in the challenge's `unit`.")
Amount = Annotated[float, Field(ge=-MAX_VALUE, le=MAX_VALUE, allow_inf_nan=False), AMOUNT]


def _today_or_date(given: object) -> object:
    return None if given == "today" else given


# A day in a path or query: None stands for the person's own today.
LogDay = Annotated[
    Day | None,
    BeforeValidator(_today_or_date),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "const": "today"}],
            "description": "A civil day, `YYYY-MM-DD`, or `today`: the person's own.",
        }
    ),
]
PERIOD_DONE = Field(description="Days done in the running week or month; null unless `times`.", examples=[None])
PERIOD_TARGET = Field(description="Days asked of the running week or month; null unless `times`.", examples=[None])
Due = Annotated[int, Field(description="How many days were due.", examples=[15])]
Done = Annotated[int, Field(description="How many of those due were done.", examples=[13])]
TotalValue = Annotated[float, Field(description="The sum of all values, in the challenge's `unit`.", examples=[337.0])]


class EntryWrite(Sent, json_schema_extra=example({"value": 25})):
    """What is not sent keeps what is stored; `null` clears."""

    value: Value | None = None
    skipped: Annotated[bool | None, SKIPPED] = None
    note: Note | None = None

    @model_validator(mode="after")
    def _skipped_has_no_value(self) -> EntryWrite:
        if self.skipped and self.value is not None:
            raise PydanticCustomError("skipped_with_value", "A skipped entry has no value: send one of them")
        return self


class EntryAdd(Sent, json_schema_extra=example({"amount": 15})):
    """`amount` may be negative; the sum is rounded to 6 decimals and never below 0."""

    amount: Amount


class EntryPublic(Shown):
    """`outcome` is the entry's own, null while it holds a note alone."""

    DERIVED: ClassVar[frozenset[str]] = frozenset({"outcome"})

    challenge_id: Annotated[int, ID]
    date: Annotated[date, DATE]
    value: Annotated[float | None, VALUE]
    skipped: Annotated[bool, SKIPPED]
    note: Annotated[str | None, NOTE]
    outcome: Outcome | None
    created_at: Annotated[Instant, CREATED_AT]
    updated_at: Annotated[Instant, UPDATED_AT]


class ProgressPublic(Shown):
    """As of today; `period_done` and `period_target` are null unless the schedule is `times`."""

    current_streak: CurrentStreak
    streak_unit: StreakUnit
    period_done: Annotated[int | None, PERIOD_DONE]
    period_target: Annotated[int | None, PERIOD_TARGET]
    attempt: Attempt
    status: Status


class EntryLogged(EntryPublic):
    """The entry as it now is, and how the challenge stands with it."""

    progress: ProgressPublic = Field(description="How the challenge stands today.")


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

    from_: Annotated[
        LogDay, Field(alias="from", description="The first day, or `today`; the earliest unless said.")
    ] = date.min
    to: Annotated[LogDay, Field(description="The last day, or `today`; the latest unless said.")] = date.max


class TodayQuery(BaseModel):
    """Which day is asked about: any gone by, or up to 7 days ahead."""

    model_config = ConfigDict(hide_input_in_errors=True)
    date: Annotated[LogDay, Field(description="A day gone by, or up to 7 days ahead; `today` unless said.")] = None


class StatsQuery(BaseModel):
    """`as_of` asks how it stood on that day."""

    model_config = ConfigDict(hide_input_in_errors=True)
    as_of: Annotated[LogDay, Field(description="How it stood on that day, none to come; `today` unless said.")] = None


class TodayItem(Shown):
    """`due` says whether the day asks for something; a day of a period stays due until the period has what it needs."""

    challenge: ChallengePublic = Field(description="The challenge, as it stands that day.")
    due: bool = Field(description="Whether the day asks for something.", examples=[True])
    outcome: TodayOutcome
    entry: EntryPublic | None = Field(description="The day's entry; null while there is none.")
    current_streak: CurrentStreak
    streak_unit: StreakUnit
    period_done: Annotated[int | None, PERIOD_DONE]
    period_target: Annotated[int | None, PERIOD_TARGET]


class Today(Shown):
    """`due` and `done` count items."""

    date: Annotated[date, DATE]
    time_zone: str = Field(description="The person's IANA time zone.", examples=["Europe/Moscow"])
    due: int = Field(description="How many of the items are due.", examples=[1])
    done: int = Field(description="How many of those due are done.", examples=[1])
    items: list[TodayItem] = Field(description="The challenges that run, in my order.")


class StreakPublic(Shown):
    """Days or periods in a row that were done."""

    start: date = Field(description="Its first day.", examples=["2026-03-01"])
    end: date = Field(description="Its last day.", examples=["2026-03-08"])
    length: int = Field(description="How long it is, in `streak_unit`s.", examples=[8])


class WeekdayCount(Shown):
    """How one day of the week goes."""

    weekday: Weekday
    due: Due
    done: Done


class MonthCount(Shown):
    """`month` is `YYYY-MM`."""

    month: str = Field(description="The month, `YYYY-MM`.", examples=["2026-03"])
    due: Due
    done: Done
    total_value: TotalValue


class Stats(BriefStats):
    """`score`, `total_value`, `best_streak`, `streaks` and `last_done` span all attempts, the rest the running one."""

    as_of: date = Field(description="The day as of which it is told.", examples=["2026-03-11"])
    due: Due
    done: Done
    partial: int = Field(description="How many of those due had something, but short of the target.", examples=[1])
    missed: int = Field(description="How many of those due were missed.", examples=[0])
    skipped: int = Field(description="How many of those due were excused.", examples=[1])
    total_value: TotalValue
    last_done: date | None = Field(description="The last day that was done; null for none.", examples=["2026-03-11"])
    streaks: list[StreakPublic] = Field(description="The longest streaks, at most ten.")
    by_weekday: list[WeekdayCount] = Field(description="Seven rows, Monday first.")
    by_month: list[MonthCount] = Field(description="A row for each month in which something happened, ascending.")


ImportFormat = Literal["auto", "loop"]


class ImportQuery(BaseModel):
    """`dry_run` tells what would happen and keeps nothing."""

    model_config = ConfigDict(hide_input_in_errors=True)
    format: Annotated[ImportFormat, Field(description="What the file is; `auto`, unless said, looks into it.")] = "auto"
    dry_run: Annotated[bool, Field(description="Whether only to tell what would happen, and keep nothing.")] = False


class Rejected(Shown):
    """What of a file was not taken over as it is, and why."""

    where: str = Field(description="The place in the file.", examples=["Repetitions, row 12"])
    reason: str = Field(
        description="Why it was not taken over as it is, in English.", examples=["it belongs to no habit"]
    )


class Imported(Shown):
    """What an import did, or with `dry_run` would have done."""

    format: str = Field(description="What the file turned out to be.", examples=["loop"])
    challenges_created: int = Field(0, description="How many challenges are new.", examples=[3])
    entries_created: int = Field(0, description="How many entries are new.", examples=[120])
    entries_updated: int = Field(0, description="How many entries were there and say something else now.", examples=[0])
    rejected: list[Rejected] = Field([], description="What was not taken over as it is.")
