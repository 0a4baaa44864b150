"""The application: `create_app(settings)` mounts the four features; `app` is what uvicorn serves."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from loguru import logger
from pydantic import Field
from starlette.datastructures import Headers
from starlette.types import ASGIApp
from typing_extensions import TypeAliasType

from lifetracker import __version__, wiring
from lifetracker.challenges.router import router as challenges
from lifetracker.core import logging, sqlite
from lifetracker.core.config import Settings, unknown_settings
from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.db.holding import SLICE
from lifetracker.core.errors import Problem, Unavailable
from lifetracker.core.health import DeepHealth, Health, check_deeply
from lifetracker.core.http import openapi
from lifetracker.core.http.edge import Edge, StartRefused
from lifetracker.core.http.half_closed import answer_half_closed
from lifetracker.core.http.handlers import MEDIA_TYPE, install_handlers, problem_body
from lifetracker.core.http.parameters import DatabaseDep, LocalCaller, SettingsDep
from lifetracker.core.http.quick import Ways
from lifetracker.core.http.route import JsonRoute, template_at, to_the_end
from lifetracker.core.process import notify
from lifetracker.core.process.ending import ending
from lifetracker.core.release import RELEASE
from lifetracker.core.schemas import Shown
from lifetracker.daily_log.router import router as daily_log
from lifetracker.migrations import schema
from lifetracker.templates.router import router as templates
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
EXPOSED = ["ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-ID"]


class OriginRefused(Problem):
    status = 400
    code = "origin_refused"


class _Browsers(CORSMiddleware):
    """CORS, whose refusal of a browser's question is a problem like every other."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < HTTPStatus.BAD_REQUEST:
            return answer
        problem = OriginRefused(bytes(answer.body).decode())
        vary = {"Vary": answer.headers["Vary"]}
        return JSONResponse(problem_body(problem), problem.status, vary, media_type=MEDIA_TYPE)


Registration = TypeAliasType(
    "Registration", Annotated[Literal["open", "closed"], Field(description="Whether anybody may open an account here.")]
)


class Info(Shown):
    """What serves here."""

    name: str = Field(description="What it is: LifeTracker.", examples=["LifeTracker"])
    version: str = Field(description="Its version.", examples=["1.2.3"])
    min_client_version: str = Field(
        description="The oldest version of a client that it works with.", examples=["1.0.0"]
    )
    registration: Registration
    contact: str | None = Field(
        description="Where to turn to the operator; null where they do not say.", examples=["mail@example.org"]
    )


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
        dress=lambda served: _let_browsers_in(served, settings.cors_origins),
    )
    return app


def _let_browsers_in(served: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    if not origins:
        return served
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return _Browsers(served, allow_origins=origins, allow_methods=methods, allow_headers=["*"], expose_headers=EXPOSED)


def _add_routes(app: FastAPI) -> None:
    service = APIRouter(route_class=JsonRoute, tags=["service"])
    service.add_api_route("/health", show_health, response_model=Health, responses={503: {"model": Health}})
    service.add_api_route("/health/deep", show_deep_health, response_model=DeepHealth, include_in_schema=False)
    service.add_api_route("/info", show_info)
    for router in (daily_log, challenges, templates, users, service):
        # Not `include_router`: it would ask every router anew at each request, some 60 µs of it.
        app.router.routes.extend(router.routes)
    _add_docs(app)
    for route in app.router.routes:
        route.path_regex = to_the_end(route.path_regex)  # type: ignore[attr-defined]  # every kind of them has one


def _add_docs(app: FastAPI) -> None:
    """The document, and a page that takes nothing from elsewhere and names no host: which one is the proxy's affair."""

    async def show_document(request: Request) -> Response:
        return JSONResponse(openapi.seen_under(request.scope.get("root_path", ""), app.openapi()))

    async def show_docs(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            title=app.title,
            openapi_url=f"{root}/openapi.json",
            swagger_js_url=f"{root}/swagger/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/swagger/swagger-ui.css",
            swagger_favicon_url=f"{root}/swagger/favicon-32x32.png",
            swagger_ui_parameters={"persistAuthorization": True, "filter": True},
        )

    app.add_api_route("/openapi.json", show_document, include_in_schema=False)
    app.add_api_route("/docs", show_docs, include_in_schema=False)
    app.mount("/swagger", StaticFiles(packages=[("fastapi_swagger", "resources")]))


def _describe(app: FastAPI) -> None:
    """Let `/openapi.json` tell every operation's problems, too."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.complete(describe())
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


async def show_health(db: DatabaseDep, response: Response) -> Health:
    """Whether the database can be read."""
    response.headers["Cache-Control"] = "no-store"
    health = "ok"
    try:
        await db.ping()
    except Unavailable:
        response.status_code, health = 503, "fail"
    return Health(status=health, version=__version__, database=health, release=RELEASE)


async def show_deep_health(db: DatabaseDep, caller: LocalCaller, response: Response) -> DeepHealth:
    """Whether it can be written, too, into the file that its path names, and how much room is left."""
    response.headers["Cache-Control"] = "no-store"
    checks = await check_deeply(db)
    if not checks.passed:
        response.status_code = 503
    status = "ok" if checks.passed else "fail"
    return DeepHealth(status=status, version=__version__, release=RELEASE, checks=checks)


async def show_info(settings: SettingsDep) -> Info:
    """What this is, the oldest client that it works with, whether one can open an account, and whom to ask."""
    return Info(
        name="LifeTracker",
        version=__version__,
        min_client_version=settings.min_client_version,
        registration=settings.registration,
        contact=settings.contact,
    )
