"""The one door to the database: a unit of work is a call, and the call is one transaction.

`await db.write(service.log_day, user, …)` gives the work a transaction, commits it before the answer leaves, and rolls
it back when the work raises. How the work runs is decided here, by measurement: on embedded SQLite an indexed read
costs less than a thread hop, so short units run in place, and every unit on a networked database in a bounded pool of
threads. What will go through much says so (`tx.expect`, or `@takes_long`), and runs in one of a few threads apart.
Nothing waits inside the event loop: a write that meets another process's lock comes back at once and is awaited again.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from typing import Any, Literal

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from lifetracker.core.day import Clock, utc_now
from lifetracker.core.db import statements_repository as statements
from lifetracker.core.db.baton import Baton
from lifetracker.core.db.checkpoints import Checkpoints
from lifetracker.core.db.engines import Engines, SchemaRefused, url_of
from lifetracker.core.db.holding import AT_MOST, TooLongHere, Watch, name_of
from lifetracker.core.db.open_file import OpenFile
from lifetracker.core.db.statements_repository import translated
from lifetracker.core.db.transaction import P, R, Transaction, Work
from lifetracker.core.db.units import transact, transact_in_place, transact_together
from lifetracker.core.db.waiting import Locked, Together, Waiting, pauses
from lifetracker.core.errors import Busy, Conflict, Unavailable
from lifetracker.core.release import TRIAL, Trial

COLLISIONS_AT_MOST = 3
LONG_AT_ONCE = 2  # of what reads much: each more takes Python away from the loop more often
Use = Literal["read", "write", "checkpoints"]


class Database:
    """The doors `read` and `write`, and `read_now` and `write_now` for callers without an event loop."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = utc_now,
        wait: float = 5.0,
        threads: int = 8,
        create: bool = False,
        trial: Trial = TRIAL,
    ) -> None:
        """`create` makes a missing SQLite file; only a migration wants that. While `trial` goes on, no door writes."""
        self.url = url_of(url)
        self._trial = trial
        self._clock = clock
        self._wait = wait
        self._engines = Engines(self.url, threads, create=create)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="unit")
        self._long = ThreadPoolExecutor(LONG_AT_ONCE, thread_name_prefix="unit-long")
        self._watch = Watch()
        self._kept: dict[Use, Connection] = {}
        file = self.open_file
        self._baton = Baton(file.path) if file else None
        self._together = Together(self._transact_together, self._baton, self._watch) if self._baton else None
        beside = self.embedded and statements.checkpoints_beside()
        self._checkpoints = Checkpoints(self._checkpoint) if beside else None

    @property
    def embedded(self) -> bool:
        return self._engines.embedded

    @property
    def times_held(self) -> int:
        """How often a unit held the event loop for so long that it was told."""
        return self._watch.held

    @property
    def file(self) -> str | None:
        """The path of an embedded database, None for a networked one."""
        return self.url.database if self.embedded else None

    @property
    def open_file(self) -> OpenFile | None:
        """What is open at that path, None for a networked database."""
        return self._engines.file

    async def read(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` on one consistent state of the database, in a transaction that cannot write."""
        return await self._unit(False, self._wait, work, lambda tx: work(tx, *args, **kwargs))

    async def write(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in a transaction of its own, committed when this returns. Waits 5 s for a lock, then `Busy`."""
        return await self._unit(True, self._wait, work, lambda tx: work(tx, *args, **kwargs))

    async def write_or_skip(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> None:
        """Write what may as well be written another time: no waiting, and no word when it cannot be."""
        try:
            await self._unit(True, 0.0, work, lambda tx: work(tx, *args, **kwargs))
        except Unavailable:
            return

    async def ping(self) -> None:
        """Raise `Unavailable` when the database cannot be read."""
        await self.read(statements.answers)

    async def try_writing(self) -> None:
        """Raise `Unavailable` when nothing can be committed, by committing what leaves nothing behind."""
        await self.write(statements.come_and_go)

    def read_now(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return self._run_waiting(self._engines.read, self._wait, lambda tx: work(tx, *args, **kwargs))

    def write_now(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        self._refuse_on_trial()
        return self._run_waiting(self._engines.write, self._wait, lambda tx: work(tx, *args, **kwargs))

    def migrate_now(self, work: Callable[[Connection], R]) -> R:
        """Change the schema in one transaction; on SQLite without foreign keys, which are checked before its commit.

        With them on, SQLite's way of changing a table (build anew, drop the old) would empty its children.
        """

        def run(tx: Transaction) -> R:
            done = work(tx._connection)
            if self.embedded and (broken := statements.broken_foreign_keys(tx._connection)):
                raise SchemaRefused(f"the migration leaves {len(broken)} rows without their parent: {broken[:3]}")
            return done

        return self._run_waiting(self._engines.schema, self._wait, run)

    def inspect_now(self, question: Callable[[Connection], R]) -> R:
        """Ask about the schema itself, writing nothing."""
        return self._run_waiting(self._engines.read, self._wait, lambda tx: question(tx._connection))

    def clear_away_old(self) -> None:
        """Remove what earlier releases left beside the file; for who serves it, since they may be at it still."""
        if self._baton is not None:
            self._baton.clear_away_old()

    def close(self) -> None:
        self._pool.shutdown()
        self._long.shutdown()
        if self._together is not None:
            self._together.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        for connection in self._kept.values():
            connection.close()
        self._kept.clear()
        if self._baton is not None:
            self._baton.close()
        self._engines.dispose()

    def _refuse_on_trial(self) -> None:
        if self._trial.goes_on:
            raise Busy(
                "a new release is being tried, and nothing is written before it is kept: try again in a moment",
                "a deploy is under way, or was cut short: `lifetracker deploy --recover` ends it",
            )

    async def _unit(self, writable: bool, wait: float, work: object, run: Callable[[Transaction], R]) -> R:
        if writable:
            self._refuse_on_trial()
        if not getattr(work, "takes_long", False):
            try:
                if self._together is None:
                    return await _hop(self._pool, self._run_waiting, self._engines.of(writable), wait, run, AT_MOST)
                if not writable:
                    return await self._read_in_place(wait, work, run)
                return await self._together.run(work, run, wait)
            except TooLongHere:
                pass  # nothing was done
        if writable and self._together is not None:
            return await self._together.run(work, run, wait, beside=True)
        return await _hop(self._long, self._run_waiting, self._engines.of(writable), wait, run)

    async def _read_in_place(self, wait: float, work: object, run: Callable[[Transaction], R]) -> R:
        alone = getattr(work, "asks_once", False)
        ever_longer = None
        while True:
            began = perf_counter()
            try:
                if alone:
                    with translated:
                        return run(Transaction(self._connection("read"), self._clock(), AT_MOST))
                return transact_in_place(self._connection("read"), run, self._clock(), AT_MOST)
            except Locked:
                ever_longer = ever_longer or pauses(wait)
                await asyncio.sleep(next(ever_longer))
            finally:
                self._watch.note(began, lambda: {name_of(work)})

    def _run_waiting(
        self, engine: Engine, wait: float, run: Callable[[Transaction], R], budget: int | None = None
    ) -> R:
        ever_longer = pauses(wait)
        collisions = 0
        while True:
            try:
                with translated, engine.connect() as connection:
                    return transact(connection, run, self._clock(), budget)
            except Locked as locked:
                collisions += isinstance(locked, statements.Collided)
                if collisions > COLLISIONS_AT_MOST:
                    raise Conflict(statements.TAKEN) from locked
                time.sleep(next(ever_longer))

    def _transact_together(self, units: Sequence[Waiting]) -> list[Any]:
        outcomes = transact_together(self._connection("write"), units, self._clock, self.open_file)
        if self._checkpoints is not None:
            self._checkpoints.note_commit(len(units))
        return outcomes

    def _checkpoint(self) -> None:
        # What fails here is met by who commits, too, and told there.
        with suppress(SQLAlchemyError, Unavailable, Locked):
            statements.checkpoint_sqlite(self._connection("checkpoints"))

    def _connection(self, use: Use) -> Connection:
        """The one kept open for this use: reads in place have theirs on the loop alone, checkpoints in their
        thread, and writes in one thread at a time, the loop's or the one beside it."""
        if use not in self._kept:
            with translated:
                self._kept[use] = self._engines.of(use != "read").connect()
        return self._kept[use]


async def _hop(pool: ThreadPoolExecutor, run: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `run` in a thread, in this context."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(run, *args, **kwargs))
