"""What the OpenAPI document says in the same words everywhere: headers and problems."""

from __future__ import annotations

from typing import Any


def _header(description: str, example: str | int, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"} | schema, "example": example}


HEADERS: dict[str, Any] = {
    "ETag": _header(
        "Tells this state of the thing from every other; send it in `If-Match` or `If-None-Match`.",
        '"1773230400000000.5f0c3b1e9a7d2468"',
    ),
    "Location": _header("The path of what was made.", "/challenges/7"),
    "Retry-After": _header("After how many seconds to try again.", 2, type="integer", minimum=0),
    "Idempotent-Replayed": _header(
        "`true` where this is the answer that the same `Idempotency-Key` got before; else it is not there.",
        "true",
        enum=["true"],
    ),
    "X-Request-ID": _header(
        "What the log calls this request: the id that was sent, if it was sane, else one of the server's.",
        "3f9c2a7b51d0e846",
    ),
    "WWW-Authenticate": _header("How to say who calls.", "Bearer"),
}

EXAMPLE_DETAIL = "Says in a sentence what was wrong with this very request."
EXAMPLE_REQUEST_ID = "3f9c2a7b51d0e846"
EXAMPLE_ERROR: dict[str, Any] = {
    "field": "schedule.days",
    "code": "too_short",
    "message": "Should have at least 1 item",
    "params": {"min_length": 1},
}

PROBLEM_SCHEMAS: dict[str, Any] = {
    "Problem": {
        "description": "A refusal, as in RFC 9457. `code` is stable: branch on it.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string", "description": "`urn:lifetracker:problem:` and the code."},
            "title": {"type": "string", "description": "The code as people write it."},
            "status": {"type": "integer", "description": "The status of the answer, 400 to 599."},
            "detail": {"type": "string", "description": "What was wrong with this very request, in English."},
            "code": {"type": "string", "description": "The stable word for what was refused, in snake_case."},
            "request_id": {"type": "string", "description": "Of a 500 alone: what the log calls the request."},
            "errors": {
                "type": "array",
                "description": "Of a 422: what is wrong with which field.",
                "items": {"$ref": "#/components/schemas/FieldError"},
            },
        },
    },
    "FieldError": {
        "description": "What is wrong with one field of a request.",
        "type": "object",
        "required": ["field", "code", "message", "params"],
        "properties": {
            "field": {"type": "string", "description": "Its path, such as `schedule.days`; empty for the whole body."},
            "code": {"type": "string", "description": "The stable word for what is wrong, in snake_case."},
            "message": {"type": "string", "description": "What is wrong, in English."},
            "params": {
                "type": "object",
                "description": "The numbers and words that the message names, such as `min_length`.",
                "additionalProperties": True,
            },
        },
    },
}
