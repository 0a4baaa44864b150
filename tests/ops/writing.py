"""A client that goes on writing whatever becomes of the server, and keeps account of what was acknowledged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import pairwise
from threading import Event, Thread

from tests.ops.trial import Trial

PAUSE = 0.005


@dataclass
class Account:
    """`acknowledged` tells each note with the instant at which it was."""

    server: Trial
    acknowledged: dict[str, float] = field(default_factory=dict)
    _sent: int = 0

    def write(self) -> None:
        self._sent += 1
        note = f"{id(self)} {self._sent}"
        with suppress(OSError, HTTPException):
            self.server.log(note)
            self.acknowledged[note] = time.monotonic()

    @property
    def lost(self) -> set[str]:
        return set(self.acknowledged) - set(self.server.notes())

    @property
    def longest_without(self) -> float:
        """Seconds from one that was acknowledged to the next."""
        at = list(self.acknowledged.values())
        return max((later - earlier for earlier, later in pairwise(at)), default=0.0)

    def await_more(self) -> None:
        """Until something is acknowledged that was sent after now."""
        before = len(self.acknowledged)
        for _ in range(2000):
            if len(self.acknowledged) > before + 1:
                return
            time.sleep(PAUSE)
        raise AssertionError("nothing is acknowledged any more")


@contextmanager
def writing(server: Trial, *, answers: bool = True) -> Iterator[Account]:
    """Writes beside what is done meanwhile; from the first acknowledged one on, where the server `answers` yet."""
    account, ended = Account(server), Event()

    def write() -> None:
        while not ended.wait(PAUSE):
            account.write()

    client = Thread(target=write, daemon=True)
    client.start()
    try:
        if answers:
            account.await_more()
        yield account
    finally:
        ended.set()
        client.join()
