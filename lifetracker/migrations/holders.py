"""Who has an SQLite file open, asked of the locks that a process in WAL mode keeps on it as long as it is open."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from lifetracker.core.db_checks.open_repository import SHARED_FIRST, SHARED_SIZE

LOCK = "hhqqi"  # struct flock: kind, from where, first byte, how many, whose


def holder_of(file: Path) -> str | None:
    """Another process that has the file open, in words; None where there is none. Takes no lock itself."""
    with file.open("rb") as opened:
        asked = struct.pack(LOCK, fcntl.F_WRLCK, os.SEEK_SET, SHARED_FIRST, SHARED_SIZE, 0)
        kind, _, _, _, pid = struct.unpack(LOCK, fcntl.fcntl(opened, fcntl.F_GETLK, asked))
    if kind == fcntl.F_UNLCK:
        return None
    return f"process {pid}" if pid > 0 else "a process that cannot be seen from here"


def state_of(file: Path) -> list[tuple[int, int, int]]:
    """Inode, size and time of a file and of its log: they change with every write."""
    found = (path.stat() for path in (file, file.with_name(f"{file.name}-wal")) if path.exists())
    return [(seen.st_ino, seen.st_size, seen.st_mtime_ns) for seen in found]
