"""The one door to the database: a unit of work is a call, and the call is one transaction.

`await db.write(service.log_day, user, …)` gives the work a transaction, commits it before the answer leaves, and rolls
it back when the work raises. How the work runs is decided here, by measurement: on embedded SQLite an indexed read
costs less than a thread hop, so short units run in place; long ones (`@takes_long`) and every unit on a networked
database run in a bounded thread pool. Nothing waits inside the event loop: a write that meets another process's lock
comes back at once and is awaited again.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from fastapi import Depends, Request
from sqlalchemy import URL, Connection, CursorResult, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.sql.base import Executable

from lifetracker.core import db_repository as statements
from lifetracker.core import sqlite
from lifetracker.core.day import Clock, utc_now
from lifetracker.core.errors import Busy, Conflict, Unavailable
from lifetracker.core.prepared import Prepared

P = ParamSpec("P")
R = TypeVar("R")

DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")
SQLITE_ERROR, SQLITE_BUSY, SQLITE_LOCKED = 1, 5, 6
SQLITE_UNREADABLE = (11, 26)  # corrupt, or not a database
UNIQUE_VIOLATION = "23505"
SERIALIZATION_FAILURES = {"40001", "40P01"}  # PostgreSQL's two: a conflict between units, a deadlock
COLLISIONS_AT_MOST = 3


class Transaction:
    """One unit of work as its work sees it: `exec` for statements, `now` for the one instant it happens at."""

    __slots__ = ("_connection", "discarded", "now")

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now
        self.discarded = False

    def exec(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement; a list of `parameters` runs it once for each."""
        result: CursorResult[Any] = self._connection.execute(statement, parameters)
        return result

    def ask(self, statement: Prepared, **parameters: Any) -> list[Any]:
        """Run a statement that was prepared, and answer its rows."""
        return statement.run(self._connection, parameters)

    def discard(self) -> None:
        """Answer what the work returns, but keep nothing of what it wrote (a dry run)."""
        self.discarded = True


Work = Callable[Concatenate[Transaction, P], R]


class _Locked(Exception):
    """Another connection holds what this unit needs; nothing was done."""


class _Collided(_Locked):
    """Another unit took a unique key between this one's look and its write; a second look will find it."""


def takes_long(work: Callable[P, R]) -> Callable[P, R]:
    """Mark a unit that would hold up the event loop: an import, an export."""
    work.takes_long = True  # type: ignore[attr-defined]
    return work


class Database:
    """The doors `read` and `write`, and `read_now` and `write_now` for callers without an event loop."""

    def __init__(
        self, url: str, *, clock: Clock = utc_now, wait: float = 5.0, threads: int = 8, create: bool = False
    ) -> None:
        """`create` makes a missing SQLite file; only a migration wants that."""
        self.url = _url_of(url)
        self._clock = clock
        self._wait = wait
        self._engines = _Engines(self.url, threads, create=create)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="unit")
        self._in_place: dict[bool, Connection] = {}

    @property
    def embedded(self) -> bool:
        return self._engines.embedded

    @property
    def file(self) -> str | None:
        """The path of an embedded database, None for a networked one."""
        return self.url.database if self.embedded else None

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

    def read_now(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return self._run_waiting(self._engines.read, self._wait, lambda tx: work(tx, *args, **kwargs))

    def write_now(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
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

    def close(self) -> None:
        self._pool.shutdown()
        for connection in self._in_place.values():
            connection.close()
        self._in_place.clear()
        self._engines.dispose()

    async def _unit(self, writable: bool, wait: float, work: object, run: Callable[[Transaction], R]) -> R:
        if self.embedded and not getattr(work, "takes_long", False):
            return await self._run_in_place(writable, wait, run)
        context = contextvars.copy_context()
        hop = asyncio.get_running_loop().run_in_executor
        return await hop(self._pool, lambda: context.run(self._run_waiting, self._engines.of(writable), wait, run))

    async def _run_in_place(self, writable: bool, wait: float, run: Callable[[Transaction], R]) -> R:
        pauses = _pauses(wait)
        while True:
            try:
                return self._transact(self._connection(writable), run)
            except _Locked:
                await asyncio.sleep(next(pauses))

    def _run_waiting(self, engine: Engine, wait: float, run: Callable[[Transaction], R]) -> R:
        pauses = _pauses(wait)
        collisions = 0
        while True:
            try:
                with _translated(), engine.connect() as connection:
                    return self._transact(connection, run)
            except _Locked as locked:
                collisions += isinstance(locked, _Collided)
                if collisions > COLLISIONS_AT_MOST:
                    raise Conflict("another request took this place first: read again, then retry") from locked
                time.sleep(next(pauses))

    def _transact(self, connection: Connection, run: Callable[[Transaction], R]) -> R:
        with _translated(), connection.begin() as transaction:
            tx = Transaction(connection, self._clock())
            result = run(tx)
            if tx.discarded:
                transaction.rollback()
            return result

    def _connection(self, writable: bool) -> Connection:
        """The connection kept open for units in place: one to read, one to write, both only ever used by the loop."""
        if writable not in self._in_place:
            with _translated():
                self._in_place[writable] = self._engines.of(writable).connect()
        return self._in_place[writable]


class SchemaRefused(Exception):
    """The schema is not one that this code may work on; the text says what to do."""


class _Engines:
    """Pools on one database: `read`, whose connections cannot write, `write`, whose transactions lock at their start,
    and `schema`, which does without foreign keys: SQLite lets nobody switch them inside a transaction."""

    def __init__(self, url: URL, size: int, *, create: bool) -> None:
        self.embedded = url.get_backend_name() == "sqlite"
        # `hide_parameters`: what a statement carried may be an address or a secret, and errors are logged.
        options: dict[str, Any] = {"hide_parameters": True, "pool_size": size, "max_overflow": 2}
        if self.embedded:
            file = _file_uri(url, create=create)
            options |= {"module": sqlite.driver, "connect_args": {"timeout": 0, "check_same_thread": False}}
            self.read, self.write, self.schema = (create_engine(file, **options) for _ in range(3))
            _prepare_sqlite(self.read, writable=False)
            _prepare_sqlite(self.write, writable=True)
            _prepare_sqlite(self.schema, writable=True, foreign_keys=False)
        else:
            engine = create_engine(url, pool_pre_ping=True, **options)
            self.write = self.schema = engine.execution_options(isolation_level="SERIALIZABLE")
            self.read = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def of(self, writable: bool) -> Engine:
        return self.write if writable else self.read

    def dispose(self) -> None:
        for engine in (self.read, self.write, self.schema):
            engine.dispose()


def _url_of(text: str) -> URL:
    """What is refused is not repeated: it may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        url = URL.create("unknown")
    if url.drivername not in DRIVERS:
        raise SchemaRefused("LIFETRACKER_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://")
    return url


def _file_uri(url: URL, *, create: bool) -> URL:
    """The same file opened by URI, so that opening never makes an empty one in place of a missing one."""
    if not url.database or url.database == ":memory:":
        raise SchemaRefused("LIFETRACKER_DATABASE_URL must name a file: sqlite:////absolute/path")
    path = Path(url.database).absolute()
    if create and not path.parent.is_dir():
        raise SchemaRefused(f"there is no folder {path.parent} for the database: make it first")
    return url.set(database=f"file:{quote(str(path))}", query={"mode": "rwc" if create else "rw", "uri": "true"})


def _prepare_sqlite(engine: Engine, *, writable: bool, foreign_keys: bool = True) -> None:
    @event.listens_for(engine, "connect")
    def open_connection(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        statements.open_sqlite(connection, writable=writable, foreign_keys=foreign_keys)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        statements.begin_sqlite(connection, writable=writable)


def _pauses(wait: float) -> Iterator[float]:
    """Ever longer pauses between two tries, with some chance in them so that waiters spread; `Busy` after `wait`."""
    deadline = time.monotonic() + wait
    pause = 0.001
    while time.monotonic() < deadline:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, 0.05)
    raise Busy("the database is busy with another writer: try again in a moment")


@contextmanager
def _translated() -> Iterator[None]:
    """Database errors as what they mean to a caller; any that is left is a bug of ours."""
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        state = getattr(error.orig, "sqlstate", None)
        if code in (SQLITE_BUSY, SQLITE_LOCKED) or state in SERIALIZATION_FAILURES:
            raise _Locked from error
        if state == UNIQUE_VIOLATION:
            raise _Collided from error
        if isinstance(error, IntegrityError) and "UNIQUE constraint" in str(error.orig):
            raise Conflict("another request took this place first: read again, then retry") from error
        is_bug = code == SQLITE_ERROR or not isinstance(error, (OperationalError, InterfaceError))
        if is_bug and code not in SQLITE_UNREADABLE:
            raise
        raise Unavailable("the database cannot do this now", _first_line(error)) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0]


async def _database_of(request: Request) -> Database:  # async: a plain function would cost every request a thread
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(_database_of)]
