"""What the service says of itself to whoever looks after it."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import Field

from lifetracker.core.db import Database
from lifetracker.core.errors import Unavailable
from lifetracker.core.schemas import Shown

OK = "ok"


class Health(Shown):
    """`release` is the id of the release that answers, null where it runs from a checkout."""

    status: str = Field(description="`ok`, or `fail` when the database cannot be read.", examples=["ok"])
    version: str = Field(description="The version of LifeTracker.", examples=["1.2.3"])
    database: str = Field(description="`ok`, or `fail` when it cannot be read.", examples=["ok"])
    release: str | None = Field(
        description="The id of the release that answers; null from a checkout.", examples=[None]
    )


class Disk(Shown):
    """Of the file system that the database lies on."""

    free_bytes: int
    total_bytes: int


class Checks(Shown):
    """`"ok"`, or a sentence; null for what a database on a server does not have. `times_held` is how often a unit held
    the event loop for more than 50 ms in the process that answers; the log names them."""

    write: str
    file: str | None
    disk: Disk | None
    times_held: int

    @property
    def passed(self) -> bool:
        return self.write == OK and self.file in (OK, None)


class DeepHealth(Shown):
    status: str
    version: str
    release: str | None
    checks: Checks


async def check_deeply(db: Database) -> Checks:
    """Commit a row, hold the open file against its path, and look how much room there is."""
    write = await _write(db)
    if db.open_file is None:
        return Checks(write=write, file=None, disk=None, times_held=db.times_held)
    file, disk = db.open_file.trouble() or OK, _disk(Path(db.open_file.path).parent)
    return Checks(write=write, file=file, disk=disk, times_held=db.times_held)


async def _write(db: Database) -> str:
    try:
        await db.try_writing()
    except Unavailable as refused:
        return str(refused)
    return OK


def _disk(folder: Path) -> Disk | None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return Disk(free_bytes=usage.free, total_bytes=usage.total)
