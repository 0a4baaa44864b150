"""How the words of templates are found, and put in order."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetracker.core.cursors import write_cursor
from lifetracker.templates.wording import order_key, sought, words_of

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS = get_args(Form)
CASED = [letter for letter in map(chr, range(0x20000)) if len({letter, letter.lower(), letter.upper()}) > 1]
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


class TestSought:
    @pytest.mark.parametrize("change", [str.lower, str.upper, str.title, str.swapcase, str.casefold])
    def test_is_the_same_in_every_case(self, change: Callable[[str], str]) -> None:
        assert [letter for letter in CASED if sought(change(f"x{letter}")) != sought(f"x{letter}")] == []

    @given(TEXT)
    def test_is_the_same_of_every_form(self, text: str) -> None:
        assert {sought(unicodedata.normalize(form, text)) for form in FORMS} == {sought(text)}

    @pytest.mark.parametrize("text", ["a b", " a  b ", "a\u00a0b", "a\u2009\u3000b\n", "\ta\r\nb", "\ufeffa\u200b b"])
    def test_has_one_space_for_each_gap(self, text: str) -> None:
        assert sought(text) == "a b"

    @pytest.mark.parametrize("text", ["%", "_", "\\", "'", "Й", "é", "ñ"])
    def test_keeps_what_tells_words_apart(self, text: str) -> None:
        assert sought(text) == text.casefold()


class TestOrderKey:
    @pytest.mark.parametrize(
        "titles",
        [
            "еда ёж ежик ёжик Жук",
            "еж ёж ежи ёжик",
            "икра йод",
            "cafe café cafes",
            "!wow _low 10 9 a",
            "«б» а в",
            "ab abc Zebra Ёлка",
        ],
    )
    def test_puts_titles_as_a_reader_does(self, titles: str) -> None:
        expected = titles.split()

        assert sorted(set(expected), key=order_key) == expected

    def test_puts_a_word_before_a_longer_one(self) -> None:
        expected = ["a b", "a-b", "ab", "ab c", "abc"]

        assert sorted(expected, key=order_key) == expected

    @given(TEXT)
    def test_is_the_same_of_every_form(self, text: str) -> None:
        assert {order_key(unicodedata.normalize(form, text)) for form in FORMS} == {order_key(text)}

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_fits_into_a_cursor(self, title: str) -> None:
        assert len(write_cursor(("title", order_key(title), "s" * 67))) <= 1000

    @pytest.mark.parametrize("letter", ['"', "\\", "ё", "🔥", "ﷺ", "\u01d5", "\x01", '"é', "!\u0301"])
    def test_fits_into_a_cursor_however_long(self, letter: str) -> None:
        assert len(write_cursor(("title", order_key((letter * 200)[:200]), "s" * 67))) <= 1000


class TestWordsOf:
    @given(TEXT)
    def test_are_the_same_of_every_form(self, title: str) -> None:
        assert {words_of(unicodedata.normalize(form, title)) for form in FORMS} == {words_of(title)}
