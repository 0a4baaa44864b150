"""What systemd is told of this service (`sd_notify`): that it serves, that it lives, that it ends.

The main process tells, so that nobody else need be listened to. It is the one that serves; or, of several workers,
their parent, in a thread that `process/parent.py` begins: each worker leaves a heartbeat in `$RUNTIME_DIRECTORY`,
touched from its own event loop, and where one is missing or old the parent keeps silent. Silence is what systemd's
watchdog ends the service for. Without `$NOTIFY_SOCKET` nothing happens.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from lifetracker.core.process.runtime import runtime_folder

UNWATCHED = 20.0  # seconds: how long a heartbeat counts, twice over, where the unit has no WatchdogSec
SOON = 0.05


@asynccontextmanager
async def serving(what: str) -> AsyncIterator[None]:
    """Tell systemd, while this lasts, how `what` (a few words for `systemctl status`) is doing."""
    if "NOTIFY_SOCKET" not in os.environ:
        yield
        return
    crew = Crew.of(os.environ, os.getppid())
    telling = asyncio.create_task(_tell_of_itself(crew, what) if crew.size == 1 else _beat(crew, what))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        crew.leave()
        if crew.size == 1:
            _send("STOPPING=1", f"STATUS={what}: stopping")


async def _tell_of_itself(crew: Crew, what: str) -> None:
    """READY=1 when this process serves, WATCHDOG=1 as long as its event loop turns."""
    await _listening()
    _send("READY=1")
    while True:
        _send("WATCHDOG=1", f"STATUS={what}: 1 worker serves")
        await asyncio.sleep(crew.pause)


async def _beat(crew: Crew, what: str) -> None:
    """A worker's part: signs of life, from when it serves on."""
    await _listening()
    while True:
        crew.beat(what)
        await asyncio.sleep(crew.pause)


async def _listening() -> None:
    while not _listens():
        await asyncio.sleep(SOON)


def tell_of_workers() -> None:
    """The parent's part, for as long as it lives: READY=1 when all workers serve, WATCHDOG=1 while all of them do."""
    crew, ready = Crew.of(os.environ, os.getpid()), False
    while True:
        what, living, workers = crew.count()
        if living < workers:
            _send(f"STATUS={what}: only {living} of {workers} workers serve")
        else:
            _send(*([] if ready else ["READY=1"]), "WATCHDOG=1", f"STATUS={what}: {workers} workers serve")
            ready = True
        time.sleep(crew.pause if ready else SOON)


def _listens() -> bool:
    """Whether this process holds a socket that takes connections; uvicorn binds it after the application's start."""
    return any(_takes_connections(int(descriptor)) for descriptor in os.listdir("/proc/self/fd"))


def _takes_connections(descriptor: int) -> bool:
    """Sockets alone are duplicated: to close a duplicate of a database's file would give up its locks."""
    with suppress(OSError):
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            with socket.socket(fileno=os.dup(descriptor)) as held:
                return bool(held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False


def _send(*lines: str) -> None:
    """One datagram. It never waits, and what systemd does not take is lost: the next heartbeat says it again."""
    address = os.environ["NOTIFY_SOCKET"]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.sendto("\n".join(lines).encode(), f"\0{address[1:]}" if address.startswith("@") else address)


@dataclass(slots=True)
class Crew:
    """The workers of one uvicorn: `size` of them, each with a heartbeat in `folder` named for `parent` and worker.

    A heartbeat's time of change is the machine's monotonic clock, which no correction of the time of day moves.
    """

    size: int
    folder: Path
    patience: float  # seconds that a heartbeat counts for
    parent: int

    @classmethod
    def of(cls, environment: Mapping[str, str], parent: int) -> Crew:
        size = environment.get("UVICORN_WORKERS") or environment.get("WEB_CONCURRENCY") or "1"
        watchdog = int(environment.get("WATCHDOG_USEC", 0)) / 1_000_000 or UNWATCHED
        return cls(max(int(size), 1), runtime_folder(environment), watchdog / 2, parent)

    @property
    def pause(self) -> float:
        """Seconds between two heartbeats, and between two looks at them."""
        return self.patience / 4

    def beat(self, what: str) -> None:
        """Leave a sign of life, and `what` lives."""
        now = time.monotonic()
        try:
            if not self._own.exists():
                self._own.write_text(what, "utf-8")
            os.utime(self._own, (now, now))
        except OSError as error:
            logger.warning("no heartbeat can be left in {}: {}", self.folder, error.strerror)

    def leave(self) -> None:
        """Take the own heartbeat away."""
        self._own.unlink(missing_ok=True)

    def count(self) -> tuple[str, int, int]:
        """What lives, how many workers gave a sign of it of late, and how many should have."""
        now, seen = time.monotonic(), list(self._heartbeats())
        what = seen[-1][1] if seen else "Starting"
        return what, sum(now - at < self.patience for at, _ in seen), max(self.size, len(seen))

    @property
    def _own(self) -> Path:
        return self.folder / f"worker-{self.parent}-{os.getpid()}"

    def _heartbeats(self) -> Iterator[tuple[float, str]]:
        """When each worker last gave one, and what it said; that of a worker which was killed is taken away."""
        for file in self.folder.glob(f"worker-{self.parent}-*"):
            if _lives(int(file.name.rpartition("-")[2])):
                with suppress(FileNotFoundError):
                    yield file.stat().st_mtime, file.read_text("utf-8")
            else:
                file.unlink(missing_ok=True)


def _lives(worker: int) -> bool:
    try:
        os.kill(worker, 0)
    except OSError:  # nobody, or somebody else's process that has got the number since
        return False
    return True
