"""The database that is copied: only read, and used by nobody else meanwhile, or what they write would be lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from lifetracker.core.db.engines import SchemaRefused, url_of
from lifetracker.core.db_checks.open_repository import CannotCheck, opened
from lifetracker.migrations import HEAD, schema
from lifetracker.migrations import copy_repository as repository
from lifetracker.migrations.holders import holder_of, state_of


class CopyRefused(SchemaRefused):
    """Nothing is copied, or not all of it; the text says why, and what to do."""


class Original:
    """One view of a database, for as long as `connection` is open."""

    def __init__(self, address: str, connection: Connection) -> None:
        self._address = address
        self._file = file_of(address)
        self._before = state_of(self._file) if self._file else []
        self.connection = connection

    def __str__(self) -> str:
        """Which one it is, without its password."""
        return str(self._file or url_of(self._address).set(username=None, password=None, query={}))

    def refuse_used(self) -> None:
        """PostgreSQL lets nobody write while this view is held; of a file it is seen afterwards."""
        if self._file and (state_of(self._file) != self._before or holder_of(self._file)):
            raise CopyRefused(f"{self._file} was used while it was copied: stop the service, then copy once more")


@contextmanager
def reading(address: str) -> Iterator[Original]:
    """A source that is whole and that nobody uses; else `CopyRefused`."""
    _refuse_used(address)
    with looking_into(address) as connection:
        original = Original(address, connection)
        repository.hold_still(connection)
        yield original


def _refuse_used(address: str) -> None:
    with looking_into(address) as connection:
        found = schema.state(connection)
        who = repository.others(connection)
    if found.revision != HEAD:
        raise CopyRefused(f"what is to be copied is at revision {found.revision}; this release copies {HEAD} alone")
    file = file_of(address)
    if file and (holder := holder_of(file)):
        who.append(holder)
    if who:
        raise CopyRefused(f"{', '.join(who)} has the database open: stop the service first, or what it writes is lost")


@contextmanager
def looking_into(address: str) -> Iterator[Connection]:
    """A connection that cannot write, and whose failures are sentences."""
    try:
        with opened(address) as connection:
            yield connection
    except CannotCheck as refused:
        raise CopyRefused(str(refused)) from None


def file_of(address: str) -> Path | None:
    """The file of an SQLite database."""
    url = url_of(address)
    return Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None
