"""`/users`, `/auth`: accounts and tokens over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response

from lifetracker.core.errors import NotFound, TooMany
from lifetracker.core.http.answers import answer, secret
from lifetracker.core.http.openapi import refusals
from lifetracker.core.http.parameters import Address, DatabaseDep, SettingsDep
from lifetracker.core.http.route import JsonRoute
from lifetracker.core.schemas import Id, Page
from lifetracker.users import login_service, service
from lifetracker.users.address_service import EmailTaken
from lifetracker.users.dependencies import (
    AnyCaller,
    CurrentCaller,
    CurrentLogin,
    CurrentUser,
    OnceDep,
    PaceDep,
    refuse_idempotency,
)
from lifetracker.users.idempotency_service import IdempotencyNotForSecrets
from lifetracker.users.login_service import (
    AccountDisabled,
    ExpiresInPast,
    InvalidCredentials,
    TooManyAttempts,
    WrongPassword,
)
from lifetracker.users.schemas import (
    Login,
    LoginForm,
    PasswordChange,
    PasswordReset,
    TokenCreate,
    TokenCreated,
    TokenInUse,
    TokenPublic,
    TokenQuery,
    UserCreate,
    UserPatch,
    UserPublic,
)
from lifetracker.users.service import InvalidCode, LoginRequired, PasswordMissing, RegistrationClosed

router = APIRouter(route_class=JsonRoute, tags=["users"])


@router.post(
    "/users",
    status_code=201,
    response_model=UserPublic,
    responses=refusals(EmailTaken, RegistrationClosed, TooManyAttempts),
)
async def register_user(
    new: UserCreate, db: DatabaseDep, settings: SettingsDep, address: Address, pace: PaceDep
) -> Response:
    """Open an account."""
    is_open = settings.registration == "open"
    return answer(await service.register(db, new, address, pace, is_open=is_open), 201, "/users/me")


@router.get("/users/me")
async def show_me(user: CurrentUser, db: DatabaseDep) -> UserPublic:
    """My account."""
    return await db.read(service.show_user, user.id)


@router.patch(
    "/users/me", responses=refusals(EmailTaken, LoginRequired, PasswordMissing, WrongPassword, TooManyAttempts)
)
async def change_me(
    patch: UserPatch, caller: CurrentCaller, db: DatabaseDep, address: Address, pace: PaceDep
) -> UserPublic:
    """Change my account; a new e-mail address needs `current_password` beside it."""
    return await service.change_user(db, caller, patch, address, pace)


@router.delete("/users/me", status_code=204, responses=refusals(LoginRequired))
async def delete_me(caller: CurrentLogin, db: DatabaseDep) -> None:
    """Delete my account and every row of mine, at once and for good."""
    await db.write(service.delete_user, caller.person.id)


@router.post(
    "/users/me/password",
    status_code=204,
    responses=refusals(LoginRequired, WrongPassword, TooManyAttempts),
)
async def change_password(
    change: PasswordChange, caller: CurrentLogin, once: OnceDep, db: DatabaseDep, address: Address, pace: PaceDep
) -> None:
    """Set a new password; every other token of mine is dead."""
    await service.change_password(db, once, caller, change, address, pace)


@router.post("/auth/password-reset", status_code=204, responses=refusals(InvalidCode, TooManyAttempts))
async def reset_password(reset: PasswordReset, db: DatabaseDep, address: Address, pace: PaceDep) -> None:
    """Set a new password with a one-time code from the operator; every token of mine is dead."""
    await service.reset_password(db, reset, address, pace)


@router.post(
    "/auth/token", response_model=Login, responses=refusals(InvalidCredentials, AccountDisabled, TooManyAttempts)
)
async def log_in(
    form: Annotated[LoginForm, Form()], db: DatabaseDep, settings: SettingsDep, address: Address, pace: PaceDep
) -> Response:
    """Log in with e-mail address and password, a form as in OAuth 2."""
    return secret(await login_service.log_in(db, form, address, pace, settings.login_days))


@router.get("/auth/token")
async def show_token(caller: CurrentCaller, db: DatabaseDep) -> TokenInUse:
    """What the token that this request is sent with may do, and for how long."""
    return await db.read(login_service.show_token, caller)


@router.delete("/auth/token", status_code=204)
async def log_out(caller: AnyCaller, db: DatabaseDep) -> None:
    """End the token that this request is sent with."""
    await db.write(login_service.log_out, caller)


@router.get("/users/me/tokens")
async def list_tokens(
    caller: CurrentCaller, page: Annotated[TokenQuery, Query()], db: DatabaseDep
) -> Page[TokenPublic]:
    """My logins and named tokens, without their secrets."""
    return await db.read(login_service.list_tokens, caller, page)


@router.post(
    "/users/me/tokens",
    status_code=201,
    response_model=TokenCreated,
    responses=refusals(LoginRequired, ExpiresInPast, IdempotencyNotForSecrets, TooMany),
    dependencies=[Depends(refuse_idempotency)],
)
async def create_token(new: TokenCreate, caller: CurrentLogin, db: DatabaseDep) -> Response:
    """Make a named token; its secret is in this answer and never again."""
    token = await db.write(login_service.create_token, caller, new)
    return secret(token, 201, f"/users/me/tokens/{token.id}")


@router.delete("/users/me/tokens/{token_id}", status_code=204, responses=refusals(LoginRequired, NotFound))
async def end_token(token_id: Id, caller: CurrentLogin, db: DatabaseDep) -> None:
    """End one of my tokens."""
    await db.write(login_service.end_token, caller, token_id)
