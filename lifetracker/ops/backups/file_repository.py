"""What backups ask of an SQLite file: a whole copy while others write, whether one is sound, and what it holds."""

# ruff: noqa: S608  names of tables come from the database's own schema, quoted
from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lifetracker.core import sqlite
from lifetracker.ops.refusal import Refused

WAIT_MS, FOLD_WAIT_MS = 5_000, 500
STEP_PAGES = 256  # 1 MiB of a copy at a time
FINDINGS = 5
HEADER = b"SQLite format 3\0"
FULL = ("full", "disk I/O error", "too big")
# Two bytes of a file's header: whether what is written goes to a log first (sqlite.org/fileformat2.html).
LOGGED_AT, WITHOUT_LOG = 18, b"\1\1"
WHEN = frozenset({"created_at", "updated_at"})  # columns that say when a row was written, and nothing else


class Damaged(Refused):
    """The file is no database, or a damaged one; the text says what is wrong with it."""


class NotOurs(Refused):
    """A database, but not one of LifeTracker."""


class Empty(NotOurs):
    """A database without a table: there is nothing in it to lose."""


def copy_whole(source: Path, to: Path, after_step: Callable[[], None]) -> None:
    """A new file with all that was committed when it began, whatever is written meanwhile.

    The reading transaction around it keeps that state: without one, the copy would begin again at every write of
    another process, and under steady writers never end. Readers do not hold up writers: the database has a log.
    The copy has none, and leaves nothing beside itself.
    """
    with _damage(source), closing(_open(source, "rw")) as live, closing(_open(to, "rwc")) as copy:
        live.execute("PRAGMA query_only = ON")
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        copy.execute("PRAGMA synchronous = OFF")  # who calls syncs, in pieces: one great sync would stop every writer
        copy.execute("PRAGMA journal_mode = OFF")
        live.backup(copy, pages=STEP_PAGES, progress=lambda *_: after_step())
    with _damage(source), closing(_open(to, "rw")) as copy:
        copy.execute("PRAGMA locking_mode = EXCLUSIVE")  # shared memory would be a file
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()


def facts_of(file: Path) -> dict[str, Any]:
    """Of a file that nobody writes to: rows by table and revision of the schema; `Damaged` when it is not sound."""
    require_header(file)
    with _damage(file), closing(_open(file, "ro", "immutable=1")) as database:
        _require_sound(database, file)
        return _counted(database, file)


def counted_in(file: Path) -> dict[str, Any]:
    """The same of a file whose soundness is known."""
    require_header(file)
    with _damage(file), closing(_open(file, "ro", "immutable=1")) as database:
        return _counted(database, file)


def _counted(database: Any, file: Path) -> dict[str, Any]:
    names = _tables(database)
    if "alembic_version" not in names:
        raise NotOurs(f"{file} is not a database of LifeTracker: it holds none of its tables")
    revision = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return {"tables": {name: _count(database, name) for name in names}, "revision": revision and revision[0]}


def require_header(file: Path) -> None:
    with file.open("rb") as content:
        begin = content.read(len(HEADER))
    if not begin:
        raise Damaged(f"{file} is empty: a database was made and never filled, or lost")
    if begin != HEADER:
        raise Damaged(f"{file} is not an SQLite database: its header is broken")


def _require_sound(database: Any, file: Path) -> None:
    """Pages and indexes, every one, and every foreign key."""
    found = [str(row[0]) for row in database.execute(f"PRAGMA integrity_check({FINDINGS})")]
    if found != ["ok"]:
        raise Damaged(f"the database is damaged: {'; '.join(found)}")
    lost = [f"{row[0]} names a {row[2]} that is gone" for row in database.execute("PRAGMA foreign_key_check")]
    if lost:
        raise Damaged(f"the database is damaged: {len(lost)} rows without their parent: {'; '.join(lost[:FINDINGS])}")


def differences(live: Path, other: Path, but_for: Set[str] = frozenset()) -> dict[str, tuple[int, int, int]]:
    """By table that differs: rows now, rows in the other, and how many of now's are not in the other as they are, but
    for some columns."""
    with _damage(live), closing(_open(live, "rw")) as database:
        database.execute("ATTACH ? AS other", (f"file:{quote(str(other.absolute()))}?mode=ro&immutable=1",))
        database.execute("PRAGMA query_only = ON")
        names = {*_tables(database), *_tables(database, "other")}
        found = {name: _difference(database, name, but_for) for name in names}
    return {name: each for name, each in sorted(found.items()) if each[2] or each[0] != each[1]}


def _difference(database: Any, table: str, but_for: Set[str]) -> tuple[int, int, int]:
    ours, theirs = (_columns(database, schema, table) for schema in ("main", "other"))
    now = _count(database, table) if ours else 0
    then = _count(database, table, "other") if theirs else 0
    if ours != theirs:
        return now, then, now
    name, columns = _quoted(table), ", ".join(_quoted(each) for each in ours if each not in but_for)
    both = f"SELECT {columns} FROM main.{name} EXCEPT SELECT {columns} FROM other.{name}"
    lost = database.execute(f"SELECT count(*) FROM ({both})")
    return now, then, lost.fetchone()[0]


def _columns(database: Any, schema: str, table: str) -> list[str]:
    return [row[0] for row in database.execute("SELECT name FROM pragma_table_info(?, ?)", (table, schema))]


def fold(file: Path) -> None:
    """Every committed page into the file itself, so that what lies beside it no longer counts.

    `Refused` while anybody else has it open: the lock is the whole file's.
    """
    require_header(file)
    with _damage(file), closing(_open(file, "rw")) as database:
        database.execute(f"PRAGMA busy_timeout = {FOLD_WAIT_MS}")
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("SELECT count(*) FROM sqlite_schema")  # takes that lock, where nobody else has the file
        if database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise Refused(f"another process holds {file} open: stop it first")


def _tables(database: Any, schema: str = "main") -> list[str]:
    found = database.execute(f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'table' ORDER BY name")
    return [row[0] for row in found if not row[0].startswith("sqlite_")]


def _count(database: Any, table: str, schema: str = "main") -> int:
    count: int = database.execute(f"SELECT count(*) FROM {schema}.{_quoted(table)}").fetchone()[0]
    return count


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _open(file: Path, mode: str, *options: str) -> Any:
    address = "&".join([f"file:{quote(str(file.absolute()))}?mode={mode}", *options])
    connection = sqlite.driver.connect(address, uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


@contextmanager
def _damage(file: Path) -> Iterator[None]:
    """What SQLite says, as what the operator can do about it."""
    try:
        yield
    except sqlite.driver.Error as error:
        said = str(error).partition("\n")[0]
        if "malformed" in said or "not a database" in said:
            raise Damaged(f"the database is damaged: {said}") from None
        if "locked" in said:
            raise Refused(f"another process holds {file} locked: {said}; stop it first") from None
        if any(word in said for word in FULL):
            raise Refused(f"the disk is full, or broken: {said}; make room, then try again") from None
        raise Refused(f"{file}: {said}") from None
