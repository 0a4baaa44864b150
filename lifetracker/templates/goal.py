"""Goals: what one day has to bring. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import Field
from typing_extensions import TypeAliasType

from lifetracker.core.validation import FieldError

Kind = TypeAliasType(
    "Kind",
    Annotated[
        Literal["check", "measure"],
        Field(description="`check`: done or not. `measure`: a number against `target`.", examples=["measure"]),
    ],
)
Direction = TypeAliasType(
    "Direction",
    Annotated[
        Literal["at_least", "at_most"],
        Field(description="Whether `target` is to be reached, or, for a measure, is a limit (`at_most`)."),
    ],
)
OnMiss = TypeAliasType(
    "OnMiss",
    Annotated[
        Literal["continue", "fail", "restart"],
        Field(description="What follows when there are more misses than `allowed_misses`."),
    ],
)
Outcome = TypeAliasType(
    "Outcome",
    Annotated[
        Literal["done", "partial", "missed", "skipped"],
        Field(description="What an entry amounts to; `partial` is something, but short of the target."),
    ],
)
TodayOutcome = TypeAliasType(
    "TodayOutcome",
    Annotated[
        Literal["done", "partial", "missed", "skipped", "open", "rest", "paused"],
        Field(description="What the day amounts to; `open` while it can still be done, `rest` where nothing is asked."),
    ],
)

MAX_VALUE = 1e9
TARGET = Field(description="The number to reach or to stay under, 0 to 1e9 in `unit`; 1 for a check.", examples=[20.0])
DURATION_DAYS = Field(description="How many days it lasts, 1 to 3,650; null for as long as one likes.", examples=[30])
ALLOWED_MISSES = Field(
    description="How many misses are forgiven, 0 to 3,650; null with `on_miss` `continue`.", examples=[None]
)
Target = Annotated[float, Field(ge=0, le=MAX_VALUE, allow_inf_nan=False), TARGET]
DurationDays = Annotated[int, Field(ge=1, le=3650), DURATION_DAYS]
AllowedMisses = Annotated[int, Field(ge=0, le=3650), ALLOWED_MISSES]


class Goal(NamedTuple):
    """Done or not (`check`), or a number against a target (`measure`)."""

    kind: Kind
    direction: Direction
    target: float


def outcome(goal: Goal, value: float | None, skipped: bool) -> Outcome | None:
    """What a day's entry amounts to by itself; None when it holds no value (a note alone)."""
    if skipped:
        return "skipped"
    if value is None:
        return None
    if goal.direction == "at_most":
        return "done" if value <= goal.target else "missed"
    if value >= goal.target:
        return "done"
    return "partial" if value > 0 else "missed"


def contradictions(
    kind: Kind,
    direction: Direction,
    target: float | None,
    unit: str | None,
    on_miss: OnMiss,
    allowed_misses: int | None,
) -> Iterator[FieldError]:
    """What does not go together in a template's or a challenge's promise, though each field is fine alone."""
    if kind == "check":
        if direction != "at_least":
            yield FieldError("direction", "check_at_least", "A check is done or not: its direction is at_least")
        if target not in (None, 1):
            yield FieldError("target", "check_target", "The target of a check is 1")
        if unit is not None:
            yield FieldError("unit", "check_unit", "A check has no unit")
    elif target is None:
        yield FieldError("target", "missing", "A measure needs a target")
    elif direction == "at_least" and target <= 0:
        yield FieldError("target", "greater_than", "A target to reach is more than 0", {"gt": 0})
    if on_miss == "continue" and allowed_misses is not None:
        yield FieldError("allowed_misses", "not_counted", "With on_miss continue no misses are counted: leave it null")
