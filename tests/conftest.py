"""What every test stands on: a migrated database of its own, a clock that stands still, the application, people."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from logging import getLogger
from math import inf
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import settings as hypothesis_settings

from lifetracker.application import create_app
from lifetracker.core import logging
from lifetracker.core.config import Settings
from lifetracker.core.db import Database, holding
from tests.engines import Engine, PostgresEngine, SqliteEngine
from tests.people import Client, FrozenClock, join
from tests.thoroughness import examples

hypothesis_settings.register_profile("suite", deadline=None, max_examples=examples(100))
hypothesis_settings.load_profile("suite")


IN_MEMORY = Path("/dev/shm")  # noqa: S108  pytest makes a folder of this user's own in it
ENOUGH = 2 << 30  # bytes


def _waits_for_no_disk() -> bool:
    """Whether temporary folders can be there: what is in them is gone after the tests, and waiting for it to be safe
    on a disk is a third of a test that asks the application."""
    if not os.access(IN_MEMORY, os.W_OK):
        return False
    there = os.statvfs(IN_MEMORY)
    return not there.f_flag & os.ST_NOEXEC and there.f_bavail * there.f_frsize > ENOUGH


if _waits_for_no_disk():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))

ON_POSTGRES = os.environ.get("LIFETRACKER_TEST_ENGINE") == "postgres"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL those that have a database: the others would only say a second time what they say on SQLite.

    Who starts a PostgreSQL beside the SQLite that the tests run on is thorough.
    """
    for item in items:
        if {"postgres", "other_engine"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("thorough")
    if ON_POSTGRES:
        others = [item for item in items if "engine" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """SQLite, or the PostgreSQL that LIFETRACKER_TEST_ENGINE=postgres asks for: the same tests run on both."""
    folder = tmp_path_factory.mktemp("engine")
    kind = PostgresEngine if ON_POSTGRES else SqliteEngine
    with kind(folder) as engine:
        yield engine


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def db(engine: Engine, clock: FrozenClock) -> Iterator[Database]:
    """An empty database at head, with the catalogue in it."""
    with engine.fresh_database() as url:
        database = Database(url, clock=clock, threads=4)
        yield database
        database.close()


@pytest.fixture(scope="session")
def _app(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Made once: only its database and settings differ from test to test."""
    unused = tmp_path_factory.mktemp("app") / "unused.db"
    return create_app(Settings(database_url=f"sqlite:///{unused}", limits="off", log_level="WARNING"))


@pytest.fixture
def app(_app: FastAPI, db: Database) -> FastAPI:
    _app.state.database = db
    _app.state.settings = Settings(limits="off")
    return _app


@pytest.fixture
def visitor(app: FastAPI) -> Client:
    """Somebody without a token."""
    return Client(app)


@pytest.fixture
def people(app: FastAPI, db: Database) -> Callable[..., Client]:
    """Makes people who are logged in: `people("anna", time_zone="Europe/Moscow")`."""

    def make(name: str, **fields: str) -> Client:
        return Client(app, join(db, name, **fields))

    return make


@pytest.fixture
def anna(people: Callable[..., Client]) -> Client:
    return people("anna")


@pytest.fixture
def boris(people: Callable[..., Client]) -> Client:
    return people("boris")


@pytest.fixture
def sample() -> Callable[..., Path]:
    """A real file of another tracker, from the folder that LIFETRACKER_SAMPLES names."""

    def find(*parts: str) -> Path:
        folder = os.environ.get("LIFETRACKER_SAMPLES")
        if not folder:
            pytest.skip("sample files not given")
        return Path(folder, *parts)

    return find


@pytest.fixture
def copy_of(db: Database, tmp_path: Path) -> Callable[[], Path]:
    """The file of an embedded database as it is now, aside."""

    def copy() -> Path:
        assert db.file is not None
        return Path(shutil.copy(db.file, tmp_path / "copy.db"))

    return copy


@pytest.fixture
def at_info(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log lines of requests are written, as in production; those of the test's own client are not.

    Nor is there a line on a unit that took long, which on a slow machine any of them may.
    """
    monkeypatch.setattr(getLogger("httpx2"), "disabled", True)
    monkeypatch.setattr(holding, "HELD_AT_MOST", inf)
    logging.set_up("INFO")
    yield
    logging.set_up("WARNING")
