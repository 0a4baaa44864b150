"""Logging in and out, named tokens, and the pace at which passwords may be tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Any

from lifetracker.core.auth import digest, hash_to_keep, new_token, password_fits
from lifetracker.core.cursors import paged, read_cursor
from lifetracker.core.db import Database, Transaction, asks_once
from lifetracker.core.errors import Forbidden, InvalidField, NotFound, Problem, TooMany, Unauthorized
from lifetracker.core.schemas import Id, Page
from lifetracker.users import repository, token_repository
from lifetracker.users.address_service import find_account
from lifetracker.users.addresses import address_key
from lifetracker.users.schemas import (
    Caller,
    Login,
    LoginForm,
    Person,
    TokenCreate,
    TokenCreated,
    TokenInUse,
    TokenPublic,
    TokenQuery,
)

LOGIN_WINDOW = timedelta(minutes=10)
REGISTRATION_WINDOW = timedelta(hours=1)
USE_NOTED_EVERY = timedelta(minutes=10)
MOST_TOKENS = 50
MOST_LOGINS = 50


class InvalidCredentials(Unauthorized):
    code = "invalid_credentials"


class AccountDisabled(Forbidden):
    code = "account_disabled"


class WrongPassword(Forbidden):
    code = "wrong_password"


class TooManyAttempts(Problem):
    status = 429
    code = "too_many_attempts"


class ExpiresInPast(InvalidField):
    code = "expires_in_past"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often may be tried in a window, by account and by address; None where nothing is counted."""

    per_account: int
    per_address: int
    registrations: int


@dataclass(frozen=True, slots=True)
class _LoginUnderWay:
    """A login under way: counted as failed until its password proved right."""

    tries: list[int]
    user_id: int | None
    password_hash: str | None


async def log_in(db: Database, form: LoginForm, address: str, pace: Pace | None, days: int) -> Login:
    """A new login token. An unknown address takes the same steps and the same time as a known one."""
    tried = await db.write(_begin_try, form.username, address, pace)
    kept_hash = await hash_to_keep(form.password.get_secret_value(), tried.password_hash)
    if kept_hash is None:
        raise InvalidCredentials("the e-mail address or the password is wrong")
    outcome = await db.write(_finish_login, tried, kept_hash, timedelta(days=days))
    if isinstance(outcome, AccountDisabled):
        raise outcome
    return outcome


async def check_own_password(db: Database, caller: Caller, password: str, address: str, pace: Pace | None) -> None:
    """Counted like a login: a stolen token must not try passwords faster."""
    own = await db.read(_own_email, caller.person.id)
    tried = await db.write(_begin_try, own, address, pace)
    if tried.user_id is None:
        raise NotFound("there is no such account any more")
    if not await password_fits(password, tried.password_hash):
        raise WrongPassword("the current password is another one")
    await db.write(_forget_try, tried)


def _own_email(tx: Transaction, user_id: int) -> str:
    row = repository.find_user(tx, user_id)
    if row is None:
        raise NotFound("there is no such account any more")
    email: str = row.email
    return email


def _begin_try(tx: Transaction, email: str, address: str, pace: Pace | None) -> _LoginUnderWay:
    limits = {} if pace is None else {digest(f"login {address_key(email)}"): pace.per_account}
    tries = begin_guess(tx, address, pace, limits)
    user = find_account(tx, email)
    if user is None:
        return _LoginUnderWay(tries, None, None)
    return _LoginUnderWay(tries, user.id, user.password_hash)


def begin_guess(tx: Transaction, address: str, pace: Pace | None, limits: Mapping[str, int] | None = None) -> list[int]:
    """Count a guess of a secret as wrong, by its address and by what else has `limits`, until `forget_guess` is told
    that it was right; `TooManyAttempts` when it is one too many. In a unit of its own, so that the count stays."""
    if pace is None:
        return []
    limits = {**(limits or {}), digest(f"login from {network(address)}"): pace.per_address}
    refuse_over(tx, limits, LOGIN_WINDOW)
    repository.prune_tries(tx, tx.now - REGISTRATION_WINDOW)
    return [repository.add_try(tx, subject) for subject in limits]


def forget_guess(tx: Transaction, tries: Iterable[int]) -> None:
    repository.forget_tries(tx, tries)


def _finish_login(tx: Transaction, tried: _LoginUnderWay, kept_hash: str, lasts: timedelta) -> Login | AccountDisabled:
    """Returns its refusal of a disabled account, so that the try, whose password was right, stays forgotten."""
    _forget_try(tx, tried)
    user = repository.find_user(tx, tried.user_id or 0)
    if user is None or user.password_hash != tried.password_hash:
        raise InvalidCredentials("the e-mail address or the password is wrong")
    if user.disabled_at is not None:
        return AccountDisabled("the operator has disabled this account")
    _bring_up(tx, user, {"password_hash": kept_hash, "address_key": address_key(user.email)})
    return _new_login(tx, user.id, lasts)


def _bring_up(tx: Transaction, user: Any, fields: dict[str, str]) -> None:
    """What the release before wrote, as this one would have."""
    if changed := {name: value for name, value in fields.items() if getattr(user, name) != value}:
        repository.change_user(tx, user.id, changed)


def _new_login(tx: Transaction, user_id: int, lasts: timedelta) -> Login:
    """Nobody is kept out by what they left open: beyond so many logins the one unused for longest ends."""
    token_repository.prune_tokens(tx)
    token_repository.keep_latest_logins(tx, user_id, MOST_LOGINS - 1)
    token = new_token()
    _add_token(tx, user_id, token, is_login=True, name="login", scope="write", expires_at=tx.now + lasts)
    return Login(access_token=token, expires_in=int(lasts.total_seconds()))


def _forget_try(tx: Transaction, tried: _LoginUnderWay) -> None:
    forget_guess(tx, tried.tries)


def refuse_over(tx: Transaction, limits: Mapping[str, int], window: timedelta) -> None:
    """Raise `TooManyAttempts` when a subject had its limit in the window already; says when enough have left it."""
    nth_latest = [repository.nth_latest_try(tx, *limit, tx.now - window) for limit in limits.items()]
    if blocking := [at for at in nth_latest if at is not None]:
        seconds = ceil((max(blocking) + window - tx.now).total_seconds())
        raise TooManyAttempts(f"try again in {seconds} seconds", headers={"Retry-After": str(seconds)})


def network(address: str) -> str:
    """An address as it is counted: of IPv6 the /64 that one household has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), 64), strict=False))


@asks_once
def authenticate(tx: Transaction, token: str) -> tuple[Caller, bool]:
    """Whose living token it is, and whether its use should be noted again; `Unauthorized` when it is none."""
    row = token_repository.find_caller(tx, digest(token))
    if row is None:
        raise Unauthorized("this token is unknown, expired or ended: log in again")
    person = Person(row.id, row.time_zone, clock_time(row.day_starts_at), row.week_starts_on, row.locale)
    caller = Caller(person, row.token_id, row.is_login, row.scope == "write")
    return caller, row.last_used_at is None or tx.now - row.last_used_at > USE_NOTED_EVERY


@lru_cache(maxsize=1024)
def clock_time(text: str) -> time:
    return time.fromisoformat(text)


def note_use(tx: Transaction, token_id: int) -> None:
    token_repository.note_use(tx, token_id)


def log_out(tx: Transaction, caller: Caller) -> None:
    token_repository.delete_token(tx, caller.person.id, caller.token_id)


def show_token(tx: Transaction, caller: Caller) -> TokenInUse:
    row = token_repository.find_token(tx, caller.person.id, caller.token_id)
    if row is None:
        raise Unauthorized("this token was ended meanwhile: log in again")
    return TokenInUse.model_validate(row, from_attributes=True)


def list_tokens(tx: Transaction, caller: Caller, page: TokenQuery) -> Page[TokenPublic]:
    after = read_cursor(page.cursor, Id) or 0
    rows = token_repository.list_tokens(tx, caller.person.id, after, page.limit + 1)
    return paged(rows, page.limit, lambda row: row.id, _shown)


def create_token(tx: Transaction, caller: Caller, new: TokenCreate) -> TokenCreated:
    """Refused for who has so many that live: logins do not count, nor what has expired."""
    if new.expires_at is not None and new.expires_at <= tx.now:
        raise ExpiresInPast("expires_at", "This instant has passed")
    if token_repository.count_named(tx, caller.person.id) >= MOST_TOKENS:
        raise TooMany(f"you have {MOST_TOKENS} tokens: end one that you no longer use")
    token = new_token()
    fields = new.model_dump()
    token_id = _add_token(tx, caller.person.id, token, is_login=False, **fields)
    return TokenCreated(id=token_id, token=token, created_at=tx.now, last_used_at=None, **fields)


def end_token(tx: Transaction, caller: Caller, token_id: int) -> None:
    if not token_repository.delete_token(tx, caller.person.id, token_id):
        raise NotFound("there is no such token, or it is not yours")


def _add_token(tx: Transaction, user_id: int, token: str, **fields: Any) -> int:
    return token_repository.add_token(tx, {"user_id": user_id, "digest": digest(token), **fields})


def _shown(row: Any) -> TokenPublic:
    return TokenPublic.model_validate(row, from_attributes=True)
