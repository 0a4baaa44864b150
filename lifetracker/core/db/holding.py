"""What may run on the event loop, where one unit holds up everybody: a little, and a word in the log where it was more.

How much a unit will go through is known where the question is asked, so it is said there (`Transaction.expect`), before
anything was read. What is too much here is begun anew in a thread (docs/decisions/0022).
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from loguru import logger

AT_MOST = 1_200  # rows or days that are gone through on the loop at once: some 5 ms
MANY = 1 << 31  # as many as there are: what nobody can tell beforehand
HELD_AT_MOST = 0.050  # seconds, more than which is told
# In seconds: how long Python lets a thread go on while the loop waits for it. Of Python's own 5 ms a request would wait
# through some ten, one at each statement, beside a unit in a thread.
SLICE = 0.0005


class TooLongHere(Exception):
    """This unit would hold up the event loop. What it did is undone, and it is to be run beside the loop."""


class Watch:
    """Tells what held the loop for long, and counts how often that happened."""

    def __init__(self) -> None:
        self.held = 0

    def note(self, began: float, works: Callable[[], set[str]]) -> None:
        """`began` is the `perf_counter` when it took the loop; `works` answers what it was."""
        took = perf_counter() - began
        if took > HELD_AT_MOST:
            self.held += 1
            logger.warning("a unit held the event loop for {:.0f} ms: {}", took * 1000, ", ".join(sorted(works())))


def name_of(work: Any) -> str:
    return str(getattr(work, "__qualname__", work))
