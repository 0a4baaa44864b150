"""Cursors and pages of lists."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetracker.core.cursors import paged, read_cursor, write_cursor
from lifetracker.core.errors import Invalid
from lifetracker.core.schemas import MAX_ID, Id


class TestCursor:
    @given(number=st.integers(1, MAX_ID))
    def test_holds_an_id(self, number: int) -> None:
        assert read_cursor(write_cursor(number), Id) == number

    @given(key=st.tuples(st.dates(), st.integers(1, MAX_ID)))
    def test_holds_a_day_and_an_id(self, key: tuple[date, int]) -> None:
        assert read_cursor(write_cursor(key), tuple[date, Id]) == key

    @given(key=st.tuples(st.text(), st.text()))
    def test_holds_texts(self, key: tuple[str, str]) -> None:
        assert read_cursor(write_cursor(key), tuple[str, str]) == key

    def test_needs_no_quoting_in_a_url(self) -> None:
        cursor = write_cursor(("ÿþ?>", "=&/+"))

        assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    def test_may_be_left_out(self) -> None:
        assert read_cursor(None, Id) is None

    @pytest.mark.parametrize(
        "cursor",
        ["", "x", "%", "ÿ", "=", "A A", "AAAA", "bnVsbA", write_cursor("1"), write_cursor((1, 2)), write_cursor(1.5)],
    )
    def test_is_refused_where_the_list_did_not_give_it_out(self, cursor: str) -> None:
        assert errors_of(cursor, Id) == [("cursor", "invalid_cursor")]

    @pytest.mark.parametrize("number", [0, -1, MAX_ID + 1, 10**30])
    def test_is_refused_with_an_id_that_no_database_takes(self, number: int) -> None:
        packed = base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")

        assert errors_of(packed, Id) == [("cursor", "invalid_cursor")]

    @given(cursor=st.text(max_size=30))
    def test_is_read_or_refused_whatever_it_is(self, cursor: str) -> None:
        with suppress(Invalid):
            assert read_cursor(cursor, tuple[date, Id]) is not None


class TestPaged:
    def test_has_a_cursor_while_there_is_more(self) -> None:
        page = paged([1, 2, 3], 2, lambda row: row, str)

        assert page.items == ["1", "2"]
        assert read_cursor(page.next_cursor, Id) == 2

    @pytest.mark.parametrize("rows", [[], [1], [1, 2]])
    def test_has_none_on_the_last_page(self, rows: list[int]) -> None:
        page = paged(rows, 2, lambda row: row, str)

        assert len(page.items) == len(rows)
        assert page.next_cursor is None


def errors_of(cursor: str, shape: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        read_cursor(cursor, shape)
    errors: Any = refused.value.members["errors"]
    return [(error["field"], error["code"]) for error in errors]
