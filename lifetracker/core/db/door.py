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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from time import perf_counter
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, TypeVar

from fastapi import Request
from sqlalchemy import Connection, CursorResult, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.base import Executable

from lifetracker.core.day import Clock, utc_now
from lifetracker.core.db import statements_repository as statements
from lifetracker.core.db.checkpoints import Checkpoints
from lifetracker.core.db.engines import Engines, SchemaRefused, url_of
from lifetracker.core.db.holding import AT_MOST, TooLongHere, Watch, name_of
from lifetracker.core.db.open_file import OpenFile
from lifetracker.core.db.prepared import Prepared
from lifetracker.core.db.statements_repository import translated
from lifetracker.core.db.turns import Turns
from lifetracker.core.db.waiting import Locked, Raised, Together, Waiting, pauses
from lifetracker.core.errors import Busy, Conflict, Given, Unavailable
from lifetracker.core.release import TRIAL, Trial

P = ParamSpec("P")
R = TypeVar("R")

COLLISIONS_AT_MOST = 3
LONG_AT_ONCE = 2  # of what reads much: each more takes Python away from the loop more often
Use = Literal["read", "write", "checkpoints"]


class Transaction:
    """One unit of work as its work sees it: `exec` for statements, `now` for the one instant it happens at."""

    __slots__ = ("_connection", "_most", "discarded", "now", "room")

    def __init__(self, connection: Connection, now: datetime, room: int | None = None) -> None:
        """`room` is for how many rows or days there is time here; None where nobody is held up."""
        self._connection = connection
        self._most = None if room is None else AT_MOST
        self.room = room
        self.now = now
        self.discarded = False

    def expect(self, number: int) -> None:
        """Say that so many rows or days more will be gone through; `MANY` where that is not known.

        Before anything is written, best before it is read: where it is too much, the unit is begun anew elsewhere.
        """
        if self.room is None:
            return
        if number > self.room:
            raise TooLongHere
        self.room -= number

    def exec(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement; a list of `parameters` runs it once for each."""
        result: CursorResult[Any] = self._connection.execute(statement, parameters)
        return result

    def ask(self, statement: Prepared, **parameters: Any) -> list[Any]:
        """Run a statement that was prepared, and answer its rows."""
        return statement.run(self._connection, parameters, self._most)

    def ask_columns(self, statement: Prepared, **parameters: Any) -> list[Iterable[Any]]:
        """Run a statement that was prepared, and answer its columns, for thousands of rows."""
        return statement.columns(self._connection, parameters, self._most)

    def discard(self) -> None:
        """Answer what the work returns, but keep nothing of what it wrote (a dry run)."""
        self.discarded = True


Work = Callable[Concatenate[Transaction, P], R]


class _Spoilt(Exception):
    """A unit wrote what is not to be kept into a transaction that it shares with others."""


def takes_long(work: Callable[P, R]) -> Callable[P, R]:
    """Mark a unit that would hold up the event loop whatever it is about: an import, an export."""
    work.takes_long = True  # type: ignore[attr-defined]
    return work


def asks_once(work: Callable[P, R]) -> Callable[P, R]:
    """Mark a read that asks one prepared question: on SQLite that is a transaction without our beginning one."""
    work.asks_once = True  # type: ignore[attr-defined]
    return work


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
        self._turns = Turns(file.path) if file else None
        self._together = Together(self._transact_together, self._turns, self._watch) if self._turns else None
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
        if self._turns is not None:
            self._turns.clear_away_old()

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
        if self._turns is not None:
            self._turns.close()
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
                return _transact_in_place(self._connection("read"), run, self._clock(), AT_MOST)
            except Locked:
                ever_longer = ever_longer or pauses(wait)
                await asyncio.sleep(next(ever_longer))
            finally:
                self._watch.note(began, lambda: {name_of(work)})

    def _run_waiting(self, engine: Engine, wait: float, run: Callable[[Transaction], R], room: int | None = None) -> R:
        ever_longer = pauses(wait)
        collisions = 0
        while True:
            try:
                with translated, engine.connect() as connection:
                    return _transact(connection, run, self._clock(), room)
            except Locked as locked:
                collisions += isinstance(locked, statements.Collided)
                if collisions > COLLISIONS_AT_MOST:
                    raise Conflict(statements.TAKEN) from locked
                time.sleep(next(ever_longer))

    def _transact_together(self, units: Sequence[Waiting]) -> list[Any]:
        """What each unit answers, or the error it raised; nothing is kept of any when the commit fails.

        A savepoint costs as much as a short statement, and hardly any unit has to be undone: so they do without, and
        where one has to be, all are run again, each in a savepoint of its own.
        """
        try:
            outcomes = self._transact_all(units, in_savepoints=False)
        except _Spoilt:
            outcomes = self._transact_all(units, in_savepoints=True)
        if self._checkpoints is not None:
            self._checkpoints.note_commit(len(units))
        return outcomes

    def _transact_all(self, units: Sequence[Waiting], *, in_savepoints: bool) -> list[Any]:
        connection = self._connection("write")

        def run(tx: Transaction) -> list[Any]:
            if len(units) > 1:
                return list(self._run_each(connection, units, in_savepoints))
            return [units[0].context.run(units[0].run, tx)]

        room = None if units[0].beside else AT_MOST
        return _transact_in_place(connection, run, self._clock(), room, self.open_file)

    def _run_each(self, connection: Connection, units: Sequence[Waiting], in_savepoints: bool) -> Iterator[Any]:
        """There is no more room for all of them than for one."""
        room: int | None = AT_MOST
        for unit in units:
            tx = Transaction(connection, self._clock(), room)
            yield self._run_beside(connection, tx, unit, in_savepoint=in_savepoints)
            room = tx.room

    def _checkpoint(self) -> None:
        # What fails here is met by who commits, too, and told there.
        with suppress(SQLAlchemyError, Unavailable, Locked):
            statements.checkpoint_sqlite(self._connection("checkpoints"))

    def _run_beside(self, connection: Connection, tx: Transaction, unit: Waiting, *, in_savepoint: bool) -> Any:
        """`_Spoilt` when it wrote what is not to be kept, and there is no savepoint to go back to."""
        changed = statements.rows_changed(connection)
        if in_savepoint:
            statements.savepoint(connection)
        try:
            with translated:
                outcome = unit.context.run(unit.run, tx)
        except Locked:
            raise
        except Exception as error:
            if not statements.in_transaction(connection):
                raise  # SQLite itself gave up the whole transaction, as it does on a full disk
            tx.discard()
            outcome = Raised(error)
        if in_savepoint:
            (statements.roll_back_to_savepoint if tx.discarded else statements.release_savepoint)(connection)
        elif tx.discarded and statements.rows_changed(connection) != changed:
            raise _Spoilt
        return outcome

    def _connection(self, use: Use) -> Connection:
        """The one kept open for this use: reads in place have theirs on the loop alone, checkpoints in their
        thread, and writes in one thread at a time, the loop's or the one beside it."""
        if use not in self._kept:
            with translated:
                self._kept[use] = self._engines.of(use != "read").connect()
        return self._kept[use]


def _transact_in_place(
    connection: Connection,
    run: Callable[[Transaction], R],
    now: datetime,
    room: int | None,
    file: OpenFile | None = None,
) -> R:
    """As `_transact`, begun and ended at the driver: the engine's own bookkeeping costs as much as a question.

    `file` is given for a unit that may write: nothing is committed into one that its path no longer names.
    """
    tx = Transaction(connection, now, room)
    with translated:
        statements.begin_sqlite(connection, writable=file is not None)
        try:
            result = run(tx)
            if file is not None and not tx.discarded:
                file.refuse_moved()
            (statements.roll_back_sqlite if tx.discarded else statements.commit_sqlite)(connection)
        except BaseException:
            statements.roll_back_sqlite(connection)
            raise
        finally:
            if connection.in_transaction():  # the engine began its own at the first statement that went through it
                connection.rollback()
    return result


def _transact(connection: Connection, run: Callable[[Transaction], R], now: datetime, room: int | None) -> R:
    with translated, connection.begin() as transaction:
        tx = Transaction(connection, now, room)
        result = run(tx)
        if tx.discarded:
            transaction.rollback()
        return result


async def _hop(pool: ThreadPoolExecutor, run: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `run` in a thread, in this context."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(run, *args, **kwargs))


async def _database_of(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Given(_database_of)]
