"""Questions about templates and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from lifetracker.core.db import Transaction
from lifetracker.templates.models import TEMPLATES, TEXTS

Key = tuple[Any, ...]


class _ByCodePoint(FunctionElement[str]):
    """A text ordered by its code points, as SQLite does: PostgreSQL goes by the language its database was made with."""

    type = Text()
    name = "by_code_point"
    inherit_cache = True


@compiles(_ByCodePoint)
def _as_it_is(text: _ByCodePoint, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(text.clauses, **options)


@compiles(_ByCodePoint, "postgresql")
def _collated(text: _ByCodePoint, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(text.clauses, **options)} COLLATE "C")'


SLUG = _ByCodePoint(TEMPLATES.c.slug)

# What a list is ordered by, most wanted first, and whether that is descending; the slug makes every order total.
ORDERS: dict[str, tuple[ColumnElement[Any], bool]] = {
    "popular": (TEMPLATES.c.times_started, True),
    "new": (TEMPLATES.c.id, True),
    "title": (_ByCodePoint(TEXTS.c.title_key), False),
}


def _shown_to(user_id: int, language: str) -> Select[Any]:
    """Each template with one text: of the catalogue the one in this language, of a person's own the only one."""
    texts = [column for column in TEXTS.c if column.name not in ("template_id", "search")]
    return (
        select(TEMPLATES, *texts)
        .join_from(TEMPLATES, TEXTS, _one_text(language))
        .where(or_(_is_public(), TEMPLATES.c.author_id == user_id))
    )


def _one_text(language: str) -> ColumnElement[bool]:
    in_language = or_(TEXTS.c.locale == language, TEMPLATES.c.author_id.is_not(None))
    return and_(TEXTS.c.template_id == TEMPLATES.c.id, in_language)


def _is_public() -> ColumnElement[bool]:
    return and_(TEMPLATES.c.visibility == "public", TEMPLATES.c.hidden_at.is_(None))


def find_template(tx: Transaction, user_id: int, language: str, slug: str) -> Row[Any] | None:
    return tx.exec(_shown_to(user_id, language).where(TEMPLATES.c.slug == slug)).one_or_none()


def list_templates(
    tx: Transaction, user_id: int, language: str, filters: dict[str, Any], sort: str, after: Key | None, limit: int
) -> Sequence[Row[Any]]:
    """`filters` may hold `category`, and with `any_of` spellings of which the text has one; `after` is the order's
    value and the slug of the last one seen."""
    found = _shown_to(user_id, language)
    if filters.get("category"):
        found = found.where(TEMPLATES.c.category == filters["category"])
    if any_of := filters.get("any_of"):
        found = found.where(or_(*(TEXTS.c.search.contains(each, autoescape=True) for each in any_of)))
    order, descending = ORDERS[sort]
    if after is not None:
        found = found.where(_is_after(order, descending, after))
    direction = order.desc() if descending else order.asc()
    return tx.exec(found.order_by(direction, SLUG).limit(limit)).all()


def _is_after(order: ColumnElement[Any], descending: bool, after: Key) -> ColumnElement[bool]:
    value, slug = after
    if not descending:
        return tuple_(order, SLUG) > tuple_(value, slug)
    return or_(order < value, and_(order == value, slug < SLUG))


def slug_is_taken(tx: Transaction, slug: str) -> bool:
    return tx.exec(select(TEMPLATES.c.id).where(TEMPLATES.c.slug == slug)).first() is not None


def count_own(tx: Transaction, user_id: int) -> int:
    own = select(func.count()).where(TEMPLATES.c.author_id == user_id)
    count: int = tx.exec(own).scalar_one()
    return count


def add_template(tx: Transaction, fields: dict[str, Any], text: dict[str, Any]) -> int:
    values = fields | {"created_at": tx.now, "updated_at": tx.now}
    template_id: int = tx.exec(insert(TEMPLATES).values(**values).returning(TEMPLATES.c.id)).scalar_one()
    put_text(tx, template_id, text)
    return template_id


def change_template(tx: Transaction, template_id: int, fields: dict[str, Any]) -> None:
    tx.exec(update(TEMPLATES).where(TEMPLATES.c.id == template_id).values(**fields, updated_at=tx.now))


def put_text(tx: Transaction, template_id: int, text: dict[str, Any]) -> None:
    """`text` holds every column but the key; its `locale` says which text it is."""
    this = (TEXTS.c.template_id == template_id, TEXTS.c.locale == text["locale"])
    tx.exec(delete(TEXTS).where(*this))
    tx.exec(insert(TEXTS).values(template_id=template_id, **text))


def delete_template(tx: Transaction, template_id: int) -> None:
    tx.exec(delete(TEMPLATES).where(TEMPLATES.c.id == template_id))


def count_start(tx: Transaction, template_id: int) -> None:
    more = TEMPLATES.c.times_started + 1
    tx.exec(update(TEMPLATES).where(TEMPLATES.c.id == template_id).values(times_started=more))


def list_built_in(tx: Transaction) -> dict[str, int]:
    """Slug and id of each template of the catalogue."""
    rows = tx.exec(select(TEMPLATES.c.slug, TEMPLATES.c.id).where(TEMPLATES.c.author_id.is_(None)))
    return {row.slug: row.id for row in rows}


def list_people_texts(tx: Transaction, after: int, limit: int) -> Sequence[Row[Any]]:
    """Texts of templates that people made, those of one template together."""
    texts = select(TEXTS).join_from(TEXTS, TEMPLATES, TEXTS.c.template_id == TEMPLATES.c.id)
    theirs = texts.where(TEMPLATES.c.author_id.is_not(None), TEXTS.c.template_id > after)
    return tx.exec(theirs.order_by(TEXTS.c.template_id).limit(limit)).all()


# The operator's.


def list_judged(tx: Transaction, language: str) -> Sequence[Row[Any]]:
    """What people made public, and all that is hidden, oldest first."""
    columns = (TEMPLATES.c[name] for name in ("slug", "author_id", "times_started", "hidden_at"))
    theirs = and_(TEMPLATES.c.visibility == "public", TEMPLATES.c.author_id.is_not(None))
    listed = select(*columns, TEXTS.c.title).join_from(TEMPLATES, TEXTS, _one_text(language))
    return tx.exec(listed.where(or_(theirs, TEMPLATES.c.hidden_at.is_not(None))).order_by(TEMPLATES.c.id)).all()


def hide_template(tx: Transaction, slug: str, at: datetime | None) -> bool:
    """Whether there is one; None shows it again."""
    return tx.exec(update(TEMPLATES).where(TEMPLATES.c.slug == slug).values(hidden_at=at)).rowcount > 0
