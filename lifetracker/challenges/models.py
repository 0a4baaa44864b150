"""The tables of challenges: what each promises, and the turns its life took."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import TypeAdapter
from sqlalchemy import Column, ForeignKeyConstraint, Index, Text
from sqlmodel import Field, SQLModel

from lifetracker.core.db.models import BigId, ReadOnce, UtcDateTime, table_of
from lifetracker.templates.schedule import STORED, AnySchedule


class Challenge(SQLModel, table=True):
    """`template` is the slug it came from, though that may be gone; `imported_as` what an imported file calls it.

    `rules_at` is when its rules were last written, or its life took a turn; null where code that does not tell it apart
    wrote the challenge: then `updated_at` is.
    """

    __tablename__ = "challenges"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        Index(None, "user_id", "position", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    user_id: int = Field(sa_type=BigId)
    title: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    template: str | None = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    direction: str = Field(sa_type=Text)
    target: float
    unit: str | None = Field(sa_type=Text)
    schedule: AnySchedule = Field(sa_type=ReadOnce(STORED))
    first_start_date: date
    duration_days: int | None
    on_miss: str = Field(sa_type=Text)
    allowed_misses: int | None
    tags: list[str] = Field(sa_type=ReadOnce(TypeAdapter(list[str])))
    color: str | None = Field(sa_type=Text)
    icon: str | None = Field(sa_type=Text)
    position: int
    imported_as: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    rules_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Turn(SQLModel, table=True):
    """A turn in a challenge's life. A `pause` and an `archive` run from `from_date` until the day before `until_date`
    (open while that is null); a `restart` is the day on which its owner began again."""

    __tablename__ = "challenge_turns"
    __table_args__ = (
        ForeignKeyConstraint(["challenge_id"], ["challenges.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        Index(None, "challenge_id"),
        Index(None, "user_id"),
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    user_id: int = Field(sa_type=BigId)
    challenge_id: int = Field(sa_type=BigId)
    kind: str = Field(sa_type=Text)
    from_date: date
    until_date: date | None


CHALLENGES = table_of(Challenge)
TURNS = table_of(Turn)
