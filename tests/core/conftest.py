"""Applications with other settings than the shared one has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from lifetracker.core import logging
from lifetracker.core.config import Settings
from lifetracker.core.db import Database
from lifetracker.main import create_app


@pytest.fixture
def make_app(db: Database) -> Iterator[Callable[..., FastAPI]]:
    """`make_app(cors_origins=(…))` on the test's own database."""

    def make(**settings: Any) -> FastAPI:
        app = create_app(Settings(**{"limits": "off", "log_level": "WARNING", **settings}))
        app.state.database = db
        return app

    yield make
    logging.set_up("WARNING")
