"""What routers of every feature share: who calls, what they saw last, and how an answer is dressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response

from lifetracker.core.auth import token_of
from lifetracker.core.config import Settings
from lifetracker.core.db import Database
from lifetracker.core.errors import Forbidden, Given, Unauthorized, given_header
from lifetracker.core.http.etags import is_unchanged, tag_of
from lifetracker.core.schemas import Shown
from lifetracker.users import login_service
from lifetracker.users.idempotency_service import HEADER, IdempotencyNotForSecrets, Once, asked
from lifetracker.users.login_service import Pace
from lifetracker.users.schemas import Caller, Person
from lifetracker.users.service import require_login

READING = ("GET", "HEAD")
PERSONAL = b"private, no-cache"
SECURED: dict[str, Any] = {"security": [{"bearer": []}, {"token": []}]}


class ReadOnlyToken(Forbidden):
    code = "read_only_token"


async def _any_caller(request: Request) -> Caller:
    request.scope["caching"] = PERSONAL
    token = token_of(request.headers.get("authorization"))
    if not token:
        raise Unauthorized("send the header Authorization: Bearer TOKEN")
    db: Database = request.app.state.database
    caller, unnoted = await db.read(login_service.authenticate, token)
    if unnoted:
        await db.write_or_skip(login_service.note_use, caller.token_id)
    request.scope["caller"] = caller
    return caller


async def _caller(request: Request) -> Caller:
    caller = await _any_caller(request)
    if not caller.may_write and request.method not in READING:
        raise ReadOnlyToken("this token may only read")
    return caller


async def _user(request: Request) -> Person:
    return (await _caller(request)).person


async def _login(request: Request) -> Caller:
    caller = await _caller(request)
    require_login(caller)
    return caller


def person_of(request: Request) -> Person:
    """Who asks, for a dependency of an endpoint that has its `CurrentUser` or caller."""
    caller: Caller = request.scope["caller"]
    return caller.person


AnyCaller = Annotated[Caller, Given(_any_caller, SECURED)]
CurrentCaller = Annotated[Caller, Given(_caller, SECURED)]
CurrentUser = Annotated[Person, Given(_user, SECURED)]
CurrentLogin = Annotated[Caller, Given(_login, SECURED)]

IfMatch = Annotated[
    str | None, given_header("If-Match", "The `ETag` you read: refused with 412 when it was changed since")
]
IfNoneMatch = Annotated[
    str | None, given_header("If-None-Match", "The `ETag` you have: answered 304 when nothing changed")
]
IfNone = Annotated[
    str | None, given_header("If-None-Match", "`*` writes only where nothing is: refused with 412 where something is")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=200,
        description="The same key with the same request is done once and answered alike",
    ),
]


async def _once(request: Request, key: IdempotencyKey = None) -> Once:
    db: Database = request.app.state.database
    if key is None:
        return Once(db, None, lambda: None)

    def tell() -> None:
        request.scope["answer_headers"].append((b"idempotent-replayed", b"true"))

    path = request.scope["path"]
    return Once(db, asked(person_of(request).id, key, request.method, path, await request.body()), tell)


OnceDep = Annotated[Once, Depends(_once)]


async def refuse_idempotency(key: IdempotencyKey = None) -> None:
    """For answers that carry a secret: they are not kept, so they cannot be repeated."""
    if key is not None:
        raise IdempotencyNotForSecrets(HEADER, "This answer carries a secret and is not kept: leave the key out")


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _pace(request: Request) -> Pace | None:
    settings = await _settings(request)
    if settings.limits == "off":
        return None
    return Pace(
        settings.failed_logins_per_account, settings.failed_logins_per_address, settings.registrations_per_address
    )


async def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


SettingsDep = Annotated[Settings, Given(_settings)]
PaceDep = Annotated[Pace | None, Given(_pace)]
Address = Annotated[str, Given(_address)]


def answer(shown: Shown, status: int = 200, location: str | None = None) -> Response:
    """A JSON body of somebody's own, rendered once; `location` names what was made, below the root path."""
    response = _json(shown.model_dump_json(), status, location)
    response.headers["Cache-Control"] = PERSONAL.decode()
    return response


def written(fields: dict[str, Any]) -> Response:
    """A JSON body straight from its fields, where a model of each of many things would cost more than they do."""
    return Response(orjson.dumps(fields, vars, orjson.OPT_UTC_Z), media_type="application/json")


def secret(shown: Shown, status: int = 200, location: str | None = None) -> Response:
    """An answer that carries a token: nobody on its way may keep it (RFC 6749, 5.1)."""
    response = answer(shown, status, location)
    response.headers["Cache-Control"] = "no-store"
    return response


def tagged(
    shown: Shown,
    status: int = 200,
    location: str | None = None,
    *,
    seen: str | None = None,
    beside: Mapping[str, Shown] | None = None,
) -> Response:
    """An answer with the `ETag` of what it shows; 304 when the client has `seen` it.

    What is told `beside`, as further fields, is not covered by the tag.
    """
    body = shown.model_dump_json()
    tag = tag_of(shown, body)
    if is_unchanged(seen, tag):
        return Response(status_code=304, headers={"ETag": tag})
    more = (f',"{name}":{each.model_dump_json()}' for name, each in (beside or {}).items())
    response = _json("".join((body[:-1], *more, "}")), status, location)
    response.headers["ETag"] = tag
    return response


def _json(body: str, status: int, location: str | None) -> Response:
    response = Response(body, status, media_type="application/json")
    if location is not None:
        response.headers["Location"] = location
    return response
