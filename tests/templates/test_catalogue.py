"""The catalogue as it is shipped: every template of it can be started, and promises what its name says."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from pydantic import TypeAdapter

from lifetracker.templates.fields import Slug
from lifetracker.templates.language import LANGUAGES
from lifetracker.templates.promise import completed
from lifetracker.templates.schemas import TemplateCreate
from lifetracker.templates.service import read_catalogue

CATALOGUE = {item["slug"]: item for item in read_catalogue()}
DAILY = {"type": "daily"}
DAILY_CHECK = {
    "kind": "check",
    "direction": "at_least",
    "target": 1,
    "schedule": DAILY,
    "duration_days": None,
    "on_miss": "continue",
    "allowed_misses": None,
}
# What clients were told these ten are.
PROMISED: dict[str, dict[str, Any]] = {
    "75-hard": DAILY_CHECK | {"duration_days": 75, "on_miss": "restart", "allowed_misses": 0},
    "dry-january": DAILY_CHECK | {"duration_days": 31},
    "10000-steps": DAILY_CHECK | {"kind": "measure", "target": 10_000},
    "read-20-pages": DAILY_CHECK | {"kind": "measure", "target": 20},
    "no-sugar-30": DAILY_CHECK | {"duration_days": 30},
    "meditate-10": DAILY_CHECK | {"kind": "measure", "target": 10},
    "drink-2-litres": DAILY_CHECK | {"kind": "measure", "target": 2},
    "plank-30": DAILY_CHECK | {"duration_days": 30},
    "couch-to-5k": DAILY_CHECK | {"schedule": {"type": "times", "count": 3, "per": "week"}, "duration_days": 9 * 7},
    "early-riser-21": DAILY_CHECK | {"duration_days": 21},
}


class TestCatalogue:
    def test_is_a_list_of_objects(self) -> None:
        written = json.loads(resources.files("lifetracker.templates").joinpath("catalogue.json").read_text("utf-8"))

        assert all(isinstance(item, dict) for item in written)
        assert len(written) == len(CATALOGUE)  # no slug comes twice

    def test_offers_at_least_thirty_in_six_categories(self) -> None:
        assert len(CATALOGUE) >= 30
        assert {item["category"] for item in CATALOGUE.values()} == {
            "fitness",
            "health",
            "nutrition",
            "mind",
            "learning",
            "lifestyle",
        }

    def test_has_every_kind_of_promise_to_choose_from(self) -> None:
        schedules = {item["schedule"]["type"] for item in CATALOGUE.values()}

        assert schedules == {"daily", "weekly", "times", "interval"}
        assert {item["direction"] for item in CATALOGUE.values()} == {"at_least", "at_most"}
        assert {item["on_miss"] for item in CATALOGUE.values()} == {"continue", "fail", "restart"}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_has_a_title_of_its_own_for_each(self, language: str) -> None:
        titles = [item["texts"][language]["title"].casefold() for item in CATALOGUE.values()]

        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("slug", sorted(PROMISED))
class TestPromisedTemplate:
    def test_has_the_rules_that_its_name_says(self, slug: str) -> None:
        rules = {name: CATALOGUE[slug][name] for name in PROMISED[slug]}

        assert rules == PROMISED[slug]


@pytest.mark.parametrize("slug", sorted(CATALOGUE))
class TestEveryTemplate:
    def test_has_texts_in_every_language(self, slug: str) -> None:
        assert set(CATALOGUE[slug]["texts"]) == set(LANGUAGES)

    def test_says_in_its_language_what_it_is(self, slug: str) -> None:
        russian = CATALOGUE[slug]["texts"]["ru"]["description"]
        english = CATALOGUE[slug]["texts"]["en"]["description"]

        assert any("а" <= letter <= "я" for letter in russian)
        assert not any("а" <= letter <= "я" for letter in english.lower())

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_could_be_a_persons_own(self, slug: str, language: str) -> None:
        item = {name: value for name, value in CATALOGUE[slug].items() if name not in ("slug", "texts")}

        template = TemplateCreate.model_validate(item | CATALOGUE[slug]["texts"][language])

        promise = template.model_dump()
        assert completed(promise) == promise  # nothing is left open, nothing contradicts

    def test_has_a_slug_that_can_be_asked_for(self, slug: str) -> None:
        assert TypeAdapter(Slug).validate_python(slug) == slug

    def test_has_a_unit_in_every_language_or_in_none(self, slug: str) -> None:
        units = [text["unit"] for text in CATALOGUE[slug]["texts"].values()]

        assert all(units) if CATALOGUE[slug]["kind"] == "measure" else units == [None] * len(units)
