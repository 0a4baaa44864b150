"""What happens to every request at the edge of the application, in one ASGI function.

A request id in and out, a limit on the body, one log line, `Location` under the root path, `HEAD` as a `GET` without
its body, what caches are told, and a problem instead of a traceback. Written against the ASGI protocol itself: a chain
of middlewares would cost each request more than its work.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from random import getrandbits
from typing import Any

from loguru import logger

from lifetracker.core.errors import BodyTooLarge, Problem
from lifetracker.core.http.bodies import Body
from lifetracker.core.http.handlers import MEDIA_TYPE, problem_body
from lifetracker.core.http.quick import Message, NotPlain, Receive, Scope, Send, Ways
from lifetracker.core.http.root_path import rooted
from lifetracker.core.logging import request_id, tell_request
from lifetracker.core.process.ending import CLOSE, ending

App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 1024 * 1024
SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,100}")
CHECKED = b"no-cache"  # may be kept, and is not used again unasked
WITHOUT_BODY = (204, 304)
OF_A_BODY = (b"content-type", b"content-length")


class StartRefused(Exception):
    """The application may not start; the text says why and what to do."""


def _as_it_is(app: App) -> App:
    return app


class Edge:
    """Wraps the application. `larger` allows bigger bodies on its paths; `ways` are the routes that can do without the
    framework; `may_start` may raise `StartRefused`; `template_at` names the route of a request that did not reach one.

    `dress` puts something around the application and its refusals, ours included, that may also answer by itself.
    """

    def __init__(
        self,
        app: App,
        *,
        larger: Mapping[str, int],
        ways: Ways,
        may_start: Callable[[], None],
        template_at: Callable[[Scope], str | None],
        dress: Callable[[App], App] = _as_it_is,
    ) -> None:
        self._app = app
        self._dressed = dress(self._refusing)
        self._larger = larger
        self._ways = ways
        self._may_start = may_start
        self._template_at = template_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = rooted(scope)
            headers = dict(scope["headers"])
            body = Body(headers, receive, self._limit(scope))
            await self._serve(_Exchange(scope, headers, body, send, self._template_at))
        elif scope["type"] != "lifespan" or await self._starts(receive, send):
            await self._app(scope, receive, send)

    async def _starts(self, receive: Receive, send: Send) -> bool:
        try:
            self._may_start()
        except StartRefused as refused:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(refused)})
            return False
        return True

    async def _serve(self, exchange: _Exchange) -> None:
        mark = request_id.set(exchange.request_id)
        exchange.scope["exchange"] = exchange
        try:
            await self._dressed(exchange.scope, exchange.body.receive, exchange.send)
        finally:
            del exchange.scope["exchange"]  # else the two hold each other until the garbage is collected
            exchange.log()
            request_id.reset(mark)
        if exchange.lingers:
            await exchange.close()

    async def _refusing(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: _Exchange = scope["exchange"]
        try:
            exchange.body.refuse_announced()
            await self._answer(scope, receive, send)
        except BodyTooLarge as refused:
            await exchange.refuse(refused, send)
        except Exception:
            logger.exception("a bug met {}", exchange.line)
            problem = Problem("something went wrong on our side; the log has more under this request id")
            await exchange.refuse(problem, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if found := self._ways.find(scope):
            way, in_path = found
            scope["route"] = way
            try:
                await way.answer(scope, receive, send, in_path)
                return
            except NotPlain as left:
                receive = left.again(receive)
        await self._app(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        return self._larger.get(scope["path"].removeprefix(scope.get("root_path", "")), MAX_BODY)


class _Exchange:
    """One request and its answer; `lingers` once the answer was sent and the connection is still to be closed."""

    def __init__(
        self,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        body: Body,
        send: Send,
        template_at: Callable[[Scope], str | None],
    ) -> None:
        given = headers.get(b"x-request-id", b"")
        self._wants_body = scope["method"] != "HEAD"
        self.scope = scope if self._wants_body else {**scope, "method": "GET"}
        self.scope["answer_headers"] = []  # what the application wants said of a request, whoever answers it
        self.scope["caching"] = CHECKED  # what caches are told where the answer itself says nothing of them
        self.scope["is_encoded"] = body.is_encoded
        self.request_id = given.decode() if SANE_REQUEST_ID.fullmatch(given) else f"{getrandbits(64):016x}"
        self.body, self._method, self._send, self._template_at = body, scope["method"], send, template_at
        self._status: int | None = None
        self._closes = self.lingers = False
        self._began = time.perf_counter()

    @property
    def line(self) -> str:
        """The route's template, never the path: a path may hold a code, or a line break to forge a line with."""
        route = self.scope.get("route")
        template = route.path_format if route else self._template_at(self.scope)
        return f"{self._method} {template or '(no such path)'}"

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._closes = not (self.body.ended or await self.body.settle())
            message["headers"] = self._headers(message["headers"])
        else:
            if not self._wants_body:
                message["body"] = b""
            if self._closes and not message.get("more_body"):
                self.lingers = message["more_body"] = True
        await self._send(message)

    async def close(self) -> None:
        """End an answer that was sent, but for its end, to who still sent."""
        await self.body.linger()
        await self._send({"type": "http.response.body", "body": b""})

    async def refuse(self, problem: Problem, send: Send) -> None:
        if self._status is not None:  # an answer was under way: the server closes the connection
            return
        body = json.dumps(problem_body(problem, self.request_id)).encode()
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def log(self) -> None:
        took = (time.perf_counter() - self._began) * 1000
        level = "DEBUG" if self.scope["path"].endswith("/health") else "INFO"
        tell_request(level, f"{self.line} {self._status or '-'} {took:.1f} ms")

    def _headers(self, given: Any) -> list[tuple[bytes, bytes]]:
        without = OF_A_BODY if self._status in WITHOUT_BODY else ()
        headers = [self._rooted(*header) for header in given if header[0] not in without]
        if all(name != b"cache-control" for name, _ in headers):
            headers.append((b"cache-control", self.scope["caching"]))
        headers += [*self.scope["answer_headers"], (b"x-request-id", self.request_id.encode())]
        if ending.begun or self._closes:
            headers.append(CLOSE)
        return headers

    def _rooted(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        if name.lower() == b"location" and value.startswith(b"/"):
            return name, self.scope.get("root_path", "").encode() + value
        return name, value
