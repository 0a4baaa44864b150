"""Applications with other settings than the shared one has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from lifetracker.application import create_app
from lifetracker.core import logging
from lifetracker.core.config import Settings
from lifetracker.core.db import Database


@pytest.fixture
def make_app(db: Database) -> Iterator[Callable[..., FastAPI]]:
    """`make_app(cors_origins=(…))` on the test's own database."""

    def make(**settings: Any) -> FastAPI:
        app = create_app(Settings(**{"limits": "off", "log_level": "WARNING", **settings}))
        app.state.database = db
        return app

    yield make
    logging.set_up("WARNING")


@pytest.fixture
def file(db: Database, copy_of: Callable[[], Path]) -> Path:
    """A database that lies still."""
    if not db.embedded:
        pytest.skip("SQLite only: it is about the file")
    return copy_of()
