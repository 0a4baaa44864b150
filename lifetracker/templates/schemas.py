"""What crosses the API about templates."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from lifetracker.core.schemas import CREATED_AT, Instant, PageQuery, Sent, Shown, Text, example
from lifetracker.templates.fields import (
    COLOR,
    DESCRIPTION,
    ICON,
    SLUG,
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
from lifetracker.templates.schedule import AnySchedule, Daily, Schedule

Category = TypeAliasType(
    "Category",
    Annotated[
        Literal["fitness", "health", "nutrition", "mind", "learning", "lifestyle", "other"],
        Field(description="The shelf of the catalogue that it stands on.", examples=["learning"]),
    ],
)
Visibility = TypeAliasType(
    "Visibility",
    Annotated[Literal["public", "private"], Field(description="Whether others find it, or its author alone.")],
)
Language = Literal["en", "ru"]
Sort = Literal["popular", "new", "title"]


class Author(Shown):
    """Who made a template."""

    user_id: int = Field(description="The author's id.", examples=[1])
    display_name: str = Field(description="What the author is called.", examples=["Anna"])


class TemplateCreate(
    Sent,
    json_schema_extra=example(
        {"title": "Read", "category": "learning", "kind": "measure", "target": 20, "unit": "pages"}
    ),
):
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


class TemplatePatch(Sent, json_schema_extra=example({"visibility": "public"})):
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

    slug: Annotated[str, SLUG]
    title: Annotated[str, TITLE]
    description: Annotated[str, DESCRIPTION]
    category: Category
    kind: Kind
    direction: Direction
    target: Annotated[float, TARGET]
    unit: Annotated[str | None, UNIT]
    schedule: AnySchedule
    duration_days: Annotated[int | None, DURATION_DAYS]
    on_miss: OnMiss
    allowed_misses: Annotated[int | None, ALLOWED_MISSES]
    tags: Annotated[list[str], TAGS]
    color: Annotated[str | None, COLOR]
    icon: Annotated[str | None, ICON]
    visibility: Visibility
    author: Author | None = Field(description="Who made it; null for the built-in catalogue.", examples=[None])
    locale: str = Field(description="The language of its texts, such as `en`.", examples=["en"])
    times_started: int = Field(description="How many challenges were started from it.", examples=[12])
    created_at: Annotated[Instant, CREATED_AT]


class TemplateQuery(PageQuery):
    """`q` is looked for in title, description and tags."""

    category: Annotated[Category | None, Field(description="Only those on this shelf.")] = None
    q: Annotated[
        Text | None,
        Field(
            max_length=100, description="Words of title, description or tags; case, spaces, and ё for е do not matter."
        ),
    ] = None
    sort: Annotated[Sort, Field(description="`popular` unless said; `new` ones first; or by `title`.")] = "popular"
