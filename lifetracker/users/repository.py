"""Questions about people, and the reset codes and counted tries that belong to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update

from lifetracker.core.db import Transaction
from lifetracker.users.models import RESET_CODES, TRIES, USERS

PIECE = 100


def add_user(tx: Transaction, fields: dict[str, Any]) -> int:
    new_id: int = tx.exec(insert(USERS).values(**fields, created_at=tx.now).returning(USERS.c.id)).scalar_one()
    return new_id


def find_user(tx: Transaction, user_id: int) -> Row[Any] | None:
    return tx.exec(select(USERS).where(USERS.c.id == user_id)).one_or_none()


def find_by_address(tx: Transaction, address_key: str, email_keys: Collection[str]) -> Sequence[Row[Any]]:
    """Everybody who may have an address: by its key, or by one that the release before knows it by."""
    either = or_(USERS.c.address_key == address_key, USERS.c.email_key.in_(email_keys))
    return tx.exec(select(USERS).where(either)).all()


def list_without_address_key(tx: Transaction) -> Sequence[Row[Any]]:
    """Id and address of some whom the release before wrote down."""
    without = select(USERS.c.id, USERS.c.email).where(USERS.c.address_key.is_(None))
    return tx.exec(without.order_by(USERS.c.id).limit(PIECE)).all()


def list_addresses(tx: Transaction) -> Sequence[Row[Any]]:
    """Id and address of everybody."""
    return tx.exec(select(USERS.c.id, USERS.c.email).order_by(USERS.c.id)).all()


def list_users(tx: Transaction) -> Sequence[Row[Any]]:
    return tx.exec(select(USERS).order_by(USERS.c.id)).all()


def display_names(tx: Transaction, ids: Collection[int]) -> dict[int, str]:
    named = select(USERS.c.id, USERS.c.display_name).where(USERS.c.id.in_(ids))
    return {row.id: row.display_name for row in tx.exec(named)}


def change_user(tx: Transaction, user_id: int, changes: dict[str, Any]) -> None:
    tx.exec(update(USERS).where(USERS.c.id == user_id).values(**changes))


def delete_user(tx: Transaction, user_id: int) -> None:
    """And, by the foreign keys, every row of theirs."""
    tx.exec(delete(USERS).where(USERS.c.id == user_id))


def nth_latest_try(tx: Transaction, subject: str, nth: int, since: datetime) -> datetime | None:
    """When the `nth` try back from now was made, if that was after `since`."""
    latest = select(TRIES.c.at).where(TRIES.c.subject == subject, TRIES.c.at > since)
    at: datetime | None = tx.exec(latest.order_by(TRIES.c.at.desc()).offset(nth - 1).limit(1)).scalar()
    return at


def add_try(tx: Transaction, subject: str) -> int:
    new_id: int = tx.exec(insert(TRIES).values(subject=subject, at=tx.now).returning(TRIES.c.id)).scalar_one()
    return new_id


def forget_tries(tx: Transaction, ids: Iterable[int]) -> None:
    tx.exec(delete(TRIES).where(TRIES.c.id.in_(list(ids))))


def prune_tries(tx: Transaction, before: datetime) -> None:
    old = select(TRIES.c.id).where(TRIES.c.at < before).limit(PIECE)
    tx.exec(delete(TRIES).where(TRIES.c.id.in_(old)))


def put_reset(tx: Transaction, user_id: int, digest: str, expires_at: datetime) -> None:
    """The person's one code; an earlier one is worth nothing any more."""
    drop_resets(tx, user_id)
    tx.exec(insert(RESET_CODES).values(user_id=user_id, digest=digest, expires_at=expires_at))


def find_reset(tx: Transaction, digest: str) -> int | None:
    """Whose valid code it is."""
    valid = (RESET_CODES.c.digest == digest, RESET_CODES.c.expires_at > tx.now)
    user_id: int | None = tx.exec(select(RESET_CODES.c.user_id).where(*valid)).scalar()
    return user_id


def drop_resets(tx: Transaction, user_id: int) -> None:
    tx.exec(delete(RESET_CODES).where(RESET_CODES.c.user_id == user_id))
