"""What a copy asks of two databases: every row in one form, where ids stand, and a mark on the one that is not whole.

A copy under way has a revision that no code knows, so neither this release nor an older one takes it for whole.
"""

# ruff: noqa: S608  names of tables and columns are those of our own models
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    CursorResult,
    Date,
    Float,
    MetaData,
    Table,
    Text,
    Update,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from lifetracker.core.db import Transaction
from lifetracker.core.db.models import EPOCH, ReadOnce, UtcDateTime
from lifetracker.migrations import UNFINISHED
from lifetracker.migrations.readers import READERS
from lifetracker.migrations.tables import METADATA

PAGE = 10_000
Row = tuple[Any, ...]
# What a server is, whatever name it is called by.
IDENTITY = """
    SELECT concat_ws(' ', pg_postmaster_start_time(), oid, datname) FROM pg_database WHERE datname = current_database()
"""
OTHERS = """
    SELECT pid || ' (' || coalesce(nullif(application_name, ''), usename) || ')' FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY pid
"""
# In no schema of ours: it comes and goes with the copy.
UNDER_WAY = Table(
    "copy_under_way",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
)


def tables() -> list[Table]:
    """All that is copied, parents first. Whose code may work on a schema, the schema itself brings along."""
    return [table for table in METADATA.sorted_tables if table.name != READERS.name]


def hold_still(connection: Connection) -> None:
    """One view of the database for as long as the connection is open; on PostgreSQL nobody writes meanwhile."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
        return
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    names = ", ".join(_name(table) for table in tables())
    connection.execute(text(f"LOCK TABLE {names} IN SHARE MODE NOWAIT"))


def others(connection: Connection) -> list[str]:
    """Who else is connected to a PostgreSQL."""
    return [] if connection.dialect.name == "sqlite" else list(connection.execute(text(OTHERS)).scalars())


def identity(connection: Connection) -> str | None:
    """Which PostgreSQL database this is; None on SQLite."""
    return None if connection.dialect.name == "sqlite" else connection.execute(text(IDENTITY)).scalar_one()


def count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def pages_of(connection: Connection, table: Table, *, ordered: bool) -> Iterator[list[Row]]:
    """Every row in canonical form, `PAGE` at a time; `ordered` by the key: then a second reading can skip the first."""
    dialect = connection.dialect.name
    columns = ", ".join(_canonical(column, dialect) for column in table.columns)
    order = f" ORDER BY {', '.join(map(_name, table.primary_key.columns))}" if ordered else ""
    driver: Any = connection.connection.driver_connection
    with closing(driver.cursor() if dialect == "sqlite" else driver.cursor(name="copy")) as cursor:
        cursor.execute(f"SELECT {columns} FROM {_name(table)}{order}")
        while page := cursor.fetchmany(PAGE):
            yield page


def _canonical(column: Column[Any], dialect: str) -> str:
    name = _name(column)
    if dialect == "sqlite":
        return name
    match column.type:
        case UtcDateTime():
            return f"CAST(extract(epoch FROM {name}) * 1000000 AS bigint)"
        case Date():
            return f"to_char({name}, 'YYYY-MM-DD')"
        case Boolean():
            return f"CAST({name} AS int)"
        case JSON() | ReadOnce():
            return f"CAST({name} AS text)"
        case Float():
            return f"{name} + 0"  # SQLite keeps no minus before a zero
    return name


def mark(connection: Connection, source: str) -> None:
    """Empty the tables, and say that what will stand in them is not whole."""
    for table in reversed(tables()):
        connection.execute(delete(table))
    UNDER_WAY.drop(connection, checkfirst=True)
    UNDER_WAY.create(connection)
    connection.execute(insert(UNDER_WAY), [{"name": table.name, "source": source, "done": 0} for table in tables()])
    _put_revision(connection, UNFINISHED)


def under_way(connection: Connection) -> tuple[str, dict[str, int]]:
    """What is being copied here, and how many rows of each table are here already."""
    rows = connection.execute(select(UNDER_WAY)).all() if inspect(connection).has_table(UNDER_WAY.name) else []
    return next((row.source for row in rows), "nobody knows what"), {row.name: row.done for row in rows}


class Meanwhile(Exception):
    """Somebody else has gone on with this copy."""


def has_people(connection: Connection) -> bool:
    return connection.execute(select(METADATA.tables["users"].c.id).limit(1)).first() is not None


def put_page(connection: Connection, table: Table, rows: Sequence[Row], before: int) -> None:
    """By PostgreSQL's COPY, after the `before` rows that are there; `DBAPIError` when a row cannot be kept."""
    driver: Any = connection.connection.driver_connection
    columns = ", ".join(map(_name, table.columns))
    instants = [place for place, column in enumerate(table.columns) if isinstance(column.type, UtcDateTime)]
    base = connection.dialect.loaded_dbapi.Error
    _go_on(connection.execute(_moved(table, before, before + len(rows))))
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {_name(table)} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_with_instants(row, instants))
    except base as error:
        raise DBAPIError.instance(
            "COPY", None, error, base, hide_parameters=True, dialect=connection.dialect
        ) from error


def _with_instants(row: Row, places: Iterable[int]) -> list[Any]:
    values = list(row)
    for place in places:
        if values[place] is not None:
            values[place] = EPOCH + timedelta(microseconds=values[place])
    return values


def put_page_embedded(tx: Transaction, table: Table, rows: Sequence[Row], before: int) -> None:
    """The same on SQLite, with values as they are: the canonical form is its own."""
    names = [column.name for column in table.columns]
    plain = Table(table.name, MetaData(), *(Column(name) for name in names))
    _go_on(tx.exec(_moved(table, before, before + len(rows))))
    tx.exec(insert(plain), [dict(zip(names, row, strict=True)) for row in rows])


def _moved(table: Table, before: int, after: int) -> Update:
    return update(UNDER_WAY).where(UNDER_WAY.c.name == table.name, UNDER_WAY.c.done == before).values(done=after)


def _go_on(result: CursorResult[Any]) -> None:
    if not result.rowcount:
        raise Meanwhile


def highest_ids(connection: Connection) -> dict[str, int]:
    """By table that counts its ids: the highest one that was ever given, though its row may be gone."""
    given = _sequences(connection)
    return {
        table.name: max(given.get(table.name, 0), connection.execute(select(func.max(column))).scalar() or 0)
        for table, column in _counting()
    }


def _sequences(connection: Connection) -> dict[str, int]:
    if connection.dialect.name == "sqlite":
        return {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    asked = {
        table.name: text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {_sequence(connection, table)}")
        for table, _ in _counting()
    }
    return {name: connection.execute(question).scalar_one() for name, question in asked.items()}


def _sequence(connection: Connection, table: Table) -> str:
    question = text("SELECT pg_get_serial_sequence(:name, 'id')")
    name: str = connection.execute(question, {"name": _name(table)}).scalar_one()
    return name


def _counting() -> list[tuple[Table, Column[Any]]]:
    """Tables whose ids the database counts, and the column."""
    found = ((table, table.autoincrement_column) for table in tables())
    return [(table, column) for table, column in found if column is not None]


def finish(connection: Connection, revision: str, highest: dict[str, int]) -> None:
    """Let the ids go on where they stood, and call it whole."""
    (_count_on_embedded if connection.dialect.name == "sqlite" else _count_on)(connection, highest)
    UNDER_WAY.drop(connection)
    _put_revision(connection, revision)
    if connection.dialect.name != "sqlite":
        connection.execute(text("ANALYZE"))  # else the first questions are planned as if the tables were empty


def _count_on(connection: Connection, highest: dict[str, int]) -> None:
    for table, _ in _counting():
        last = highest[table.name]
        values = {"last": max(last, 1), "called": last > 0}
        name = _sequence(connection, table)
        connection.execute(text("SELECT setval(CAST(:name AS regclass), :last, :called)"), {"name": name, **values})


def _count_on_embedded(connection: Connection, highest: dict[str, int]) -> None:
    """Only where ids are never given twice does SQLite remember the last one; elsewhere it looks."""
    for table, _ in _counting():
        if table.dialect_options["sqlite"]["autoincrement"]:
            values = {"name": table.name, "seq": highest[table.name]}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), values)


def _put_revision(connection: Connection, revision: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _name(named: Table | Column[Any]) -> str:
    return f'"{named.name}"'
