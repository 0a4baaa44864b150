"""The OpenAPI document: what each operation may answer, down to the codes of its problems and its headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from lifetracker.core.errors import Problem
from lifetracker.core.http.handlers import MEDIA_TYPE, phrase_of, problem_body
from lifetracker.core.http.openapi_schemas import REFERENCE, contents_of, example_of, operations_in, tidied
from lifetracker.core.http.openapi_words import (
    EXAMPLE_DETAIL,
    EXAMPLE_ERROR,
    EXAMPLE_REQUEST_ID,
    HEADERS,
    PROBLEM_SCHEMAS,
)

Operation = dict[str, Any]

# In what is `Given`: statuses and codes of every operation that has it and is no GET. No client reads it.
WHEN_WRITING = "x-when-writing"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def refusals(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: which codes it may answer, a status each."""
    codes: dict[int, list[str]] = {}
    for problem in problems:
        codes.setdefault(problem.status, []).append(problem.code)
    return {status: _response(status, found) for status, found in codes.items()}


def _response(status: int, codes: Sequence[str]) -> dict[str, Any]:
    told = sorted(set(codes))
    schema = {"allOf": [{"$ref": f"{REFERENCE}Problem"}], "properties": {"code": {"enum": told}}}
    return {
        "description": f"{phrase_of(status)}: {', '.join(f'`{code}`' for code in told)}",
        "content": {MEDIA_TYPE: {"schema": schema, "example": _example(status, told[0])}},
    }


def _example(status: int, code: str) -> dict[str, Any]:
    told = type(code, (Problem,), {"status": status, "code": code})
    invalid = status == HTTPStatus.UNPROCESSABLE_ENTITY
    return problem_body(told(EXAMPLE_DETAIL, **({"errors": [EXAMPLE_ERROR]} if invalid else {})), EXAMPLE_REQUEST_ID)


def complete(document: dict[str, Any], security_schemes: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what every operation of a kind may answer, what it is told by, and an example.

    `security_schemes` are the ways to say who calls, by the names that operations know them by.
    """
    for name in ("HTTPValidationError", "ValidationError"):  # the framework's own shape of a refusal
        document["components"]["schemas"].pop(name, None)
    document["components"]["schemas"] |= PROBLEM_SCHEMAS
    for operations in document["paths"].values():
        for method, operation in operations.items():
            _complete_operation(operation, method)
    document = tidied(document) | {"servers": [{"url": "/"}]}
    document["components"] |= {"securitySchemes": security_schemes, "headers": HEADERS}
    with_tag = _with_tag(document)
    for operation in operations_in(document):
        _tell_headers(operation, with_tag)
        _show_examples(operation, document["components"]["schemas"])
    return document


def seen_under(root: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document for who reads it below this root path, where they will send their requests, too."""
    return document | {"servers": [{"url": root}]} if root else document


def _complete_operation(operation: Operation, method: str) -> None:
    responses = operation["responses"]
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {MEDIA_TYPE: ""}):
        del responses["422"]  # the framework's own shape of a refusal
    for status, codes in _usual_codes(operation, method, operation.pop(WHEN_WRITING, {})):
        known = responses.get(str(status), {}).get("content", {}).get(MEDIA_TYPE, {}).get("schema", {})
        said = known.get("properties", {}).get("code", {}).get("enum", [])
        responses[str(status)] = _response(status, [*said, *codes])
    if "If-None-Match" in _parameters(operation) and method == "get":
        responses["304"] = {"description": "Nothing changed since"}
    for status, answer in responses.items():
        if answer["description"] == "Successful Response":
            answer["description"] = phrase_of(int(status))
    operation["responses"] = dict(sorted(responses.items()))
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    operation.setdefault("security", [])


def _usual_codes(
    operation: Operation, method: str, when_writing: Mapping[str, list[str]]
) -> Iterator[tuple[int, list[str]]]:
    parameters = _parameters(operation)
    body = operation.get("requestBody", {}).get("content", {})
    secured = bool(operation.get("security"))
    if secured:
        yield 401, ["unauthorized"]
    if method != "get":
        yield from ((int(status), codes) for status, codes in when_writing.items())
    if any(name.endswith("_id") or name == "slug" for name in parameters):
        yield 404, ["not_found"]
    if FORM in body:
        yield 400, ["bad_request"]
    if "If-Match" in parameters:
        yield 412, ["stale"]
    yield 413, ["body_too_large"]  # also of a body that nobody wants: the edge asks no route
    if body:
        yield 415, ["unsupported_encoding"]
    if invalid := list(_invalid_codes(parameters, body)):
        yield 422, invalid
    yield 500, ["internal_error"]
    if secured or parameters or body:  # what asks for nothing asks no database
        yield 503, ["busy", "database_unavailable"]


def _invalid_codes(parameters: Iterable[str], body: dict[str, Any]) -> Iterator[str]:
    if body or set(parameters) - {"If-Match", "If-None-Match"}:
        yield "invalid"
    if JSON in body:
        yield "invalid_json"
    if "Idempotency-Key" in parameters:
        yield "idempotency_key_reused"


def _parameters(operation: Operation) -> list[str]:
    return [parameter["name"] for parameter in operation.get("parameters", [])]


def _with_tag(document: Operation) -> list[Any]:
    """The shapes whose answers carry an `ETag`: a condition on it can be sent to whatever shows or changes one."""
    conditional = [each for each in operations_in(document) if {"If-Match", "If-None-Match"} & set(_parameters(each))]
    return [schema for each in conditional for answer in each["responses"].values() for schema in _shown(answer)]


def _shown(answer: dict[str, Any]) -> list[Any]:
    return [answer["content"][JSON]["schema"]] if JSON in answer.get("content", {}) else []


def _tell_headers(operation: Operation, with_tag: Sequence[Any]) -> None:
    for status, answer in operation["responses"].items():
        names = list(_headers_of(operation, status, answer, with_tag))
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _headers_of(operation: Operation, status: str, answer: dict[str, Any], with_tag: Sequence[Any]) -> Iterator[str]:
    yield "X-Request-ID"
    if status == "304" or any(schema in with_tag for schema in _shown(answer)):
        yield "ETag"
    if status == "201":
        yield "Location"
    if status == "401":
        yield "WWW-Authenticate"
    if status in ("429", "503") and MEDIA_TYPE in answer["content"]:
        yield "Retry-After"
    if status.startswith("2") and "Idempotency-Key" in _parameters(operation) and not _is_secret(operation):
        yield "Idempotent-Replayed"


def _is_secret(operation: Operation) -> bool:
    return "idempotency_not_for_secrets" in operation["responses"]["422"]["description"]


def _show_examples(operation: Operation, known: dict[str, Any]) -> None:
    for content in contents_of(operation):
        content.setdefault("example", example_of(content["schema"], known))
