"""Servers as child processes: started, awaited, weighed, and ended by their process id."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

WORKERS = 2
PATIENCE = 60.0  # seconds for a server to start
OURS = ("LIFETRACKER_", "UVICORN_", "WEB_CONCURRENCY", "NOTIFY_SOCKET")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    process: int
    took: float  # seconds from its start to its first answer

    def memory(self) -> float:
        """MB of all its processes; what they share is counted once (PSS)."""
        parent = psutil.Process(self.process)
        return sum(_pss(each) for each in (parent, *parent.children(recursive=True))) / 1e6

    def workers(self) -> list[int]:
        """Its processes, the busiest first."""
        parent = psutil.Process(self.process)
        crew = sorted((parent, *parent.children(recursive=True)), key=lambda each: -sum(each.cpu_times()[:2]))
        return [each.pid for each in crew]


def _pss(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_full_info().pss)
    return 0


@contextmanager
def serving(
    command: Sequence[str], path: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run `command`, in which PORT stands for a free one, from the moment it answers 200 on `path`."""
    port = _free_port()
    words = [word.replace("PORT", str(port)) for word in command]
    with log.open("ab") as out:
        began = time.perf_counter()
        process = subprocess.Popen(words, cwd=ROOT, env={**plain(), **(environment or {})}, stdout=out, stderr=out)
        try:
            _wait_for(port, path, process, log)
            yield Server(f"http://127.0.0.1:{port}", process.pid, time.perf_counter() - began)
        finally:
            _end(process)


def app_served(
    app: str, path: str, folder: Path, database: str = "", workers: int = WORKERS
) -> AbstractContextManager[Server]:
    """A context: one of our applications, as `lifetracker-api.service` starts it, but for the number of workers."""
    command = [sys.executable, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", "PORT"]
    environment = {**plain(database), "LIFETRACKER_LIMITS": "off", "WEB_CONCURRENCY": str(workers)}
    return serving(command, path, folder / f"{app.partition(':')[0]}.log", environment)


def lifetracker(database: str, *words: str) -> str:
    """Run one of the operator's commands on a database; answers what it printed."""
    command = [sys.executable, "-m", "lifetracker", *words]
    return subprocess.run(command, cwd=ROOT, env=plain(database), stdout=subprocess.PIPE, text=True, check=True).stdout


def plain(database: str = "") -> dict[str, str]:
    """This environment without what would change how ours behaves, and with the database that it is to work on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | ({"LIFETRACKER_DATABASE_URL": database} if database else {})


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait_for(port: int, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("GET", path)
            if asked.getresponse().status == http.client.OK:
                return
        time.sleep(0.005)
    raise SystemExit(f"a server does not start:\n{log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
