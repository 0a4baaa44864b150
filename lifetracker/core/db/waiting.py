"""Who waits to write: the units of one event loop, which go into the database together, in turn with other processes.

A durable commit waits for the disk, however much it holds: sixteen units at once cost little more than one. Nothing
here blocks the loop, and nobody waits for longer than they said they would. What would hold up the loop waits in the
same queue, and is written in a thread when its turn comes: there it needs nobody's lock, and nobody overtakes it.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, TypeVar

from lifetracker.core.db.baton import Baton
from lifetracker.core.db.holding import Watch, name_of
from lifetracker.core.errors import Busy

R = TypeVar("R")

TOGETHER_AT_MOST = 64  # so that no batch holds up the event loop, or the lock, for long
LONGEST_PAUSE = 0.005
PATIENCE = 0.05  # seconds: many times what a batch takes


class Locked(Exception):
    """Another connection holds what this unit needs; nothing was done."""


@dataclass(slots=True)
class Raised:
    """In place of an answer; an error alone could be one that the work returned."""

    error: Exception


@dataclass(slots=True, eq=False)
class Waiting:
    """A unit that waits to be run with others, or `beside` the loop by itself, and whoever awaits its answer."""

    work: object  # what the unit is called by
    run: Callable[..., Any]
    pauses: Iterator[float]
    answer: asyncio.Future[Any]
    beside: bool = False
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def be_answered(self, outcome: Any) -> None:
        if self.answer.done():  # cancelled meanwhile
            return
        if isinstance(outcome, Raised):
            self.answer.set_exception(outcome.error)
        else:
            self.answer.set_result(outcome)


class Together:
    """Units that wait in one event loop are handed to `transact` at once.

    That answers what each of them answers, or `Raised`; it raises `Locked` when it has done nothing of any.
    """

    def __init__(self, transact: Callable[[Sequence[Waiting]], list[Any]], baton: Baton, watch: Watch) -> None:
        self._transact = transact
        self._baton = baton
        self._watch = watch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="unit-writing")
        self._waiting: list[Waiting] = []
        self._away: Future[list[Any]] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._patient_until: float | None = None

    async def run(self, work: object, run: Callable[..., R], wait: float, *, beside: bool = False) -> R:
        """What `run` answers in a transaction; `Busy` when it could not be had within so many seconds."""
        loop = asyncio.get_running_loop()
        unit = Waiting(work, run, pauses(wait), loop.create_future(), beside)
        self._waiting.append(unit)
        if len(self._waiting) == 1:
            loop.call_soon(self._flush, loop)
        try:
            answer: R = await unit.answer
            return answer
        except asyncio.CancelledError:
            self._waiting = [other for other in self._waiting if other is not unit]
            raise

    def close(self) -> None:
        """Wait for a unit that is being written in the thread."""
        self._thread.shutdown()

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        units = self._next()
        if not units or (self._away is not None and not self._away.done()):
            return
        ours = self._baton.take()
        if not ours and self._is_patient():
            self._wait_for_baton(loop)
            return
        if units[0].beside:
            self._write_beside(loop, self._waiting.pop(0), ours)
            return
        began = time.perf_counter()
        try:
            outcomes = self._write(units, ours)
        except Locked:
            (self._wait if ours else self._wait_for_baton)(loop)
            return
        del self._waiting[: len(units)]
        self._watch.note(began, lambda: {name_of(unit.work) for unit in units})
        self._answer(loop, units, outcomes)

    def _next(self) -> list[Waiting]:
        """Those that are written together, or one that is written by itself."""
        if self._waiting and self._waiting[0].beside:
            return self._waiting[:1]
        return list(takewhile(lambda unit: not unit.beside, self._waiting[:TOGETHER_AT_MOST]))

    def _write(self, units: Sequence[Waiting], ours: bool) -> list[Any]:
        """The baton is given back where it is `ours`, whatever comes."""
        try:
            return self._transact(units)
        except Locked:
            raise
        except Exception as error:
            return [Raised(error)] * len(units)
        finally:
            if ours:
                self._patient_until = None
                self._baton.give_back()

    def _write_beside(self, loop: asyncio.AbstractEventLoop, unit: Waiting, ours: bool) -> None:
        def tell(written: Future[list[Any]]) -> None:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(self._come_back, loop, unit, written)

        self._away = self._thread.submit(self._write, [unit], ours)
        self._away.add_done_callback(tell)

    def _come_back(self, loop: asyncio.AbstractEventLoop, unit: Waiting, written: Future[list[Any]]) -> None:
        self._away = None
        try:
            outcomes = written.result()
        except Locked:
            self._waiting.insert(0, unit)
            self._wait(loop)
            return
        self._answer(loop, [unit], outcomes)

    def _answer(self, loop: asyncio.AbstractEventLoop, units: Sequence[Waiting], outcomes: Sequence[Any]) -> None:
        if self._waiting:
            loop.call_soon(self._flush, loop)
        for unit, outcome in zip(units, outcomes, strict=True):
            unit.be_answered(outcome)

    def _is_patient(self) -> bool:
        """Whether the baton is still waited for: who has it may be hanging, or no process of ours.

        Patience comes back once it is ours again: until then each batch tries SQLite's own lock at once.
        """
        now = time.monotonic()
        if self._patient_until is None:
            self._patient_until = now + PATIENCE
        return now < self._patient_until

    def _wait_for_baton(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wait(loop)  # first, so that the timer stands whatever comes
        self._baton.be_told(loop, lambda: self._flush(loop))

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """Try again in a moment; who waited too long hears so."""
        soonest = []
        for unit in list(self._waiting):
            try:
                soonest.append(next(unit.pauses))
            except Busy as busy:
                self._waiting.remove(unit)
                unit.be_answered(Raised(busy))
        if self._again is not None:
            self._again.cancel()
        if soonest:
            self._again = loop.call_later(min(soonest), self._flush, loop)


def pauses(wait: float) -> Iterator[float]:
    """Ever longer pauses between two tries, with some chance in them so that waiters spread; `Busy` after `wait`."""
    deadline = time.monotonic() + wait
    pause = 0.001
    while time.monotonic() < deadline:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, LONGEST_PAUSE)
    raise Busy("the database is busy with another writer: try again in a moment")
