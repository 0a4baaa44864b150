"""`app`: what uvicorn serves, of the settings that it finds; importing this builds it and opens its database."""

from __future__ import annotations

import sys

from fastapi import FastAPI

from lifetracker.application import create_app
from lifetracker.core.config import SettingsRefused, load_settings
from lifetracker.core.db.engines import SchemaRefused


def _load_app() -> FastAPI:
    try:
        return create_app(load_settings())
    except (SettingsRefused, SchemaRefused) as refused:
        sys.exit(f"LifeTracker does not start: {refused}")


app = _load_app()
