"""What routers of every feature share: who calls, what they saw last, and how an answer is dressed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from lifetracker.core.auth import BearerToken
from lifetracker.core.config import Settings
from lifetracker.core.db import Database, DatabaseDep
from lifetracker.core.errors import Forbidden, Unauthorized
from lifetracker.core.etags import is_unchanged, tag_of
from lifetracker.core.schemas import Shown
from lifetracker.users import login_service
from lifetracker.users.idempotency_service import IdempotencyNotForSecrets, Once, asked
from lifetracker.users.login_service import Pace
from lifetracker.users.schemas import Caller, Person
from lifetracker.users.service import require_login

READING = ("GET", "HEAD")


class ReadOnlyToken(Forbidden):
    code = "read_only_token"


# Each of the four below asks for the token itself instead of standing on another: every level of dependencies costs a
# request about as much as the question that finds the token.


async def _any_caller(request: Request, token: BearerToken) -> Caller:
    if not token:
        raise Unauthorized("send the header Authorization: Bearer TOKEN")
    db: Database = request.app.state.database
    caller, unnoted = await db.read(login_service.authenticate, token)
    if unnoted:
        await db.write_or_skip(login_service.note_use, caller.token_id)
    return caller


AnyCaller = Annotated[Caller, Depends(_any_caller)]


async def _caller(request: Request, token: BearerToken) -> Caller:
    caller = await _any_caller(request, token)
    if not caller.may_write and request.method not in READING:
        raise ReadOnlyToken("this token may only read")
    return caller


CurrentCaller = Annotated[Caller, Depends(_caller)]


async def _user(request: Request, token: BearerToken) -> Person:
    return (await _caller(request, token)).person


CurrentUser = Annotated[Person, Depends(_user)]


async def _login(request: Request, token: BearerToken) -> Caller:
    caller = await _caller(request, token)
    require_login(caller)
    return caller


CurrentLogin = Annotated[Caller, Depends(_login)]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The `ETag` you read: refused with 412 when it was changed since"),
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="The `ETag` you have: answered 304 when nothing changed")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The same key with the same request is done once and answered alike",
    ),
]


async def _once(request: Request, user: CurrentUser, db: DatabaseDep, key: IdempotencyKey = None) -> Once:
    if key is None:
        return Once(db, None, lambda: None)

    def tell() -> None:
        request.scope["answer_headers"].append((b"idempotent-replayed", b"true"))

    path = request.scope["path"]
    return Once(db, asked(user.id, key, request.method, path, await request.body()), tell)


OnceDep = Annotated[Once, Depends(_once)]


async def refuse_idempotency(caller: CurrentLogin, key: IdempotencyKey = None) -> None:
    """For answers that carry a secret: they are not kept, so they cannot be repeated. Only a caller is told."""
    if key is not None:
        raise IdempotencyNotForSecrets("this answer carries a secret and is not kept: leave the key out")


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _pace(settings: SettingsDep) -> Pace | None:
    if settings.limits == "off":
        return None
    return Pace(
        settings.failed_logins_per_account, settings.failed_logins_per_address, settings.registrations_per_address
    )


async def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


SettingsDep = Annotated[Settings, Depends(_settings)]
PaceDep = Annotated[Pace | None, Depends(_pace)]
Address = Annotated[str, Depends(_address)]


def answer(shown: Shown, status: int = 200, location: str | None = None) -> Response:
    """A JSON body, rendered once; `location` names what was made, below the root path."""
    return _json(shown.model_dump_json(), status, location)


def secret(shown: Shown, status: int = 200, location: str | None = None) -> Response:
    """An answer that carries a token: nobody on its way may keep it (RFC 6749, 5.1)."""
    response = answer(shown, status, location)
    response.headers["Cache-Control"] = "no-store"
    return response


def tagged(
    shown: Shown, status: int = 200, location: str | None = None, *, of: Shown | None = None, seen: str | None = None
) -> Response:
    """An answer with the `ETag` of what it shows, or of `of` when it shows more; 304 when the client has `seen` it."""
    body = shown.model_dump_json()
    tag = tag_of(of) if of else tag_of(shown, body)
    if is_unchanged(seen, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response = _json(body, status, location)
    response.headers["ETag"] = tag
    return response


def _json(body: str, status: int, location: str | None) -> Response:
    response = Response(body, status, media_type="application/json")
    if location is not None:
        response.headers["Location"] = location
    return response
