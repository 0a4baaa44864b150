"""What crosses the API about challenges."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from lifetracker.challenges.rules import Rules, Status
from lifetracker.core.schemas import (
    Color,
    Day,
    Description,
    Icon,
    Instant,
    PageQuery,
    Sent,
    Shown,
    Tags,
    Text,
    Title,
    Unit,
)
from lifetracker.templates.goal import AllowedMisses, Direction, DurationDays, Kind, OnMiss, Target
from lifetracker.templates.schedule import Daily, Schedule, StreakUnit

EVERY_DAY = Daily(type="daily")


class TurnTaken(NamedTuple):
    """A pause, a time in the archive, or a restart by hand; `until` is the first day after it, None while open."""

    id: int
    kind: str
    first: date
    until: date | None


class Stored(NamedTuple):
    """A challenge as it was written: its rules, the row that shows it, and the turns its life took."""

    rules: Rules
    row: Any
    turns: tuple[TurnTaken, ...]
    updated_at: datetime

    @property
    def id(self) -> int:
        return self.rules.challenge_id


class ChallengeCreate(Sent):
    """A challenge of my own; or `template` alone, with any of the fields overridden."""

    template: Text | None = None  # a slug that cannot be is one that nobody has: 404
    title: Title = ""
    description: Description | None = None
    kind: Kind = "check"
    direction: Direction = "at_least"
    target: Target | None = None
    unit: Unit | None = None
    schedule: Schedule = EVERY_DAY
    start_date: Day | None = None
    duration_days: DurationDays | None = None
    on_miss: OnMiss = "continue"
    allowed_misses: AllowedMisses | None = None
    tags: Tags | None = None
    color: Color | None = None
    icon: Icon | None = None


class ChallengePatch(Sent):
    """Only the fields sent are changed; `null` clears. Another `kind` lets go of what went with the old one."""

    title: Title = ""
    description: Description | None = None
    kind: Kind = "check"
    direction: Direction = "at_least"
    target: Target | None = None
    unit: Unit | None = None
    schedule: Schedule = EVERY_DAY
    start_date: Day = date.min
    duration_days: DurationDays | None = None
    on_miss: OnMiss = "continue"
    allowed_misses: AllowedMisses | None = None
    tags: Tags | None = None
    color: Color | None = None
    icon: Icon | None = None


class ChallengePublic(Shown):
    """`status`, `attempt`, `start_date` and `end_date` are derived; `start_date` is the running attempt's."""

    DERIVED: ClassVar[frozenset[str]] = frozenset({"status", "attempt", "start_date", "end_date", "position"})

    id: int
    title: str
    description: str
    template: str | None
    kind: Kind
    direction: Direction
    target: float
    unit: str | None
    schedule: Schedule
    start_date: date
    end_date: date | None
    duration_days: int | None
    first_start_date: date
    on_miss: OnMiss
    allowed_misses: int | None
    status: Status
    attempt: int
    tags: list[str]
    color: str | None
    icon: str | None
    position: int
    role: Literal["owner", "member"]
    created_at: Instant
    updated_at: Instant


class BriefStats(Shown):
    """`completion_rate` is null while nothing was due; `score` is habit strength, 0 to 1."""

    current_streak: int
    best_streak: int
    streak_unit: StreakUnit
    completion_rate: float | None
    score: float


class ChallengeListed(ChallengePublic):
    """`stats` is there when asked for with `include=stats`; the instants of deletion with `status=deleted`."""

    stats: BriefStats | None = None
    deleted_at: Annotated[Instant, Field(description="When it was deleted; of deleted ones alone.")] | None = None
    gone_at: (
        Annotated[Instant, Field(description="Until when it can be brought back; of deleted ones alone.")] | None
    ) = None


class ChallengeQuery(PageQuery):
    """Archived and deleted challenges are listed only when asked for."""

    status: Annotated[
        Status | Literal["deleted"] | None,
        Field(description="Only those of this status, or those of mine that were deleted and can be brought back."),
    ] = None
    include: Literal["stats"] | None = None


class Order(Sent):
    """My challenges in the order I want; those not named follow in theirs."""

    ids: Annotated[list[int], Field(max_length=1000)]  # an id that cannot be is one that nobody has: 404


class Pause(Sent):
    from_: Annotated[Day | None, Field(alias="from")] = None


class Resume(Sent):
    """The first day that counts again; at or before the pause's first it undoes the pause."""

    on: Day | None = None


class Restart(Sent):
    """The first day of the new attempt."""

    start_date: Day | None = None
