"""What happens to every request at the edge of the application, in one ASGI function.

A request id in and out, a limit on the body, one log line, `Location` under the root path, `HEAD` as a `GET` without
its body, and a problem instead of a traceback. Written against the ASGI protocol itself: a chain of middlewares would
cost each request more than its work.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from random import getrandbits
from urllib.parse import quote

from loguru import logger

from lifetracker.core.ending import CLOSE, ending
from lifetracker.core.errors import MEDIA_TYPE, BodyTooLarge, Problem, problem_body
from lifetracker.core.logging import request_id, tell_request
from lifetracker.core.quick import Message, NotPlain, Receive, Scope, Send, Ways
from lifetracker.core.root_path import rooted

App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 1024 * 1024
SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,100}")


class StartRefused(Exception):
    """The application may not start; the text says why and what to do."""


def _as_it_is(app: App) -> App:
    return app


class Edge:
    """Wraps the application. `larger` allows bigger bodies on its paths; `ways` are the routes that can do without the
    framework; `may_start` may raise `StartRefused`.

    `dress` puts something around the application and its refusals, ours included, that may also answer by itself.
    """

    def __init__(
        self,
        app: App,
        *,
        larger: Mapping[str, int],
        ways: Ways,
        may_start: Callable[[], None],
        dress: Callable[[App], App] = _as_it_is,
    ) -> None:
        self._app = app
        self._dressed = dress(self._refusing)
        self._larger = larger
        self._ways = ways
        self._may_start = may_start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = rooted(scope)
            await self._serve(_Exchange(scope, receive, send, self._limit(scope)))
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
            await self._dressed(exchange.scope, exchange.receive, exchange.send)
        finally:
            del exchange.scope["exchange"]  # else the two hold each other until the garbage is collected
            exchange.log()
            request_id.reset(mark)

    async def _refusing(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: _Exchange = scope["exchange"]
        try:
            exchange.refuse_announced()
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
            try:
                await way.answer(scope, receive, send, in_path)
                return
            except NotPlain as left:
                receive = left.again(receive)
        await self._app(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        return self._larger.get(scope["path"].removeprefix(scope.get("root_path", "")), MAX_BODY)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        self._wants_body = scope["method"] != "HEAD"
        self.scope = scope if self._wants_body else {**scope, "method": "GET"}
        self.scope["answer_headers"] = []  # what the application wants said of a request, whoever answers it
        self.request_id = given.decode() if SANE_REQUEST_ID.fullmatch(given) else f"{getrandbits(64):016x}"
        # Quoted, as it was sent: a newline in a path must not begin a log line of its own.
        self.line = f"{scope['method']} {quote(scope['path'], safe='/@')}"
        self._receive, self._send = receive, send
        self._limit, self._read = limit, 0
        self._announced = headers.get(b"content-length", b"0")
        self._status: int | None = None
        self._began = time.perf_counter()

    def refuse_announced(self) -> None:
        """Raise `BodyTooLarge` before anything is read or done, where the client says how much it will send."""
        if self._announced.isdigit() and int(self._announced) > self._limit:
            raise self._too_large()

    async def receive(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [self._rooted(*header) for header in message["headers"]]
            message["headers"] += [*self.scope["answer_headers"], (b"x-request-id", self.request_id.encode())]
            if ending.begun:
                message["headers"].append(CLOSE)
        elif not self._wants_body:
            message["body"] = b""
        await self._send(message)

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

    def _rooted(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        if name.lower() == b"location" and value.startswith(b"/"):
            return name, self.scope.get("root_path", "").encode() + value
        return name, value

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"the body is over {self._limit // 1024} KiB, the most that this path takes")
