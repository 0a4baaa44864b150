"""Shapes that every feature's requests and answers are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError, core_schema

from lifetracker.core.day import FIRST_DAY, LAST_DAY

T = TypeVar("T")
MAX_ID = 2**63 - 1


class Sent(BaseModel):
    """A request body: JSON's own types and no field we do not know, so that a typo is never silently dropped."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def example(body: dict[str, JsonValue]) -> JsonDict:
    """For a model's `json_schema_extra`: a body of its kind, as the OpenAPI document shows it."""
    return {"examples": [body]}


class Shown(BaseModel):
    """An answer. `DERIVED` names the fields that nobody wrote, which `If-Match` leaves out."""

    # What has a default is in the answer all the same: the OpenAPI document says so.
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_serialization_defaults_required=True)
    DERIVED: ClassVar[frozenset[str]] = frozenset()


class Page(Shown, Generic[T]):
    """A list, or the part of it that was asked for; `next_cursor` is null on the last part."""

    # Pages of something are made by pydantic, which leaves their docstring out.
    model_config = ConfigDict(json_schema_extra={"description": "A list, or the part of it that was asked for."})
    items: list[T] = Field(description="What was asked for, in its order.")
    next_cursor: str | None = Field(
        None, description="The `cursor` of the next part; null on the last.", examples=[None]
    )


class PageQuery(BaseModel):
    """Which part of a list: at most `limit` items, from where `cursor` points."""

    model_config = ConfigDict(hide_input_in_errors=True)
    limit: Annotated[int, Field(ge=1, le=200, description="At most so many items; 50 unless said.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=1000, description="The `next_cursor` of the part before; the first without.")
    ] = None


def _storable(text: str) -> str:
    """What every database takes; over HTTP no lone surrogate comes this far, from a command line or a file it does."""
    if "\0" in text:
        raise PydanticCustomError("nul_character", "A NUL character is not allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("lone_surrogate", "This is not text: half of a character is missing") from None
    return text


@dataclass(frozen=True)
class Spelled:
    """How a text is written: a pattern for programs, and `words` for people, who are not told patterns."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"pattern": f"^{self.pattern}$"}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise PydanticCustomError("string_pattern_mismatch", "{words}", {"words": self.words})
        return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "Should say something, not spaces alone")
    return text


# What a field is, in the words of the OpenAPI document, for what is sent and for what is shown.
CREATED_AT = Field(description="When it was made: an instant in UTC.", examples=["2026-03-11T12:00:00Z"])
UPDATED_AT = Field(description="When it was last written: an instant in UTC.", examples=["2026-03-11T12:00:00Z"])

Text = Annotated[str, AfterValidator(_storable)]
NOT_BLANK = (AfterValidator(_not_blank), Field(json_schema_extra={"pattern": r"\S"}))


def _as_day(given: object) -> object:
    """Only `YYYY-MM-DD`: pydantic alone would also take a number of seconds, or an instant."""
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise PydanticCustomError("date_unknown", "There is no such day in the calendar") from None
    raise PydanticCustomError("date_format", "A date is written YYYY-MM-DD")


def _in_calendar(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise PydanticCustomError(
            "date_out_of_range",
            "A date lies between {first} and {last}",
            {"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()},
        )
    return day


Day = Annotated[
    date,
    AfterValidator(_in_calendar),
    BeforeValidator(_as_day),
    WithJsonSchema({"type": "string", "format": "date"}),
]


# Section 5.6. Python alone would also take what else ISO 8601 has: weeks, commas, no seconds.
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _as_instant(given: object) -> object:
    """RFC 3339 with an offset, turned to UTC."""
    if isinstance(given, str) and RFC_3339.fullmatch(given):
        try:
            given = datetime.fromisoformat(given.upper())
        except ValueError:
            raise PydanticCustomError("instant_format", "There is no such instant in the calendar") from None
    if not isinstance(given, datetime) or given.tzinfo is None:
        raise PydanticCustomError("instant_format", "An instant is written as in RFC 3339, with its offset")
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("instant_format", "An instant lies between the years 1 and 9999") from None


# In UTC, as all that we keep: pydantic then writes it with a Z.
Instant = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]
SentInstant = Annotated[Instant, BeforeValidator(_as_instant)]


def _as_id(given: object) -> object:
    if isinstance(given, int) or (isinstance(given, str) and re.fullmatch("[0-9]{1,19}", given)):
        return given
    raise PydanticCustomError("id_unknown", "There is no such id")


ID = Field(description="What it is known by, for as long as it is there.", examples=[7])

Id = Annotated[int, Field(ge=1, le=MAX_ID), ID, BeforeValidator(_as_id)]
