"""How a database is opened: its address, its driver, and the connections that units of work run on."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event

from lifetracker.core import sqlite
from lifetracker.core.database_url import AddressRefused, judge
from lifetracker.core.db import statements_repository as statements
from lifetracker.core.db.open_file import OpenFile


class SchemaRefused(Exception):
    """The schema is not one that this code may work on; the text says what to do."""


class Engines:
    """Pools on one database: `read`, whose connections cannot write, `write`, whose transactions lock at their start,
    and `schema`, which does without foreign keys: SQLite lets nobody switch them inside a transaction."""

    def __init__(self, url: URL, size: int, *, create: bool) -> None:
        self.embedded = url.get_backend_name() == "sqlite"
        self.file: OpenFile | None = None
        # `hide_parameters`: what a statement carried may be an address or a secret, and errors are logged.
        options: dict[str, Any] = {"hide_parameters": True, "pool_size": size, "max_overflow": 2}
        if self.embedded:
            uri = _file_uri(url, create=create)
            self.file = file = OpenFile(str(url.database))
            options |= {"module": sqlite.driver, "connect_args": {"timeout": 0, "check_same_thread": False}}
            self.read, self.write, self.schema = (create_engine(uri, **options) for _ in range(3))
            _prepare_sqlite(self.read, file, writable=False)
            _prepare_sqlite(self.write, file, writable=True)
            _prepare_sqlite(self.schema, file, writable=True, foreign_keys=False)
        else:
            engine = _server_engine(url, options)
            self.write = self.schema = engine.execution_options(isolation_level="SERIALIZABLE")
            self.read = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def of(self, writable: bool) -> Engine:
        return self.write if writable else self.read

    def dispose(self) -> None:
        for engine in (self.read, self.write, self.schema):
            engine.dispose()


def _server_engine(url: URL, options: dict[str, Any]) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True, **options)
    except ModuleNotFoundError:
        raise SchemaRefused("PostgreSQL needs the extra: pip install 'lifetracker[postgres]'") from None


def url_of(text: str) -> URL:
    """What is refused is not repeated: it may hold a password."""
    try:
        return judge(text)
    except AddressRefused as refused:
        raise SchemaRefused(f"LIFETRACKER_DATABASE_URL {refused}") from None


def _file_uri(url: URL, *, create: bool) -> URL:
    """The same file opened by URI, so that opening never makes an empty one in place of a missing one."""
    path = Path(url.database or "").absolute()
    if create and not path.parent.is_dir():
        raise SchemaRefused(f"there is no folder {path.parent} for the database: make it first")
    return url.set(database=f"file:{quote(str(path))}", query={"mode": "rwc" if create else "rw", "uri": "true"})


def _prepare_sqlite(engine: Engine, file: OpenFile, *, writable: bool, foreign_keys: bool = True) -> None:
    @event.listens_for(engine, "connect")
    def open_connection(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        statements.open_sqlite(connection, writable=writable, foreign_keys=foreign_keys)
        file.note_opened()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        statements.begin_sqlite(connection, writable=writable)

    if writable:

        @event.listens_for(engine, "commit")
        def refuse_moved(_connection: Connection) -> None:
            file.refuse_moved()
