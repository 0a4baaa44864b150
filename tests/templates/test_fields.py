"""Fields in which people say things: how long each may be, and how it is written."""

from __future__ import annotations

from typing import Any

import pytest

from lifetracker.templates import fields
from tests.core.test_schemas import read, refused


class TestWords:
    @pytest.mark.parametrize(
        ("shape", "most"),
        [
            (fields.Title, 200),
            (fields.Description, 5000),
            (fields.Note, 10_000),
            (fields.Unit, 40),
            (fields.Tag, 40),
        ],
    )
    def test_is_as_long_as_it_may_be(self, shape: Any, most: int) -> None:
        assert read(shape, "🏃" * most) == "🏃" * most
        assert refused(shape, "🏃" * (most + 1)) in ("too_long", "string_too_long")

    @pytest.mark.parametrize("shape", [fields.Title, fields.Unit, fields.Icon, fields.Tag])
    def test_is_not_empty_where_it_names_something(self, shape: Any) -> None:
        assert refused(shape, "") in ("too_short", "string_too_short")


class TestTags:
    def test_are_twenty_at_most(self) -> None:
        assert len(read(fields.Tags, ["tag"] * 20)) == 20
        assert refused(fields.Tags, ["tag"] * 21) == "too_long"


class TestColor:
    @pytest.mark.parametrize("text", ["#000000", "#Ff00aA"])
    def test_is_written_so(self, text: str) -> None:
        assert read(fields.Color, text) == text

    @pytest.mark.parametrize("text", ["", "red", "#fff", "#0000000", "#00000g", "#000000\n", " #000000"])
    def test_is_refused_otherwise(self, text: str) -> None:
        assert refused(fields.Color, text) == "string_pattern_mismatch"


class TestSlug:
    @pytest.mark.parametrize("text", ["75-hard", "a", "a-b-c", "x" * 100])
    def test_is_written_so(self, text: str) -> None:
        assert read(fields.Slug, text) == text

    @pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "A", "a_b", "a b", "a\n", "é", "x" * 101])
    def test_is_refused_otherwise(self, text: str) -> None:
        refused(fields.Slug, text)
