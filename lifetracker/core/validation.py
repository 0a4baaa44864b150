"""What is wrong with one field of a request, in words for programs and for people. Pure: no HTTP here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# One word for a length, whether a text's is judged before or after its content, and one for what is no object.
CODES = {
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "model_type": "object_type",
    "model_attributes_type": "object_type",
    "union_tag_invalid": "literal_error",
    "union_tag_not_found": "missing",
}
NUMBER, YES_OR_NO = "Input should be a whole number", "Input should be true or false"
MESSAGES = {
    "object_type": "Input should be an object",
    "missing": "Field required",
    "int_type": NUMBER,
    "int_parsing": NUMBER,
    "int_parsing_size": NUMBER,
    "int_from_float": NUMBER,
    "float_type": "Input should be a number",
    "finite_number": "Input should be a number",
    "bool_type": YES_OR_NO,
    "bool_parsing": YES_OR_NO,
    "list_type": "Input should be a list",
    "string_type": "Input should be a text",
    "string_unicode": "Input should be text in UTF-8",
    "unknown_field": "There is no such field",
}
QUOTE = "'"
# The first is what was sent for a kind of schedule, the last is the message itself.
OURS_ALONE = ("tag", "field_type", "discriminator", "class_name", "words")


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `field` as a path (`schedule.days`), `code` for programs, `message` for people."""

    field: str
    code: str
    message: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


def with_whole_numbers(sent: Any) -> Any:
    """JSON in which `30.0` is the integer 30: JSON has one kind of number, and JSON Schema counts by value."""
    if isinstance(sent, float):
        return int(sent) if sent.is_integer() else sent
    if isinstance(sent, list):
        return [with_whole_numbers(each) for each in sent]
    if isinstance(sent, dict):
        return {name: with_whole_numbers(each) for name, each in sent.items()}
    return sent


def field_error(error: Mapping[str, Any], body: object) -> FieldError:
    given = {name: value for name, value in error.get("ctx", {}).items() if isinstance(value, (str, int, float))}
    params = {name: value for name, value in given.items() if name not in OURS_ALONE}
    field = _field_path(error["loc"], body)
    if "discriminator" in given:
        field = f"{field}.{str(given['discriminator']).strip(QUOTE)}"
    return FieldError(field, code_of(error), message_of(error), params)


def code_of(error: Mapping[str, Any]) -> str:
    return CODES.get(error["type"], str(error["type"]))


def message_of(error: Mapping[str, Any]) -> str:
    """What pydantic says of a field, but for people, and without what was sent."""
    known = error.get("ctx", {})
    if "tag" in known:
        return f"Input should be one of {known['expected_tags']}"
    if "field_type" in known:
        return _length(known)
    return MESSAGES.get(code_of(error), str(error["msg"]))


def _length(known: Mapping[str, Any]) -> str:
    """Of a list, or of a text whose content was judged before, which pydantic calls a value."""
    most = "max_length" in known
    number = known["max_length" if most else "min_length"]
    unit = "character" if known["field_type"] == "Value" else "item"
    return f"Should have at {'most' if most else 'least'} {number} {unit}{'' if number == 1 else 's'}"


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
