"""Whether a schema is what this release needs: its revision, tables and columns, indexes, triggers."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, inspect, text

from lifetracker.core.db_checks.look_repository import Finding, Look, finding_of
from lifetracker.core.db_checks.open_repository import CannotCheck

EVENTS = ("insert", "update", "delete")
# On SQLite a trigger acts after one event, and ours are named after it: `insert_forgets_standing`.
TRIGGERS_ON_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name"
# On a partitioned table those of the partitions act; one that acts for a replica alone does not act for us.
TRIGGERS_ON_POSTGRESQL = """
    SELECT tgname, event
    FROM pg_trigger AS ours, (VALUES ('insert', 4), ('delete', 8), ('update', 16)) AS known (event, bit)
    WHERE tgrelid = CAST(:name AS regclass) AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & bit <> 0
    AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgparentid = ours.oid AND tgenabled NOT IN ('O', 'A'))
"""


def check_revision(look: Look) -> Iterator[Finding]:
    """The schema is the one that this code was written for, or a newer one that says it is open to this code."""
    known = look.expected.revisions
    if not _is_ours(look):
        raise CannotCheck("this is not a database of LifeTracker: it holds none of its tables")
    found = [str(row[0]) for row in look.rows("SELECT version_num FROM alembic_version ORDER BY 1")]
    if len(found) != 1:
        yield Finding("schema at head", 1, (f"it names {len(found)} revisions: {', '.join(found) or 'none'}",))
        return
    age = "older" if found[0] in known else "newer"
    if found == [known[-1]]:
        yield Finding("schema at head")
    elif age == "newer" and _is_open_to(look, found[0], known[-1]):
        said = f"it is at {found[0]}, newer than {known[-1]}: the release that made it left it open to this one"
        yield Finding("schema at head", though=said)
    else:
        yield Finding("schema at head", 1, (f"it is at {found[0]}, {age} than {known[-1]}, which this release needs",))


def _is_ours(look: Look) -> bool:
    return inspect(look.connection).has_table("alembic_version")


def _is_open_to(look: Look, revision: str, reader: str) -> bool:
    if not inspect(look.connection).has_table("schema_readers"):
        return False
    question = "SELECT reader FROM schema_readers WHERE revision = :revision AND reader = :reader"
    return bool(look.rows(question, revision=revision, reader=reader))


def check_tables(look: Look) -> Iterator[Finding]:
    """Every table with every column."""
    there = inspect(look.connection)
    present = set(there.get_table_names())
    missing = []
    for table, columns in look.expected.columns.items():
        has = {column["name"] for column in there.get_columns(table)} if table in present else set()
        lacks = [table] if not has else [f"{table}.{column}" for column in columns if column not in has]
        if lacks:
            look.broken.add(table)
            missing += lacks
    yield finding_of("tables and columns", missing)


def check_indexes(look: Look) -> Iterator[Finding]:
    """Every index that questions are asked by: without one they still answer, ever slower."""
    there = inspect(look.connection)
    known = {
        (table, tuple(str(column) for column in index["column_names"]))
        for table in look.tables
        for index in there.get_indexes(table)
    }
    wanted = [each for each in look.expected.indexes if each[0] in look.tables and each not in known]
    yield finding_of("indexes", [f"{table}({', '.join(columns)})" for table, columns in wanted])


def check_triggers(look: Look) -> Iterator[Finding]:
    """Every trigger that keeps what is derived in step with what it is derived from (docs/decisions/0014)."""
    there = {(table, *each) for table in look.tables for each in triggers_of(look.connection, table)}
    wanted = [each for each in look.expected.triggers if each[0] in look.tables and each not in there]
    yield finding_of("triggers", [f"{table}.{name}({event})" for table, name, event in wanted])


def triggers_of(connection: Connection, table: str) -> list[tuple[str, str]]:
    """What a table's triggers are called, and the events after which they act."""
    on_sqlite = connection.dialect.name == "sqlite"
    rows = connection.execute(text(TRIGGERS_ON_SQLITE if on_sqlite else TRIGGERS_ON_POSTGRESQL), {"name": table})
    if not on_sqlite:
        return sorted((name, event) for name, event in rows)
    found = (row[0].partition("_") for row in rows)
    return sorted((name, event) for event, _, name in found if event in EVENTS)
