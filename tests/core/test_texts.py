"""When two texts are the same although they were typed otherwise."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetracker.core.texts import composed, without_case

CASED = [letter for letter in map(chr, range(0x20000)) if len({letter, letter.lower(), letter.upper()}) > 1]
SEVERAL = {letter for letter in CASED if len(composed(letter.upper())) > 1}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


class TestComposed:
    @given(TEXT)
    def test_is_the_same_of_every_canonical_form(self, text: str) -> None:
        assert composed(unicodedata.normalize("NFD", text)) == composed(text)

    @pytest.mark.parametrize("pair", ["ﬁ fi", "ｅ e", "² 2", "Å A"])
    def test_takes_nothing_else_for_the_same(self, pair: str) -> None:
        one, other = pair.split()

        assert composed(one) != composed(other)


class TestWithoutCase:
    @pytest.mark.parametrize("change", [str.lower, str.upper, str.title, str.swapcase])
    def test_is_the_same_in_every_case(self, change: Callable[[str], str]) -> None:
        """But for `ı`, whose capital is the one of `i`, and letters whose capital is two letters."""
        told_apart = {letter for letter in CASED if without_case(change(f"x{letter}")) != without_case(f"x{letter}")}

        assert told_apart <= {"ı", *SEVERAL}

    @given(TEXT)
    def test_is_the_same_of_every_canonical_form(self, text: str) -> None:
        assert without_case(unicodedata.normalize("NFD", text)) == without_case(unicodedata.normalize("NFC", text))

    @given(TEXT)
    def test_is_its_own(self, text: str) -> None:
        assert without_case(without_case(text)) == without_case(text)

    @pytest.mark.parametrize(
        "same", ["K K k", "ΟΔΟΣ οδος οδοσ", "ẞ ß", "É é e\u0301 E\u0301", "İ i\u0307 I\u0307", "Å Å å", "µ μ Μ", "Ё ё"]
    )
    def test_takes_for_one(self, same: str) -> None:
        assert len({without_case(text) for text in same.split()}) == 1

    @pytest.mark.parametrize("others", ["ß ss", "ı i İ", "ﬁ fi", "ａ a", "е e", "ё е", "é e", "ǆ dž"])
    def test_tells_apart(self, others: str) -> None:
        assert len({without_case(text) for text in others.split()}) == len(others.split())
