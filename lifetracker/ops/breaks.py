"""What may break off a deploy or a rollback, and is answered by putting back what was."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from lifetracker.ops.refusal import Refused


class Interrupted(KeyboardInterrupt):
    """Somebody asked this process to end: as Ctrl-C, it puts back what was."""


BREAKS = (Refused, OSError, KeyboardInterrupt)


@contextmanager
def interruptible() -> Iterator[None]:
    """A closed connection, or a polite request to end, is Ctrl-C and not death half way."""

    def interrupt(number: int, _frame: object) -> None:
        raise Interrupted(f"interrupted by {signal.Signals(number).name}")

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
