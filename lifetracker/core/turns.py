"""Whose turn it is to write, among the processes that share an embedded database.

SQLite sends away who comes while another process writes, and an event loop's timer ticks in milliseconds: of two busy
workers each slept through the moments when the lock was free (docs/decisions/0017). So a worker takes a turn first,
for which it can wait in the kernel. A turn guards nothing, SQLite's own lock does: who writes without one, as a command
of the operator does, is met there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread


class Turns:
    """The turns of one process: a lock (`flock(2)`) on the folder that the database lies in, gone with the process.

    Where the folder takes none, as some network file systems', every turn is ours at once.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._handle: int | None = None
        self._asked: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False

    def take(self) -> bool:
        """Whether the turn is ours; it is until it is given back."""
        try:
            self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def give_back(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # of a folder that takes no lock
                fcntl.flock(self._handle, fcntl.LOCK_UN)

    def await_next(self, then: Callable[[], object]) -> None:
        """Have `then` called in a thread of ours, once the turn is ours."""
        if self._thread is None:
            # A daemon: whoever has the turn may be stopped for hours, and nobody who ends waits for that.
            thread = Thread(target=self._await_each, name="turns", daemon=True)
            thread.start()
            self._thread = thread
        self._asked.put(then)

    def close(self) -> None:
        self._asked.put(None)
        self._closed = True
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _await_each(self) -> None:
        while (then := self._asked.get()) is not None:
            with suppress(OSError):  # of a folder that takes no lock
                self._lock(fcntl.LOCK_EX)
            then()

    def _lock(self, how: int) -> None:
        if self._closed:
            return
        if self._handle is None:
            self._handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._handle, how)
