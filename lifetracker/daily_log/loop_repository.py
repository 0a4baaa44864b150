"""What a Loop Habit Tracker backup holds: a SQLite file of a stranger, opened with care.

Schema notes: iSoron/uhabits, `resources/migrations/09.sql` to `25.sql`. Older files lack columns; the case of names
varies. Only plain tables are read, never a view, and a file that takes too long to read is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote

from lifetracker.core import sqlite

MAGIC = b"SQLite format 3\0"
NEWEST_VERSION = 25
STEPS_AT_MOST = 20_000  # of 10,000 instructions of SQLite's machine: some seconds


class NotLoop(Exception):
    """The file is not a Loop backup that can be read; the text says why."""


class Habit(NamedTuple):
    """A row of `Habits`; what an older file does not have is None."""

    id: int
    name: Any
    question: Any
    description: Any
    freq_num: Any
    freq_den: Any
    type: Any
    target_type: Any
    target_value: Any
    unit: Any
    color: Any
    archived: Any
    uuid: Any


class Repetition(NamedTuple):
    """A row of `Repetitions`: `timestamp` in milliseconds at midnight UTC, `value` in Loop's raw encoding."""

    habit: int
    timestamp: Any
    value: Any
    notes: Any


class Backup(NamedTuple):
    version: int
    habits: list[Habit]
    repetitions: list[Repetition]


def is_sqlite(content: bytes) -> bool:
    return content.startswith(MAGIC)


def read_backup(content: bytes) -> Backup:
    """Everything in a backup, habits in their order, repetitions in theirs; `NotLoop` when it is something else."""
    with TemporaryDirectory(prefix="lifetracker-import-") as folder:
        path = Path(folder) / "backup.db"
        path.write_bytes(content)
        uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
        with closing(sqlite.driver.connect(uri, uri=True, isolation_level=None)) as connection:
            try:
                return _read(connection)
            except sqlite.driver.Error as error:
                raise NotLoop(f"the file is damaged: {error}") from None


def _read(connection: Any) -> Backup:
    steps = iter(range(STEPS_AT_MOST))
    connection.set_progress_handler(lambda: next(steps, None) is None, 10_000)
    connection.execute("PRAGMA trusted_schema = OFF")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > NEWEST_VERSION:
        raise NotLoop(f"the backup is of a newer Loop (version {version}) than is known here ({NEWEST_VERSION})")
    habits = _columns(connection, "Habits")
    repetitions = _columns(connection, "Repetitions")
    if not {"id", "name", "freq_num", "freq_den"} <= habits or not {"habit", "timestamp"} <= repetitions:
        raise NotLoop("the file is an SQLite database, but not a backup of Loop Habit Tracker")
    order = "position, id" if "position" in habits else "id"
    return Backup(
        version,
        [Habit(*row) for row in _rows(connection, "Habits", Habit._fields, habits, order)],
        [Repetition(*row) for row in _rows(connection, "Repetitions", Repetition._fields, repetitions, "habit, rowid")],
    )


def _columns(connection: Any, table: str) -> set[str]:
    """Names of a plain table's columns in lower case; none when it is missing, a view or a virtual table."""
    found = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    if found is None or "virtual" in str(found[0]).lower().split("(")[0]:
        return set()
    return {row[1].lower() for row in connection.execute(f"PRAGMA table_info({table})")}


def _rows(connection: Any, table: str, wanted: tuple[str, ...], has: set[str], order: str) -> Iterator[tuple[Any, ...]]:
    columns = ", ".join(name if name in has else f"NULL AS {name}" for name in wanted)
    yield from connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608  names of ours
