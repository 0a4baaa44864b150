"""The statements that units of work themselves need, and what errors of the database mean to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from lifetracker.core import sqlite
from lifetracker.core.db.transaction import Transaction
from lifetracker.core.db.waiting import Locked
from lifetracker.core.errors import Conflict, Unavailable

SQLITE_ERROR, SQLITE_BUSY, SQLITE_LOCKED = 1, 5, 6
SQLITE_UNREADABLE = (11, 26)  # corrupt, or not a database
UNIQUE_VIOLATION = "23505"
SERIALIZATION_FAILURES = {"40001", "40P01"}  # PostgreSQL's two: a conflict between units, a deadlock
TAKEN = "another request took this place first: read again, then retry"

OPENING_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # an acknowledged entry survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 0",  # nothing waits inside the driver: the door awaits instead
    "PRAGMA cache_size = -16384",
    "PRAGMA journal_size_limit = 67108864",
)
# From so many pages on, a commit moves the log itself: only where the thread beside it never quite catches up.
OWN_CHECKPOINT = "PRAGMA wal_autocheckpoint = 4000"


def open_sqlite(connection: DBAPIConnection, *, writable: bool, foreign_keys: bool = True) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 5000")  # only while it opens: switching to WAL takes a lock
    for pragma in OPENING_PRAGMAS:
        cursor.execute(pragma)
    if checkpoints_beside():
        cursor.execute(OWN_CHECKPOINT)
    if not writable:
        cursor.execute("PRAGMA query_only = ON")
    if not foreign_keys:
        cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


def checkpoints_beside() -> bool:
    """Whether the log may be moved while others write: an SQLite with the WAL-reset bug can lose pages over it."""
    return sqlite.wal_reset_warning() is None


def checkpoint_sqlite(connection: Connection) -> None:
    """Move what is committed from the log into the database, as far as nobody is held up by it."""
    _execute(connection, "PRAGMA wal_checkpoint(PASSIVE)")


def begin_sqlite(connection: Connection, *, writable: bool) -> None:
    """Straight to the driver, as the savepoints: through the engine it costs a unit as much as a question does."""
    if not in_transaction(connection):
        _execute(connection, "BEGIN IMMEDIATE" if writable else "BEGIN")


def commit_sqlite(connection: Connection) -> None:
    _execute(connection, "COMMIT")


def roll_back_sqlite(connection: Connection) -> None:
    if in_transaction(connection):
        _execute(connection, "ROLLBACK")


def savepoint(connection: Connection) -> None:
    _execute(connection, "SAVEPOINT unit")


def release_savepoint(connection: Connection) -> None:
    _execute(connection, "RELEASE unit")


def roll_back_to_savepoint(connection: Connection) -> None:
    """Undo what was done since the savepoint, and forget it."""
    _execute(connection, "ROLLBACK TO unit")
    _execute(connection, "RELEASE unit")


def rows_changed(connection: Connection) -> int:
    """How many since the connection was opened, by triggers and foreign keys too."""
    driver_connection: Any = connection.connection.dbapi_connection
    return int(driver_connection.total_changes)


def in_transaction(connection: Connection) -> bool:
    """Whether SQLite still has the transaction open: some errors make it give up the whole of it."""
    driver_connection: Any = connection.connection.dbapi_connection
    return bool(driver_connection.in_transaction)


def _execute(connection: Connection, statement: str) -> None:
    driver_connection: Any = connection.connection.dbapi_connection
    try:
        driver_connection.execute(statement)
    except sqlite.driver.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite.driver.Error) from error


def broken_foreign_keys(connection: Connection) -> list[tuple[Any, ...]]:
    """Rows whose parent is missing: table, rowid, parent table, number of the key."""
    return [tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]


def schema_revision(connection: Connection) -> str | None:
    """The revision that this database is at, or None where none of our migrations ran."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def has_tables(connection: Connection) -> bool:
    return bool(inspect(connection).get_table_names())


def answers(tx: Transaction) -> bool:
    """Whether the database can be read at all."""
    return bool(tx.exec(text("SELECT count(*) FROM alembic_version")).scalar())


def come_and_go(tx: Transaction) -> None:
    """Write a row and take it away: the page goes to the disk with the commit, and nobody ever sees the row.

    An update to what a row already holds would not do: SQLite finds nothing changed, and writes nothing.
    """
    tx.exec(text("INSERT INTO alembic_version (version_num) VALUES ('health')"))
    tx.exec(text("DELETE FROM alembic_version WHERE version_num = 'health'"))


class Collided(Locked):
    """Another unit took a unique key between this one's look and its write; a second look will find it."""


class _Translated:
    """Around statements: their errors as what they mean to a caller; any that is left is a bug of ours."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DBAPIError):
            meant = _meaning(error)
            if meant is not None:
                raise meant from error


translated = _Translated()  # one for all: it holds nothing, and every request passes it more than once


def _meaning(error: DBAPIError) -> Exception | None:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    state = getattr(error.orig, "sqlstate", None)
    if code in (SQLITE_BUSY, SQLITE_LOCKED) or state in SERIALIZATION_FAILURES:
        return Locked()
    if state == UNIQUE_VIOLATION:
        return Collided()
    if isinstance(error, IntegrityError) and "UNIQUE constraint" in str(error.orig):
        return Conflict(TAKEN)
    is_bug = code == SQLITE_ERROR or not isinstance(error, (OperationalError, InterfaceError))
    if is_bug and code not in SQLITE_UNREADABLE:
        return None
    return Unavailable("the database cannot do this now", _first_line(error))


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0]
