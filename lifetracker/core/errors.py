"""Problems: every refusal as `application/problem+json` (RFC 9457).

A refusal is a class beside the function that raises it, with `status` and `code` on the class. One handler turns it
into an answer; nothing else does.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar, get_type_hints

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from loguru import logger
from pydantic import BaseModel
from pydantic_core import from_json
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from lifetracker.core.http.quick import Receive, Send, Taken, taken_by
from lifetracker.core.validation import FieldError, field_error, with_whole_numbers

R = TypeVar("R")

MEDIA_TYPE = "application/problem+json"


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


class TooMany(Conflict):
    """One person has as many of a thing as anybody may."""

    code = "too_many"


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


class UnsupportedEncoding(Problem):
    status = 415
    code = "unsupported_encoding"

    def __init__(self) -> None:
        super().__init__("send the body as it is, not compressed", headers={"Accept-Encoding": "identity"})


class Invalid(Problem):
    """A request whose fields cannot be; the first error also says it in `detail`."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Sequence[FieldError], detail: str = "", **members: Any) -> None:
        said = detail or "; ".join(f"{error.field}: {error.message}".removeprefix(": ") for error in errors[:3])
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
    app.add_exception_handler(Exception, _leave_to_the_edge)


async def _leave_to_the_edge(request: Request, bug: Exception) -> Response:
    """The framework would answer by itself, in words that are not ours."""
    raise bug


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
        problem.headers["Allow"] = ", ".join(sorted(_methods(request))) or "GET, HEAD"
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
    methods = {method for route in routes for method in getattr(route, "methods", ())}
    return methods | ({"HEAD"} if "GET" in methods else set())


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
    return Invalid([field_error(error, refused.body) for error in errors])


class _StrictJson(Request):
    """A request whose body is JSON as RFC 8259 has it: no NaN, no lone surrogates, no nesting without end."""

    async def json(self) -> Any:
        try:
            return with_whole_numbers(from_json(await self.body(), allow_inf_nan=False))
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


class Given:
    """Marks a parameter that the route itself finds in the request, before anything else of it is judged.

    `user: Annotated[Person, Given(_user)]` reads as FastAPI's `Depends` does. That costs a request 20 µs for each
    parameter and each level below it, as much as the question behind it (docs/decisions/0005). `described` is what
    an operation that has it says in `/openapi.json`.
    """

    def __init__(self, find: Callable[[Request], Awaitable[Any]], described: Mapping[str, Any] | None = None) -> None:
        self.find = find
        self.described = described or {}


def given_header(name: str, description: str) -> Given:
    """A header that may be sent, as it was sent; one that came in several lines is one list."""

    async def find(request: Request) -> str | None:
        lines = request.headers.getlist(name)
        return ", ".join(lines) if lines else None

    schema = {"type": "string"}
    return Given(find, {"parameters": [{"name": name, "in": "header", "schema": schema, "description": description}]})


class JsonRoute(APIRoute):
    """The route class of every router: strict JSON, and parameters that are `Given`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._given = _given_of(endpoint)
        described: dict[str, Any] = dict(options.get("openapi_extra") or {})
        for given in self._given.values():
            described |= given.described
        options["openapi_extra"] = described
        options["operation_id"] = options.get("operation_id") or endpoint.__name__
        super().__init__(path, _without(endpoint, self._given), **options)
        self._depth = self.path.count("/")
        self._endpoint = endpoint
        self._taken = self._plainly_taken()

    def _plainly_taken(self) -> Taken | None:
        signature = inspect.signature(self._endpoint, eval_str=True)
        parameters = signature.parameters.values()
        answers = signature.return_annotation
        if self.dependant.dependencies or (answers is not None and not _is_dressed(answers)):
            return None
        return taken_by([each for each in parameters if each.name not in self._given], self.param_convertors)

    @property
    def has_quick_way(self) -> bool:
        return self._taken is not None

    async def answer(self, scope: Scope, receive: Receive, send: Send, in_path: Mapping[str, str]) -> None:
        """The quick way; `NotPlain` leaves the request to the framework, before anything was done or sent."""
        assert self._taken is not None
        request = Request(scope, receive)
        try:
            await self._give(request)
            sent = self._taken.read_sent(scope, in_path) | await self._taken.read_body(scope, receive)
            with_given = partial(self._endpoint, **request.scope["given"], **sent)
            response = self._dressed(await self._surely(request, with_given))
        except Problem as problem:
            response = await _answer_problem(request, problem)
        await response(scope, receive, send)

    def _dressed(self, answered: BaseModel | Response | None) -> Response:
        if isinstance(answered, Response):
            return answered
        status = self.status_code or HTTPStatus.OK
        if answered is None:
            return Response(status_code=status)
        body = answered.model_dump_json(by_alias=True, exclude_unset=self.response_model_exclude_unset)
        return Response(body, status, media_type="application/json")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the framework tells it, after a glance that spares most routes its regular expression."""
        if scope["path"].count("/") - scope.get("root_path", "").count("/") != self._depth:
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            await self._give(request)
            strict = _StrictJson(request.scope, request.receive)
            return await self._surely(request, partial(handle, strict))

        return handle_strictly

    async def _give(self, request: Request) -> None:
        request.scope["given"] = {name: await given.find(request) for name, given in self._given.items()}
        if request.scope.get("is_encoded"):
            raise UnsupportedEncoding

    async def _surely(self, request: Request, answer: Callable[[], Awaitable[R]]) -> R:
        try:
            return await answer()
        except Exception as failed:
            if not _is_sure(failed):
                await self._give(request)
            raise


def _is_sure(failed: Exception) -> bool:
    """Not of a thing that was missing, nor of a bug: whoever called may have been deleted since they were let in."""
    return isinstance(failed, (Problem, RequestValidationError, HTTPException)) and not isinstance(failed, NotFound)


def _is_dressed(answers: object) -> bool:
    """Whether an endpoint with this annotation answers with a model, or with the response itself."""
    return isinstance(answers, type) and issubclass(answers, (BaseModel, Response))


def _given_of(endpoint: Callable[..., Any]) -> dict[str, Given]:
    hints = get_type_hints(endpoint, include_extras=True)
    marks = ((name, mark) for name, hint in hints.items() for mark in getattr(hint, "__metadata__", ()))
    return {name: mark for name, mark in marks if isinstance(mark, Given)}


def _without(endpoint: Callable[..., Any], given: Mapping[str, Given]) -> Callable[..., Any]:
    """The endpoint as the framework should see it: a request in place of what the route gives."""

    @wraps(endpoint)
    async def ask(given_by: Request, **sent: Any) -> Any:
        return await endpoint(**given_by.scope["given"], **sent)

    signature = inspect.signature(endpoint, eval_str=True)
    kept = [parameter for parameter in signature.parameters.values() if parameter.name not in given]
    request = inspect.Parameter("given_by", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in kept]
    ask.__signature__ = signature.replace(parameters=[request, *keyword])  # type: ignore[attr-defined]
    return ask


def template_at(routes: Iterable[BaseRoute], scope: Scope) -> str | None:
    """The template of the route at a request's path, whatever its method; None where there is none."""
    came = {**scope, "root_path": scope.get("app_root_path", scope.get("root_path", ""))}  # before a mount moved it
    found = next((route for route in routes if route.matches(came)[0] != Match.NONE), None)
    return getattr(found, "path_format", None)


def to_the_end(path_regex: re.Pattern[str]) -> re.Pattern[str]:
    """Of a route: the framework's ends in `$`, which would also let in a path that a line break ends."""
    return re.compile(path_regex.pattern.removesuffix("$") + r"\Z")


class _IdInPath(StringConvertor):
    """`{challenge_id:id}` leaves paths like `/challenges/order` alone: what they do not take is 405 there, not 404."""

    regex = "[0-9]+"


register_url_convertor("id", _IdInPath())
