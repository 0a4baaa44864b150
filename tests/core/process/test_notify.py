"""What systemd hears: a socket that stands in for it, and real servers that tell."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from lifetracker import __version__
from lifetracker.core.process import notify
from lifetracker.core.process.notify import Crew
from tests.engines import make
from tests.ports import free_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
WATCHDOG = 2.0  # seconds
PATIENCE = 30.0  # seconds until a test gives up
SERVED = """
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from lifetracker.core.process import notify

@asynccontextmanager
async def lifespan(app):
    async with notify.serving("A trial"):
        yield

app = Starlette(lifespan=lifespan)
"""


class Listener:
    """In systemd's place: what came to its socket, a datagram each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def hear(self, patience: float = PATIENCE) -> str:
        """The next datagram; empty when none comes."""
        self._socket.settimeout(patience)
        try:
            return self._socket.recv(4096).decode()
        except TimeoutError:
            return ""

    def hear_until(self, wanted: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if wanted(heard := self.hear()):
                return heard
        raise AssertionError("never heard")

    def forget(self) -> None:
        while self.hear(0.001):
            pass

    def close(self) -> None:
        self._socket.close()


def beating(folder: Path) -> int:
    """How many workers left a heartbeat."""
    return len(list(folder.glob("worker-*")))


def beats(worker: psutil.Process, folder: Path) -> bool:
    return bool(list(folder.glob(f"worker-*-{worker.pid}")))


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Listener]:
    with closing(Listener(tmp_path / "notify")) as listener:
        yield listener


@pytest.fixture
def serve(systemd: Listener, tmp_path: Path) -> Iterator[Callable[..., psutil.Popen]]:
    """Starts uvicorn as the unit does, on a port of its own; what it starts ends with the test."""
    started: list[psutil.Popen] = []

    def start(workers: int = 1, *words: str, app: str = "served:app", **environment: str) -> psutil.Popen:
        (tmp_path / "served.py").write_text(SERVED)
        told = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": f"{WATCHDOG * 1e6:.0f}"}
        told |= {
            "RUNTIME_DIRECTORY": str(tmp_path),
            "WEB_CONCURRENCY": str(workers),
            "UVICORN_LOG_CONFIG": str(ROOT / "lifetracker/core/uvicorn.json"),
            "PYTHONPATH": f"{ROOT}:{tmp_path}",
        }
        command = [sys.executable, "-m", "uvicorn", app, "--port", str(free_port()), *words]
        with (tmp_path / "server.log").open("wb") as log:
            server = psutil.Popen(command, env=os.environ | told | environment, cwd=tmp_path, stdout=log, stderr=log)
        started.append(server)
        return server

    yield start
    for server in started:
        end(server)


class TestServing:
    def test_tells_that_it_is_ready_lives_and_ends(self, serve: Callable[..., psutil.Popen], systemd: Listener) -> None:
        server = serve()

        assert systemd.hear() == "READY=1"
        assert systemd.hear() == "WATCHDOG=1\nSTATUS=A trial: 1 worker serves"
        assert systemd.hear() == "WATCHDOG=1\nSTATUS=A trial: 1 worker serves"
        server.terminate()
        assert systemd.hear_until(lambda heard: "WATCHDOG" not in heard) == "STOPPING=1\nSTATUS=A trial: stopping"
        assert systemd.hear(0.2) == ""

    def test_is_ready_only_when_its_port_takes_connections(
        self, serve: Callable[..., psutil.Popen], systemd: Listener
    ) -> None:
        server = serve()
        systemd.hear()

        (port,) = [each.laddr.port for each in server.net_connections() if each.status == psutil.CONN_LISTEN]
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 404"

    def test_waits_as_long_as_nothing_listens(self, systemd: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NOTIFY_SOCKET", str(systemd.path))

        async def start_without_a_port() -> None:
            async with notify.serving("A trial"):
                await asyncio.sleep(0.3)

        asyncio.run(start_without_a_port())

        assert systemd.hear(0.1) == "STOPPING=1\nSTATUS=A trial: stopping"

    def test_is_silent_while_the_event_loop_is_blocked(
        self, serve: Callable[..., psutil.Popen], systemd: Listener
    ) -> None:
        server = serve()
        systemd.hear()

        server.suspend()
        systemd.forget()

        assert systemd.hear(WATCHDOG) == ""

    def test_does_nothing_where_nobody_listens(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
        monkeypatch.setenv("WEB_CONCURRENCY", "2")

        async def start() -> int:
            async with notify.serving("A trial"):
                await asyncio.sleep(0)
                return len(asyncio.all_tasks())

        assert asyncio.run(start()) == 1
        assert list(tmp_path.iterdir()) == []

    def test_is_not_stopped_by_a_listener_that_is_gone(
        self, serve: Callable[..., psutil.Popen], systemd: Listener, tmp_path: Path
    ) -> None:
        server = serve()
        systemd.hear()
        systemd.path.unlink()
        time.sleep(WATCHDOG / 4)

        server.terminate()
        server.wait(PATIENCE)

        assert "Traceback" not in (tmp_path / "server.log").read_text()

    def test_speaks_to_an_abstract_address_too(self, serve: Callable[..., psutil.Popen], systemd: Listener) -> None:
        name = f"lifetracker-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
            abstract.bind(f"\0{name}")
            abstract.settimeout(PATIENCE)
            serve(NOTIFY_SOCKET=f"@{name}")

            assert abstract.recv(4096) == b"READY=1"


class TestTwoWorkers:
    @pytest.fixture
    def two(self, serve: Callable[..., psutil.Popen]) -> psutil.Popen:
        """Whose supervisor is patient, so that it is not the one to notice."""
        return serve(2, UVICORN_TIMEOUT_WORKER_HEALTHCHECK="600")

    def test_are_ready_when_both_of_them_serve(self, two: psutil.Popen, systemd: Listener, tmp_path: Path) -> None:
        heard = systemd.hear_until(lambda heard: "READY=1" in heard)

        assert heard == "READY=1\nWATCHDOG=1\nSTATUS=A trial: 2 workers serve"
        assert len(list(tmp_path.glob("worker-*"))) == 2

    def test_are_not_ready_as_long_as_one_does_not(self, serve: Callable[..., psutil.Popen], systemd: Listener) -> None:
        serve(2, "--workers", "1")

        systemd.hear_until(lambda heard: heard == "STATUS=Starting: only 0 of 2 workers serve")
        assert all("READY" not in systemd.hear() for _ in range(10))

    def test_are_as_many_as_uvicorn_reads(self, serve: Callable[..., psutil.Popen], systemd: Listener) -> None:
        serve(1, UVICORN_WORKERS="2")

        systemd.hear_until(lambda heard: "READY=1" in heard and "2 workers serve" in heard)

    def test_are_silent_when_one_of_them_hangs(self, two: psutil.Popen, systemd: Listener) -> None:
        systemd.hear_until(lambda heard: "READY=1" in heard)

        workers_of(two)[1].suspend()
        systemd.hear_until(lambda heard: heard == "STATUS=A trial: only 1 of 2 workers serve")
        systemd.forget()

        told = [systemd.hear(WATCHDOG) for _ in range(8)]
        assert set(told) == {"STATUS=A trial: only 1 of 2 workers serve"}

    def test_are_well_again_when_the_supervisor_has_replaced_one(
        self, two: psutil.Popen, systemd: Listener, tmp_path: Path
    ) -> None:
        systemd.hear_until(lambda heard: "READY=1" in heard)
        killed = workers_of(two)[1]

        killed.send_signal(signal.SIGKILL)
        systemd.hear_until(
            lambda heard: "WATCHDOG=1" in heard and beating(tmp_path) == 2 and not beats(killed, tmp_path)
        )

        left = {file.name for file in tmp_path.glob("worker-*")}
        assert left == {f"worker-{two.pid}-{worker.pid}" for worker in workers_of(two)}
        assert killed.pid not in {worker.pid for worker in workers_of(two)}

    def test_are_told_of_by_their_parent_alone(self, two: psutil.Popen, systemd: Listener) -> None:
        systemd.hear_until(lambda heard: "READY=1" in heard)

        two.suspend()  # the parent, and neither of the workers
        systemd.forget()

        assert systemd.hear(2 * WATCHDOG) == ""

    def test_leave_nothing_when_they_end(self, two: psutil.Popen, systemd: Listener, tmp_path: Path) -> None:
        systemd.hear_until(lambda heard: "READY=1" in heard)

        two.terminate()
        two.wait(PATIENCE)

        assert list(tmp_path.glob("worker-*")) == []


class TestCrew:
    def test_counts_a_heartbeat_for_half_of_the_watchdogs_time(self) -> None:
        told = {"WATCHDOG_USEC": "20000000", "WEB_CONCURRENCY": "3", "RUNTIME_DIRECTORY": "/run/one:/run/two"}

        assert Crew.of(told, 7) == Crew(3, Path("/run/one"), 10.0, 7)
        assert Crew.of(told, 7).pause == 2.5

    @pytest.mark.parametrize("name", ["WEB_CONCURRENCY", "UVICORN_WORKERS"])
    @pytest.mark.parametrize("size", ["", "0", "-1", "1"])
    def test_is_one_where_the_server_makes_no_workers(self, name: str, size: str) -> None:
        """uvicorn takes these for none, and serves alone: whoever serves must tell systemd, then."""
        assert Crew.of({name: size}, 7).size == 1

    def test_does_not_count_one_that_is_old(self, tmp_path: Path) -> None:
        crew = Crew(2, tmp_path, 10.0, 7)
        crew.beat("A trial")
        other = tmp_path / f"worker-7-{os.getppid()}"  # somebody who surely lives
        other.write_text("A trial")

        os.utime(other, (time.monotonic() - 9, time.monotonic() - 9))
        assert crew.count() == ("A trial", 2, 2)
        os.utime(other, (time.monotonic() - 11, time.monotonic() - 11))
        assert crew.count() == ("A trial", 1, 2)

    def test_waits_for_every_one_that_lives_even_if_it_is_one_too_many(self, tmp_path: Path) -> None:
        crew = Crew(2, tmp_path, 10.0, 7)
        crew.beat("A trial")
        with psutil.Popen(["sleep", "60"]) as third:
            for living in (os.getppid(), third.pid):
                (tmp_path / f"worker-7-{living}").write_text("A trial")
                os.utime(tmp_path / f"worker-7-{living}", (0, time.monotonic() - (living == third.pid) * 11))

            assert crew.count() == ("A trial", 2, 3)
            third.kill()

        assert crew.count() == ("A trial", 2, 2)

    def test_has_nobody_before_the_first_heartbeat(self, tmp_path: Path) -> None:
        assert Crew(2, tmp_path, 10.0, 7).count() == ("Starting", 0, 2)

    def test_goes_on_where_no_heartbeat_can_be_left(self, tmp_path: Path) -> None:
        crew = Crew(2, tmp_path / "gone", 10.0, 7)

        crew.beat("A trial")

        assert crew.count() == ("Starting", 0, 2)

    def test_is_left_without_a_trace(self, tmp_path: Path) -> None:
        crew = Crew(2, tmp_path, 10.0, 7)
        crew.beat("A trial")

        crew.leave()

        assert list(tmp_path.iterdir()) == []


class TestApplication:
    def test_names_its_version_and_its_release(
        self, serve: Callable[..., psutil.Popen], systemd: Listener, tmp_path: Path
    ) -> None:
        url = f"sqlite:///{tmp_path / 'life_tracker.db'}"
        make(url)

        serve(app="lifetracker.main:app", LIFETRACKER_DATABASE_URL=url)

        systemd.hear_until(lambda heard: f"STATUS=LifeTracker {__version__}, release none: 1 worker serves" in heard)

    def test_is_never_ready_where_it_may_not_start(
        self, serve: Callable[..., psutil.Popen], systemd: Listener, tmp_path: Path
    ) -> None:
        server = serve(app="lifetracker.main:app", LIFETRACKER_DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}")

        assert server.wait(PATIENCE) != 0
        assert systemd.hear(0.1) == ""


def workers_of(server: psutil.Popen) -> list[psutil.Process]:
    return [child for child in server.children() if "--multiprocessing-fork" in child.cmdline()]


def end(server: psutil.Popen) -> None:
    """Its workers, too: they outlive a parent that is killed."""
    with suppress(psutil.NoSuchProcess):
        for process in (*server.children(recursive=True), server):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    server.wait(PATIENCE)
