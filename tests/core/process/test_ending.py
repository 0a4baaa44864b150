"""How a server ends: a real uvicorn whose port is held by somebody else, as systemd's socket unit holds it."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from lifetracker.core.process.ending import Ending
from tests.engines import make

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
KEPT = {"PATH": "/usr/bin:/bin"}
PATIENCE = 30.0  # seconds until a test gives up
ASK = b"GET /health HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('ending') / 'life_tracker.db'}"
    make(url)
    return url


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """Open all the time, whoever serves behind it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held


@pytest.fixture
def serve(port: socket.socket, database: str, tmp_path: Path) -> Iterator[Callable[..., psutil.Popen]]:
    started: list[psutil.Popen] = []

    def start(workers: int = 1, **environment: str) -> psutil.Popen:
        """Up when it answers."""
        command = [sys.executable, "-m", "uvicorn", "lifetracker.main:app", "--fd", str(port.fileno())]
        told = {"LIFETRACKER_DATABASE_URL": database, "WEB_CONCURRENCY": str(workers), "PYTHONPATH": str(ROOT)}
        with (tmp_path / "server.log").open("ab") as log:
            started.append(
                psutil.Popen(command, env=KEPT | told | environment, pass_fds=[port.fileno()], stdout=log, stderr=log)
            )
        with connected(port) as client:
            client.sendall(ASK + b"\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        return started[-1]

    yield start
    for server in started:
        with suppress(psutil.NoSuchProcess):
            for process in (*server.children(recursive=True), server):
                process.kill()
        server.wait(PATIENCE)


def those_who_serve(server: psutil.Popen) -> list[psutil.Process]:
    workers = [child for child in server.children() if "--multiprocessing-fork" in child.cmdline()]
    return workers or [server]


@contextmanager
def connected(port: socket.socket) -> Iterator[socket.socket]:
    with socket.create_connection(port.getsockname(), timeout=PATIENCE) as client:
        yield client


@pytest.mark.parametrize("workers", [1, 2])
class TestEnding:
    def test_answers_whoever_was_let_in_and_had_not_yet_asked(
        self, serve: Callable[..., psutil.Popen], port: socket.socket, workers: int
    ) -> None:
        """The one that broke at each restart: accepted, its request on the way."""
        server = serve(workers)
        with connected(port) as client:
            time.sleep(0.1)  # until it is let in
            for process in those_who_serve(server):
                process.terminate()
            time.sleep(0.1)
            client.sendall(ASK + b"\r\n")

            answer = client.recv(4096).lower()

        assert answer.startswith(b"http/1.1 200 ok")
        assert b"\r\nconnection: close\r\n" in answer

    def test_leaves_who_comes_later_to_the_next_process(
        self, serve: Callable[..., psutil.Popen], port: socket.socket, workers: int
    ) -> None:
        server = serve(workers)
        server.terminate()
        server.wait(PATIENCE)

        with connected(port) as client:
            client.sendall(ASK + b"\r\n")
            serve(workers)

            assert client.recv(15) == b"HTTP/1.1 200 OK"

    def test_cuts_at_the_stated_bound_what_does_not_end(
        self, serve: Callable[..., psutil.Popen], port: socket.socket, workers: int
    ) -> None:
        server = serve(workers, UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN="1")
        with connected(port) as client:
            client.sendall(b"POST /users HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{")
            time.sleep(0.1)
            server.terminate()

            server.wait(PATIENCE)

        assert not psutil.pid_exists(server.pid)


class TestGentle:
    async def begin(self) -> Any:
        with Ending().gentle():
            return signal.getsignal(signal.SIGTERM)

    def test_changes_nothing_where_uvicorn_does_not_serve(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        beginning = self.begin()
        with pytest.raises(StopIteration) as done:
            beginning.send(None)

        assert done.value.value is before
