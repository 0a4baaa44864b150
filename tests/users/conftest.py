"""Settings that a test decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from lifetracker.core.config import Settings


@pytest.fixture
def decide(app: FastAPI) -> Callable[..., None]:
    """`decide(registration="closed")`; limits are on unless said."""

    def decide(**settings: Any) -> None:
        app.state.settings = Settings(**settings)

    return decide
