"""Load by wrk against a server that notes what it was asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from benchmarks.load import Failed, Request, mixed, once, run, write_script

A, B = [Request("GET", "/a")], [Request("GET", "/b"), Request("GET", "/b")]
WRITE = Request("PUT", "/w", "Bearer x", '{"n": {n}, "day": "{day}"}')


class Noting(ThreadingHTTPServer):
    """Answers 404 on `/missing`, else 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[tuple[str, str, str | None, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Noting

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # wrk leaves without a word when its time is over
            self.close_connection = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.heard.append((self.command, self.path, self.headers.get("Authorization"), body))
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = _answer  # noqa: N815  the names that the library looks for

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Noting]:
    with Noting() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class TestMixed:
    def test_holds_each_kind_by_its_share(self) -> None:
        jobs = mixed([([A], 60), ([B], 40)], length=100)

        assert [jobs.count(kind) for kind in (A, B)] == [60, 40]


class TestWriteScript:
    def test_counts_the_requests_of_a_job(self, tmp_path: Path) -> None:
        assert write_script(tmp_path / "x.lua", "http://127.0.0.1:1", [A, B]).requests_a_job == 1.5


class TestOnce:
    def test_asks_each_request_once(self, server: Noting) -> None:
        once(server.address, [A, B])

        assert [path for _, path, *_ in server.heard] == ["/a", "/b", "/b"]


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk, which makes the load, is not installed")
class TestRun:
    def test_asks_as_it_was_told(self, server: Noting, tmp_path: Path) -> None:
        measured = run(write_script(tmp_path / "x.lua", server.address, [A, [WRITE]]), 1, 2)

        method, path, token, body = next(each for each in server.heard if each[0] == "PUT")
        assert (method, path, token) == ("PUT", "/w", "Bearer x")
        assert json.loads(body)["n"] > 1_000_000
        assert json.loads(body)["day"] > "1970"
        assert ("GET", "/a", None, "") in server.heard
        assert measured.rate > 0 < measured.p50 <= measured.p99

    def test_never_writes_the_same_twice(self, server: Noting, tmp_path: Path) -> None:
        script = write_script(tmp_path / "x.lua", server.address, [[WRITE]])

        run(script, 1, 2)
        run(script, 1, 2)

        bodies = [body for *_, body in server.heard]
        assert len(set(bodies)) == len(bodies)

    def test_does_not_count_with_a_refusal_in_it(self, server: Noting, tmp_path: Path) -> None:
        script = write_script(tmp_path / "x.lua", server.address, [A, [Request("GET", "/missing")]])

        with pytest.raises(Failed):
            run(script, 1, 2)
