"""The application as it is served: uvicorn in a process of its own, on a database of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2

from tests.engines import make
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 120.0  # seconds; it takes two, on a machine that has nothing else to do
NEEDED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
SIGNS_OF_A_BUG = ("a bug met", "Traceback")
LINES_TOLD = 60


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

    def first_bug(self) -> str:
        """What the server's log says of the first bug that was met; empty when there was none."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        first = next((at for at, line in enumerate(lines) if any(sign in line for sign in SIGNS_OF_A_BUG)), None)
        return "" if first is None else "\n".join(lines[first : first + LINES_TOLD])


def place_from_environment() -> Place:
    """In a process that was started with `surroundings`."""
    return Place(os.environ["FUZZ_URL"], Path(os.environ["FUZZ_FOLDER"]))


def surroundings(place: Place) -> dict[str, str]:
    return {"FUZZ_URL": place.url, "FUZZ_FOLDER": str(place.folder)}


@contextmanager
def served(folder: Path) -> Iterator[Place]:
    """A migrated database in `folder` and the application on it."""
    place = Place(f"http://127.0.0.1:{free_port()}", folder)
    make(place.database_url)
    host, port = place.url.removeprefix("http://").split(":")
    settings = {"LIFETRACKER_DATABASE_URL": place.database_url, "LIFETRACKER_LIMITS": "off"}
    command = ["uvicorn", "lifetracker.main:app", "--host", host, "--port", port]
    with place.log.open("wb") as log, child(command, folder, settings, log) as server:
        _wait_until_healthy(place, server)
        yield place


@contextmanager
def child(
    command: Sequence[str], folder: Path, settings: dict[str, str], output: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module as a process that works in `folder` and ends with the block at the latest.

    It gets none of the settings of an application that may be running here for real.
    """
    kept = {name: value for name, value in os.environ.items() if name in NEEDED}
    surrounded = kept | {"PYTHONPATH": str(ROOT)} | settings
    process = subprocess.Popen(
        [sys.executable, "-m", *command], env=surrounded, cwd=folder, stdout=output, stderr=output
    )
    try:
        yield process
    finally:
        _end(process)


def _wait_until_healthy(place: Place, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while server.poll() is None and time.monotonic() < deadline:
        try:
            httpx2.get(f"{place.url}/health").raise_for_status()
            return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise SystemExit(f"the server did not start:\n{place.log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
