"""Templates: the catalogue, templates of people's own, and starting from one."""

from __future__ import annotations

import json
import secrets
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import Field
from slugify import slugify

from lifetracker.core.db import Transaction
from lifetracker.core.errors import NotFound
from lifetracker.core.etags import refuse_stale
from lifetracker.core.pages import paged, read_cursor
from lifetracker.core.schemas import MAX_ID, Page, Text
from lifetracker.templates import repository
from lifetracker.templates.promise import completed, overlaid
from lifetracker.templates.schemas import (
    Author,
    Language,
    TemplateCreate,
    TemplatePatch,
    TemplatePublic,
    TemplateQuery,
)
from lifetracker.users import service as users
from lifetracker.users.schemas import Person

SLUG_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
TEXT_FIELDS = {"title", "description", "unit", "tags"}
Counted = Annotated[int, Field(ge=0, le=MAX_ID)]
# By sort: its own name, the value of the last item seen, its slug. A database takes no larger number and no NUL.
CURSORS: dict[str, Any] = {
    "popular": tuple[Literal["popular"], Counted, Text],
    "new": tuple[Literal["new"], Counted, Text],
    "title": tuple[Literal["title"], Text, Text],
}


class TemplateNotFound(NotFound):
    code = "template_not_found"


def list_templates(tx: Transaction, person: Person, language: Language, query: TemplateQuery) -> Page[TemplatePublic]:
    last = read_cursor(query.cursor, CURSORS[query.sort])
    after = last[1:] if last else None
    rows = repository.list_templates(
        tx, person.id, language, {"category": query.category, "q": query.q}, query.sort, after, query.limit + 1
    )
    names = users.display_names(tx, {row.author_id for row in rows if row.author_id is not None})
    return paged(rows, query.limit, lambda row: _cursor_key(row, query.sort), lambda row: _shown(row, names))


def _cursor_key(row: Any, sort: str) -> tuple[str, Any, str]:
    order = {"popular": "times_started", "new": "id", "title": "title_key"}[sort]
    return sort, getattr(row, order), row.slug


def show_template(tx: Transaction, person: Person, language: Language, slug: str) -> TemplatePublic:
    return _show(tx, _find(tx, person, language, slug))


def create_template(tx: Transaction, person: Person, language: Language, new: TemplateCreate) -> TemplatePublic:
    promise = completed(new.model_dump())
    text = _text(promise, language)
    promise |= {"author_id": person.id, "slug": _free_slug(tx, new.title)}
    repository.add_template(tx, promise, text)
    return show_template(tx, person, language, promise["slug"])


def change_template(
    tx: Transaction, person: Person, language: Language, slug: str, patch: TemplatePatch, if_match: str | None
) -> TemplatePublic:
    row = _find_own(tx, person, language, slug, if_match)
    changes = patch.model_dump(include=patch.model_fields_set)
    before = {name: getattr(row, name) for name in TemplateCreate.model_fields}
    promise = overlaid(before, changes)
    if promise == before:
        return _show(tx, row)
    repository.put_text(tx, row.id, _text(promise, row.locale))
    repository.change_template(tx, row.id, promise)
    return show_template(tx, person, language, slug)


def delete_template(tx: Transaction, person: Person, language: Language, slug: str, if_match: str | None) -> None:
    """What was started from it stays."""
    repository.delete_template(tx, _find_own(tx, person, language, slug, if_match).id)


def start_from(tx: Transaction, person: Person, language: Language, slug: str) -> TemplatePublic:
    """The template, counted as started once more."""
    row = _find(tx, person, language, slug)
    repository.count_start(tx, row.id)
    return _show(tx, row)


def refresh_catalogue(tx: Transaction) -> int:
    """Bring the built-in templates up to this release; what people made stays as it is. Answers how many there are."""
    known = repository.list_built_in(tx)
    catalogue = read_catalogue()
    for item in catalogue:
        fields = {name: value for name, value in item.items() if name != "texts"} | {"visibility": "public"}
        texts = [_searchable(text, locale) for locale, text in item["texts"].items()]
        if item["slug"] not in known:
            known[item["slug"]] = repository.add_template(tx, fields, texts[0])
        repository.change_template(tx, known[item["slug"]], fields)
        for text in texts:
            repository.put_text(tx, known[item["slug"]], text)
    for slug in known.keys() - {item["slug"] for item in catalogue}:
        repository.delete_template(tx, known[slug])
    return len(catalogue)


def read_catalogue() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(resources.files(__package__).joinpath("catalogue.json").read_text("utf-8"))
    return found


def _find(tx: Transaction, person: Person, language: Language, slug: str) -> Any:
    row = repository.find_template(tx, person.id, language, slug)
    if row is None:
        raise TemplateNotFound("there is no such template, or it is private")
    return row


def _find_own(tx: Transaction, person: Person, language: Language, slug: str, if_match: str | None) -> Any:
    row = repository.find_template(tx, person.id, language, slug)
    own = row if row is not None and row.author_id == person.id else None
    refuse_stale(if_match, lambda: _show(tx, own) if own else None)
    if own is None:
        raise TemplateNotFound("there is no such template of yours")
    return own


def _text(promise: dict[str, Any], locale: str) -> dict[str, Any]:
    """Takes the texts out of `promise`."""
    text = {name: promise.pop(name) for name in TEXT_FIELDS}
    return _searchable(text, locale)


def _searchable(text: dict[str, Any], locale: str) -> dict[str, Any]:
    """With what is only there to be looked for and ordered by: a database folds no case but that of ASCII."""
    search = "\n".join((text["title"], text["description"], *text["tags"])).casefold()
    return text | {"locale": locale, "title_key": text["title"].casefold(), "search": search}


def _free_slug(tx: Transaction, title: str) -> str:
    """Always with a random end: a free `my-plan` would tell whether somebody has a private one."""
    words = slugify(title, max_length=60, word_boundary=True) or "template"
    while True:
        slug = f"{words}-{''.join(secrets.choice(SLUG_ALPHABET) for _ in range(6))}"
        if not repository.slug_is_taken(tx, slug):
            return slug


def _show(tx: Transaction, row: Any) -> TemplatePublic:
    return _shown(row, users.display_names(tx, {row.author_id} - {None}))


def _shown(row: Any, names: dict[int, str]) -> TemplatePublic:
    fields = {name: getattr(row, name) for name in TemplatePublic.model_fields if name != "author"}
    author = None if row.author_id is None else Author(user_id=row.author_id, display_name=names[row.author_id])
    return TemplatePublic(**fields, author=author)
