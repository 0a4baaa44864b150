"""The tables of templates: what they promise, and their texts in each language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index, Text
from sqlmodel import Field, SQLModel

from lifetracker.core.db.models import BigId, UtcDateTime, table_of


class Template(SQLModel, table=True):
    """`author_id` is null for the built-in catalogue, whose rows an upgrade may rewrite; what has a `hidden_at`, the
    operator hid."""

    __tablename__ = "challenge_templates"
    __table_args__ = (
        ForeignKeyConstraint(["author_id"], ["users.id"], ondelete="CASCADE"),
        Index(None, "author_id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    slug: str = Field(sa_type=Text, unique=True)
    author_id: int | None = Field(default=None, sa_type=BigId)
    visibility: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    direction: str = Field(sa_type=Text)
    target: float
    schedule: dict[str, Any] = Field(sa_type=JSON)
    duration_days: int | None
    on_miss: str = Field(sa_type=Text)
    allowed_misses: int | None
    color: str | None = Field(sa_type=Text)
    icon: str | None = Field(sa_type=Text)
    times_started: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    hidden_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TemplateText(SQLModel, table=True):
    """What a template says in one language; `title_key` puts titles in order, `search` holds all of the text as it is
    looked for, by this release and by the one before."""

    __tablename__ = "challenge_template_texts"
    __table_args__ = (
        ForeignKeyConstraint(["template_id"], ["challenge_templates.id"], ondelete="CASCADE"),
        {"sqlite_with_rowid": False},
    )

    template_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    locale: str = Field(sa_type=Text, primary_key=True)
    title: str = Field(sa_type=Text)
    title_key: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    unit: str | None = Field(sa_type=Text)
    tags: list[str] = Field(sa_type=JSON)
    search: str = Field(sa_type=Text)


TEMPLATES = table_of(Template)
TEXTS = table_of(TemplateText)
