"""What routers of every feature share of people: who calls, at which pace they may, and what is done once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request

from lifetracker.core.auth import token_of
from lifetracker.core.db import Database
from lifetracker.core.errors import Forbidden, Unauthorized
from lifetracker.core.http.answers import PERSONAL
from lifetracker.core.http.openapi import WHEN_WRITING
from lifetracker.core.http.parameters import settings_of
from lifetracker.core.http.route import Given
from lifetracker.users import login_service
from lifetracker.users.idempotency_service import HEADER, IdempotencyNotForSecrets, Once, asked
from lifetracker.users.login_service import Pace
from lifetracker.users.schemas import Caller, Person
from lifetracker.users.service import require_login

READING = ("GET", "HEAD")


class ReadOnlyToken(Forbidden):
    code = "read_only_token"


# What `/openapi.json` says of how one signs in, and of the operations that ask for it.
SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token: of a login (`POST /auth/token`), or a named one (`POST /users/me/tokens`).",
    },
    "token": {
        "type": "oauth2",
        "description": "Log in with e-mail address and password, and send the token that comes back.",
        "flows": {"password": {"scopes": {}, "tokenUrl": "auth/token"}},
    },
}
SECURED: dict[str, Any] = {"security": [{name: []} for name in SECURITY_SCHEMES]}
MAY_WRITE = SECURED | {WHEN_WRITING: {str(ReadOnlyToken.status): [ReadOnlyToken.code]}}


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
CurrentCaller = Annotated[Caller, Given(_caller, MAY_WRITE)]
CurrentUser = Annotated[Person, Given(_user, MAY_WRITE)]
CurrentLogin = Annotated[Caller, Given(_login, MAY_WRITE)]

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


async def _pace(request: Request) -> Pace | None:
    settings = await settings_of(request)
    if settings.limits == "off":
        return None
    return Pace(
        settings.failed_logins_per_account, settings.failed_logins_per_address, settings.registrations_per_address
    )


PaceDep = Annotated[Pace | None, Given(_pace)]
