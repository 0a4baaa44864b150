"""The application as it is served: uvicorn in a process of its own, on a database of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.engines import make

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 30.0  # seconds
NEEDED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
SIGNS_OF_A_BUG = ("Traceback", "a bug met")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one application is served, and the folder that all its files lie in."""

    url: str
    folder: Path

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'fuzz.db'}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def calls(self) -> Path:
        """One JSON object a line for each call: operation and status."""
        return self.folder / "calls.jsonl"

    @property
    def people(self) -> Path:
        return self.folder / "people.json"

    def environment(self) -> dict[str, str]:
        """For a process that is to find this place again with `place_from_environment`."""
        return environment() | {"FUZZ_URL": self.url, "FUZZ_FOLDER": str(self.folder)}

    def bugs(self) -> list[str]:
        """Lines of the server's log that tell of a bug."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if any(sign in line for sign in SIGNS_OF_A_BUG)]


def place_from_environment() -> Place:
    return Place(os.environ["FUZZ_URL"], Path(os.environ["FUZZ_FOLDER"]))


@contextmanager
def served(folder: Path) -> Iterator[Place]:
    """A migrated database in `folder` and the application on it, ended with the block however that ends."""
    place = Place(f"http://127.0.0.1:{_free_port()}", folder)
    settings = environment() | {"LIFETRACKER_DATABASE_URL": place.database_url, "LIFETRACKER_LIMITS": "off"}
    make(place.database_url)
    server = _start(place, settings)
    try:
        _wait_until_healthy(place, server)
        yield place
    finally:
        _end(server)


def environment() -> dict[str, str]:
    """What a process needs: none of the settings of an application that may be running here for real."""
    kept = {name: value for name, value in os.environ.items() if name in NEEDED}
    return kept | {"PYTHONPATH": str(ROOT)}


def _start(place: Place, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    host, port = place.url.removeprefix("http://").split(":")
    command = [sys.executable, "-m", "uvicorn", "lifetracker.main:app", "--host", host, "--port", port]
    with place.log.open("wb") as log:
        return subprocess.Popen(command, env=settings, cwd=place.folder, stdout=log, stderr=log)


def _wait_until_healthy(place: Place, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while server.poll() is None and time.monotonic() < deadline:
        try:
            httpx2.get(f"{place.url}/health").raise_for_status()
            return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise SystemExit(f"fuzz: the server did not start:\n{place.log.read_text()}")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
