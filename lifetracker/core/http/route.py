"""The route class of every router: what is given to it before all else, strict JSON, and the quick way."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, TypeVar, get_type_hints

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic_core import from_json
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from lifetracker.core.errors import NotFound, Problem, UnsupportedEncoding
from lifetracker.core.http.handlers import answer_problem
from lifetracker.core.http.quick import Receive, Send, Taken, taken_by
from lifetracker.core.validation import with_whole_numbers

R = TypeVar("R")


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
            response = await answer_problem(request, problem)
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
