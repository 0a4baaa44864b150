"""Rows by the million: straight to the driver on SQLite, by COPY on PostgreSQL, in the transaction that is given."""

# ruff: noqa: S608  names of tables and columns are the constants below
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from lifetracker.core.db import Transaction
from lifetracker.ops.seeding.people import Piece

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = ("created_at", "updated_at")
COLUMNS = {
    "users": (
        *("id", "email", "email_key", "address_key", "password_hash", "display_name", "time_zone", "day_starts_at"),
        *("week_starts_on", "locale", "created_at"),
    ),
    "challenges": (
        *("id", "user_id", "title", "description", "template", "kind", "direction", "target", "unit", "schedule"),
        *("first_start_date", "duration_days", "on_miss", "allowed_misses", "tags", "color", "icon", "position"),
        *INSTANTS,
    ),
    "challenge_turns": ("user_id", "challenge_id", "kind", "from_date", "until_date"),
    "daily_log": ("user_id", "challenge_id", "date", "value", "skipped", "note", *INSTANTS),
}
COUNTED = ("users", "challenges")  # whose ids are given, and go on from there


def count_people(tx: Transaction) -> int:
    count: int = tx.exec(text("SELECT count(*) FROM users")).scalar_one()
    return count


def fill(
    connection: Connection, pieces_after: Callable[[int, int], Iterable[Piece]], after_each: Callable[[Piece], None]
) -> None:
    """Write all pieces; they are asked for with the last ids taken, of people and of challenges."""
    for piece in pieces_after(_last_id(connection, "users"), _last_id(connection, "challenges")):
        _add_rows(connection, "users", piece.users)
        _add_rows(connection, "challenges", piece.challenges)
        _add_rows(connection, "challenge_turns", piece.turns)
        _add_rows(connection, "daily_log", piece.entries)
        _count_starts(connection, piece.started)
        after_each(piece)
    _settle(connection)


def _last_id(connection: Connection, table: str) -> int:
    """0 where there is none."""
    found: int = connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {table}")).scalar_one()
    return found


def _add_rows(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Each with a value for every column named above; instants in microseconds since 1970."""
    if not rows:
        return
    names = COLUMNS[table]
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", list(rows))
        return
    driver_connection: Any = connection.connection.driver_connection
    with driver_connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in _for_postgres(names, rows):
            copy.write_row(row)


def _for_postgres(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    instants = [place for place, name in enumerate(names) if name in INSTANTS]
    for row in rows:
        changed = list(row)
        for place in instants:
            changed[place] = EPOCH + timedelta(microseconds=row[place])
        yield tuple(changed)


def _count_starts(connection: Connection, started: Mapping[str, int]) -> None:
    """How often each template was started, by its slug."""
    counted = text("UPDATE challenge_templates SET times_started = times_started + :times WHERE slug = :slug")
    if started:
        connection.execute(counted, [{"slug": slug, "times": times} for slug, times in started.items()])


def _settle(connection: Connection) -> None:
    """Let PostgreSQL count on from the last id, and see what its tables now hold; SQLite does the first by itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in COUNTED:
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"))
    for table in COLUMNS:
        connection.execute(text(f"ANALYZE {table}"))
