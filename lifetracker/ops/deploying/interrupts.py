"""What may break off a deploy or a rollback, and is answered by putting back what was."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

ASKED_TO_END = (signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Somebody asked this process to end: as Ctrl-C, it puts back what was."""


# A fault of our own among them: whatever it is, half way is not where it ends.
INTERRUPTS = (Exception, KeyboardInterrupt)


@contextmanager
def interruptible() -> Iterator[None]:
    """A closed connection, or a polite request to end, is Ctrl-C and not death half way. What the one who started us
    had us ignore, as `nohup` does, stays ignored."""

    def interrupt(number: int, _frame: object) -> None:
        raise Interrupted(f"interrupted by {signal.Signals(number).name}")

    heard = [number for number in ASKED_TO_END if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Who presses Ctrl-C once more, or closes the window after it, does not stop what puts things back: neither us nor
    the programs that we start meanwhile."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *ASKED_TO_END)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
