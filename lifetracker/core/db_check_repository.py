"""Whether a database holds what it should: every invariant a named check, asked in one connection that cannot write.

What should be there comes as data (`migrations/head.json`): tables with their columns, keys, references and indexes. A
key that is there, with its index sound, is the proof that nothing is double; only where it is gone is every row read.
A reference is looked at even where it is declared: SQLite enforces it in connections that ask for it and in no other.
"""

# ruff: noqa: S608  names of tables and columns come from head.json, never from what anybody sent
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from lifetracker.core.db_check_open_repository import CannotCheck, opened, sentence

KEYS_SHOWN = 10
SOUND_KEYS = """
    SELECT conname FROM pg_constraint AS key WHERE contype = 'f' AND conrelid = CAST(:name AS regclass) AND convalidated
    AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgconstraint = key.oid AND tgenabled = 'D')
"""  # on PostgreSQL


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: how many rows offend, and the keys of the first ten of them. None is good; `though` then
    tells what is worth knowing all the same."""

    check: str
    count: int = 0
    keys: tuple[str, ...] = ()
    though: str = ""

    def __str__(self) -> str:
        if not self.count:
            return f"{self.check}: ok{', though ' if self.though else ''}{self.though}"
        shown = ", ".join(self.keys)
        return f"{self.check}: {self.count} found: {shown}{', …' if self.count > len(self.keys) else ''}"


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of a table that must name a row of another."""

    table: str
    column: str
    parent: str
    key: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} -> {self.parent}.{self.key}"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a database at head holds."""

    revisions: tuple[str, ...]
    columns: Mapping[str, Sequence[str]]
    unique: Sequence[tuple[str, tuple[str, ...]]]
    references: Sequence[Reference]
    indexes: Sequence[tuple[str, tuple[str, ...]]] = ()

    @classmethod
    def of(cls, head: Mapping[str, Any]) -> Expected:
        """From the content of `migrations/head.json`."""
        tables: Mapping[str, Any] = head["tables"]
        return cls(
            revisions=tuple(head["revisions"]),
            columns={name: table["columns"] for name, table in tables.items()},
            unique=[(name, tuple(key)) for name, table in tables.items() for key in table["unique"]],
            references=[Reference(name, *each) for name, table in tables.items() for each in table["references"]],
            indexes=[(name, tuple(columns)) for name, table in tables.items() for columns in table["indexes"]],
        )


@dataclass(slots=True)
class Look:
    """One connection, and what was learnt through it."""

    connection: Connection
    expected: Expected
    deep: bool
    broken: set[str] = field(default_factory=set)

    @property
    def on_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def rows(self, question: str, **values: Any) -> list[Any]:
        return list(self.connection.execute(text(question), values))

    @property
    def tables(self) -> list[str]:
        """Those that are there whole; the checks before have told what is missing."""
        return [name for name in self.expected.columns if name not in self.broken]


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
    yield _finding("tables and columns", missing)


def check_integrity(look: Look) -> Iterator[Finding]:
    """Pages, and the indexes that prove a key, are sound; `deep` reads every index against its table."""
    if not look.on_sqlite:
        invalid = look.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready")
        yield _finding("integrity", [row[0] for row in invalid])
        return
    found = [str(row[0]) for row in look.rows(f"PRAGMA {'integrity_check' if look.deep else 'quick_check'}(100)")]
    if found == ["ok"] and not look.deep:
        small = {table for table, _ in look.expected.unique if table in look.tables and _has_rowid(look, table)}
        found = [said for table in sorted(small) for said in _said_of(look, table)]
    yield _finding("integrity", [said for said in found if said != "ok"])


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
    keys = [_key(row) for row in rows]
    if keys:
        return _finding(name, keys)
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
    yield _finding("foreign keys declared", _undeclared(look))


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


def check_indexes(look: Look) -> Iterator[Finding]:
    """Every index that questions are asked by: without one they still answer, ever slower."""
    there = inspect(look.connection)
    known = {
        (table, tuple(str(column) for column in index["column_names"]))
        for table in look.tables
        for index in there.get_indexes(table)
    }
    wanted = [each for each in look.expected.indexes if each[0] in look.tables and each not in known]
    yield _finding("indexes", [f"{table}({', '.join(columns)})" for table, columns in wanted])


CHECKS: tuple[tuple[str, Callable[[Look], Iterator[Finding]]], ...] = (
    ("schema at head", check_revision),
    ("tables and columns", check_tables),
    ("integrity", check_integrity),
    ("unique keys", check_unique_keys),
    ("foreign keys", check_references),
    ("indexes", check_indexes),
)


def _finding(check: str, keys: Sequence[str]) -> Finding:
    return Finding(check, len(keys), tuple(keys[:KEYS_SHOWN]))


def _key(row: Sequence[Any]) -> str:
    return "/".join(map(str, row))
