"""Accounts: opening, changing and deleting one, and the operator's part in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from lifetracker.core.auth import digest, hash_password, new_code, typed_code
from lifetracker.core.db import Database, Transaction
from lifetracker.core.db.holding import MANY
from lifetracker.core.errors import Forbidden, InvalidField, NotFound
from lifetracker.users import address_service, repository, token_repository
from lifetracker.users.address_service import fields_of, find_account
from lifetracker.users.idempotency_service import Once
from lifetracker.users.login_service import (
    REGISTRATION_WINDOW,
    Pace,
    WrongPassword,
    begin_guess,
    check_own_password,
    clock_time,
    forget_guess,
    network,
    refuse_over,
)
from lifetracker.users.schemas import (
    Caller,
    PasswordChange,
    PasswordReset,
    Person,
    UserCreate,
    UserPatch,
    UserPublic,
)

RESET_LASTS = timedelta(hours=24)


class RegistrationClosed(Forbidden):
    code = "registration_closed"


class LoginRequired(Forbidden):
    code = "login_required"


class PasswordMissing(InvalidField):
    code = "missing"


class InvalidCode(Forbidden):
    code = "invalid_code"


class UserUnknown(NotFound):
    code = "user_unknown"


async def register(db: Database, new: UserCreate, address: str, pace: Pace | None, *, is_open: bool) -> UserPublic:
    if not is_open:
        raise RegistrationClosed("the operator opens accounts here")
    if pace is not None:
        await db.write(_count_registration, address, pace.registrations)
    hashed = await hash_password(new.password.get_secret_value())
    return await db.write(add_user, new, hashed)


def _count_registration(tx: Transaction, address: str, limit: int) -> None:
    subject = digest(f"register from {network(address)}")
    refuse_over(tx, {subject: limit}, REGISTRATION_WINDOW)
    repository.add_try(tx, subject)
    repository.prune_tries(tx, tx.now - REGISTRATION_WINDOW)


def add_user(tx: Transaction, new: UserCreate, password_hash: str) -> UserPublic:
    fields = new.model_dump(exclude={"password"}) | fields_of(tx, new.email) | {"password_hash": password_hash}
    return show_user(tx, repository.add_user(tx, fields))


def show_user(tx: Transaction, user_id: int) -> UserPublic:
    row = repository.find_user(tx, user_id)
    if row is None:
        raise UserUnknown("there is no such account any more")
    return UserPublic.model_validate(row, from_attributes=True)


async def change_user(db: Database, caller: Caller, patch: UserPatch, address: str, pace: Pace | None) -> UserPublic:
    """A new e-mail address needs the password: whoever has it can have the password reset."""
    if "email" in patch.model_fields_set:
        require_login(caller)
        if patch.current_password is None:
            raise PasswordMissing("current_password", "A new email needs the current password beside it")
        await check_own_password(db, caller, patch.current_password.get_secret_value(), address, pace)
    return await db.write(_apply_patch, caller.person.id, patch)


def _apply_patch(tx: Transaction, user_id: int, patch: UserPatch) -> UserPublic:
    changes: dict[str, Any] = patch.model_dump(include=patch.model_fields_set - {"current_password"})
    if "email" in changes:
        changes |= fields_of(tx, changes["email"], user_id)
    if "display_name" in changes:
        changes["display_name"] = changes["display_name"] or ""
    if changes:
        repository.change_user(tx, user_id, changes)
    return show_user(tx, user_id)


async def change_password(
    db: Database, once: Once, caller: Caller, change: PasswordChange, address: str, pace: Pace | None
) -> None:
    require_login(caller)
    if not await once.was_done():
        try:
            await check_own_password(db, caller, change.current_password.get_secret_value(), address, pace)
        except WrongPassword:  # or a right one, had not this request's twin set the new one in this moment
            if not await once.was_done():
                raise
    hashed = await hash_password(change.new_password.get_secret_value())
    await once.write(set_password, caller.person.id, hashed, caller.token_id)


async def reset_password(db: Database, reset: PasswordReset, address: str, pace: Pace | None) -> None:
    """A wrong code counts like a failed login from this address, whoever's it might have been."""
    tries = await db.write(begin_guess, address, pace)
    code = digest(typed_code(reset.code.get_secret_value()))
    if await db.read(repository.find_reset, code) is None:
        raise InvalidCode("this code is unknown, used or expired: ask the operator for a new one")
    hashed = await hash_password(reset.new_password.get_secret_value())
    await db.write(_redeem_code, code, hashed, tries)


def _redeem_code(tx: Transaction, code: str, password_hash: str, tries: Iterable[int]) -> None:
    user_id = repository.find_reset(tx, code)
    if user_id is None:
        raise InvalidCode("this code is unknown, used or expired: ask the operator for a new one")
    forget_guess(tx, tries)
    set_password(tx, user_id, password_hash, None)


def set_password(tx: Transaction, user_id: int, password_hash: str, keep_token: int | None) -> None:
    """Every other token of theirs is dead, and so is a reset code that is still out."""
    repository.change_user(tx, user_id, {"password_hash": password_hash})
    repository.drop_resets(tx, user_id)
    token_repository.delete_tokens(tx, user_id, but=keep_token)


def require_login(caller: Caller) -> None:
    if not caller.is_login:
        raise LoginRequired("a named token may not do this: log in with the password")


def delete_user(tx: Transaction, user_id: int) -> None:
    tx.expect(MANY)
    repository.delete_user(tx, user_id)


# The operator's: by address, as they know people.


def list_users(tx: Transaction) -> list[tuple[UserPublic, bool]]:
    """Everybody, and whether they are disabled."""
    rows = repository.list_users(tx)
    return [(UserPublic.model_validate(row, from_attributes=True), row.disabled_at is not None) for row in rows]


def display_names(tx: Transaction, ids: Collection[int]) -> dict[int, str]:
    """What people call themselves, by their ids; for what shows one person to another, so never an e-mail address."""
    return repository.display_names(tx, ids) if ids else {}


def list_people(tx: Transaction) -> list[Person]:
    """Everybody, as units of work know them."""
    return [_person(row) for row in repository.list_users(tx)]


def list_twins(tx: Transaction) -> list[list[tuple[int, str]]]:
    """Ids and addresses of accounts that share one address: what was two to an earlier release is one to this."""
    return address_service.list_twins(tx)


def complete_addresses(tx: Transaction) -> int:
    """Bring some addresses that the release before wrote up to this one; 0 when none is left."""
    return address_service.complete(tx)


def find_person(tx: Transaction, email: str) -> Person:
    row = find_account(tx, email)
    if row is None:
        raise UserUnknown("there is no account with this e-mail address")
    return _person(row)


def _person(row: Any) -> Person:
    return Person(row.id, row.time_zone, clock_time(row.day_starts_at), row.week_starts_on, row.locale)


def disable(tx: Transaction, email: str) -> None:
    """No login from now on, and every token of theirs is dead."""
    person = find_person(tx, email)
    repository.change_user(tx, person.id, {"disabled_at": tx.now})
    token_repository.delete_tokens(tx, person.id)


def enable(tx: Transaction, email: str) -> None:
    repository.change_user(tx, find_person(tx, email).id, {"disabled_at": None})


def issue_reset_code(tx: Transaction, email: str) -> str:
    """A one-time code for `POST /auth/password-reset`, good for 24 hours."""
    code = new_code()
    repository.put_reset(tx, find_person(tx, email).id, digest(code), tx.now + RESET_LASTS)
    return code
