"""The catalogue in the database: filled, brought up to a release, and never at the cost of what people made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lifetracker.core.db import Database, Transaction
from lifetracker.templates import repository
from lifetracker.templates.language import LANGUAGES
from lifetracker.templates.service import read_catalogue, refresh_catalogue
from tests.people import JSON, Client

SLUGS = {item["slug"] for item in read_catalogue()}


class TestRefreshCatalogue:
    def test_fills_an_empty_shelf(self, db: Database, anna: Client) -> None:
        whole = catalogue(anna)
        db.write_now(clear_shelf)
        assert catalogue(anna) == []

        db.write_now(refresh_catalogue)

        assert without(catalogue(anna), "created_at") == without(whole, "created_at")

    def test_answers_how_many_there_are(self, db: Database) -> None:
        assert db.write_now(refresh_catalogue) == len(SLUGS)

    def test_changes_nothing_the_second_time(self, db: Database, anna: Client) -> None:
        before = catalogue(anna)

        db.write_now(refresh_catalogue)

        assert catalogue(anna) == before

    def test_brings_rules_up_to_this_release(self, db: Database, anna: Client) -> None:
        before = anna.got("/templates/75-hard")
        old = {"target": 3.0, "on_miss": "fail", "allowed_misses": 9, "visibility": "private", "color": None}
        db.write_now(rewrite, "75-hard", old)

        db.write_now(refresh_catalogue)

        assert anna.got("/templates/75-hard") == before

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_brings_texts_up_to_this_release(self, db: Database, anna: Client, language: str) -> None:
        before = in_language(anna, "75-hard", language)
        db.write_now(retell, "75-hard", language)
        assert in_language(anna, "75-hard", language)["title"] == "Of old"

        db.write_now(refresh_catalogue)

        assert in_language(anna, "75-hard", language) == before
        assert found(anna, "of old") == []

    def test_removes_what_this_release_dropped(self, db: Database, anna: Client) -> None:
        db.write_now(add_built_in, "egg-diet")
        assert anna.got("/templates/egg-diet")["author"] is None

        db.write_now(refresh_catalogue)

        assert anna.get("/templates/egg-diet").status_code == 404

    def test_leaves_what_was_started_from_a_dropped_one(self, db: Database, anna: Client) -> None:
        db.write_now(add_built_in, "egg-diet")
        challenge = anna.made("/challenges", {"template": "egg-diet"})

        db.write_now(refresh_catalogue)

        assert anna.got(f"/challenges/{challenge['id']}") == challenge
        assert challenge["template"] == "egg-diet"

    def test_keeps_how_often_each_was_started(self, db: Database, anna: Client) -> None:
        anna.made("/challenges", {"template": "75-hard"})

        db.write_now(refresh_catalogue)

        assert anna.got("/templates/75-hard")["times_started"] == 1

    @pytest.mark.parametrize("visibility", ["public", "private"])
    def test_never_touches_what_people_made(self, db: Database, anna: Client, visibility: str) -> None:
        own = anna.made("/templates", {"title": "Mine", "kind": "check", "visibility": visibility})

        db.write_now(refresh_catalogue)

        assert anna.got(f"/templates/{own['slug']}") == own


class TestStartFrom:
    def test_counts_each_start(self, anna: Client, boris: Client) -> None:
        for person in (anna, boris, anna):
            person.made("/challenges", {"template": "dry-january"})

        assert anna.got("/templates/dry-january")["times_started"] == 3

    def test_counts_no_start_that_was_refused(self, anna: Client) -> None:
        assert anna.post("/challenges", json={"template": "75-hard", "target": 2}).status_code == 422

        assert anna.got("/templates/75-hard")["times_started"] == 0


class TestDeletedAccount:
    def test_takes_its_templates_along(self, anna: Client, boris: Client) -> None:
        slug = anna.made("/templates", {"title": "Mine", "kind": "check", "visibility": "public"})["slug"]
        challenge = boris.made("/challenges", {"template": slug})

        assert anna.delete("/users/me").status_code == 204

        assert boris.get(f"/templates/{slug}").status_code == 404
        assert found(boris, "mine") == []
        assert boris.got(f"/challenges/{challenge['id']}") == challenge

    def test_leaves_the_catalogue(self, people: Callable[..., Client], boris: Client) -> None:
        assert people("anna").delete("/users/me").status_code == 204

        assert {item["slug"] for item in catalogue(boris)} == SLUGS


def catalogue(person: Client) -> list[JSON]:
    """All templates, first in English, then in Russian."""
    items: list[JSON] = []
    for language in LANGUAGES:
        page = person.get("/templates", params={"limit": 200, "sort": "title"}, headers={"Accept-Language": language})
        items += page.json()["items"]
    return items


def without(items: list[JSON], name: str) -> list[JSON]:
    return [{key: value for key, value in item.items() if key != name} for item in items]


def in_language(person: Client, slug: str, language: str) -> JSON:
    template: JSON = person.get(f"/templates/{slug}", headers={"Accept-Language": language}).json()
    return template


def found(person: Client, text: str) -> list[str]:
    return [item["slug"] for item in person.got("/templates", q=text)["items"]]


def clear_shelf(tx: Transaction) -> None:
    for template_id in repository.list_built_in(tx).values():
        repository.delete_template(tx, template_id)


def rewrite(tx: Transaction, slug: str, fields: JSON) -> None:
    """As an earlier release had it."""
    repository.change_template(tx, repository.list_built_in(tx)[slug], fields)


def retell(tx: Transaction, slug: str, language: str) -> None:
    repository.put_text(tx, repository.list_built_in(tx)[slug], text_of_old(language))


def add_built_in(tx: Transaction, slug: str) -> None:
    fields = next(item for item in read_catalogue() if item["slug"] == "whole30")
    rules = {name: value for name, value in fields.items() if name != "texts"} | {"slug": slug, "visibility": "public"}
    repository.add_template(tx, rules, text_of_old("en"))


def text_of_old(language: str) -> JSON:
    words: JSON = {"title": "Of old", "title_key": "of old", "search": "of old", "description": ""}
    return words | {"locale": language, "unit": None, "tags": []}
