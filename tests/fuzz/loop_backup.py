"""A backup of Loop Habit Tracker as its version 25 writes it, of a few rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random

TABLES = """
PRAGMA user_version = 25;
CREATE TABLE Habits (
    id integer PRIMARY KEY AUTOINCREMENT, archived integer, color integer, description text, freq_den integer,
    freq_num integer, highlight integer, name text, position integer, reminder_hour integer, reminder_min integer,
    reminder_days integer NOT NULL DEFAULT 127, type integer NOT NULL DEFAULT 0, target_type integer NOT NULL DEFAULT 0,
    target_value real NOT NULL DEFAULT 0, unit text NOT NULL DEFAULT "", question text, uuid text
);
CREATE TABLE Repetitions (
    id integer PRIMARY KEY AUTOINCREMENT, habit integer NOT NULL REFERENCES Habits(id), timestamp integer NOT NULL,
    value integer NOT NULL, notes text
);
"""
HABIT = """
INSERT INTO Habits (name, type, freq_num, freq_den, target_value, color, archived, uuid) VALUES (?, ?, ?, ?, ?, ?, 0, ?)
"""
REPETITION = "INSERT INTO Repetitions (habit, timestamp, value, notes) VALUES (?, ?, ?, ?)"
FIRST_DAY = 1_767_225_600_000  # 1 January 2026, in milliseconds
ONE_DAY = 86_400_000


def loop_backup(chance: Random) -> bytes:
    """Two habits, a check and a number, with up to 20 days each; some values mean nothing to Loop itself."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        for habit, kind in enumerate((0, 1), start=1):
            connection.execute(
                HABIT, (f"Habit {habit}", kind, 1, chance.choice((1, 2, 7)), 2.5, habit, f"uuid-{habit}")
            )
            days = chance.sample(range(40), 20)
            rows = [(habit, FIRST_DAY + day * ONE_DAY, chance.choice((-1, 0, 1, 2, 3, 2500)), None) for day in days]
            connection.executemany(REPETITION, rows)
        connection.commit()
        return connection.serialize()
