"""Opens a database to be looked at: by a connection that cannot write, and that leaves no trace beside the file."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import realpath
from pathlib import Path
from shutil import copyfile
from stat import S_ISDIR, S_ISREG
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from lifetracker.core import sqlite
from lifetracker.core.database_url import AddressRefused, parse
from lifetracker.core.release import advice_without_database

WAIT_MS, PAUSE_MS = 2_000, 50
SHARED_FIRST, SHARED_SIZE = 0x4000_0002, 510  # the bytes of a file that SQLite locks (sqlite.org/src, os.h)
HEADER, HEADER_SIZE = b"SQLite format 3\0", 100
MODE, LOGGED = 18, 2  # the byte that tells how a file is written to, and what it says of a write-ahead log


class CannotCheck(Exception):
    """The database cannot be looked at; the text says why."""


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """A connection that cannot write, and leaves no trace of itself beside the file."""
    try:
        address = parse(url)
        kept = create_engine(address, poolclass=NullPool) if address.get_backend_name() != "sqlite" else None
    except AddressRefused as refused:
        raise CannotCheck(f"LIFETRACKER_DATABASE_URL {refused}") from None
    except ModuleNotFoundError:
        raise CannotCheck("PostgreSQL needs the extra: pip install 'lifetracker[postgres]'") from None
    with _sqlite_address(address) if kept is None else _nothing() as name:
        engine = kept or create_engine(
            "sqlite://", module=sqlite.driver, creator=lambda: _open_sqlite(name), poolclass=NullPool
        )
        try:
            with engine.connect() as connection:
                if kept is not None:
                    connection.execute(text("SET TRANSACTION READ ONLY"))
                yield connection
        except DBAPIError as error:
            raise CannotCheck(sentence(error)) from None
        finally:
            engine.dispose()


@contextmanager
def _nothing() -> Iterator[str]:
    yield ""


@contextmanager
def _sqlite_address(url: URL) -> Iterator[str]:
    """The URI to open a file by so that it, its log and their times stay as they are.

    Whoever has it open has a log and shared memory beside it: then that memory is opened for reading only. Without
    them nobody writes to it, and `immutable` keeps SQLite from making them. A log that stands alone was left by a
    crash or a copy: to read it SQLite would have to make shared memory, so a copy of both is read instead.
    """
    file = Path(url.database or "")
    keeps_log = _header_of(file)[MODE] == LOGGED
    file = Path(realpath(file))  # its log stands beside the file itself, not beside a link to it
    _refuse_locked(file)
    log, shared = (_readable(file.with_name(f"{file.name}-{kind}")) for kind in ("wal", "shm"))
    if not keeps_log:
        yield _uri(file, "cache=private")  # nothing comes to stand beside it by reading
    elif log.exists() and shared.exists():
        yield _uri(file, "readonly_shm=1")
    elif not log.exists() or not log.stat().st_size:
        yield _uri(file, "immutable=1")
    else:
        with TemporaryDirectory(prefix="lifetracker-check-") as folder:
            yield _uri(_copied(file, log, Path(folder)), "cache=private")


def _uri(file: Path, option: str) -> str:
    return f"file:{quote(str(file.absolute()))}?mode=ro&{option}"


def _copied(file: Path, log: Path, folder: Path) -> Path:
    copy = folder / file.name
    try:
        copyfile(file, copy)
        copyfile(log, copy.with_name(log.name))
    except OSError as error:
        raise CannotCheck(f"{file} and its log cannot be copied to {folder}: {error.strerror}") from None
    return copy


def _header_of(file: Path) -> bytes:
    """The first bytes of what is a database, by them; `CannotCheck` for anything else."""
    begin = _begin_of(file)
    if not begin:
        raise CannotCheck(f"{file} is empty: a database was made and never filled, or lost")
    if not begin.startswith(HEADER):
        raise CannotCheck(f"{file} is not an SQLite database")
    if len(begin) < HEADER_SIZE:
        raise CannotCheck(f"the file is damaged: {file} ends within its header")
    return begin


def _begin_of(file: Path) -> bytes:
    try:
        kind = file.stat().st_mode
        if not S_ISREG(kind) and not S_ISDIR(kind):  # a pipe would be waited for
            raise CannotCheck(f"{file} is not a file")
        with file.open("rb") as content:
            return content.read(HEADER_SIZE)
    except (FileNotFoundError, NotADirectoryError):
        raise CannotCheck(f"there is no database at {file}: {advice_without_database()}") from None
    except OSError as error:
        raise CannotCheck(f"{file} cannot be read: {error.strerror}") from None


def _readable(file: Path) -> Path:
    try:
        if file.exists():
            file.open("rb").close()
    except OSError as error:
        raise CannotCheck(f"{file} cannot be read: {error.strerror}") from None
    return file


def _refuse_locked(file: Path) -> None:
    """Who holds the whole file keeps its shared memory to itself, so that SQLite's own waiting would not see it."""
    with file.open("rb") as content:
        for _ in range(WAIT_MS // PAUSE_MS):
            try:
                fcntl.lockf(content, fcntl.LOCK_SH | fcntl.LOCK_NB, SHARED_SIZE, SHARED_FIRST)
                return
            except OSError:
                sleep(PAUSE_MS / 1000)
    raise CannotCheck(f"another process holds the database locked, still after {WAIT_MS // 1000} seconds")


def _open_sqlite(uri: str) -> Any:
    connection = sqlite.driver.connect(uri, uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def sentence(error: DBAPIError) -> str:
    """What an operator is told of what the driver says."""
    said = str(error.orig).partition("\n")[0]
    if "locked" in said:
        return f"another process holds the database locked, still after {WAIT_MS // 1000} seconds: {said}"
    if "readonly" in said:
        return "a write to it was broken off: whoever opens it next to write takes that back by its journal"
    if "malformed" in said or "not a database" in said:
        return f"the file is damaged: {said}"
    return f"the database cannot be read: {said}"
