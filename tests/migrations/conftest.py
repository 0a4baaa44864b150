"""A database without a schema, and a folder for steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lifetracker.core.db import Database
from tests.engines import Engine, PostgresEngine, SqliteEngine


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
