"""The shapes in `/openapi.json`: how they are tidied, and that every one of them is fit to make clients from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query
from jsonschema_rs import validator_for
from pydantic import BaseModel, Field

from lifetracker.core.http.openapi_schemas import UNSAID, example_of, schemas_in, tidied
from lifetracker.core.schemas import Page, Sent, Shown
from tests.operations import DOCUMENT, OPERATIONS, Operation

COMPONENTS = DOCUMENT["components"]
SHAPES: dict[str, Any] = COMPONENTS["schemas"]


class ThingPublic(Shown):
    """A thing."""

    default: int = Field(description="A field that is called so.")
    title: str | None = Field(description="Another.", examples=["Rope"])


class ThingPatch(Sent):
    """What of it to change."""

    title: Annotated[str, Field(min_length=1, description="Its title.")] = ""
    size: Annotated[int, Field(description="Its size.")] | None = None


class ThingQuery(BaseModel):
    size: Annotated[int | None, Field(ge=1, description="Only those.")] = 3


router = APIRouter()


@router.patch("/thing")
async def change_thing(patch: ThingPatch | None = None) -> ThingPublic:
    raise NotImplementedError


@router.get("/things")
async def list_things(query: Annotated[ThingQuery, Query()]) -> Page[ThingPublic]:
    raise NotImplementedError


def document() -> dict[str, Any]:
    app = FastAPI()
    app.router.routes.extend(router.routes)
    return tidied(app.openapi())


TIDIED = document()["components"]["schemas"]


def everything_in(node: Any, seen: frozenset[str] = frozenset()) -> Iterator[dict[str, Any]]:
    """Every object in a part of the document, those that it refers to and those inside them."""
    if isinstance(node, list):
        for each in node:
            yield from everything_in(each, seen)
    if isinstance(node, dict):
        yield node
        for key, each in node.items():
            if key == "$ref" and each not in seen:
                yield from everything_in(SHAPES[each.rpartition("/")[2]], seen | {each})
            yield from everything_in(each, seen)


def contents(operation: Operation) -> list[tuple[str, dict[str, Any]]]:
    """What it takes and answers: where, and the media type's schema and example."""
    places = {"body": operation.described.get("requestBody", {}), **operation.described["responses"]}
    return [(place, each) for place, holder in places.items() for each in holder.get("content", {}).values()]


class TestTidied:
    def test_names_components_as_a_person_would(self) -> None:
        assert {"Thing", "ThingPage", "ThingPatch"} <= set(TIDIED)
        assert TIDIED["ThingPage"]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Thing"}

    def test_drops_defaults_but_not_fields_that_are_called_so(self) -> None:
        assert TIDIED["ThingPatch"]["properties"]["title"] == {
            "type": "string",
            "minLength": 1,
            "description": "Its title.",
        }
        assert set(TIDIED["Thing"]["properties"]) == {"default", "title"}

    def test_has_a_description_beside_what_can_be_null_and_not_inside(self) -> None:
        assert TIDIED["ThingPatch"]["properties"]["size"] == {
            "anyOf": [{"type": "integer"}, {"type": "null"}],
            "description": "Its size.",
        }

    def test_leaves_null_out_of_parameters_and_bodies(self) -> None:
        paths = document()["paths"]
        (parameter,) = paths["/things"]["get"]["parameters"]
        body = paths["/thing"]["patch"]["requestBody"]

        assert parameter["schema"] == {"type": "integer", "minimum": 1, "description": "Only those."}
        assert parameter["description"] == "Only those."
        assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ThingPatch"}

    def test_says_that_what_is_always_answered_is_there(self) -> None:
        assert TIDIED["ThingPage"]["required"] == ["items", "next_cursor"]


class TestExample:
    def test_is_made_of_its_parts(self) -> None:
        assert example_of(TIDIED["ThingPage"], TIDIED) == {
            "items": [{"default": 1, "title": "Rope"}],
            "next_cursor": None,
        }

    def test_leaves_out_what_need_not_be_there(self) -> None:
        assert example_of(TIDIED["ThingPatch"], TIDIED) == {}

    def test_stands_at_all_that_is_sent_and_answered(self) -> None:
        for operation in OPERATIONS:
            examples = [content.get("example") for _, content in contents(operation)]

            assert examples
            assert None not in examples
            assert UNSAID not in json.dumps(examples, ensure_ascii=False), operation

    def test_fits_its_shape(self) -> None:
        for operation in OPERATIONS:
            for place, content in contents(operation):
                judge = validator_for({**content["schema"], "components": COMPONENTS}, validate_formats=True)
                wrong = [str(error) for error in judge.iter_errors(content["example"])]

                assert (operation, place, wrong) == (operation, place, [])

    def test_of_a_body_is_more_than_nothing(self) -> None:
        assert all(content["example"] for each in OPERATIONS for place, content in contents(each) if place == "body")


class TestShapes:
    def test_that_are_sent_hold_no_default(self) -> None:
        """A generated client would send it, and so write what nobody set."""
        for operation in OPERATIONS:
            sent = [operation.described.get("requestBody", {}), operation.described.get("parameters", [])]

            assert (operation, [each for each in everything_in(sent) if "default" in each]) == (operation, [])

    def test_that_are_answered_hold_none_either(self) -> None:
        assert [shape for shape in schemas_in(DOCUMENT) if "default" in shape] == []

    def test_have_every_property_described(self) -> None:
        untold = [
            (name, each)
            for name, shape in SHAPES.items()
            for each, told in shape.get("properties", {}).items()
            if not told.get("description")
        ]

        assert untold == []

    def test_that_have_a_name_are_described(self) -> None:
        assert [name for name, shape in SHAPES.items() if not shape.get("description")] == []

    def test_are_named_as_a_person_would(self) -> None:
        assert [name for name in SHAPES if not re.fullmatch("([A-Z][a-z]+)+", name) or name.endswith("Public")] == []
        assert {"Challenge", "ChallengePage", "Entry", "Template", "TemplatePatch", "User"} <= set(SHAPES)

    def test_have_one_name_for_one_choice(self) -> None:
        """So that what one operation answers can be sent to another, in a client that knows types."""
        choices = [tuple(shape["enum"]) for name, shape in SHAPES.items() if "enum" in shape]
        inline = [tuple(each["enum"]) for shape in SHAPES.values() for each in everything_in(shape) if "enum" in each]

        assert len(set(choices)) == len(choices)
        assert set(inline) <= set(choices)


class TestParameter:
    def test_is_described(self) -> None:
        for operation in OPERATIONS:
            for parameter in operation.described.get("parameters", []):
                assert parameter.get("description"), (operation, parameter["name"])

    def test_is_never_null(self) -> None:
        """Neither is a body: what need not be sent is left out."""
        for operation in OPERATIONS:
            bodies = [content for place, content in contents(operation) if place == "body"]
            sent = [*operation.described.get("parameters", []), *bodies]

            assert all({"type": "null"} not in each["schema"].get("anyOf", []) for each in sent), operation
