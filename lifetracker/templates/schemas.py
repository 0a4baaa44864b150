"""What crosses the API about templates."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lifetracker.core.schemas import (
    Color,
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
from lifetracker.templates.schedule import Daily, Schedule

Category = Literal["fitness", "health", "nutrition", "mind", "learning", "lifestyle", "other"]
Visibility = Literal["public", "private"]
Language = Literal["en", "ru"]
Sort = Literal["popular", "new", "title"]


class Author(Shown):
    user_id: int
    display_name: str


class TemplateCreate(Sent):
    """A template of mine. It is private unless it says otherwise."""

    title: Title
    description: Description | None = None
    category: Category = "other"
    kind: Kind = "check"
    direction: Direction = "at_least"
    target: Target | None = None
    unit: Unit | None = None
    schedule: Schedule = Daily(type="daily")
    duration_days: DurationDays | None = None
    on_miss: OnMiss = "continue"
    allowed_misses: AllowedMisses | None = None
    tags: Tags | None = None
    color: Color | None = None
    icon: Icon | None = None
    visibility: Visibility = "private"


class TemplatePatch(Sent):
    """Only the fields sent are changed."""

    title: Title = ""
    description: Description | None = None
    category: Category = "other"
    kind: Kind = "check"
    direction: Direction = "at_least"
    target: Target | None = None
    unit: Unit | None = None
    schedule: Schedule = Daily(type="daily")
    duration_days: DurationDays | None = None
    on_miss: OnMiss = "continue"
    allowed_misses: AllowedMisses | None = None
    tags: Tags | None = None
    color: Color | None = None
    icon: Icon | None = None
    visibility: Visibility = "private"


class TemplatePublic(Shown):
    """`author` is null for the built-in catalogue; `locale` is the language of the texts."""

    DERIVED: ClassVar[frozenset[str]] = frozenset({"times_started", "author"})

    slug: str
    title: str
    description: str
    category: Category
    kind: Kind
    direction: Direction
    target: float
    unit: str | None
    schedule: Schedule
    duration_days: int | None
    on_miss: OnMiss
    allowed_misses: int | None
    tags: list[str]
    color: str | None
    icon: str | None
    visibility: Visibility
    author: Author | None
    locale: str
    times_started: int
    created_at: Instant


class TemplateQuery(PageQuery):
    """`q` is looked for in title, description and tags."""

    category: Category | None = None
    q: Annotated[Text | None, Field(max_length=100)] = None
    sort: Sort = "popular"
