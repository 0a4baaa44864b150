"""Bodies that nobody reads, on real connections: what follows an early answer is answered too, or plainly is not."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import cache
from typing import Any, NamedTuple

import httpx2
import pytest

from benchmarks.processes import served
from tests.engines import make
from tests.people import PASSWORD

MEBIBYTE = 1024 * 1024
NEXT = b"GET /info HTTP/1.1\r\nHost: here\r\n\r\n"
TOKEN = b"Authorization: Bearer %b\r\n"


class Early(NamedTuple):
    """A request that is answered without its body."""

    asks: bytes
    status: int
    headers: bytes = b""


EARLY = [
    Early(b"POST /challenges", 401),
    Early(b"DELETE /users/me", 401),
    Early(b"PUT /challenges/order", 401, b"Authorization: Bearer lt_dead\r\n"),
    Early(b"POST /nope", 404),
    Early(b"PUT /users/me%0A", 404),
    Early(b"POST /today", 405),
    Early(b"DELETE /swagger/x", 405),
    Early(b"GET /info", 200),
    Early(b"HEAD /info", 200),
    Early(b"HEAD /today", 401),
    Early(b"OPTIONS /today", 200, b"Origin: https://app.test\r\nAccess-Control-Request-Method: GET\r\n"),
    Early(b"OPTIONS /today", 400, b"Origin: https://evil.test\r\nAccess-Control-Request-Method: GET\r\n"),
    Early(b"POST /challenges", 415, TOKEN + b"Content-Encoding: gzip\r\n"),
    Early(b"PATCH /users/me", 415, TOKEN + b"Content-Encoding: br\r\n"),
    Early(b"GET /users/me", 200, TOKEN),
]
QUICK, PATIENT = "httptools", "h11"  # the server's own by default, and the one it has without it
BOTH = [QUICK, pytest.param(PATIENT, marks=pytest.mark.thorough)]
CASES: list[Any] = [(QUICK, early) for early in EARLY]
CASES += [pytest.param(PATIENT, early, marks=pytest.mark.thorough) for early in EARLY[:2]]
on_both = pytest.mark.parametrize("server", BOTH, indirect=True)
each_early = pytest.mark.parametrize(("server", "early"), CASES, indirect=["server"])


class Server(NamedTuple):
    host: str
    port: int
    token: bytes

    def head(self, early: Early, more: bytes) -> bytes:
        own = early.headers.replace(b"%b", self.token)
        return early.asks + b" HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n" + own + more + b"\r\n"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("connection") == "close"


class Wire:
    """One connection, byte by byte."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=5)
        self._came = self.socket.makefile("rb")

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.socket.sendall(part)

    def answer(self, *, to_head: bool = False) -> Answer:
        status = int(self._came.readline().split()[1])
        lines = iter(lambda: self._came.readline().decode().strip(), "")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = 0 if to_head else int(headers.get("content-length", "0"))
        return Answer(status, headers, self._came.read(length))

    def is_at_its_end(self) -> bool:
        """Whether the server has closed it, without a reset, once we send no more."""
        with suppress(OSError):  # it may be closed on both sides by now
            self.sends_no_more()
        return self._came.read() == b""

    def sends_no_more(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._came.close()
        self.socket.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """One served application for each of uvicorn's protocols, once it is asked for."""
    with ExitStack() as stack:

        @cache
        def start(protocol: str) -> Server:
            url = f"sqlite:///{tmp_path_factory.mktemp('bodies') / 'life_tracker.db'}"
            make(url)
            origins = "https://app.test"
            at = stack.enter_context(served(url, UVICORN_HTTP=protocol, LIFETRACKER_CORS_ORIGINS=origins))
            return Server(*at, log_in(*at))

        yield start


@pytest.fixture
def server(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Server:
    return servers(getattr(request, "param", QUICK))


def log_in(host: str, port: int) -> bytes:
    with httpx2.Client(base_url=f"http://{host}:{port}") as client:
        client.post("/users", json={"email": "vera@example.test", "password": PASSWORD}).raise_for_status()
        form = {"grant_type": "password", "username": "vera@example.test", "password": PASSWORD}
        token: str = client.post("/auth/token", data=form).raise_for_status().json()["access_token"]
    return token.encode()


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    wire = Wire(server)
    yield wire
    wire.close()


class TestBodyThatCame:
    @each_early
    @pytest.mark.parametrize("length", [2, 70_000])
    def test_is_read_past_behind_its_answer(self, server: Server, wire: Wire, early: Early, length: int) -> None:
        wire.send(server.head(early, b"Content-Length: %d\r\n" % length), b"{" * length, NEXT)

        first = wire.answer(to_head=early.asks.startswith(b"HEAD"))
        assert (first.status, first.closes) == (early.status, False)
        assert wire.answer().status == 200

    @each_early
    def test_is_read_past_with_the_next_request_right_behind_it(self, server: Server, wire: Wire, early: Early) -> None:
        wire.send(server.head(early, b"Transfer-Encoding: chunked\r\n") + b"2\r\n{}\r\n0\r\n\r\n" + NEXT + NEXT)

        first = wire.answer(to_head=early.asks.startswith(b"HEAD"))
        assert (first.status, first.closes) == (early.status, False)
        assert [wire.answer().status for _ in range(2)] == [200, 200]

    @on_both
    def test_of_nothing_keeps_the_connection(self, server: Server, wire: Wire) -> None:
        wire.send(server.head(EARLY[0], b"Content-Length: 0\r\n"), NEXT)

        assert (wire.answer().closes, wire.answer().status) == (False, 200)


class TestBodyThatDoesNotCome:
    @each_early
    @pytest.mark.parametrize("more", [b"Content-Length: 200\r\n", b"Transfer-Encoding: chunked\r\n"])
    def test_ends_the_connection_and_says_so(self, server: Server, wire: Wire, early: Early, more: bytes) -> None:
        wire.send(server.head(early, more))

        answer = wire.answer(to_head=early.asks.startswith(b"HEAD"))

        assert (answer.status, answer.closes) == (early.status, True)
        assert wire.is_at_its_end()

    @each_early
    def test_is_not_asked_for(self, server: Server, wire: Wire, early: Early) -> None:
        wire.send(server.head(early, b"Content-Length: 2\r\nExpect: 100-continue\r\n"))

        answer = wire.answer(to_head=early.asks.startswith(b"HEAD"))

        assert (answer.status, answer.closes) == (early.status, True)
        assert wire.is_at_its_end()

    @on_both
    def test_is_asked_for_where_it_is_wanted(self, server: Server, wire: Wire) -> None:
        body = json.dumps({"title": "Walk"}).encode()
        more = b"Content-Length: %d\r\nExpect: 100-continue\r\n" % len(body)
        wire.send(server.head(Early(b"POST /challenges", 201, TOKEN), more))

        assert wire.answer().status == 100
        wire.send(body, NEXT)
        assert (wire.answer().status, wire.answer().status) == (201, 200)

    @on_both
    def test_ends_a_connection_of_an_old_client(self, wire: Wire) -> None:
        wire.send(b"POST /challenges HTTP/1.0\r\nContent-Length: 5\r\n\r\n")

        assert wire.answer().status == 401
        assert wire.is_at_its_end()


@on_both
class TestBodyTooLarge:
    @pytest.mark.parametrize("path", [b"/challenges", b"/nope", b"/users"])
    def test_is_refused_and_the_connection_ended(self, server: Server, wire: Wire, path: bytes) -> None:
        early = Early(b"POST " + path, 413)

        wire.send(server.head(early, b"Content-Length: %d\r\n" % (2 * MEBIBYTE)))

        answer = wire.answer()
        assert (answer.status, answer.closes) == (413, True)
        assert wire.is_at_its_end()

    def test_can_be_read_of_by_who_sends_all_of_it_first(self, server: Server, wire: Wire) -> None:
        wire.send(server.head(EARLY[0], b"Content-Length: %d\r\n" % (2 * MEBIBYTE)), b" " * (2 * MEBIBYTE))

        answer = wire.answer()

        assert (answer.status, json.loads(answer.body)["code"], answer.closes) == (413, "body_too_large", True)
        assert wire.is_at_its_end()

    def test_is_refused_in_pieces_too(self, server: Server, wire: Wire) -> None:
        chunk = b"%x\r\n%b\r\n" % (65_536, b" " * 65_536)

        wire.send(server.head(Early(b"POST /users", 413), b"Transfer-Encoding: chunked\r\n"), *[chunk] * 17)

        answer = wire.answer()
        assert (answer.status, answer.closes) == (413, True)
        assert wire.is_at_its_end()


@on_both
class TestHalfClosedConnection:
    def test_is_answered(self, wire: Wire) -> None:
        wire.send(NEXT)
        wire.sends_no_more()

        assert wire.answer().status == 200
        assert wire.is_at_its_end()

    def test_is_answered_to_its_last_request(self, wire: Wire) -> None:
        wire.send(NEXT + NEXT)
        wire.sends_no_more()

        assert [wire.answer().status for _ in range(2)] == [200, 200]
        assert wire.is_at_its_end()

    def test_hears_of_what_was_written(self, server: Server, wire: Wire) -> None:
        body = json.dumps({"title": "Walk"}).encode()
        head = server.head(Early(b"POST /challenges", 201, TOKEN), b"Content-Length: %d\r\n" % len(body))

        wire.send(head + body)
        wire.sends_no_more()

        assert wire.answer().status == 201
        assert wire.is_at_its_end()

    def test_is_closed_where_the_request_is_not_whole(self, server: Server, wire: Wire) -> None:
        wire.send(server.head(Early(b"POST /users", 0), b"Content-Length: 9\r\n"), b"{}")

        assert wire.is_at_its_end()

    def test_is_closed_between_requests(self, wire: Wire) -> None:
        wire.send(NEXT)
        wire.answer()

        assert wire.is_at_its_end()
