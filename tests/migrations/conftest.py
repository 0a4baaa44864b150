"""A database without a schema, and a folder for steps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from lifetracker.core.db import Database
from tests.engines import Engine, PostgresEngine, SqliteEngine
from tests.people import Client, FrozenClock, join

Killed = Callable[..., int]


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    return folder


@pytest.fixture
def empty(engine: Engine) -> Iterator[Database]:
    with engine.fresh_database(migrated=False) as url:
        database = Database(url, create=True)
        yield database
        database.close()


@pytest.fixture(scope="session")
def other_engine(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine that the tests do not run on."""
    kind = SqliteEngine if engine.name == "postgres" else PostgresEngine
    with kind(tmp_path_factory.mktemp("other")) as other:
        yield other


@pytest.fixture(scope="session")
def postgres(engine: Engine, request: pytest.FixtureRequest) -> Engine:
    """A PostgreSQL, whichever engine the tests run on."""
    found: Engine = engine if engine.name == "postgres" else request.getfixturevalue("other_engine")
    return found


@pytest.fixture
def server(postgres: Engine, clock: FrozenClock, app: FastAPI) -> Iterator[Database]:
    """A database on PostgreSQL, which the application serves."""
    with postgres.fresh_database() as url:
        database = Database(url, clock=clock, threads=4)
        app.state.database = database
        yield database
        database.close()


@pytest.fixture
def vera(server: Database, app: FastAPI) -> Client:
    """Somebody who lives there."""
    return Client(app, join(server, "vera"))


@pytest.fixture(scope="session")
def killed() -> Iterator[Killed]:
    """`killed(step, "copy", source, target)` copies in a process that is killed at that step; answers how it ended."""
    command = [sys.executable, "-m", "tests.migrations.killed"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:

        def run(step: int, *words: str) -> int:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{step} {' '.join(words)}\n")
            return int(process.stdout.readline())

        yield run
        process.communicate()
