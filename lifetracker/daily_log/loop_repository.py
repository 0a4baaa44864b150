"""What a Loop Habit Tracker backup holds: a SQLite file of a stranger, opened with care.

Schema notes: iSoron/uhabits, `resources/migrations/09.sql` to `25.sql`. Older files lack columns; the case of names
varies. Only plain tables are read, never a view, and a file that gives more than it is long is refused: by a tree whose
branches meet again, or by a default that stands in it once, a few pages would give rows and text without end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from lifetracker.core import sqlite
from lifetracker.daily_log.loop import Backup, Habit, Repetition

MAGIC = b"SQLite format 3\0"
NEWEST_VERSION = 25
HABITS_AT_MOST = 1_000
BYTES_A_ROW = 8  # what even an empty row takes in the file


class NotLoop(Exception):
    """The file is not a Loop backup that can be read; the text says why."""


def is_sqlite(content: bytes) -> bool:
    return content.startswith(MAGIC)


def read_backup(content: bytes) -> Backup:
    """Everything in a backup, habits in Loop's order, repetitions in the file's; `NotLoop` when it is none."""
    _refuse_cut(content)
    with TemporaryDirectory(prefix="lifetracker-import-") as folder:
        path = Path(folder) / "backup.db"
        path.write_bytes(content)
        uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
        with closing(sqlite.driver.connect(uri, uri=True, isolation_level=None)) as connection:
            try:
                return _read(connection, len(content))
            except sqlite.driver.Error as error:
                raise NotLoop(f"the file is damaged: {error}") from None


def _refuse_cut(content: bytes) -> None:
    """SQLite itself would read zeros in place of the rest of a page."""
    page = int.from_bytes(content[16:18], "big")
    if len(content) % (65_536 if page == 1 else max(page, 512)):
        raise NotLoop("the file is damaged: it ends within a page")


def _read(connection: Any, size: int) -> Backup:
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # Android cuts emoji in half
    connection.execute("PRAGMA trusted_schema = OFF")
    habits, repetitions = _columns(connection, "Habits"), _columns(connection, "Repetitions")
    if not {"id", "name", "freq_num", "freq_den"} <= habits or not {"habit", "timestamp"} <= repetitions:
        raise NotLoop("the file is an SQLite database, but not a backup of Loop Habit Tracker")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > NEWEST_VERSION:
        raise NotLoop(f"the backup is of a newer Loop (version {version}) than is known here ({NEWEST_VERSION})")
    return Backup(
        version,
        _in_order([Habit(*row) for row in _rows(connection, "Habits", Habit._fields, habits, size)]),
        [Repetition(*row) for row in _rows(connection, "Repetitions", Repetition._fields, repetitions, size)],
    )


def _in_order(habits: list[Habit]) -> list[Habit]:
    if any(not isinstance(habit.id, int) for habit in habits):
        raise NotLoop("the file is damaged: the id of a habit is not a number")
    if len(habits) > HABITS_AT_MOST:
        raise NotLoop(f"the backup has {len(habits)} habits, and at most {HABITS_AT_MOST} can be imported")
    return sorted(habits, key=lambda habit: (habit.position if isinstance(habit.position, int) else 0, habit.id))


def _columns(connection: Any, table: str) -> set[str]:
    """Names of a plain table's columns in lower case; none when it is missing, a view or a virtual table."""
    if [row[2] for row in connection.execute(f"PRAGMA main.table_list({table})")] != ["table"]:
        return set()
    return {row[1].lower() for row in connection.execute(f"PRAGMA table_info({table})")}


def _rows(connection: Any, table: str, wanted: tuple[str, ...], has: set[str], room: int) -> Iterator[tuple[Any, ...]]:
    """In the file's order, since a sort would hold them all before the first is seen to be too much."""
    columns = ", ".join(name if name in has else f"NULL AS {name}" for name in wanted)
    for row in connection.execute(f"SELECT {columns} FROM {table} ORDER BY rowid"):  # noqa: S608  names of ours
        room -= BYTES_A_ROW + sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if room < 0:
            raise NotLoop("the file is damaged: it gives more than it is long")
        yield row
