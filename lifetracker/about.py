"""What the service tells of itself: whether it is well, what it is, and the document of all that it takes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import Field
from typing_extensions import TypeAliasType

from lifetracker import __version__
from lifetracker.core.errors import Unavailable
from lifetracker.core.health import DeepHealth, Health, check_deeply
from lifetracker.core.http import openapi
from lifetracker.core.http.parameters import DatabaseDep, LocalCaller, SettingsDep
from lifetracker.core.http.route import JsonRoute
from lifetracker.core.release import RELEASE
from lifetracker.core.schemas import Shown

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


def router() -> APIRouter:
    """The routes of the service itself."""
    service = APIRouter(route_class=JsonRoute, tags=["service"])
    service.add_api_route("/health", show_health, response_model=Health, responses={503: {"model": Health}})
    service.add_api_route("/health/deep", show_deep_health, response_model=DeepHealth, include_in_schema=False)
    service.add_api_route("/info", show_info)
    return service


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


def add_docs(app: FastAPI) -> None:
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
