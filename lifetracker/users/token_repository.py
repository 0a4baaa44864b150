"""Questions about tokens: of logins, and of programs that have a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, or_, select, update

from lifetracker.core.db import Transaction
from lifetracker.core.db.prepared import Prepared
from lifetracker.users.models import TOKENS, USERS

PIECE = 100

# One question finds token and person: it is asked before every other.
_CALLER = Prepared(
    select(
        TOKENS.c.id.label("token_id"),
        TOKENS.c.is_login,
        TOKENS.c.scope,
        TOKENS.c.last_used_at,
        USERS.c.id,
        USERS.c.time_zone,
        USERS.c.day_starts_at,
        USERS.c.week_starts_on,
        USERS.c.locale,
    )
    .join_from(TOKENS, USERS, TOKENS.c.user_id == USERS.c.id)
    .where(
        TOKENS.c.digest == bindparam("digest"),
        or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > bindparam("now", type_=TOKENS.c.expires_at.type)),
        USERS.c.disabled_at.is_(None),
    )
)


def find_caller(tx: Transaction, digest: str) -> Row[Any] | None:
    """The living token with this digest, and its person."""
    return next(iter(tx.ask(_CALLER, digest=digest, now=tx.now)), None)


def add_token(tx: Transaction, fields: dict[str, Any]) -> int:
    new_id: int = tx.exec(insert(TOKENS).values(**fields, created_at=tx.now).returning(TOKENS.c.id)).scalar_one()
    return new_id


def find_token(tx: Transaction, user_id: int, token_id: int) -> Row[Any] | None:
    return tx.exec(select(TOKENS).where(TOKENS.c.user_id == user_id, TOKENS.c.id == token_id)).one_or_none()


def count_named(tx: Transaction, user_id: int) -> int:
    """A person's living tokens that have a name."""
    named = select(func.count()).where(TOKENS.c.user_id == user_id, TOKENS.c.is_login.is_(False), _is_alive(tx))
    count: int = tx.exec(named).scalar_one()
    return count


def keep_latest_logins(tx: Transaction, user_id: int, count: int) -> None:
    """End all of a person's logins but so many, those that were used or made last."""
    logins = select(TOKENS.c.id).where(TOKENS.c.user_id == user_id, TOKENS.c.is_login.is_(True))
    by_use = func.coalesce(TOKENS.c.last_used_at, TOKENS.c.created_at).desc()
    kept = list(tx.exec(logins.order_by(by_use, TOKENS.c.id.desc()).limit(count)).scalars())
    gone = (TOKENS.c.user_id == user_id, TOKENS.c.is_login.is_(True), TOKENS.c.id.not_in(kept))
    tx.exec(delete(TOKENS).where(*gone))


def _is_alive(tx: Transaction) -> ColumnElement[bool]:
    return or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > tx.now)


def list_tokens(tx: Transaction, user_id: int, after: int, limit: int) -> Sequence[Row[Any]]:
    mine = select(TOKENS).where(TOKENS.c.user_id == user_id, TOKENS.c.id > after)
    return tx.exec(mine.order_by(TOKENS.c.id).limit(limit)).all()


def note_use(tx: Transaction, token_id: int) -> None:
    tx.exec(update(TOKENS).where(TOKENS.c.id == token_id).values(last_used_at=tx.now))


def delete_token(tx: Transaction, user_id: int, token_id: int) -> bool:
    """Whether there was one."""
    return tx.exec(delete(TOKENS).where(TOKENS.c.user_id == user_id, TOKENS.c.id == token_id)).rowcount > 0


def delete_tokens(tx: Transaction, user_id: int, but: int | None = None) -> None:
    """All of a person's tokens, but for the one that they are using."""
    theirs = delete(TOKENS).where(TOKENS.c.user_id == user_id)
    tx.exec(theirs if but is None else theirs.where(TOKENS.c.id != but))


def prune_tokens(tx: Transaction) -> None:
    dead = select(TOKENS.c.id).where(TOKENS.c.expires_at < tx.now).limit(PIECE)
    tx.exec(delete(TOKENS).where(TOKENS.c.id.in_(dead)))
