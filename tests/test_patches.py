"""A `PATCH` of one field changes one field: for every field that the document says can be sent alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifetracker.core.http.openapi_schemas import example_of, referred
from tests.operations import DOCUMENT, OPERATIONS, Operation
from tests.people import JSON, PASSWORD, Client

SHAPES: dict[str, Any] = DOCUMENT["components"]["schemas"]
PATCHES = [operation for operation in OPERATIONS if operation.method == "PATCH"]
CASES = [(operation, field) for operation in PATCHES for field in operation.fields]

# Nothing in them is as it would be if nobody had said it, and none has begun: a miss would move what is derived.
PROMISE: JSON = {
    "title": "Two coffees",
    "description": "No more.",
    "kind": "measure",
    "direction": "at_most",
    "target": 2,
    "unit": "cups",
    "schedule": {"type": "weekly", "days": ["mon", "fri"]},
    "duration_days": 60,
    "on_miss": "restart",
    "allowed_misses": 2,
    "tags": ["coffee"],
    "color": "#112233",
    "icon": "☕",
}
THINGS: dict[str, JSON] = {
    "/users/me": {
        "display_name": "Anna K.",
        "time_zone": "Asia/Tokyo",
        "day_starts_at": "04:30",
        "week_starts_on": "sun",
        "locale": "ru",
    },
    "/challenges/{challenge_id}": {**PROMISE, "start_date": "2026-03-12"},
    "/templates/{slug}": {**PROMISE, "category": "health", "visibility": "public"},
}
# What the contract says goes with a field, or follows from it.
GOES_ALONG = {
    "kind": {"direction", "target", "unit"},
    "on_miss": {"allowed_misses"},
    "start_date": {"first_start_date", "end_date", "status"},
    "duration_days": {"end_date"},
}
NEEDED = {"email": {"current_password": PASSWORD}}
CHANGES_NOTHING_ALONE = {"current_password"}


def values_of(field: JSON) -> list[Any]:
    """Some that the document allows: its examples, each of its choices, null where it can be that."""
    parts = [referred(part, SHAPES) for part in field.get("anyOf", [field])]
    choices = [value for part in parts for value in part.get("enum", [])]
    kinds = [example_of(kind, SHAPES) for part in parts for kind in part.get("oneOf", [])]
    nothing = [None for part in parts if part.get("type") == "null"]
    return [*field.get("examples", []), *choices, *kinds, *nothing] or [example_of(field, SHAPES)]


class TestPatch:
    def test_has_a_thing_to_try_it_on(self) -> None:
        assert set(THINGS) == {operation.path for operation in PATCHES}

    @pytest.mark.parametrize(("operation", "name"), CASES, ids=str)
    def test_of_one_field_changes_that_field_alone(
        self, people: Callable[..., Client], operation: Operation, name: str
    ) -> None:
        field = schema_of(operation)["properties"][name]
        tried = 0
        for number, value in enumerate(values_of(field)):
            person = people(f"anna{number}", **(THINGS["/users/me"] if operation.path == "/users/me" else {}))
            path = made(person, operation)
            before = person.got(path)
            if before.get(name) != value:
                answer = person.patch(path, json={name: value, **NEEDED.get(name, {})})
                tried += answer.is_success
                expected = {name} if answer.is_success and name not in CHANGES_NOTHING_ALONE else set()
                after = person.got(path)
                assert changed(before, after) - GOES_ALONG.get(name, set()) - {"updated_at"} == expected, answer.text
        assert tried


def schema_of(operation: Operation) -> JSON:
    return referred(operation.described["requestBody"]["content"]["application/json"]["schema"], SHAPES)


def made(person: Client, operation: Operation) -> str:
    """The path of a thing of theirs that this operation changes."""
    if operation.path == "/users/me":
        return operation.path
    where = operation.path.rpartition("/")[0]
    thing = person.made(where, THINGS[operation.path])
    return f"{where}/{thing.get('id', thing.get('slug'))}"


def changed(before: JSON, after: JSON) -> set[str]:
    return {name for name in before if before[name] != after[name]}
