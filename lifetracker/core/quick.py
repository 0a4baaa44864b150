"""The quick way to an endpoint: what is plainly right is read and answered without the framework's machinery.

Whatever is not (an odd body, a value that cannot be, a path that nobody has) is left to the framework, which judges
the request from its beginning: every refusal is made, and worded, in one place (docs/decisions/0013).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from inspect import Parameter
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl

from pydantic import BaseModel, TypeAdapter
from pydantic_core import from_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PLAIN_TYPES = (b"application/json", b"application/json; charset=utf-8")


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
    """What an endpoint takes of a request, by the names of its parameters; all of it as pydantic reads it."""

    path: dict[str, TypeAdapter[Any]]
    query: dict[str, TypeAdapter[Any]]
    body: dict[str, TypeAdapter[Any]]

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
        if dict(scope["headers"]).get(b"content-type") not in PLAIN_TYPES:
            raise NotPlain
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        try:
            sent = from_json(b"".join(message.get("body", b"") for message in messages), allow_inf_nan=False)
            return {name: kind.validate_python(sent) for name, kind in self.body.items()}
        except ValueError as error:
            raise NotPlain(messages) from error


def taken_by(parameters: Iterable[Parameter], in_path: Iterable[str]) -> Taken | None:
    """What an endpoint with these parameters takes; None where some of it only the framework can read."""
    taken = Taken({}, {}, {})
    for parameter in parameters:
        marks = getattr(parameter.annotation, "__metadata__", ())
        of = getattr(parameter.annotation, "__origin__", parameter.annotation)
        if parameter.name in in_path:
            place = taken.path
        elif not (isinstance(of, type) and issubclass(of, BaseModel)):
            return None
        elif not marks:
            place = taken.body
        elif [type(mark).__name__ for mark in marks] == ["Query"]:
            place = taken.query
        else:
            return None
        place[parameter.name] = TypeAdapter(parameter.annotation if place is taken.path else of)
    return taken if len(taken.query) <= 1 and len(taken.body) <= 1 else None


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
