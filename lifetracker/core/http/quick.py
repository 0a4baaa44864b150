"""The quick way to an endpoint: what is plainly right is read and answered without the framework's machinery.

Whatever is not (an odd body, a value that cannot be, a path that nobody has) is left to the framework, which judges
the request from its beginning: every refusal is made, and worded, in one place (docs/decisions/0013).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from inspect import Parameter
from types import NoneType
from typing import Any, NamedTuple, Protocol, get_args
from urllib.parse import parse_qsl

from pydantic import BaseModel, TypeAdapter
from pydantic_core import from_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PLAIN_TYPES = (
    b"application/json",
    b"application/json; charset=utf-8",
    b"application/json;charset=utf-8",
    b"application/json;charset=UTF-8",
    b"application/json; charset=UTF-8",
)


class NotPlain(Exception):
    """Left to the framework, which has to be given what was `read` of the request once more."""

    def __init__(self, read: Sequence[Message] = ()) -> None:
        super().__init__()
        self.read = list(read)

    def again(self, receive: Receive) -> Receive:
        """The request from its beginning."""

        async def from_the_beginning() -> Message:
            return self.read.pop(0) if self.read else await receive()

        return from_the_beginning


class Taken(NamedTuple):
    """What an endpoint takes of a request, by the names of its parameters; all of it as pydantic reads it.

    Where it `may_lack_body`, a request without one hands it None.
    """

    path: dict[str, TypeAdapter[Any]]
    query: dict[str, TypeAdapter[Any]]
    body: dict[str, TypeAdapter[Any]]
    may_lack_body: bool = False

    def read_sent(self, scope: Scope, in_path: Mapping[str, str]) -> dict[str, Any]:
        """All but the body; `NotPlain` when a value cannot be."""
        try:
            values = {name: kind.validate_python(in_path[name]) for name, kind in self.path.items()}
            for name, kind in self.query.items():
                values[name] = kind.validate_python(dict(parse_qsl(scope["query_string"].decode(), True)))
        except ValueError as error:
            raise NotPlain from error
        return values

    async def read_body(self, scope: Scope, receive: Receive) -> dict[str, Any]:
        """The body by its parameter's name; nothing for an endpoint that takes none."""
        if not self.body:
            return {}
        headers = dict(scope["headers"])
        if self.may_lack_body and _has_none(headers):
            return dict.fromkeys(self.body)
        if headers.get(b"content-type") not in PLAIN_TYPES:
            raise NotPlain
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        try:
            sent = from_json(b"".join(message.get("body", b"") for message in messages), allow_inf_nan=False)
            return {name: kind.validate_python(sent) for name, kind in self.body.items()}
        except ValueError as error:
            raise NotPlain(messages) from error


def _has_none(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers


def taken_by(parameters: Iterable[Parameter], in_path: Iterable[str]) -> Taken | None:
    """What an endpoint with these parameters takes; None where some of it only the framework can read."""
    taken, may_lack_body = Taken({}, {}, {}), False
    for parameter in parameters:
        marks = getattr(parameter.annotation, "__metadata__", ())
        of = parameter.annotation.__origin__ if marks else parameter.annotation
        if parameter.name in in_path:
            place = taken.path
        elif model := _model_of(of):
            place = taken.query if [type(mark).__name__ for mark in marks] == ["Query"] else taken.body
            may_lack_body = may_lack_body or (place is taken.body and of is not model)
            if marks and place is taken.body:
                return None
        else:
            return None
        place[parameter.name] = TypeAdapter(parameter.annotation if place is taken.path else of)
    return taken._replace(may_lack_body=may_lack_body) if len(taken.query) <= 1 and len(taken.body) <= 1 else None


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a parameter takes, by itself or beside None."""
    either = [each for each in get_args(annotation) if each is not NoneType] or [annotation]
    model = either[0]
    return model if len(either) == 1 and isinstance(model, type) and issubclass(model, BaseModel) else None


class Way(Protocol):
    """A route that can answer by itself: it matches `path_regex` for its `methods`."""

    path_regex: re.Pattern[str]
    path: str
    path_format: str
    methods: set[str] | None

    async def answer(self, scope: Scope, receive: Receive, send: Send, in_path: Mapping[str, str]) -> None:
        """Answer the request; `NotPlain` before anything was done or sent."""


class Ways:
    """The routes that have a quick way, found by method and number of slashes before their regular expression."""

    def __init__(self, ways: Iterable[Way]) -> None:
        self._ways: dict[tuple[str, int], list[Way]] = {}
        for way in ways:
            for method in way.methods or ():
                self._ways.setdefault((method, way.path.count("/")), []).append(way)

    def find(self, scope: Scope) -> tuple[Way, Mapping[str, str]] | None:
        path = scope["path"]
        root = scope.get("root_path", "")
        if root and path.startswith(f"{root}/"):
            path = path[len(root) :]
        for way in self._ways.get((scope["method"], path.count("/")), ()):
            match = way.path_regex.match(path)
            if match:
                return way, match.groupdict()
        return None
