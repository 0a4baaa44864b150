"""The shapes in the OpenAPI document, as clients need them that are generated from it.

Pydantic writes down what it does: the placeholder that stands for a field which was not sent is a `default`, a header
may be null, every word has a title. A generated client would send the placeholder, and keeps a class for each title.
So all shapes are tidied here once, whoever declared them (docs/decisions/0019).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/"
NULL = {"type": "null"}
# Where nothing better is said; `tests/core/http/test_openapi.py` finds it, so that something better gets said.
UNSAID = "…"
USUAL = {
    "string": UNSAID,
    "date": "2026-03-11",
    "date-time": "2026-03-11T12:00:00Z",
    "integer": 1,
    "number": 1.0,
    "boolean": False,
}


def tidied(document: Schema) -> Schema:
    """The document with components that are named as a person would, and every shape of it tidied."""
    renamed: Schema = _renamed(document)
    known = renamed.setdefault("components", {}).setdefault("schemas", {})
    renamed["components"]["schemas"] = known = {_name(name): known[name] for name in sorted(known, key=_name)}
    for operation in operations_in(renamed):
        _tidy_sent(operation, known)
    for schema in schemas_in(renamed):
        schema.pop("title", None)
        schema.pop("default", None)
        for shape in schema.get("properties", {}).values():
            describe(shape, shape, known)
    for unseen in known.keys() - _referred_to(renamed):
        del known[unseen]
    return renamed


def _referred_to(node: Any) -> set[str]:
    """The names of components that anything within refers to."""
    if isinstance(node, dict):
        return set().union(*map(_referred_to, node.values()))
    if isinstance(node, list):
        return set().union(*map(_referred_to, node))
    return {node.removeprefix(REFERENCE)} if isinstance(node, str) and node.startswith(REFERENCE) else set()


def _renamed(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _renamed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_renamed(each) for each in node]
    if isinstance(node, str) and node.startswith(REFERENCE):
        return REFERENCE + _name(node.removeprefix(REFERENCE))
    return node


def _name(name: str) -> str:
    """`Page_ChallengeListed_` is a `ChallengePage`, `EntryPublic` an `Entry`."""
    if of_page := re.fullmatch(r"Page_(\w+?)(Listed|Public)?_", name):
        return f"{of_page[1]}Page"
    return name.removesuffix("Public")


def operations_in(document: Schema) -> list[Schema]:
    return [operation for operations in document["paths"].values() for operation in operations.values()]


def schemas_in(document: Schema) -> Iterator[Schema]:
    """Every schema there is, those inside others too."""
    for schema in document["components"]["schemas"].values():
        yield from _within(schema)
    for operation in operations_in(document):
        for holder in [*operation.get("parameters", ()), *contents_of(operation)]:
            yield from _within(holder["schema"])


def contents_of(operation: Schema) -> list[Schema]:
    """What can be sent and answered, a media type each."""
    holders = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [content for holder in holders for content in holder.get("content", {}).values()]


def _within(schema: Schema) -> Iterator[Schema]:
    yield schema
    inner = [each for key in ("anyOf", "oneOf", "allOf") for each in schema.get(key, ())]
    inner += schema.get("properties", {}).values()
    inner += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    for each in inner:
        yield from _within(each)


def _tidy_sent(operation: Schema, known: Schema) -> None:
    """A parameter or body that need not be sent is just not required: there is no null to send in its place."""
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
        describe(parameter, parameter["schema"], known)  # some generators read the one, some the other
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["schema"] = _without_null(content["schema"])


def _without_null(schema: Schema) -> Schema:
    kept = [each for each in schema.get("anyOf", ()) if each != NULL]
    if len(kept) != 1:
        return schema
    return {**kept[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def describe(holder: Schema, schema: Schema, known: Schema) -> None:
    """Let `holder` say what its schema says of itself, or the part of it that is not null, or what it refers to."""
    for part in schema.get("anyOf", ()):
        for key in ("description", "examples"):
            if key in part:
                schema.setdefault(key, part.pop(key))
    if "description" not in holder:
        parts = (schema, *schema.get("anyOf", ()))
        told = [referred(part, known)["description"] for part in parts if "description" in referred(part, known)]
        holder |= {"description": told[0]} if told else {}


def referred(schema: Schema, known: Schema) -> Schema:
    """The schema itself, or the one that it refers to."""
    name = schema.get("$ref", "").removeprefix(REFERENCE)
    return known[name] if name else schema


def example_of(schema: Schema, known: Schema) -> Any:
    """Its own example; else one that is made of those of its parts, as far as they must be there."""
    if "examples" in schema:
        return schema["examples"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example_of(schema[key][0], known)
    if "$ref" in schema:
        return example_of(referred(schema, known), known)
    if "properties" in schema:
        return {name: example_of(schema["properties"][name], known) for name in schema.get("required", ())}
    if schema.get("type") == "array":
        return [example_of(schema["items"], known)]
    usual = USUAL.get(schema.get("format", "")) or USUAL.get(schema.get("type", ""), {})
    return schema.get("const", schema.get("enum", [usual])[0])
