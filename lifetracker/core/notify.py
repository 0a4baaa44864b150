"""What systemd is told of this service (`sd_notify`): that it serves, that it lives, that it ends.

uvicorn's parent of several workers runs none of our code, so each worker tells, and looks at all of them first: a
worker leaves a heartbeat in `$RUNTIME_DIRECTORY`, touched from its own event loop, and whoever sees one missing or old
keeps silent. Silence is what systemd's watchdog ends the service for. Without `$NOTIFY_SOCKET` nothing happens.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

UNWATCHED = 20.0  # seconds: how long a heartbeat counts, twice over, where the unit has no WatchdogSec
SOON = 0.05


@asynccontextmanager
async def serving(what: str) -> AsyncIterator[None]:
    """Tell systemd, while this lasts, how `what` (a few words for `systemctl status`) is doing."""
    if "NOTIFY_SOCKET" not in os.environ:
        yield
        return
    crew = Crew.of(os.environ)
    telling = asyncio.create_task(_tell(crew, what))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        if crew.leave():
            _send("STOPPING=1", f"STATUS={what}: stopping")


async def _tell(crew: Crew, what: str) -> None:
    """READY=1 once, when all workers serve; WATCHDOG=1 as long as all of them live."""
    ready = False
    while not _listens():
        await asyncio.sleep(SOON)
    while True:
        living, workers = crew.beat()
        if living < workers:
            _send(f"STATUS={what}: only {living} of {workers} workers serve")
        else:
            _send(*([] if ready else ["READY=1"]), "WATCHDOG=1", f"STATUS={what}: {_count(workers)}")
            ready = True
        await asyncio.sleep(crew.pause if ready else SOON)


def _count(workers: int) -> str:
    return "1 worker serves" if workers == 1 else f"{workers} workers serve"


def _listens() -> bool:
    """Whether this process holds a socket that takes connections; uvicorn binds it after the application's start."""
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError), socket.socket(fileno=os.dup(int(descriptor))) as held:
            if held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return True
    return False


def _send(*lines: str) -> None:
    """One datagram. It never waits, and what systemd does not take is lost: the next heartbeat says it again."""
    address = os.environ["NOTIFY_SOCKET"]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.sendto("\n".join(lines).encode(), f"\0{address[1:]}" if address.startswith("@") else address)


@dataclass(slots=True)
class Crew:
    """The workers of one uvicorn: `size` of them, each with a heartbeat in `folder` named for parent and worker.

    A heartbeat's time of change is the machine's monotonic clock, which no correction of the time of day moves.
    """

    size: int
    folder: Path
    patience: float  # seconds that a heartbeat counts for

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Crew:
        size = environment.get("UVICORN_WORKERS") or environment.get("WEB_CONCURRENCY") or "1"
        folder = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0] or tempfile.gettempdir()
        watchdog = int(environment.get("WATCHDOG_USEC", 0)) / 1_000_000 or UNWATCHED
        return cls(int(size), Path(folder), watchdog / 2)

    @property
    def pause(self) -> float:
        """Seconds between two heartbeats."""
        return self.patience / 4

    def beat(self) -> tuple[int, int]:
        """Leave a sign of life, and count: how many workers did so of late, and how many should have."""
        if self.size == 1:
            return 1, 1
        now = time.monotonic()
        try:
            self._own.touch()
            os.utime(self._own, (now, now))
        except OSError as error:
            logger.warning("no heartbeat can be left in {}: {}", self.folder, error.strerror)
            return 0, self.size
        last = list(self._heartbeats())
        return sum(now - each < self.patience for each in last), max(self.size, len(last))

    def leave(self) -> bool:
        """Take the own heartbeat away; whether nobody else is left."""
        self._own.unlink(missing_ok=True)
        return not any(self._heartbeats())

    @property
    def _own(self) -> Path:
        return self.folder / f"worker-{os.getppid()}-{os.getpid()}"

    def _heartbeats(self) -> Iterator[float]:
        """When each worker last gave one; that of a worker which was killed is taken away."""
        for file in self.folder.glob(f"worker-{os.getppid()}-*"):
            if _lives(int(file.name.rpartition("-")[2])):
                with suppress(FileNotFoundError):
                    yield file.stat().st_mtime
            else:
                file.unlink(missing_ok=True)


def _lives(worker: int) -> bool:
    try:
        os.kill(worker, 0)
    except OSError:  # nobody, or somebody else's process that has got the number since
        return False
    return True
