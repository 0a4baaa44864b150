"""Templates: the catalogue, templates of people's own, and starting from one."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from importlib import resources
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from lifetracker.core.cursors import paged, read_cursor
from lifetracker.core.db import Transaction
from lifetracker.core.errors import NotFound, TooMany
from lifetracker.core.http.etags import refuse_stale
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
from lifetracker.templates.wording import as_before, order_key, sought, words_of
from lifetracker.users import service as users
from lifetracker.users.schemas import Person

SLUG_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
MOST_TEMPLATES = 100
PIECE = 100
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
    filters = {"category": query.category, "any_of": _spellings(query.q or "")}
    rows = repository.list_templates(tx, person.id, language, filters, query.sort, after, query.limit + 1)
    names = users.display_names(tx, {row.author_id for row in rows if row.author_id is not None})
    return paged(rows, query.limit, lambda row: _cursor_key(row, query.sort), lambda row: _shown(row, names))


def _spellings(q: str) -> list[str]:
    """As this release looks for it, and as the one before wrote what it looks for; none where only spaces are asked."""
    return [sought(q), as_before(q)] if sought(q) else []


def _cursor_key(row: Any, sort: str) -> tuple[str, Any, str]:
    order = {"popular": "times_started", "new": "id", "title": "title_key"}[sort]
    return sort, getattr(row, order), row.slug


def show_template(tx: Transaction, person: Person, language: Language, slug: str) -> TemplatePublic:
    return _show(tx, _find(tx, person, language, slug))


def create_template(tx: Transaction, person: Person, language: Language, new: TemplateCreate) -> TemplatePublic:
    """Refused for who has as many as anybody may."""
    if repository.count_own(tx, person.id) >= MOST_TEMPLATES:
        raise TooMany(f"you have {MOST_TEMPLATES} templates: delete one that you no longer need")
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


def refresh_texts(tx: Transaction, after: int) -> int | None:
    """Bring what some of people's templates are found and ordered by up to this release, from the one with the id
    `after` on; answers the last one's id, None when there are no more."""
    rows = repository.list_people_texts(tx, after, PIECE)
    for row in rows:
        before = {name: getattr(row, name) for name in (*TEXT_FIELDS, "locale", "title_key", "search")}
        text = _searchable({name: before[name] for name in TEXT_FIELDS}, row.locale)
        if text != before:
            repository.put_text(tx, row.template_id, text)
    return rows[-1].template_id if rows else None


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
    """With what is only there to be looked for and ordered by, and for the release before what that one looks for."""
    parts = (text["title"], text["description"], *text["tags"])
    spellings = dict.fromkeys(("\n".join(map(sought, parts)), as_before("\n".join(parts))))
    return text | {"locale": locale, "title_key": order_key(text["title"]), "search": "\n".join(spellings)}


def _free_slug(tx: Transaction, title: str) -> str:
    """Always with a random end: a free `my-plan` would tell whether somebody has a private one."""
    words = words_of(title)
    while True:
        slug = f"{words}-{''.join(secrets.choice(SLUG_ALPHABET) for _ in range(6))}"
        if not repository.slug_is_taken(tx, slug):
            return slug


def _show(tx: Transaction, row: Any) -> TemplatePublic:
    return _shown(row, users.display_names(tx, {row.author_id} - {None}))


def _shown(row: Any, names: dict[int, str]) -> TemplatePublic:
    fields = {name: getattr(row, name) for name in TemplatePublic.model_fields if name != "author"}
    if row.hidden_at is not None:
        fields["visibility"] = "private"
    author = None if row.author_id is None else Author(user_id=row.author_id, display_name=names[row.author_id])
    return TemplatePublic(**fields, author=author)


# The operator's: by slug, as the list tells them.


class Judged(NamedTuple):
    """A template that people made public, or that is hidden; `author` is None for the built-in catalogue."""

    slug: str
    title: str
    author: str | None
    times_started: int
    is_hidden: bool


def list_judged(tx: Transaction) -> list[Judged]:
    rows = repository.list_judged(tx, "en")
    names = users.display_names(tx, {row.author_id for row in rows if row.author_id is not None})
    return [_judged(row, names) for row in rows]


def _judged(row: Any, names: dict[int, str]) -> Judged:
    """A person may have given no name, and names are no proof: their id stands with it."""
    author = None if row.author_id is None else f"{row.author_id} {names[row.author_id]}".strip()
    return Judged(row.slug, row.title, author, row.times_started, row.hidden_at is not None)


def hide_template(tx: Transaction, slug: str) -> None:
    """From now on it is in no list and 404 for everybody but its author; what was started from it stays."""
    _put_away(tx, slug, tx.now)


def unhide_template(tx: Transaction, slug: str) -> None:
    _put_away(tx, slug, None)


def _put_away(tx: Transaction, slug: str, at: datetime | None) -> None:
    if not repository.hide_template(tx, slug, at):
        raise TemplateNotFound("there is no such template: `lifetracker templates list` tells their slugs")
