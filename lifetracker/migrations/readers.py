"""Whose code may work on a schema, written down in the database itself: code cannot know the steps that come after it.

Each row names the revision that it is about: none holds for a schema that was moved by other means than `upgrade`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, Connection, Table, Text, delete, insert, inspect, select
from sqlmodel import SQLModel

READERS = Table(
    "schema_readers",
    SQLModel.metadata,
    Column("revision", Text, primary_key=True),
    Column("reader", Text, primary_key=True),
    sqlite_with_rowid=False,
)


def readers_of(connection: Connection, revision: str | None) -> frozenset[str]:
    """The revisions whose code may work on the schema at `revision`; none where nobody wrote them down."""
    if not inspect(connection).has_table(READERS.name):
        return frozenset()
    rows = connection.execute(select(READERS.c.reader).where(READERS.c.revision == revision))
    return frozenset(rows.scalars())


def write_readers(connection: Connection, revision: str, readers: Iterable[str]) -> None:
    """In place of what was written for any revision before; nothing where the schema is older than the table."""
    if inspect(connection).has_table(READERS.name):
        connection.execute(delete(READERS))
        connection.execute(insert(READERS), [{"revision": revision, "reader": reader} for reader in readers])
