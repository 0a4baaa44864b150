"""A gentle end: whoever was let in is answered, and connections that are kept open are told to close.

On SIGTERM uvicorn closes at once every connection that has no request yet, among them those it took a moment ago whose
request is on its way: with a socket unit, where nobody else is refused, each restart broke some. So for a moment
nothing new is taken while all goes on, and only then uvicorn hears of the signal.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

A_MOMENT = 0.3  # seconds
CLOSE = (b"connection", b"close")


class Ending:
    """Whether this process has been told to end."""

    def __init__(self) -> None:
        self.begun = False

    @contextmanager
    def gentle(self) -> Iterator[None]:
        """Stand before uvicorn's own handler of SIGTERM; where another server or none has set one, nothing changes."""
        theirs: Any = signal.getsignal(signal.SIGTERM)
        server = getattr(theirs, "__self__", None)
        if not hasattr(server, "should_exit"):
            yield
            return
        loop = asyncio.get_running_loop()

        def begin(number: int, frame: FrameType | None) -> None:
            if self.begun:  # who asks twice is in a hurry
                theirs(number, frame)
                return
            self.begun = True
            loop.call_soon_threadsafe(_take_nothing_new, server)
            loop.call_soon_threadsafe(loop.call_later, A_MOMENT, theirs, number, None)

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, theirs)
            self.begun = False


def _take_nothing_new(server: Any) -> None:
    """What waits at the port stays there for the next process, where systemd holds it."""
    for listener in getattr(server, "servers", ()):
        listener.close()


ending = Ending()
