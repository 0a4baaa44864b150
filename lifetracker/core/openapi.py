"""The OpenAPI document: which problems each operation may answer, down to their codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from lifetracker.core.errors import MEDIA_TYPE, Problem

Operation = dict[str, Any]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def refusals(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: which codes it may answer, a status each."""
    codes: dict[int, list[str]] = {}
    for problem in problems:
        codes.setdefault(problem.status, []).append(problem.code)
    return {status: _response(status, found) for status, found in codes.items()}


def _response(status: int, codes: Sequence[str]) -> dict[str, Any]:
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}], "properties": {"code": {"enum": sorted(set(codes))}}}
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in sorted(set(codes)))}",
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add to each operation what every one of its kind may answer, and the shape of a problem."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    document["components"]["securitySchemes"] = {"token": TOKEN_SCHEME}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete_operation(operation, path, method)
    return document


def _complete_operation(operation: Operation, path: str, method: str) -> None:
    responses = operation["responses"]
    if "problem" not in str(responses.get("422", "problem")):
        del responses["422"]  # the framework's own shape of a refusal
    for status, codes in _usual_codes(operation, path, method):
        known = responses.get(str(status), {}).get("content", {}).get(MEDIA_TYPE, {}).get("schema", {})
        said = known.get("properties", {}).get("code", {}).get("enum", [])
        responses[str(status)] = _response(status, [*said, *codes])
    if "If-None-Match" in _parameters(operation):
        responses["304"] = {"description": "Nothing changed since"}


def _usual_codes(operation: Operation, path: str, method: str) -> Iterator[tuple[int, list[str]]]:
    parameters = _parameters(operation)
    body = operation.get("requestBody", {}).get("content", {})
    if "security" in operation:
        yield 401, ["unauthorized"]
        if method != "get" and path != "/auth/token":
            yield 403, ["read_only_token"]
    if any(name.endswith("_id") or name == "slug" for name in parameters):
        yield 404, ["not_found"]
    if FORM in body:
        yield 400, ["bad_request"]
    if "If-Match" in parameters:
        yield 412, ["stale"]
    if body:
        yield 413, ["body_too_large"]
    if invalid := list(_invalid_codes(parameters, body)):
        yield 422, invalid
    yield 500, ["internal_error"]
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


TOKEN_SCHEME = {"type": "oauth2", "flows": {"password": {"scopes": {}, "tokenUrl": "auth/token"}}}

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "A refusal, as in RFC 9457. `code` is stable: branch on it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message", "params"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "params": {"type": "object"},
                },
            },
        },
    },
}
