"""Problems: every refusal as `application/problem+json` (RFC 9457).

A refusal is a class beside the function that raises it, with `status` and `code` on the class. One handler turns it
into an answer; nothing else does.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from loguru import logger
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"
# One word for a length, whether a text's is judged before or after its content.
CODES = {"extra_forbidden": "unknown_field", "string_too_short": "too_short", "string_too_long": "too_long"}


class Problem(Exception):
    """A refusal that the caller is told about. `members` are further fields of the answer."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class NotFound(Problem):
    status = 404
    code = "not_found"


class Conflict(Problem):
    status = 409
    code = "conflict"


class Forbidden(Problem):
    status = 403
    code = "forbidden"


class Unauthorized(Problem):
    status = 401
    code = "unauthorized"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Unavailable(Problem):
    """The database cannot do it now; the same request may succeed later.

    Why is for the log and the operator: as text the problem tells the `reason` too, its answer does not.
    """

    status = 503
    code = "database_unavailable"

    def __init__(self, detail: str, reason: str = "") -> None:
        super().__init__(detail, headers={"Retry-After": "2"})
        self.args = (f"{detail}: {reason}" if reason else detail,)


class Busy(Unavailable):
    code = "busy"


class BodyTooLarge(Problem):
    status = 413
    code = "body_too_large"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `field` as a path (`schedule.days`), `code` for programs, `message` for people."""

    field: str
    code: str
    message: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


class Invalid(Problem):
    """A request whose fields cannot be; the first error also says it in `detail`."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Sequence[FieldError], detail: str = "", **members: Any) -> None:
        said = detail or "; ".join(f"{error.field}: {error.message}" for error in errors[:3])
        super().__init__(said, errors=[asdict(error) for error in errors], **members)


class InvalidField(Invalid):
    """One field refused by a rule; subclasses name the rule with their `code`."""

    def __init__(self, field: str, message: str, *, params: dict[str, Any] | None = None, **members: Any) -> None:
        super().__init__([FieldError(field, self.code, message, params or {})], **members)


class InvalidJson(Invalid):
    code = "invalid_json"

    def __init__(self, message: str) -> None:
        super().__init__([FieldError("", self.code, message)], detail=message)


def problem_body(problem: Problem, request_id: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:lifetracker:problem:{problem.code}",
        "title": problem.code.replace("_", " ").capitalize(),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **problem.members,
    }
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        body["request_id"] = request_id
    return body


def install_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)


async def _answer_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("{}", problem)
    return JSONResponse(
        problem_body(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


async def _answer_http(request: Request, refused: Exception) -> Response:
    """What the framework itself refuses: an unknown path, a method that a path does not have."""
    assert isinstance(refused, HTTPException)
    if isinstance(refused.__cause__, Problem):  # a body that was too large: the framework calls it unreadable
        return await _answer_problem(request, refused.__cause__)
    phrase = HTTPStatus(refused.status_code).phrase
    problem = Problem(f"{phrase}: {request.method} {request.url.path}", headers=refused.headers)
    if refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = ", ".join(sorted(_methods(request))) or "GET"
    body = problem_body(problem) | {
        "type": f"urn:lifetracker:problem:{_snake(phrase)}",
        "title": phrase,
        "status": refused.status_code,
        "code": _snake(phrase),
    }
    body.pop("request_id")
    return JSONResponse(body, status_code=refused.status_code, media_type=MEDIA_TYPE, headers=problem.headers)


def _methods(request: Request) -> set[str]:
    """All that the path takes: the framework names those of the first route alone that it finds there."""
    routes = [route for route in request.app.router.routes if route.matches(request.scope)[0] != Match.NONE]
    return {method for route in routes for method in getattr(route, "methods", ())}


def _snake(phrase: str) -> str:
    return phrase.lower().replace(" ", "_").replace("-", "_")


async def _answer_invalid(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, RequestValidationError)
    return await _answer_problem(request, problem_of_validation(refused))


def problem_of_validation(refused: RequestValidationError) -> Problem:
    """A problem without the values that were sent: they may be secrets."""
    errors = refused.errors()
    for error in errors:
        place, *rest = error["loc"]
        if place == "path" and str(rest[0]).endswith(("_id", "slug")):
            return NotFound("there is no such thing, or it is not yours")
    if isinstance(refused.body, bytes) and any(error["loc"] == ("body",) for error in errors):
        return InvalidJson("the body is not JSON: send it with Content-Type: application/json")
    if any(error["type"] == "json_invalid" for error in errors):
        return InvalidJson("the body is not valid JSON")
    if any(error["type"] == "missing" and error["loc"] == ("body",) for error in errors):
        return InvalidJson("the body is empty: send a JSON object")
    return Invalid([_field_error(error, refused.body) for error in errors])


def _field_error(error: Mapping[str, Any], body: object) -> FieldError:
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


class _StrictJson(Request):
    """A request whose body is JSON as RFC 8259 has it: no NaN, no lone surrogates, no nesting without end."""

    async def json(self) -> Any:
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


class JsonRoute(APIRoute):
    """The route class of every router."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_StrictJson(request.scope, request.receive))

        return handle_strictly
