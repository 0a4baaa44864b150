"""The tables of the daily log: one entry a person, challenge and day, and how each challenge stood."""

from __future__ import annotations

import datetime as dt
from datetime import datetime

from sqlalchemy import Column, Date, ForeignKeyConstraint, Index, SmallInteger, Text
from sqlmodel import Field, SQLModel

from lifetracker.core.db.models import BigId, UtcDateTime, table_of


class Entry(SQLModel, table=True):
    """The key is what every question asks for, so on SQLite the rows themselves lie in its order."""

    __tablename__ = "daily_log"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["challenge_id"], ["challenges.id"], ondelete="CASCADE"),
        # With the day in it: of `challenge_id` alone SQLite thinks so well that it leaves the key aside.
        Index(None, "challenge_id", "date"),
        {"sqlite_with_rowid": False},
    )

    user_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    challenge_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    date: dt.date = Field(sa_column=Column(Date, primary_key=True))
    value: float | None
    skipped: bool
    note: str | None = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class KeptStanding(SQLModel, table=True):
    """How a challenge stood when `open_from` began (see `attempts.Standing`); what its rules were then is told by when
    they were written, `rules_at`, and the person's week. On the upper `rung`, 0, that is today or a little before; on
    the lower, 1, at least a week ago. The log can rebuild every row, and triggers of the database drop one when a day
    that it counts is written, or its rules are."""

    __tablename__ = "standings"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["challenge_id"], ["challenges.id"], ondelete="CASCADE"),
        Index(None, "challenge_id"),
        {"sqlite_with_rowid": False},
    )

    user_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    rung: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    challenge_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    rules_at: datetime = Field(sa_type=UtcDateTime)
    week_starts_on: str = Field(sa_type=Text)
    open_from: dt.date
    number: int
    start: dt.date
    misses: int
    done: bool
    streak: int


DAILY_LOG = table_of(Entry)
STANDINGS = table_of(KeptStanding)
