"""What a route can be given of any request, whoever sends it: the database, settings, what was seen, from where."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from fastapi import Request

from lifetracker.core.config import Settings
from lifetracker.core.db import Database
from lifetracker.core.errors import NotFound
from lifetracker.core.http.route import Given, given_header


async def _database_of(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _local_caller(request: Request) -> str:
    """Of a request that came through a proxy, the server has put in the address that the proxy named."""
    address = request.client.host if request.client else ""
    try:
        if ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise NotFound(f"Not Found: {request.method} {request.url.path}")


# The address of a caller on this machine; to all others what asks for it is not there.
LocalCaller = Annotated[str, Given(_local_caller)]
DatabaseDep = Annotated[Database, Given(_database_of)]
SettingsDep = Annotated[Settings, Given(settings_of)]
Address = Annotated[str, Given(_address)]
IfMatch = Annotated[
    str | None, given_header("If-Match", "The `ETag` you read: refused with 412 when it was changed since")
]
IfNoneMatch = Annotated[
    str | None, given_header("If-None-Match", "The `ETag` you have: answered 304 when nothing changed")
]
IfNone = Annotated[
    str | None, given_header("If-None-Match", "`*` writes only where nothing is: refused with 412 where something is")
]
