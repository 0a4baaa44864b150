"""The tables of accounts: people, their tokens, what they tried, and what they asked once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKeyConstraint, Index, Text
from sqlmodel import Field, SQLModel

from lifetracker.core.db.models import BigId, UtcDateTime, table_of


def _of_user(*also: object) -> tuple[object, ...]:
    """A person's rows go with them. A table-level key: an inline one loses its ON DELETE in a rebuild."""
    return (ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"), *also)


class User(SQLModel, table=True):
    """`email` is the address as it was typed, and shown; `address_key` is what is compared.

    `email_key` is what the release before compares. It writes no `address_key`, and leaves one that it finds: the
    column leads to an account, and `email` alone says which address it has.
    """

    __tablename__ = "users"
    __table_args__ = (Index(None, "address_key"), {"sqlite_autoincrement": True})

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    email: str = Field(sa_type=Text)
    email_key: str = Field(sa_type=Text, unique=True)
    address_key: str | None = Field(default=None, sa_type=Text)
    password_hash: str = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    time_zone: str = Field(sa_type=Text)
    day_starts_at: str = Field(sa_type=Text)
    week_starts_on: str = Field(sa_type=Text)
    locale: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Token(SQLModel, table=True):
    """A login or a named token: one mechanism. `digest` is the SHA-256 of the token, which is kept nowhere."""

    __tablename__ = "tokens"
    __table_args__ = _of_user(Index(None, "user_id"), {"sqlite_autoincrement": True})

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    user_id: int = Field(sa_type=BigId)
    digest: str = Field(sa_type=Text, unique=True)
    is_login: bool
    name: str = Field(sa_type=Text)
    scope: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ResetCode(SQLModel, table=True):
    """A one-time code that the operator handed out; one a person."""

    __tablename__ = "password_resets"
    __table_args__ = _of_user()

    user_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    digest: str = Field(sa_type=Text, unique=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class Try(SQLModel, table=True):
    """A try that is counted: a login by account or address, a registration by address. `subject` is a digest."""

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "subject", "at"),)

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    subject: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class IdempotencyKey(SQLModel, table=True):
    """What a `POST` with an `Idempotency-Key` answered. `key` is a digest, `fingerprint` one of the whole request."""

    __tablename__ = "idempotency_keys"
    __table_args__ = _of_user({"sqlite_with_rowid": False})

    user_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    key: str = Field(sa_type=Text, primary_key=True)
    fingerprint: str = Field(sa_type=Text)
    result: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


USERS = table_of(User)
TOKENS = table_of(Token)
RESET_CODES = table_of(ResetCode)
TRIES = table_of(Try)
IDEMPOTENCY_KEYS = table_of(IdempotencyKey)
