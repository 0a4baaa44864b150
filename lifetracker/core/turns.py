"""Whose turn it is to write, among the processes that share an embedded database.

SQLite sends away who comes while another process writes, and an event loop's timer ticks in milliseconds: of two busy
workers each slept through the moments when the lock was free (docs/decisions/0017). So a worker takes a turn first,
and who gives one back tells those who wait. A turn guards nothing, SQLite's own lock does: who writes without one, as a
command of the operator does, is met there.
"""

from __future__ import annotations

import fcntl
import os
import stat
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress

PIPE = "-turns"  # beside the database, as SQLite's own `-wal` and `-shm`
ALL = 1 << 16  # bytes, as many as a pipe holds


class Turns:
    """The turns of one process at the database `file`.

    A turn is a lock (`flock(2)`) on the folder, gone with the process; who gives it back leaves a byte in a named pipe.
    Where the folder takes no lock, as some network file systems', every turn is ours at once; where there can be no
    pipe, nobody is told, and who waits has to look again.
    """

    def __init__(self, file: str) -> None:
        self._folder, self._path = os.path.dirname(file), file + PIPE
        self._handle: int | None = None
        self._pipe: int | None = None
        self._told: AbstractEventLoop | None = None
        self._closed = False

    def take(self) -> bool:
        """Whether the turn is ours; it is until it is given back."""
        try:
            self._lock()
        except BlockingIOError:
            return False
        except OSError:
            return True
        self._be_told_no_more()
        return True

    def give_back(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # of a folder that takes no lock
                fcntl.flock(self._handle, fcntl.LOCK_UN)
        if self._pipe is not None:
            with suppress(BlockingIOError):  # it is full of what nobody waited for
                os.write(self._pipe, b"\0")

    def be_told(self, loop: AbstractEventLoop, then: Callable[[], object]) -> None:
        """Have `then` called once, in this loop, when a turn was given back; it may be taken by then."""
        if self._pipe is not None and self._told is not loop:
            loop.add_reader(self._pipe, self._tell, then)
            self._told = loop

    def close(self) -> None:
        self._be_told_no_more()
        self._closed = True
        for descriptor in (self._handle, self._pipe):
            if descriptor is not None:
                os.close(descriptor)
        self._handle = self._pipe = None

    def _tell(self, then: Callable[[], object]) -> None:
        self._be_told_no_more()
        if self._pipe is not None:
            with suppress(BlockingIOError):  # another process was told, too, and was first
                os.read(self._pipe, ALL)
        then()

    def _be_told_no_more(self) -> None:
        # Nobody listens who does not wait: a process would be woken by its own bytes, and read those meant for others.
        if self._told is not None and self._pipe is not None and not self._told.is_closed():
            self._told.remove_reader(self._pipe)
        self._told = None

    def _lock(self) -> None:
        if self._closed:
            return
        if self._handle is None:
            self._handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            self._pipe = _opened(self._path)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _opened(path: str) -> int | None:
    """The pipe of this name, made where there is none; None where it cannot be."""
    with suppress(OSError):
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        if stat.S_ISFIFO(os.fstat(pipe).st_mode):
            return pipe
        os.close(pipe)
    return None
