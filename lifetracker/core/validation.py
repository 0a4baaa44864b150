"""What is wrong with one field of a request, in words for programs and for people. Pure: no HTTP here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# One word for a length, whether a text's is judged before or after its content.
CODES = {"extra_forbidden": "unknown_field", "string_too_short": "too_short", "string_too_long": "too_long"}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `field` as a path (`schedule.days`), `code` for programs, `message` for people."""

    field: str
    code: str
    message: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


def field_error(error: Mapping[str, Any], body: object) -> FieldError:
    given = {name: value for name, value in error.get("ctx", {}).items() if isinstance(value, (str, int, float))}
    given.pop("tag", None)  # what was sent for a kind of schedule
    code = CODES.get(error["type"], str(error["type"]))
    return FieldError(_field_path(error["loc"], body), code, message_of(error), given)


def message_of(error: Mapping[str, Any]) -> str:
    """What pydantic says of a field, but for people, and without what was sent."""
    known = error.get("ctx", {})
    if "tag" in known:
        return f"Input should be one of {known['expected_tags']}"
    if known.get("field_type") == "Value":  # a text, though pydantic counts it in items
        most = "max_length" in known
        return (
            f"Should have at {'most' if most else 'least'} {known['max_length' if most else 'min_length']} characters"
        )
    return str(error["msg"])


def _field_path(loc: Sequence[str | int], body: object) -> str:
    """`("body", "schedule", "weekly", "days")` as `schedule.days`: union branches stand nowhere in the body."""
    place, *steps = loc
    if place != "body":
        return ".".join(map(str, steps))
    path: list[str] = []
    here: Any = body
    for number, step in enumerate(steps):
        if _leads_into(step, here):
            here = here[step]
        elif number < len(steps) - 1:
            continue
        path.append(str(step))
    return ".".join(path)


def _leads_into(step: str | int, here: object) -> bool:
    return (isinstance(here, dict) and step in here) or (isinstance(here, list) and step in range(len(here)))
