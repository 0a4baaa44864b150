"""What crosses the API about challenges."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from lifetracker.challenges.rules import Rules, Status
from lifetracker.core.schemas import CREATED_AT, ID, UPDATED_AT, Day, Instant, PageQuery, Sent, Shown, Text, example
from lifetracker.templates.fields import (
    COLOR,
    DESCRIPTION,
    ICON,
    TAGS,
    TITLE,
    UNIT,
    Color,
    Description,
    Icon,
    Tags,
    Title,
    Unit,
)
from lifetracker.templates.goal import (
    ALLOWED_MISSES,
    DURATION_DAYS,
    TARGET,
    AllowedMisses,
    Direction,
    DurationDays,
    Kind,
    OnMiss,
    Target,
)
from lifetracker.templates.schedule import AnySchedule, Daily, Schedule, StreakUnit

EVERY_DAY = Daily(type="daily")
TEMPLATE = Field(description="The slug of the template that it comes from.", examples=[None])
START_DATE = Field(description="The running attempt's first day; today unless said.", examples=["2026-03-11"])


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


class ChallengeCreate(
    Sent, json_schema_extra=example({"title": "Read", "kind": "measure", "target": 20, "unit": "pages"})
):
    """A challenge of my own; or `template` alone, with any of the fields overridden."""

    template: Annotated[Text | None, TEMPLATE] = None  # a slug that cannot be is one that nobody has: 404
    title: Title = ""
    description: Description | None = None
    kind: Kind = "check"
    direction: Direction = "at_least"
    target: Target | None = None
    unit: Unit | None = None
    schedule: Schedule = EVERY_DAY
    start_date: Annotated[Day | None, START_DATE] = None
    duration_days: DurationDays | None = None
    on_miss: OnMiss = "continue"
    allowed_misses: AllowedMisses | None = None
    tags: Tags | None = None
    color: Color | None = None
    icon: Icon | None = None


class ChallengePatch(Sent, json_schema_extra=example({"title": "Read in the evening"})):
    """Only the fields sent are changed; `null` clears. Another `kind` lets go of what went with the old one."""

    title: Title = ""
    description: Description | None = None
    kind: Kind = "check"
    direction: Direction = "at_least"
    target: Target | None = None
    unit: Unit | None = None
    schedule: Schedule = EVERY_DAY
    start_date: Annotated[Day, START_DATE] = date.min
    duration_days: DurationDays | None = None
    on_miss: OnMiss = "continue"
    allowed_misses: AllowedMisses | None = None
    tags: Tags | None = None
    color: Color | None = None
    icon: Icon | None = None


Attempt = Annotated[int, Field(description="The number of the running attempt, from 1.", examples=[1])]
CurrentStreak = Annotated[int, Field(description="The streak that is alive, in `streak_unit`s.", examples=[8])]
Role = TypeAliasType(
    "Role", Annotated[Literal["owner", "member"], Field(description="What I am in it: its owner, or a member.")]
)


class ChallengePublic(Shown):
    """`status`, `attempt`, `start_date` and `end_date` are derived; `start_date` is the running attempt's."""

    DERIVED: ClassVar[frozenset[str]] = frozenset({"status", "attempt", "start_date", "end_date", "position"})

    id: Annotated[int, ID]
    title: Annotated[str, TITLE]
    description: Annotated[str, DESCRIPTION]
    template: Annotated[str | None, TEMPLATE]
    kind: Kind
    direction: Direction
    target: Annotated[float, TARGET]
    unit: Annotated[str | None, UNIT]
    schedule: AnySchedule
    start_date: Annotated[date, START_DATE]
    end_date: date | None = Field(
        description="The running attempt's last day; null without an end.", examples=["2026-04-09"]
    )
    duration_days: Annotated[int | None, DURATION_DAYS]
    first_start_date: date = Field(description="The first attempt's first day, from which on days can be logged.")
    on_miss: OnMiss
    allowed_misses: Annotated[int | None, ALLOWED_MISSES]
    status: Status
    attempt: Attempt
    tags: Annotated[list[str], TAGS]
    color: Annotated[str | None, COLOR]
    icon: Annotated[str | None, ICON]
    position: int = Field(description="Its place in my order: the lower stands before the higher.", examples=[1])
    role: Role
    created_at: Annotated[Instant, CREATED_AT]
    updated_at: Annotated[Instant, UPDATED_AT]


class BriefStats(Shown):
    """`completion_rate` is null while nothing was due; `score` is habit strength, 0 to 1."""

    current_streak: CurrentStreak
    best_streak: int = Field(description="The longest streak there was, in `streak_unit`s.", examples=[21])
    streak_unit: StreakUnit
    completion_rate: float | None = Field(
        description="Done of what was due and not skipped, 0 to 1; null while that is nothing.", examples=[0.928571]
    )
    score: float = Field(description="Habit strength, 0 to 1.", examples=[0.412345])


class ChallengeListed(ChallengePublic):
    """What was asked for with `include=` is beside the challenge, and of deleted ones, until when they are kept."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)
    stats: BriefStats | None = Field(None, description="How I do; only with `include=stats`.")
    deleted_at: Instant | None = Field(None, description="When it was deleted; only with `status=deleted`.")
    gone_at: Instant | None = Field(None, description="Until when it can be brought back; only with `status=deleted`.")


class ChallengeQuery(PageQuery):
    """Archived and deleted challenges are listed only when asked for."""

    status: Annotated[
        Literal["archived", "failed", "completed", "upcoming", "paused", "active", "deleted"] | None,
        Field(description="Only those that stand so, or mine that were deleted; all but archived unless said."),
    ] = None
    include: Annotated[Literal["stats"] | None, Field(description="`stats`: each with how I do.")] = None


class Order(Sent, json_schema_extra=example({"ids": [7, 3]})):
    """My challenges in the order I want; those not named follow in theirs."""

    # An id that cannot be is one that nobody has: 404.
    ids: Annotated[list[int], Field(max_length=1000, description="Ids of challenges of mine, at most 1,000.")]


class Pause(Sent, json_schema_extra=example({"from": "2026-03-11"})):
    """From when on days do not count."""

    from_: Annotated[
        Day | None, Field(alias="from", description="The first day of the pause, which may be past; today unless said.")
    ] = None


class Resume(Sent, json_schema_extra=example({"on": "2026-03-18"})):
    """The first day that counts again; at or before the pause's first it undoes the pause."""

    on: Annotated[Day | None, Field(description="The day, which may be past; today unless said.")] = None


class Restart(Sent, json_schema_extra=example({"start_date": "2026-03-11"})):
    """The first day of the new attempt."""

    start_date: Annotated[Day | None, Field(description="The day, which may be past; today unless said.")] = None
