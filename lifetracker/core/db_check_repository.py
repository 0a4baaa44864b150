"""Whether a database holds what it should: every invariant a named check, asked in one connection that cannot write.

What should be there comes as data (`migrations/head.json`): tables with their columns, keys, references, indexes and
triggers. A key that is there, with its index sound, is the proof that nothing is double; only where it is gone is every
row read. A reference is looked at even where it is declared: SQLite enforces it in connections that ask for it and in
no other.
"""

# ruff: noqa: S608  names of tables and columns come from head.json, never from what anybody sent
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from lifetracker.core.db_checks.look_repository import (
    KEYS_SHOWN,
    Expected,
    Finding,
    Look,
    Reference,
    finding_of,
    key_of,
)
from lifetracker.core.db_checks.open_repository import opened, sentence
from lifetracker.core.db_checks.schema_repository import check_indexes, check_revision, check_tables, check_triggers

SOUND_KEYS = """
    SELECT conname FROM pg_constraint AS key WHERE contype = 'f' AND conrelid = CAST(:name AS regclass) AND convalidated
    AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgconstraint = key.oid AND tgenabled = 'D')
"""  # on PostgreSQL


def check_database(url: str, expected: Expected, *, deep: bool = False) -> list[Finding]:
    """What every check finds, in order, up to one that the database itself breaks off; `CannotCheck` when it cannot be
    looked at at all."""
    findings: list[Finding] = []
    with opened(url) as connection:
        look = Look(connection, expected, deep)
        for name, check in CHECKS:
            try:
                findings += check(look)
            except DBAPIError as error:
                if not findings:
                    raise
                return [*findings, Finding(name, 1, (sentence(error),))]
    return findings


def check_integrity(look: Look) -> Iterator[Finding]:
    """Pages, and the indexes that prove a key, are sound; `deep` reads every index against its table."""
    if not look.on_sqlite:
        invalid = look.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready")
        yield finding_of("integrity", [row[0] for row in invalid])
        return
    found = [str(row[0]) for row in look.rows(f"PRAGMA {'integrity_check' if look.deep else 'quick_check'}(100)")]
    if found == ["ok"] and not look.deep:
        small = {table for table, _ in look.expected.unique if table in look.tables and _has_rowid(look, table)}
        found = [said for table in sorted(small) for said in _said_of(look, table)]
    yield finding_of("integrity", [said for said in found if said != "ok"])


def _said_of(look: Look, table: str) -> list[str]:
    return [str(row[0]) for row in look.rows(f"PRAGMA integrity_check({table})")]


def _has_rowid(look: Look, table: str) -> bool:
    """Without one the key is the table itself, whose order the quick check has read."""
    (row,) = look.rows("SELECT wr FROM pragma_table_list(:name) WHERE schema = 'main'", name=table)
    return not row[0]


def check_unique_keys(look: Look) -> Iterator[Finding]:
    """No two rows with the same key; a sound index proves it."""
    for table, columns in look.expected.unique:
        if table in look.tables:
            name = f"unique {table}({', '.join(columns)})"
            if columns in _proven_keys(look, table):
                yield Finding(name)
            else:
                yield _double(look, name, table, columns)


def _double(look: Look, name: str, table: str, columns: Sequence[str]) -> Finding:
    listed = ", ".join(columns)
    some = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    rows = look.rows(f"SELECT {listed} FROM {table} WHERE {some} GROUP BY {listed} HAVING count(*) > 1")
    keys = [key_of(row) for row in rows]
    if keys:
        return finding_of(name, keys)
    return Finding(name, 1, ("the key is gone; no row is double yet",))


def _proven_keys(look: Look, table: str) -> set[tuple[str, ...]]:
    there = inspect(look.connection)
    found = {tuple(there.get_pk_constraint(table)["constrained_columns"])}
    found |= {tuple(each["column_names"]) for each in there.get_unique_constraints(table)}
    for index in there.get_indexes(table):
        partial = {name for name in index.get("dialect_options", {}) if name.endswith("_where")}
        if index["unique"] and not partial:
            found.add(tuple(str(column) for column in index["column_names"]))
    return found


def check_references(look: Look) -> Iterator[Finding]:
    """No row that names a parent which is not there, and every reference declared."""
    for reference in look.expected.references:
        if {reference.table, reference.parent} <= set(look.tables):
            yield _orphans(look, reference)
    yield finding_of("foreign keys declared", _undeclared(look))


def _orphans(look: Look, reference: Reference) -> Finding:
    """Each parent that is named is looked up; by the index that begins with it, where there is one."""
    name = f"no orphan {reference}"
    if not look.on_sqlite and reference in _enforced(look, reference.table):
        return Finding(name)
    counted = _by_index(reference) if _begins_an_index(look, reference) else _by_scan(reference)
    lost = look.rows(counted)
    shown = tuple(f"{reference.column}={value}" for value, _ in lost[:KEYS_SHOWN])
    return Finding(name, sum(count for _, count in lost), shown)


def _by_index(r: Reference) -> str:
    """Each parent that is named, once: from one value to the next."""
    return f"""
        WITH RECURSIVE named(value) AS (
            SELECT min({r.column}) FROM {r.table}
            UNION ALL
            SELECT (SELECT min({r.column}) FROM {r.table} WHERE {r.column} > named.value)
            FROM named WHERE named.value IS NOT NULL
        )
        SELECT value, (SELECT count(*) FROM {r.table} WHERE {r.column} = named.value) FROM named
        WHERE value IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {r.parent} WHERE {r.parent}.{r.key} = named.value)
        ORDER BY value
    """


def _by_scan(r: Reference) -> str:
    """Every row, once."""
    return f"""
        SELECT {r.column}, count(*) FROM {r.table} WHERE {r.column} IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM {r.parent} WHERE {r.parent}.{r.key} = {r.table}.{r.column})
        GROUP BY {r.column} ORDER BY {r.column}
    """


def _begins_an_index(look: Look, reference: Reference) -> bool:
    there = inspect(look.connection)
    firsts = {columns[0] for columns in _proven_keys(look, reference.table) if columns}
    firsts |= {str(index["column_names"][0]) for index in there.get_indexes(reference.table)}
    return reference.column in firsts


def _undeclared(look: Look) -> list[str]:
    tables = {reference.table for reference in look.expected.references} & set(look.tables)
    there = {reference for table in tables for reference in _enforced(look, table)}
    return [str(each) for each in look.expected.references if each.table in tables and each not in there]


def _enforced(look: Look, table: str) -> set[Reference]:
    """Foreign keys as declared; on PostgreSQL those alone that were held against every row, and still are."""
    declared = {
        Reference(table, key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0]): key["name"]
        for key in inspect(look.connection).get_foreign_keys(table)
        if len(key["constrained_columns"]) == 1
    }
    if look.on_sqlite:
        return set(declared)
    sound = {row[0] for row in look.rows(SOUND_KEYS, name=table)}
    return {reference for reference, name in declared.items() if name in sound}


CHECKS: tuple[tuple[str, Callable[[Look], Iterator[Finding]]], ...] = (
    ("schema at head", check_revision),
    ("tables and columns", check_tables),
    ("integrity", check_integrity),
    ("unique keys", check_unique_keys),
    ("foreign keys", check_references),
    ("indexes", check_indexes),
    ("triggers", check_triggers),
)
