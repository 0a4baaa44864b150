"""Shapes that all requests are made of: days, instants, ids, texts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from lifetracker.core import schemas


class TestDay:
    @pytest.mark.parametrize("text", ["1970-01-01", "2026-03-11", "2028-02-29", "2999-12-31"])
    def test_is_written_so(self, text: str) -> None:
        assert read(schemas.Day, text) == date.fromisoformat(text)

    def test_may_be_a_date_already(self) -> None:
        assert read(schemas.Day, date(2026, 3, 11)) == date(2026, 3, 11)

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ("2026-3-1", "date_format"),
            ("20260311", "date_format"),
            ("2026-W11-3", "date_format"),
            ("2026-03-11T00:00:00Z", "date_format"),
            (" 2026-03-11", "date_format"),
            ("2026-03-11\n", "date_format"),
            ("٢٠٢٦-03-11", "date_format"),
            (1773187200, "date_format"),
            (None, "date_format"),
            (datetime(2026, 3, 11, tzinfo=UTC), "date_format"),
            ("2026-02-29", "date_unknown"),
            ("2026-13-01", "date_unknown"),
            ("0000-00-00", "date_unknown"),
            ("1969-12-31", "date_out_of_range"),
            ("3000-01-01", "date_out_of_range"),
        ],
    )
    def test_is_refused_otherwise(self, given: object, code: str) -> None:
        assert refused(schemas.Day, given) == code


class TestInstant:
    @pytest.mark.parametrize(
        ("text", "instant"),
        [
            ("2026-03-11T12:00:00Z", datetime(2026, 3, 11, 12, tzinfo=UTC)),
            ("2026-03-11T15:00:00.5+03:00", datetime(2026, 3, 11, 12, 0, 0, 500_000, tzinfo=UTC)),
            ("2026-03-11t12:00:00z", datetime(2026, 3, 11, 12, tzinfo=UTC)),
        ],
    )
    def test_is_turned_to_utc(self, text: str, instant: datetime) -> None:
        assert read(schemas.SentInstant, text) == instant
        assert read(schemas.SentInstant, text).tzinfo is UTC

    @pytest.mark.parametrize(
        "given",
        [
            "2026-03-11T12:00:00",
            "2026-03-11",
            "tomorrow",
            "",
            1773230400,
            None,
            "2026-03-11T25:00:00Z",
            "2026-02-30T12:00:00Z",
            "2026-W11-3T12:00:00Z",
            "20260311T120000Z",
            "2026-03-11T12:00Z",
            "2026-03-11T12:00:00,5Z",
            "2026-03-11T12:00:00+03",
            "2026-03-11T12:00:00Z\n",
            "٢٠٢٦-03-11T12:00:00Z",
            "9999-12-31T23:59:59-05:00",
            "0001-01-01T00:00:00+05:00",
        ],
    )
    def test_is_refused_as_anything_but_rfc_3339_within_the_calendar(self, given: object) -> None:
        assert refused(schemas.SentInstant, given) == "instant_format"

    def test_is_shown_with_a_z(self) -> None:
        kept = [datetime(2026, 3, 11, 12, tzinfo=UTC), datetime(2026, 3, 11, 12, 0, 0, 50, tzinfo=UTC)]

        shown = TypeAdapter(list[schemas.Instant]).dump_json(kept)

        assert shown == b'["2026-03-11T12:00:00Z","2026-03-11T12:00:00.000050Z"]'


class TestId:
    @pytest.mark.parametrize(
        ("given", "number"), [(1, 1), ("1", 1), (2**63 - 1, 2**63 - 1), (str(2**63 - 1), 2**63 - 1)]
    )
    def test_is_a_number_that_a_database_takes(self, given: object, number: int) -> None:
        assert read(schemas.Id, given) == number

    @pytest.mark.parametrize("given", [0, -1, 2**63, "0", "-1", "1_0", "1.0", "+1", " 1", "", "x", "9" * 30, "٣", None])
    def test_is_refused_otherwise(self, given: object) -> None:
        refused(schemas.Id, given)


class TestText:
    @pytest.mark.parametrize(
        "text", ["", " ", "'; DROP TABLE users; --", "Пробежка 🏃‍♀️", "e\u0301", "\u202e", "%s {0}"]
    )
    def test_is_kept_to_the_letter(self, text: str) -> None:
        assert read(schemas.Text, text) == text

    @pytest.mark.parametrize("text", ["\0", "a\0b"])
    def test_holds_no_nul(self, text: str) -> None:
        assert refused(schemas.Text, text) == "nul_character"

    @pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
    def test_holds_no_lone_surrogate(self, text: str) -> None:
        assert refused(schemas.Text, text) == "lone_surrogate"


class TestPageQuery:
    @pytest.mark.parametrize("limit", ["1", "200"])
    def test_takes_a_limit(self, limit: str) -> None:
        assert schemas.PageQuery.model_validate({"limit": limit}).limit == int(limit)

    def test_has_fifty_items_unless_said(self) -> None:
        assert schemas.PageQuery().limit == 50

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"cursor": "x" * 1001}])
    def test_is_refused_otherwise(self, query: dict[str, str]) -> None:
        with pytest.raises(ValidationError):
            schemas.PageQuery.model_validate(query)


def read(shape: Any, given: object) -> Any:
    return TypeAdapter(shape).validate_python(given)


def refused(shape: Any, given: object) -> str:
    """The code of the one error."""
    with pytest.raises(ValidationError) as failed:
        read(shape, given)
    (error,) = failed.value.errors()
    return error["type"]
