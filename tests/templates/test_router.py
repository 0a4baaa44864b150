"""Templates over HTTP."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Literal
from unicodedata import normalize

import pytest
from fastapi import FastAPI
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from lifetracker.core.db import Database, Transaction
from lifetracker.templates.models import TEXTS
from lifetracker.templates.service import (
    hide_template,
    read_catalogue,
    refresh_catalogue,
    refresh_texts,
    unhide_template,
)
from tests.people import JSON, Client, FrozenClock, refusal
from tests.users.accounts import everything

NOT_FOUND = (404, "template_not_found")
STALE = (412, "stale")
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
BUILT_IN = [item["slug"] for item in read_catalogue()]
WALK: JSON = {"title": "Walk", "kind": "check"}
COFFEE: JSON = {
    "title": "Less coffee",
    "description": "Tea counts, too.",
    "category": "nutrition",
    "kind": "measure",
    "direction": "at_most",
    "target": 2.5,
    "unit": "cups",
    "schedule": {"type": "weekly", "days": ["mon", "fri"]},
    "duration_days": 30,
    "on_miss": "fail",
    "allowed_misses": 3,
    "tags": ["drinks", "limit"],
    "color": "#795548",
    "icon": "☕",
    "visibility": "public",
}
CLEARED: JSON = {
    "description": "",
    "unit": None,
    "duration_days": None,
    "tags": [],
    "color": None,
    "icon": None,
    "allowed_misses": 0,
}
ANY_LETTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
ANY_TITLE = st.text(ANY_LETTERS, max_size=199).map("{}.".format)


class TestListTemplates:
    def test_shows_the_catalogue_and_my_own(self, anna: Client) -> None:
        own = anna.made("/templates", WALK)

        assert sorted(slugs(anna, limit=200)) == sorted([*BUILT_IN, own["slug"]])

    def test_shows_what_others_made_public(self, anna: Client, boris: Client) -> None:
        public = anna.made("/templates", COFFEE)
        private = anna.made("/templates", WALK)

        assert public in listed(boris, limit=200)
        assert private["slug"] not in slugs(boris, limit=200)

    def test_shows_each_as_it_is_shown_alone(self, anna: Client) -> None:
        for template in listed(anna, limit=3):
            assert anna.got(f"/templates/{template['slug']}") == template

    def test_shows_fifty_unless_told(self, anna: Client) -> None:
        assert len(listed(anna)) == 50

    def test_keeps_to_a_category(self, anna: Client) -> None:
        nutrition = [item["slug"] for item in read_catalogue() if item["category"] == "nutrition"]

        assert sorted(slugs(anna, category="nutrition")) == sorted(nutrition)

    def test_may_find_nothing(self, anna: Client) -> None:
        assert anna.got("/templates", category="other") == {"items": [], "next_cursor": None}

    def test_refuses_a_query_that_cannot_be(self, anna: Client) -> None:
        for query in (
            {"category": "sport"},
            {"sort": "random"},
            {"limit": 0},
            {"limit": 201},
            {"limit": "many"},
            {"q": "q" * 101},
            {"q": "a\0b"},
        ):
            assert refused(anna.get("/templates", params=query)) == list(query)

    def test_takes_the_limits_themselves(self, anna: Client) -> None:
        assert [len(listed(anna, limit=limit)) for limit in (1, 200)] == [1, len(BUILT_IN)]


class TestSearch:
    def test_looks_into_title_and_tags_whatever_the_case(self, anna: Client) -> None:
        for text in ("dry january", "DRY JANUARY", "ry jan", "Sober"):
            assert slugs(anna, q=text) == ["dry-january"]

    def test_looks_into_the_description(self, anna: Client) -> None:
        assert slugs(anna, q="andy frisella's") == ["75-hard"]

    def test_looks_into_cyrillic_whatever_the_case(self, people: Callable[..., Client]) -> None:
        olga = people("olga", locale="ru")

        for text in ("Сухой январь", "СУХОЙ ЯНВАРЬ", "хой янв", "ТРЕЗВОСТЬ"):
            assert slugs(olga, q=text) == ["dry-january"]

    @pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
    @pytest.mark.parametrize(
        "written", ["Ранний подъём", "ранний подъем", "РАННИЙ ПОДЪЁМ", "ранний  подъем", " подъём:\t21\n"]
    )
    def test_finds_russian_however_it_is_typed(self, people: Callable[..., Client], written: str, form: Form) -> None:
        olga = people("olga", locale="ru")

        assert slugs(olga, q=normalize(form, written)) == ["early-riser-21"]

    def test_finds_a_persons_own_however_it_was_written(self, anna: Client) -> None:
        for title, asked in (
            ("Zq\u00a0Cafe\u0301  cr\u00e8me", ("zq caf\u00e9 CR\u00c8ME", "ZQ CAFE\u0301", " zq\u3000cafe\u0301 ")),
            ("Zq Йога \u0438\u0306", ("zq йога й", "ZQ \u0418\u0306ОГА Й")),
            ("Zq Straße", ("zq strasse", "ZQ STRASSE", "zq straße", "ZQ STRAẞE")),
            ("Zq ＦＵＬＬ １０", ("zq full 10", "ｚｑ ｆｕｌｌ １０")),
            ("Zq ΟΔΟΣ", ("zq οδος", "zq οδοσ")),
            ("Zq Istanbul İpek ılık", ("zq istanbul ipek ilik", "ZQ ISTANBUL İPEK ILIK")),
            ("Zq push\u00adup", ("zq pushup", "zq push\u00adup")),
            ("Zq 👨\u200d👩\u200d👧", ("zq 👨\u200d👩\u200d👧",)),
        ):
            slug = anna.made("/templates", WALK | {"title": title})["slug"]
            for q in asked:
                assert slugs(anna, q=q) == [slug], q
            anna.delete(f"/templates/{slug}")

    @pytest.mark.parametrize("q", ["йод", "и\u0306од"])
    def test_takes_no_other_letter_for_the_same(self, anna: Client, q: str) -> None:
        anna.made("/templates", WALK | {"title": "Zq Иод"})

        assert slugs(anna, q=f"zq {q}") == []
        assert slugs(anna, q="zq cafe") == []

    @pytest.mark.parametrize("q", [" ", "\u00a0\u3000", "\u200b\ufeff", "\t\n"])
    def test_finds_everything_by_nothing_but_spaces(self, anna: Client, q: str) -> None:
        assert len(listed(anna, q=q, limit=200)) == len(BUILT_IN)

    def test_finds_what_the_release_before_wrote(self, anna: Client, db: Database) -> None:
        """By what it looks for; and all else from the next `lifetracker db upgrade` on."""
        slug = anna.made("/templates", WALK | {"title": "Zq Подъём"})["slug"]
        db.write_now(rewritten_before, "Zq Подъём")
        assert (slugs(anna, q="ZQ ПОДЪЁМ"), slugs(anna, q="zq подъем")) == ([slug], [])

        assert db.write_now(refresh_texts, 0) is not None

        assert slugs(anna, q="zq подъем") == [slug]

    def test_is_found_by_the_release_before(self, anna: Client, db: Database) -> None:
        anna.made("/templates", WALK | {"title": "Zq  Подъём", "tags": ["Zq\u00a0Ё"]})

        kept = db.read_now(lambda tx: tx.exec(select(TEXTS.c.search).where(TEXTS.c.title.contains("Zq"))).scalar_one())

        assert all(words.casefold() in kept for words in ("Zq  Подъём", "Zq\u00a0Ё"))

    def test_keeps_to_the_language_of_the_texts(self, anna: Client) -> None:
        assert slugs(anna, q="Сухой") == []

    def test_takes_every_sign_to_the_letter(self, anna: Client) -> None:
        anna.made("/templates", WALK | {"title": "Zqxzq"})
        made = {
            sign: anna.made("/templates", WALK | {"title": f"Zq{sign}zq"})["slug"]
            for sign in ("%", "_", "/", "\\", "[", "'", '"', "100%_/")
        }

        assert {sign: slugs(anna, q=f"Zq{sign}ZQ") for sign in made} == {sign: [slug] for sign, slug in made.items()}

    def test_does_not_join_a_title_to_what_follows(self, anna: Client) -> None:
        anna.made("/templates", WALK | {"title": "Zqone", "description": "zqtwo", "tags": ["zqthree"]})

        assert slugs(anna, q="zqonezqtwo") == []

    def test_finds_a_changed_template_by_its_new_texts_only(self, anna: Client) -> None:
        slug = anna.made("/templates", WALK | {"title": "Zqold"})["slug"]
        anna.changed(f"/templates/{slug}", {"title": "Zqnew"})

        assert slugs(anna, q="zqnew") == [slug]
        assert slugs(anna, q="zqold") == []

    def test_goes_together_with_a_category(self, anna: Client) -> None:
        assert slugs(anna, q="january", category="nutrition") == ["veganuary"]

    def test_finds_everything_when_nothing_is_asked(self, anna: Client) -> None:
        assert len(listed(anna, q="", limit=200)) == len(BUILT_IN)

    def test_finds_no_private_ones_of_others(self, anna: Client, boris: Client) -> None:
        anna.made("/templates", WALK | {"title": "Zqsecret"})

        assert slugs(boris, q="zqsecret") == []


class TestSort:
    def test_puts_the_most_started_first(self, anna: Client) -> None:
        for slug in ("whole30", "75-hard", "whole30"):
            anna.made("/challenges", {"template": slug})

        assert slugs(anna, limit=3) == ["whole30", "75-hard", min({*BUILT_IN} - {"whole30", "75-hard"})]

    def test_puts_the_newest_first(self, anna: Client) -> None:
        first, second = (anna.made("/templates", WALK)["slug"] for _ in range(2))

        assert slugs(anna, sort="new", limit=2) == [second, first]

    def test_orders_titles_whatever_the_case(self, anna: Client) -> None:
        titles = ["Éclair", "banana", "Ящик", "APPLE", "apple pie", "ёлка", "Ель", "_low", "10 km", "9 km", "Zebra"]
        for title in titles:
            anna.made("/templates", WALK | {"title": title})

        shown = [template["title"] for template in listed(anna, sort="title", category="other")]

        assert shown == [
            *("_low", "10 km", "9 km", "APPLE", "apple pie", "banana", "Éclair", "Zebra"),
            "ёлка",
            "Ель",
            "Ящик",
        ]

    def test_puts_е_and_ё_beside_each_other(self, anna: Client) -> None:
        titles = ["ёжик", "еда", "жук", "ежик", "Ежик", "е\u0308ж", "ЁЖ", "йод", "икра", "клюв", "Иод"]
        for title in titles:
            anna.made("/templates", WALK | {"title": title})

        shown = [template["title"] for template in listed(anna, sort="title", category="other")]

        plain = [normalize("NFC", title).casefold() for title in shown]
        assert plain == ["еда", "ёж", "ёж", "ежик", "ежик", "ёжик", "жук", "икра", "иод", "йод", "клюв"]

    @pytest.mark.parametrize("letter", ["🔥", '"', "ё", "ﷺ", "e\u0301"])
    def test_goes_on_after_the_longest_titles(self, anna: Client, letter: str) -> None:
        for number in range(3):
            anna.made("/templates", WALK | {"title": (letter * 200)[:199] + str(number)})

        found = walk(anna, sort="title", limit=1, category="other")

        assert len(set(found)) == len(found) == 3

    def test_orders_equal_titles_by_slug(self, anna: Client) -> None:
        made = [anna.made("/templates", WALK)["slug"] for _ in range(4)]

        assert slugs(anna, sort="title", category="other") == sorted(made)


class TestCursors:
    @pytest.mark.parametrize("sort", ["popular", "new", "title"])
    @pytest.mark.parametrize("limit", [7, len(BUILT_IN)])
    def test_walk_over_everything_once(self, anna: Client, sort: str, limit: int) -> None:
        anna.made("/challenges", {"template": "yoga-30"})
        whole = slugs(anna, sort=sort, limit=200)

        assert walk(anna, sort=sort, limit=limit) == whole
        assert sorted(whole) == sorted(BUILT_IN)

    @pytest.mark.parametrize("sort", ["popular", "new", "title"])
    def test_walk_over_ties_one_by_one(self, anna: Client, sort: str) -> None:
        made = [anna.made("/templates", WALK)["slug"] for _ in range(4)]

        assert sorted(walk(anna, sort=sort, limit=1, category="other")) == sorted(made)

    def test_keep_their_place_when_something_new_comes(self, anna: Client) -> None:
        for title in ("b", "d"):
            anna.made("/templates", WALK | {"title": title})
        page = anna.got("/templates", sort="title", category="other", limit=1)

        for title in ("a", "c"):
            anna.made("/templates", WALK | {"title": title})

        rest = listed(anna, sort="title", category="other", cursor=page["next_cursor"])
        assert [template["title"] for template in rest] == ["c", "d"]

    def test_keep_their_place_when_the_last_one_seen_goes(self, anna: Client) -> None:
        first = anna.made("/templates", WALK | {"title": "a"})
        anna.made("/templates", WALK | {"title": "b"})
        page = anna.got("/templates", sort="title", category="other", limit=1)

        anna.delete(f"/templates/{first['slug']}")

        rest = listed(anna, sort="title", category="other", cursor=page["next_cursor"])
        assert [template["title"] for template in rest] == ["b"]

    @pytest.mark.parametrize("sort", ["popular", "new", "title"])
    def test_are_refused_when_no_list_gave_them_out(self, anna: Client, sort: str) -> None:
        for cursor in ("", "x", "!", "кот", "c" * 1001, packed(None), packed([]), packed(7), packed([sort, "a"])):
            assert refused(anna.get("/templates", params={"sort": sort, "cursor": cursor})) == ["cursor"]

    def test_are_refused_when_a_database_could_not_take_them(self, anna: Client) -> None:
        for sort, value, slug in (
            ("popular", 10**30, "a"),
            ("popular", -1, "a"),
            ("popular", True, "a"),
            ("popular", "1", "a"),
            ("new", 2**63, "a"),
            ("new", 1, "a\0"),
            ("title", "a\0", "b"),
            ("title", "a", "\ud800"),
        ):
            cursor = packed([sort, value, slug])
            assert refused(anna.get("/templates", params={"sort": sort, "cursor": cursor})) == ["cursor"]

    def test_belong_to_their_sort(self, anna: Client) -> None:
        for given_by, used in (("popular", "new"), ("new", "popular"), ("popular", "title"), ("title", "new")):
            cursor = anna.got("/templates", sort=given_by, limit=1)["next_cursor"]
            assert refused(anna.get("/templates", params={"sort": used, "cursor": cursor})) == ["cursor"]


class TestLanguage:
    @pytest.mark.parametrize(
        ("header", "title"),
        [
            ("ru", "Сухой январь"),
            ("de, ru;q=0.5, en;q=0.4", "Сухой январь"),
            ("ru;q=0.4, en-GB;q=0.5", "Dry January"),
            ("fr", "Dry January"),
        ],
    )
    def test_is_what_the_header_wishes(self, anna: Client, header: str, title: str) -> None:
        accept = {"Accept-Language": header}

        assert anna.get("/templates/dry-january", headers=accept).json()["title"] == title
        assert anna.get("/templates", params={"q": title}, headers=accept).json()["items"][0]["title"] == title

    @pytest.mark.parametrize(("locale", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("en-US", "en"), ("fr", "en")])
    def test_is_else_the_persons_own(self, people: Callable[..., Client], locale: str, language: str) -> None:
        person = people("olga", locale=locale)

        assert person.got("/templates/dry-january")["locale"] == language
        assert {template["locale"] for template in listed(person)} == {language}

    def test_changes_every_text(self, anna: Client) -> None:
        template = anna.get("/templates/10000-steps", headers={"Accept-Language": "ru"}).json()

        assert (template["unit"], template["tags"]) == ("шагов", ["ходьба", "шаги", "прогулки"])
        assert "шагов" in template["description"]

    def test_of_a_persons_own_template_is_the_one_it_was_written_in(self, anna: Client, boris: Client) -> None:
        made = anna.post("/templates", json=COFFEE | {"title": "Кофе"}, headers={"Accept-Language": "ru"}).json()

        assert made["locale"] == "ru"
        assert boris.got(f"/templates/{made['slug']}") == made
        assert made in listed(boris, limit=200)

    def test_stays_when_the_author_changes_it_from_elsewhere(self, anna: Client) -> None:
        made = anna.post("/templates", json=WALK, headers={"Accept-Language": "ru"}).json()

        assert anna.changed(f"/templates/{made['slug']}", {"title": "Ходить"})["locale"] == "ru"
        assert slugs(anna, q="ходить") == [made["slug"]]


class TestCreateTemplate:
    @pytest.mark.parametrize("said", [WALK, {"title": "Walk"}, WALK | {"description": None, "tags": None}])
    def test_fills_in_what_is_not_said(self, anna: Client, said: JSON) -> None:
        template = anna.made("/templates", said)

        assert template.pop("slug").startswith("walk-")
        assert template == {
            "title": "Walk",
            "description": "",
            "category": "other",
            "kind": "check",
            "direction": "at_least",
            "target": 1.0,
            "unit": None,
            "schedule": {"type": "daily"},
            "duration_days": None,
            "on_miss": "continue",
            "allowed_misses": None,
            "tags": [],
            "color": None,
            "icon": None,
            "visibility": "private",
            "author": {"user_id": anna.got("/users/me")["id"], "display_name": "Anna"},
            "locale": "en",
            "times_started": 0,
            "created_at": "2026-03-11T12:00:00Z",
        }

    def test_keeps_all_that_is_said(self, anna: Client) -> None:
        template = anna.made("/templates", COFFEE)

        assert {name: template[name] for name in COFFEE} == COFFEE

    def test_answers_201_and_where_it_is(self, anna: Client) -> None:
        response = anna.post("/templates", json=WALK)

        assert response.status_code == 201
        shown = anna.get(response.headers["location"])
        assert shown.json() == response.json()
        assert shown.headers["etag"] == response.headers["etag"]

    def test_allows_no_miss_unless_it_is_said(self, anna: Client) -> None:
        assert anna.made("/templates", WALK | {"on_miss": "restart"})["allowed_misses"] == 0

    def test_names_the_fields_that_cannot_be(self, anna: Client) -> None:
        for fields, wrong in (
            ({"target": 5}, ["target"]),
            ({"unit": "km", "direction": "at_most"}, ["direction", "unit"]),
            ({"kind": "measure"}, ["target"]),
            ({"kind": "measure", "target": 0}, ["target"]),
            ({"allowed_misses": 1}, ["allowed_misses"]),
            ({"schedule": {"type": "times", "count": 8, "per": "week"}}, ["schedule.count"]),
            ({"schedule": {"type": "weekly", "days": []}}, ["schedule.days"]),
            ({"schedule": {"type": "daily", "days": ["mon"]}}, ["schedule.days"]),
            ({"tags": ["ok", "t" * 41]}, ["tags.1"]),
            ({"titel": "Walk"}, ["titel"]),
        ):
            assert refused(anna.post("/templates", json=WALK | fields)) == wrong

    def test_refuses_what_is_not_json(self, anna: Client) -> None:
        for body in ('{"title": "Walk", "kind": "measure", "target": NaN}', "{", '{"title": "\\ud800"}'):
            response = anna.post("/templates", content=body, headers={"Content-Type": "application/json"})
            assert refusal(response) == (422, "invalid_json")

    def test_makes_nothing_when_it_refuses(self, anna: Client) -> None:
        anna.post("/templates", json=WALK | {"unit": "km"})

        assert listed(anna, category="other") == []

    def test_keeps_texts_to_the_letter(self, anna: Client) -> None:
        for text in (
            "'; DROP TABLE challenge_templates; --",
            "👩‍👩‍👧‍👦 family 🏳️‍🌈",
            '"quotes" «ёлочки» \\ backslash',
            "  spaces around  ",
            "line\nbreak\ttab\u2028",
            "e\u0301 é ﬀ ß İ ı",
            "\u202eright to left",
            "<script>alert(1)</script> {{7*7}} %s {0}",
        ):
            texts = {"title": text, "description": text, "tags": [text[:40]], "icon": text[:40]}
            slug = anna.made("/templates", WALK | texts)["slug"]
            assert texts.items() <= anna.got(f"/templates/{slug}").items()

    def test_is_done_once_with_one_key(self, anna: Client) -> None:
        first, again = (anna.post("/templates", json=WALK, headers={"Idempotency-Key": "k"}) for _ in range(2))

        assert again.headers["idempotent-replayed"] == "true"
        assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
        assert len(listed(anna, category="other")) == 1


class TestOneTooMany:
    def test_is_refused(self, anna: Client, boris: Client) -> None:
        made = [anna.made("/templates", WALK)["slug"] for _ in range(100)]

        assert refusal(anna.post("/templates", json=WALK)) == (409, "too_many")
        assert boris.post("/templates", json=WALK).status_code == 201

        anna.delete(f"/templates/{made[0]}")
        assert anna.post("/templates", json=WALK).status_code == 201


class TestHidden:
    @pytest.fixture
    def slug(self, anna: Client, db: Database) -> str:
        """Of a template of Anna's that was public."""
        made: str = anna.made("/templates", COFFEE)["slug"]
        db.write_now(hide_template, made)
        return made

    def test_is_not_there_for_others(self, boris: Client, slug: str) -> None:
        assert refusal(boris.get(f"/templates/{slug}")) == NOT_FOUND
        assert refusal(boris.post("/challenges", json={"template": slug})) == NOT_FOUND
        assert slugs(boris, q="less coffee") == []
        assert slug not in slugs(boris, limit=200)

    def test_stays_its_authors_as_a_private_one(self, anna: Client, slug: str) -> None:
        assert anna.got(f"/templates/{slug}")["visibility"] == "private"
        assert slugs(anna, q="less coffee") == [slug]
        assert anna.changed(f"/templates/{slug}", {"title": "Tea"})["title"] == "Tea"
        assert anna.delete(f"/templates/{slug}").status_code == 204

    def test_does_not_come_back_by_its_authors_hand(self, anna: Client, boris: Client, slug: str) -> None:
        for visibility in ("private", "public"):
            anna.changed(f"/templates/{slug}", {"visibility": visibility})

        assert refusal(boris.get(f"/templates/{slug}")) == NOT_FOUND

    def test_comes_back_when_it_is_shown_again(self, boris: Client, db: Database, slug: str) -> None:
        db.write_now(unhide_template, slug)

        assert boris.got(f"/templates/{slug}")["visibility"] == "public"

    def test_leaves_what_was_started_from_it(self, anna: Client, boris: Client, db: Database) -> None:
        made = anna.made("/templates", COFFEE)["slug"]
        challenge = boris.made("/challenges", {"template": made})

        db.write_now(hide_template, made)

        assert boris.got(f"/challenges/{challenge['id']}") == challenge

    def test_may_be_of_the_catalogue_and_stays_so_in_the_next_release(self, anna: Client, db: Database) -> None:
        db.write_now(hide_template, "75-hard")

        db.write_now(refresh_catalogue)

        assert refusal(anna.get("/templates/75-hard")) == NOT_FOUND
        assert len(slugs(anna, limit=200)) == len(BUILT_IN) - 1


class TestSlug:
    def test_is_made_from_the_title(self, anna: Client) -> None:
        for title, words in (
            ("My plan", "my-plan"),
            ("  100% Ready!  ", "100-ready"),
            ("Планка за 30 дней", "planka-za-30-dnei"),
            ("Ёлка", "elka"),
            (normalize("NFD", "Ёлка, йога и café"), "elka-ioga-i-cafe"),
            (normalize("NFC", "Ёлка, йога и café"), "elka-ioga-i-cafe"),
            ("Ｆｕｌｌ ｗｉｄｔｈ", "full-width"),
            ("日本語", "ri-ben-yu"),
            ("🔥🔥", "template"),
            ("--- !!! ---", "template"),
            ("'; DROP TABLE users", "drop-table-users"),
            ("a" * 200, "a" * 60),
            ("word " * 40, "-".join(["word"] * 12)),
        ):
            slug = anna.made("/templates", WALK | {"title": title})["slug"]
            assert re.fullmatch(rf"{words}-[a-z2-9]{{6}}", slug)

    def test_is_unique(self, anna: Client, boris: Client) -> None:
        made = {person.made("/templates", WALK)["slug"] for person in (anna, boris, anna)}

        assert len(made) == 3

    def test_does_not_tell_of_a_private_one(self, anna: Client, boris: Client) -> None:
        """The first of its title looks like any later one."""
        shape = re.compile(r"walk-[a-z2-9]{6}")

        assert shape.fullmatch(anna.made("/templates", WALK)["slug"])
        assert shape.fullmatch(boris.made("/templates", WALK)["slug"])

    def test_stays_when_the_title_changes(self, anna: Client) -> None:
        slug = anna.made("/templates", WALK)["slug"]

        assert anna.changed(f"/templates/{slug}", {"title": "Run"})["slug"] == slug

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(title=ANY_TITLE)
    def test_leads_to_a_template_of_any_title(self, anna: Client, title: str) -> None:
        made = anna.post("/templates", json=WALK | {"title": title})

        assert anna.got(made.headers["location"])["title"] == title


class TestShowTemplate:
    def test_answers_304_while_nothing_changed(self, anna: Client) -> None:
        tag = anna.get("/templates/75-hard").headers["etag"]

        response = anna.get("/templates/75-hard", headers={"If-None-Match": tag})

        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)

    def test_knows_the_tag_in_every_form(self, anna: Client) -> None:
        tag = anna.get("/templates/75-hard").headers["etag"]

        for form in (f"W/{tag}", f'"other", {tag}', f'"other",W/{tag}', "*"):
            assert anna.get("/templates/75-hard", headers={"If-None-Match": form}).status_code == 304

    def test_answers_200_once_it_was_started_again(self, anna: Client) -> None:
        tag = anna.get("/templates/75-hard").headers["etag"]
        anna.made("/challenges", {"template": "75-hard"})

        response = anna.get("/templates/75-hard", headers={"If-None-Match": tag})

        assert (response.status_code, response.json()["times_started"]) == (200, 1)

    def test_has_a_tag_for_each_language(self, anna: Client) -> None:
        tag = anna.get("/templates/75-hard").headers["etag"]

        russian = anna.get("/templates/75-hard", headers={"If-None-Match": tag, "Accept-Language": "ru"})

        assert russian.status_code == 200

    def test_answers_404_to_what_is_not_there(self, anna: Client) -> None:
        for slug in ("no-such-template", "75-Hard", "75_hard", "a" * 101, "%00", "'"):
            assert refusal(anna.get(f"/templates/{slug}"))[0] == 404


class TestChangeTemplate:
    def test_changes_only_what_is_sent(self, anna: Client) -> None:
        before = anna.made("/templates", COFFEE)

        after = anna.changed(f"/templates/{before['slug']}", {"target": 1})

        assert after == before | {"target": 1.0}
        assert anna.got(f"/templates/{before['slug']}") == after

    def test_changes_everything_that_is_sent(self, anna: Client) -> None:
        before = anna.made("/templates", WALK)

        after = anna.changed(f"/templates/{before['slug']}", COFFEE)

        assert after == before | COFFEE

    def test_leaves_all_as_it_was_when_nothing_is_sent(self, anna: Client) -> None:
        before = anna.made("/templates", COFFEE)

        assert anna.changed(f"/templates/{before['slug']}", {}) == before

    def test_clears_with_null(self, anna: Client) -> None:
        before = anna.made("/templates", COFFEE)

        after = anna.changed(f"/templates/{before['slug']}", dict.fromkeys(CLEARED))

        assert after == before | CLEARED

    def test_clears_nothing_that_must_be(self, anna: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]

        for field in ("title", "category", "kind", "direction", "target", "schedule", "on_miss", "visibility"):
            assert refused(anna.patch(f"/templates/{slug}", json={field: None})) == [field]

    def test_drops_what_went_with_the_old_kind(self, anna: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]

        after = anna.changed(f"/templates/{slug}", {"kind": "check"})

        assert (after["target"], after["unit"], after["direction"]) == (1.0, None, "at_least")

    def test_drops_what_went_with_the_old_on_miss(self, anna: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]

        assert anna.changed(f"/templates/{slug}", {"on_miss": "continue"})["allowed_misses"] is None

    def test_refuses_what_the_whole_could_not_be(self, anna: Client) -> None:
        before = anna.made("/templates", COFFEE)

        for changes, field in (
            ({"target": 0, "direction": "at_least"}, "target"),
            ({"kind": "check", "unit": "km"}, "unit"),
            ({"on_miss": "continue", "allowed_misses": 1}, "allowed_misses"),
            ({"slug": "mine"}, "slug"),
            ({"times_started": 100}, "times_started"),
            ({"author": None}, "author"),
            ({"locale": "ru"}, "locale"),
        ):
            response = anna.patch(f"/templates/{before['slug']}", json={"description": "Changed", **changes})
            assert refused(response) == [field]
        assert anna.got(f"/templates/{before['slug']}") == before

    @pytest.mark.parametrize("changes", [{}, COFFEE, {"title": COFFEE["title"]}])
    def test_writes_nothing_when_nothing_changes(
        self, anna: Client, db: Database, clock: FrozenClock, changes: JSON
    ) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]
        before = everything(db)
        clock.pass_(minutes=1)

        anna.changed(f"/templates/{slug}", changes)

        assert everything(db) == before

    def test_leaves_what_was_started_from_it(self, anna: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]
        challenge = anna.made("/challenges", {"template": slug})

        anna.changed(f"/templates/{slug}", {"title": "No coffee", "target": 0})

        assert anna.got(f"/challenges/{challenge['id']}") == challenge

    def test_hides_it_from_others_once_it_is_private(self, anna: Client, boris: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]

        anna.changed(f"/templates/{slug}", {"visibility": "private"})

        assert refusal(boris.get(f"/templates/{slug}")) == NOT_FOUND

    def test_answers_with_its_new_tag(self, anna: Client) -> None:
        made = anna.post("/templates", json=WALK)

        changed = anna.patch(made.headers["location"], json={"title": "Run"})

        assert changed.headers["etag"] == anna.get(made.headers["location"]).headers["etag"] != made.headers["etag"]

    def test_takes_the_tag_that_was_read(self, anna: Client) -> None:
        location = anna.post("/templates", json=WALK).headers["location"]

        for form in ("{0}", "W/{0}", '"other", {0}', "*"):
            match = {"If-Match": form.format(anna.get(location).headers["etag"])}
            assert anna.changed(location, {"title": form}, headers=match)["title"] == form

    def test_refuses_a_tag_of_before_a_change(self, anna: Client) -> None:
        made = anna.post("/templates", json=WALK)
        anna.changed(made.headers["location"], {"title": "Run"})

        response = anna.patch(
            made.headers["location"], json={"title": "Swim"}, headers={"If-Match": made.headers["etag"]}
        )

        assert refusal(response) == STALE
        assert anna.got(made.headers["location"])["title"] == "Run"

    def test_takes_a_tag_of_before_it_was_started(self, anna: Client, boris: Client) -> None:
        made = anna.post("/templates", json=COFFEE)
        boris.made("/challenges", {"template": made.json()["slug"]})

        after = anna.changed(made.headers["location"], {"title": "Tea"}, headers={"If-Match": made.headers["etag"]})

        assert (after["title"], after["times_started"]) == ("Tea", 1)

    def test_takes_a_tag_of_before_its_author_changed_their_name(self, anna: Client) -> None:
        made = anna.post("/templates", json=COFFEE)
        anna.changed("/users/me", {"display_name": "Anna K."})

        after = anna.changed(made.headers["location"], {"title": "Tea"}, headers={"If-Match": made.headers["etag"]})

        assert (after["title"], after["author"]["display_name"]) == ("Tea", "Anna K.")

    def test_refuses_any_tag_of_what_is_gone(self, anna: Client) -> None:
        made = anna.post("/templates", json=WALK)
        anna.delete(made.headers["location"])

        for tag in ("*", made.headers["etag"]):
            assert refusal(anna.patch(made.headers["location"], json={}, headers={"If-Match": tag})) == STALE


class TestDeleteTemplate:
    def test_removes_it(self, anna: Client) -> None:
        slug = anna.made("/templates", WALK)["slug"]

        response = anna.delete(f"/templates/{slug}")

        assert (response.status_code, response.content) == (204, b"")
        assert refusal(anna.get(f"/templates/{slug}")) == NOT_FOUND
        assert slugs(anna, category="other") == []

    def test_answers_404_the_second_time(self, anna: Client) -> None:
        slug = anna.made("/templates", WALK)["slug"]
        anna.delete(f"/templates/{slug}")

        assert refusal(anna.delete(f"/templates/{slug}")) == NOT_FOUND

    def test_leaves_what_was_started_from_it(self, anna: Client, boris: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]
        challenge = boris.made("/challenges", {"template": slug})

        anna.delete(f"/templates/{slug}")

        assert boris.got(f"/challenges/{challenge['id']}") == challenge
        assert challenge["template"] == slug

    def test_starts_nothing_from_it_any_more(self, anna: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]
        anna.delete(f"/templates/{slug}")

        assert refusal(anna.post("/challenges", json={"template": slug})) == NOT_FOUND

    def test_refuses_a_tag_of_before_a_change(self, anna: Client) -> None:
        made = anna.post("/templates", json=WALK)
        anna.changed(made.headers["location"], {"title": "Run"})

        response = anna.delete(made.headers["location"], headers={"If-Match": made.headers["etag"]})

        assert refusal(response) == STALE
        assert anna.get(made.headers["location"]).status_code == 200

    def test_takes_the_tag_that_was_read(self, anna: Client) -> None:
        made = anna.post("/templates", json=WALK)

        response = anna.delete(made.headers["location"], headers={"If-Match": f"W/{made.headers['etag']}"})

        assert response.status_code == 204
        assert refusal(anna.delete(made.headers["location"], headers={"If-Match": "*"})) == STALE


class TestBuiltInTemplate:
    def test_belongs_to_nobody(self, anna: Client) -> None:
        template = anna.got("/templates/75-hard")

        assert (template["author"], template["visibility"]) == (None, "public")

    def test_is_changed_and_deleted_by_nobody(self, anna: Client) -> None:
        before = anna.got("/templates/75-hard")

        assert refusal(anna.patch("/templates/75-hard", json={"title": "Soft"})) == NOT_FOUND
        assert refusal(anna.delete("/templates/75-hard")) == NOT_FOUND
        assert anna.got("/templates/75-hard") == before


class TestTemplateOfAnother:
    @pytest.mark.parametrize("visibility", ["public", "private"])
    def test_is_changed_and_deleted_by_its_author_alone(self, anna: Client, boris: Client, visibility: str) -> None:
        before = anna.made("/templates", COFFEE | {"visibility": visibility})
        path = f"/templates/{before['slug']}"

        assert refusal(boris.patch(path, json={"title": "Mine"})) == NOT_FOUND
        assert refusal(boris.delete(path)) == NOT_FOUND
        assert anna.got(path) == before

    def test_can_be_read_and_started_when_it_is_public(self, anna: Client, boris: Client) -> None:
        template = anna.made("/templates", COFFEE)

        assert boris.got(f"/templates/{template['slug']}") == template
        assert boris.made("/challenges", {"template": template["slug"]})["title"] == "Less coffee"

    def test_is_not_there_when_it_is_private(self, anna: Client, boris: Client) -> None:
        """Word for word as where there is none, so that it tells of nothing."""
        slug = anna.made("/templates", WALK)["slug"]

        assert problems(boris, slug) == problems(boris, "walk-aaaaaa")

    def test_can_be_started_by_its_author_though_private(self, anna: Client) -> None:
        slug = anna.made("/templates", WALK)["slug"]

        assert anna.made("/challenges", {"template": slug})["template"] == slug


class TestAuthor:
    def test_is_an_id_and_a_name_and_never_an_email(self, anna: Client, boris: Client) -> None:
        slug = anna.made("/templates", COFFEE)["slug"]

        shown = boris.get(f"/templates/{slug}")

        assert shown.json()["author"] == {"user_id": anna.got("/users/me")["id"], "display_name": "Anna"}
        assert "example.test" not in shown.text + boris.get("/templates", params={"limit": 200}).text

    def test_has_no_name_who_gave_none(self, people: Callable[..., Client], boris: Client) -> None:
        nameless = people("carla", display_name="")
        slug = nameless.made("/templates", COFFEE)["slug"]

        assert boris.got(f"/templates/{slug}")["author"]["display_name"] == ""


class TestWhoMay:
    def test_only_who_has_a_token(self, visitor: Client) -> None:
        responses = [
            visitor.get("/templates"),
            visitor.post("/templates", json=WALK),
            visitor.get("/templates/75-hard"),
            visitor.patch("/templates/75-hard", json={}),
            visitor.delete("/templates/75-hard"),
        ]

        assert [refusal(response) for response in responses] == [(401, "unauthorized")] * 5

    def test_only_read_with_a_token_for_reading(self, app: FastAPI, anna: Client) -> None:
        slug = anna.made("/templates", WALK)["slug"]
        reader = Client(app, anna.made("/users/me/tokens", {"name": "watch", "scope": "read"})["token"])

        responses = [
            reader.post("/templates", json=WALK),
            reader.patch(f"/templates/{slug}", json={}),
            reader.delete(f"/templates/{slug}"),
        ]

        assert [refusal(response) for response in responses] == [(403, "read_only_token")] * 3
        assert reader.got(f"/templates/{slug}")["slug"] == slug


class TestCreatedAt:
    def test_is_the_instant_and_stays(self, anna: Client, clock: FrozenClock) -> None:
        slug = anna.made("/templates", WALK)["slug"]
        clock.pass_(hours=1)

        assert anna.changed(f"/templates/{slug}", {"title": "Run"})["created_at"] == "2026-03-11T12:00:00Z"


def listed(person: Client, **query: Any) -> list[JSON]:
    items: list[JSON] = person.got("/templates", **query)["items"]
    return items


def slugs(person: Client, **query: Any) -> list[str]:
    return [template["slug"] for template in listed(person, **query)]


def refused(response: Response) -> list[str]:
    """The fields that a 422 names."""
    assert refusal(response) == (422, "invalid")
    return [error["field"] for error in response.json()["errors"]]


def packed(key: object) -> str:
    """A cursor that holds this."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def walk(person: Client, **query: Any) -> list[str]:
    """The slugs of all pages, one after the other."""
    page = person.got("/templates", **query)
    seen = [template["slug"] for template in page["items"]]
    while page["next_cursor"] and len(seen) < 1000:
        page = person.got("/templates", **query, cursor=page["next_cursor"])
        assert page["items"]
        seen += [template["slug"] for template in page["items"]]
    return seen


def problems(person: Client, slug: str) -> list[JSON]:
    """What each path answers that a slug can be in."""
    path = f"/templates/{slug}"
    responses = [
        person.get(path),
        person.patch(path, json={"title": "Mine"}),
        person.delete(path),
        person.post("/challenges", json={"template": slug}),
    ]
    assert {response.status_code for response in responses} == {404}
    return [response.json() for response in responses]


def rewritten_before(tx: Transaction, title: str) -> None:
    """As the release before has the words of a template without any but a title."""
    words = {"title_key": title.casefold(), "search": f"{title}\n".casefold()}
    tx.exec(update(TEXTS).where(TEXTS.c.title == title).values(**words))
