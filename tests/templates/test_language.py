"""Which language a person's texts come in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifetracker.templates.language import LANGUAGES, pick_language


class TestPickLanguage:
    @pytest.mark.parametrize(
        ("header", "language"),
        [
            ("ru", "ru"),
            ("en", "en"),
            ("RU", "ru"),
            ("ru-RU", "ru"),
            ("en-GB, ru", "en"),
            ("de, ru;q=0.5, en;q=0.4", "ru"),
            ("ru;q=0.4,en;q=0.5", "en"),
            ("en;q=0.5,ru;q=0.9,de", "ru"),
            ("ru ; q=0.4 , en ; q=0.5", "en"),
            ("en;Q=0.1, ru;q=0.2", "ru"),
            ("en;q=0, ru;q=0.001", "ru"),
            ("ru, en", "ru"),
            ("ru;q=1.0, en", "ru"),
        ],
    )
    def test_takes_the_best_of_the_header_that_we_have(self, header: str, language: str) -> None:
        assert pick_language(header, "de") == language

    @pytest.mark.parametrize("header", [None, "", "de", "*", "de, *;q=0.5", "fr-FR, de;q=0.5", ";q=1", ",,,", "runic"])
    def test_falls_back_to_the_persons_locale(self, header: str | None) -> None:
        assert pick_language(header, "ru-RU") == "ru"

    @pytest.mark.parametrize("locale", ["de", "uk-UA", "zh-Hans-CN", "en-US"])
    def test_is_english_where_we_have_neither(self, locale: str) -> None:
        assert pick_language("fr", locale) == "en"

    def test_does_not_take_what_is_refused(self) -> None:
        assert pick_language("en;q=0", "ru") == "ru"

    @pytest.mark.parametrize("weight", ["nan", "", "much", "0,5"])
    def test_ignores_a_wish_whose_weight_is_no_number(self, weight: str) -> None:
        assert pick_language(f"ru;q=0.5, de;q={weight}, en;q=0.9", "ru") == "en"

    @given(st.text(alphabet="enruENRU-*;q=0.159, _nai"), st.text(max_size=10))
    @example("en;q=-1", "ru")
    def test_is_one_of_ours_whatever_is_sent(self, header: str, locale: str) -> None:
        assert pick_language(header, locale) in LANGUAGES
