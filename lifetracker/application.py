"""The application: `create_app(settings)` mounts the four features; `main` builds the one that uvicorn serves."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from loguru import logger

from lifetracker import __version__, about, wiring
from lifetracker.challenges.router import router as challenges
from lifetracker.core import logging, sqlite
from lifetracker.core.config import Settings, unknown_settings
from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.db.holding import SLICE
from lifetracker.core.errors import Unavailable
from lifetracker.core.http import openapi
from lifetracker.core.http.browsers import let_browsers_in
from lifetracker.core.http.edge import Edge, StartRefused
from lifetracker.core.http.half_closed import answer_half_closed
from lifetracker.core.http.handlers import install_handlers
from lifetracker.core.http.quick import Ways
from lifetracker.core.http.route import JsonRoute, template_at, to_the_end
from lifetracker.core.process import notify
from lifetracker.core.process.ending import ending
from lifetracker.core.release import RELEASE
from lifetracker.daily_log.router import router as daily_log
from lifetracker.migrations import schema
from lifetracker.templates.router import router as templates
from lifetracker.users.dependencies import SECURITY_SCHEMES
from lifetracker.users.router import router as users

MAX_IMPORT = 32 * 1024 * 1024
LICENCE = {"name": "MIT", "identifier": "MIT"}
CONTACT = {"name": "The LifeTracker authors"}
ABOUT = """People start challenges from templates, log a day in one call, and see honestly how they do.

Send a token as `Authorization: Bearer TOKEN`; `POST /auth/token` gives one. Every refusal is a problem as in RFC 9457,
whose `code` is stable. This document is made from the application; in its source it stands as `docs/openapi.json`."""
TAGS = [
    {"name": "challenges", "description": "What a person has set out to do, its rules, and the turns of its life."},
    {"name": "daily log", "description": "What was done on which day, what today asks for, and how it goes."},
    {
        "name": "templates",
        "description": "The catalogue that challenges can be started from, and templates of one's own.",
    },
    {"name": "users", "description": "Accounts, logging in, and tokens."},
    {"name": "service", "description": "What serves here, and whether it is well."},
]


def create_app(settings: Settings) -> FastAPI:
    """The whole application on the database that `settings` name; it opens it when it starts."""
    logging.set_up(settings.log_level, settings.log_format)
    wiring.connect()
    app = FastAPI(
        title="LifeTracker",
        version=__version__,
        summary="Challenges, a daily log, and an honest account of how they go.",
        description=ABOUT,
        contact=CONTACT,
        license_info=LICENCE,
        openapi_tags=TAGS,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # asks the environment at each request
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.database = Database(settings.database_url, threads=settings.database_threads)
    install_handlers(app)
    _add_routes(app)
    _describe(app)
    # Around everything, so that what needs no framework passes none of its layers either.
    app.middleware_stack = Edge(
        app.build_middleware_stack(),
        larger={"/users/me/import": MAX_IMPORT},
        ways=Ways(route for route in app.router.routes if isinstance(route, JsonRoute) and route.has_quick_way),
        may_start=partial(_refuse_other_schema, app),
        template_at=partial(template_at, app.router.routes),
        dress=lambda served: let_browsers_in(served, settings.cors_origins),
    )
    return app


def _add_routes(app: FastAPI) -> None:
    for router in (daily_log, challenges, templates, users, about.router()):
        # Not `include_router`: it would ask every router anew at each request, some 60 µs of it.
        app.router.routes.extend(router.routes)
    about.add_docs(app)
    for route in app.router.routes:
        route.path_regex = to_the_end(route.path_regex)  # type: ignore[attr-defined]  # every kind of them has one


def _describe(app: FastAPI) -> None:
    """Let `/openapi.json` tell every operation's problems, too."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.complete(describe(), SECURITY_SCHEMES)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    if app.state.database.embedded and (warning := sqlite.wal_reset_warning()):
        logger.warning(warning)
    app.state.database.clear_away_old()
    for name in unknown_settings(os.environ):
        logger.warning("{} is no setting and is ignored: docs/settings.md lists them all", name)
    answer_half_closed()
    sys.setswitchinterval(SLICE)
    gc.freeze()  # what is loaded stays: to search it for garbage would hold up everybody for some 50 ms, ever again
    with ending.gentle():
        async with notify.serving(f"LifeTracker {__version__}, release {RELEASE or 'none'}"):
            yield
    app.state.database.close()


def _refuse_other_schema(app: FastAPI) -> None:
    try:
        schema.require_servable(app.state.database)
    except (SchemaRefused, Unavailable) as refused:
        raise StartRefused(str(refused)) from None
