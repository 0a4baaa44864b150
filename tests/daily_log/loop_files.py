"""Backups as Loop Habit Tracker writes them, with the columns of each version, and rows that it would not write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from lifetracker.core.sqlite import driver

UNKNOWN, NO, YES_AUTO, YES, SKIP = -1, 0, 1, 2, 3
NEWEST = 25

HABIT: dict[str, Any] = {
    "archived": 0,
    "color": 8,
    "description": "",
    "freq_den": 1,
    "freq_num": 1,
    "highlight": 0,
    "name": "Meditate",
    "reminder_hour": None,
    "reminder_min": None,
    "reminder_days": 127,
}
# Since which version of the file there is a column, and what is in it unless a test says otherwise.
HABIT_SINCE: dict[int, dict[str, Any]] = {
    16: {"type": 0},
    18: {"target_type": 0, "target_value": 0.0, "unit": ""},
    23: {"question": ""},
    24: {"uuid": ""},
}


def millis(day: str | date) -> int:
    """Midnight in UTC, as Loop writes a day."""
    on = date.fromisoformat(day) if isinstance(day, str) else day
    return (on - date(1970, 1, 1)).days * 86_400_000


class LoopFile:
    """A backup in the making; `content()` is what a person would send."""

    def __init__(self, path: Path, version: int = NEWEST, *, primary_key: str = "integer primary key") -> None:
        self.path = path
        self.version = version
        self._defaults = HABIT | {
            name: value for since, new in HABIT_SINCE.items() if version >= since for name, value in new.items()
        }
        columns = ", ".join(["position", *self._defaults])
        value = ", value integer" * (version >= 16) + ", notes text" * (version >= 25)
        self.run(
            "CREATE TABLE android_metadata (locale TEXT)",
            f"CREATE TABLE Habits (id {primary_key}, {columns})",
            f"CREATE TABLE Repetitions (id {primary_key}, habit integer, timestamp{value})",
            f"PRAGMA user_version = {version}",
        )

    def run(self, *statements: str) -> None:
        with self._open() as connection:
            for statement in statements:
                connection.execute(statement)

    def insert(self, table: str, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
        names = list(columns)
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        with self._open() as connection:
            connection.executemany(statement, rows)

    def habit(self, habit_id: Any = 1, **columns: Any) -> Any:
        """A habit, done or not unless `columns` say otherwise; answers its id."""
        uuid = {"uuid": f"{habit_id:032x}"} if self.version >= 24 else {}
        row = {"id": habit_id, "position": habit_id} | self._defaults | uuid | columns
        self.insert("Habits", row, [list(row.values())])
        return habit_id

    def logs(self, habit_id: Any, day: str | int | Any, value: Any = YES, notes: Any = "") -> None:
        """A row of the log; `day` is a date, or what stands in its place."""
        row = {"habit": habit_id, "timestamp": millis(day) if isinstance(day, str) and day[:1] == "2" else day}
        row |= {"value": value} if self.version >= 16 else {}
        row |= {"notes": notes} if self.version >= 25 else {}
        self.insert("Repetitions", row, [list(row.values())])

    def fill(self, habits: int, days: int, since: date) -> None:
        """Many habits with an entry on every one of many days."""
        row = {"id": 0, "position": 0} | self._defaults
        named = ({"id": number, "position": number, "name": f"Habit {number}"} for number in range(1, habits + 1))
        self.insert("Habits", row, [list((row | each).values()) for each in named])
        first = [millis(since + timedelta(days=day)) for day in range(days)]
        rows = ((number, day, YES, "") for number in range(1, habits + 1) for day in first)
        self.insert("Repetitions", ("habit", "timestamp", "value", "notes"), rows)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        with closing(driver.connect(self.path)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")  # nobody needs it after the test
            yield connection

    def content(self) -> bytes:
        return self.path.read_bytes()
