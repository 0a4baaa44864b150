"""What tells one state of a database from another."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, Table, func, inspect, select
from sqlalchemy.schema import CreateTable

from lifetracker.core.db import Database
from lifetracker.migrations.readers import readers_of
from lifetracker.migrations.schema import current
from tests.people import Client


def counts(db: Database) -> dict[str, int]:
    """Rows in every table, but for the one that says whose code may work on them."""

    def count(connection: Connection) -> dict[str, int]:
        tables = {name: Table(name, MetaData()) for name in inspect(connection).get_table_names()}
        del tables["schema_readers"]
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.items()
        }

    return db.inspect_now(count)


def ddl(db: Database) -> dict[str, str]:
    """The statement that would make each table as it is now, columns, keys and all."""

    def read(connection: Connection) -> dict[str, str]:
        metadata = MetaData()
        metadata.reflect(connection)
        return {table.name: str(CreateTable(table).compile(connection)) for table in metadata.sorted_tables}

    return db.inspect_now(read)


def readers(db: Database) -> set[str]:
    """The revisions whose code may work on the schema as it is now."""
    revision = current(db)
    return set(db.inspect_now(lambda connection: readers_of(connection, revision)))


def fill(anna: Client) -> None:
    walk, read = anna.starts("Walk"), anna.starts("Read", kind="measure", target=20, start_date="2026-03-01")
    anna.made(f"/challenges/{walk}/pause")
    anna.logged(walk)
    for day in range(1, 12):
        anna.logged(read, f"2026-03-{day:02}", value=day, note="ü")
    anna.made("/templates", {"title": "Mine", "kind": "check"})
