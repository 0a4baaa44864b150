"""Who moves what was committed from SQLite's write-ahead log into the database: a thread, beside those who write.

SQLite does it at the end of a commit, once the log has a thousand pages, and that commit takes as long as some dozens
do. Everybody who waits to write waits for it: on a large database, where hardly two commits share a page, it shows in
the slowest hundredth of all writes (docs/decisions/0018).
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

EVERY = 20  # units, each of some three pages: small enough that who commits meanwhile hardly waits


class Checkpoints:
    """Has `move` called in a thread of its own after every so many units of work. `move` raises nothing."""

    def __init__(self, move: Callable[[], object]) -> None:
        self._move = move
        self._units = 0
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._thread: Thread | None = None

    def note_commit(self, units: int) -> None:
        """`units` went into it."""
        self._units += units
        if self._units < EVERY or not self._asked.empty():
            return
        self._units = 0
        if self._thread is None:
            self._thread = Thread(target=self._move_each, name="checkpoints", daemon=True)
            self._thread.start()
        self._asked.put(True)

    def close(self) -> None:
        """Wait for one that is under way; none begins after it."""
        if self._thread is not None:
            self._asked.put(False)
            self._thread.join()

    def _move_each(self) -> None:
        while self._asked.get():
            self._move()
