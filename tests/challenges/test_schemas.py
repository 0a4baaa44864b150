"""What a challenge may say, field by field."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from lifetracker.challenges.schemas import (
    ChallengeCreate,
    ChallengePatch,
    ChallengeQuery,
    Order,
    Pause,
    Restart,
    Resume,
)

AT_THE_LIMIT: list[dict[str, Any]] = [
    {"title": "W"},
    {"title": "W" * 200},
    {"title": "🚶" * 200},
    {"description": "d" * 5000},
    {"description": None},
    {"tags": []},
    {"tags": None},
    {"tags": ["t" * 40] * 20},
    {"color": "#00aAfF"},
    {"icon": "i" * 40},
    {"unit": "u" * 40},
    {"target": 1e9},
    {"target": 0},
    {"target": 0.000001},
    {"duration_days": 1},
    {"duration_days": 3650},
    {"duration_days": None},
    {"allowed_misses": 0},
    {"allowed_misses": 3650},
]
OVER_IT: list[tuple[dict[str, Any], str, str]] = [
    ({"title": ""}, "title", "too_short"),
    ({"title": " \u00a0\n"}, "title", "blank"),
    ({"title": "W" * 201}, "title", "too_long"),
    ({"title": "a\0b"}, "title", "nul_character"),
    ({"title": None}, "title", "string_type"),
    ({"title": 5}, "title", "string_type"),
    ({"description": "d" * 5001}, "description", "too_long"),
    ({"description": "\0"}, "description", "nul_character"),
    ({"tags": ["t"] * 21}, "tags", "too_long"),
    ({"tags": ["t" * 41]}, "tags.0", "too_long"),
    ({"tags": ["t", ""]}, "tags.1", "too_short"),
    ({"tags": ["\0"]}, "tags.0", "nul_character"),
    ({"tags": "walk"}, "tags", "list_type"),
    ({"color": "red"}, "color", "string_pattern_mismatch"),
    ({"color": "#123456\n"}, "color", "string_pattern_mismatch"),
    ({"icon": ""}, "icon", "too_short"),
    ({"icon": "i" * 41}, "icon", "too_long"),
    ({"unit": ""}, "unit", "too_short"),
    ({"unit": "u" * 41}, "unit", "too_long"),
    ({"direction": "exactly"}, "direction", "literal_error"),
    ({"direction": None}, "direction", "literal_error"),
    ({"target": -0.000001}, "target", "greater_than_equal"),
    ({"target": 1e9 + 1}, "target", "less_than_equal"),
    ({"target": True}, "target", "float_type"),
    ({"target": "5"}, "target", "float_type"),
    ({"target": float("nan")}, "target", "finite_number"),
    ({"target": float("inf")}, "target", "finite_number"),
    ({"duration_days": 0}, "duration_days", "greater_than_equal"),
    ({"duration_days": -30}, "duration_days", "greater_than_equal"),
    ({"duration_days": 3651}, "duration_days", "less_than_equal"),
    ({"duration_days": True}, "duration_days", "int_type"),
    ({"duration_days": 30.5}, "duration_days", "int_type"),
    ({"duration_days": "30"}, "duration_days", "int_type"),
    ({"on_miss": "shrug"}, "on_miss", "literal_error"),
    ({"on_miss": None}, "on_miss", "literal_error"),
    ({"allowed_misses": -1}, "allowed_misses", "greater_than_equal"),
    ({"allowed_misses": False}, "allowed_misses", "int_type"),
    ({"schedule": None}, "schedule", "model_attributes_type"),
    ({"schedule": "daily"}, "schedule", "model_attributes_type"),
    ({"id": 1}, "id", "extra_forbidden"),
    ({"status": "active"}, "status", "extra_forbidden"),
    ({"attempt": 1}, "attempt", "extra_forbidden"),
    ({"end_date": "2026-03-31"}, "end_date", "extra_forbidden"),
    ({"first_start_date": "2026-03-01"}, "first_start_date", "extra_forbidden"),
    ({"position": 1}, "position", "extra_forbidden"),
    ({"role": "owner"}, "role", "extra_forbidden"),
    ({"created_at": "2026-03-01T00:00:00Z"}, "created_at", "extra_forbidden"),
    ({"Title": "Walk"}, "Title", "extra_forbidden"),
]
DATES_THAT_CANNOT_BE = [
    ("2026-02-30", "date_unknown"),
    ("2026-13-01", "date_unknown"),
    ("2027-02-29", "date_unknown"),
    ("0000-01-01", "date_unknown"),
    ("1969-12-31", "date_out_of_range"),
    ("3000-01-01", "date_out_of_range"),
    ("2026-3-1", "date_format"),
    ("20260301", "date_format"),
    ("2026-W10-1", "date_format"),
    ("01.03.2026", "date_format"),
    ("2026-03-01T00:00:00Z", "date_format"),
    (" 2026-03-01", "date_format"),
    ("2026-03-01\n", "date_format"),
    ("٢٠٢٦-٠٣-٠١", "date_format"),
    ("today", "date_format"),
    ("", "date_format"),
    (20260301, "date_format"),
    (1772323200, "date_format"),
    (True, "date_format"),
    (["2026-03-01"], "date_format"),
]
WITH_A_DATE: list[tuple[type[BaseModel], str]] = [
    (ChallengeCreate, "start_date"),
    (ChallengePatch, "start_date"),
    (Pause, "from"),
    (Resume, "on"),
    (Restart, "start_date"),
]


@pytest.mark.parametrize("model", [ChallengeCreate, ChallengePatch])
class TestChallenge:
    @pytest.mark.parametrize("fields", AT_THE_LIMIT)
    def test_takes_a_field_up_to_its_limit(self, model: type[BaseModel], fields: dict[str, Any]) -> None:
        taken = model.model_validate(fields).model_dump(include=set(fields))

        assert taken == fields

    @pytest.mark.parametrize(("fields", "field", "code"), OVER_IT)
    def test_refuses_a_field_beyond_it(
        self, model: type[BaseModel], fields: dict[str, Any], field: str, code: str
    ) -> None:
        assert wrong(model, fields) == [(field, code)]


@pytest.mark.parametrize(("model", "field"), WITH_A_DATE)
class TestDate:
    @pytest.mark.parametrize("day", ["1970-01-01", "2026-03-01", "2028-02-29", "2999-12-31"])
    def test_is_a_day_of_the_calendar(self, model: type[BaseModel], field: str, day: str) -> None:
        taken = model.model_validate({field: day}).model_dump(by_alias=True)

        assert taken[field] == date.fromisoformat(day)

    @pytest.mark.parametrize(("day", "code"), DATES_THAT_CANNOT_BE)
    def test_is_nothing_else(self, model: type[BaseModel], field: str, day: object, code: str) -> None:
        assert wrong(model, {field: day}) == [(field, code)]


class TestChallengeCreate:
    def test_takes_a_template_by_its_slug(self) -> None:
        assert ChallengeCreate.model_validate({"template": "75-hard"}).template == "75-hard"

    @pytest.mark.parametrize(
        ("slug", "code"), [(75, "string_type"), (["75-hard"], "string_type"), ("\0", "nul_character")]
    )
    def test_refuses_what_is_no_text(self, slug: object, code: str) -> None:
        assert wrong(ChallengeCreate, {"template": slug}) == [("template", code)]

    @pytest.mark.parametrize("kind", ["counter", None, 1])
    def test_knows_two_kinds(self, kind: object) -> None:
        assert wrong(ChallengeCreate, {"kind": kind}) == [("kind", "literal_error")]


class TestChallengePatch:
    @pytest.mark.parametrize("field", ["template", "id"])
    def test_leaves_what_a_challenge_is(self, field: str) -> None:
        assert wrong(ChallengePatch, {field: "check"}) == [(field, "extra_forbidden")]

    def test_may_be_empty(self) -> None:
        assert ChallengePatch.model_validate({}).model_fields_set == set()

    def test_clears_no_start_date(self) -> None:
        assert wrong(ChallengePatch, {"start_date": None}) == [("start_date", "date_format")]


class TestTurns:
    @pytest.mark.parametrize(("model", "field"), [(Pause, "from"), (Resume, "on"), (Restart, "start_date")])
    def test_need_no_date(self, model: type[BaseModel], field: str) -> None:
        assert model.model_validate({}) == model.model_validate({field: None})

    @pytest.mark.parametrize("field", ["from_", "on", "start_date"])
    def test_know_a_pause_by_its_name_in_the_body(self, field: str) -> None:
        assert wrong(Pause, {field: "2026-03-01"}) == [(field, "extra_forbidden")]


class TestOrder:
    def test_takes_a_thousand_ids(self) -> None:
        assert len(Order.model_validate({"ids": list(range(1, 1001))}).ids) == 1000

    @pytest.mark.parametrize("ids", [None, 1, ["1"], [1.0], [True], [None], list(range(1, 1002)), {"1": 1}])
    def test_takes_nothing_but_ids(self, ids: object) -> None:
        with pytest.raises(ValidationError):
            Order.model_validate({"ids": ids})

    def test_asks_for_them(self) -> None:
        assert wrong(Order, {}) == [("ids", "missing")]


class TestChallengeQuery:
    @pytest.mark.parametrize("limit", ["1", "200"])
    def test_takes_a_limit_from_1_to_200(self, limit: str) -> None:
        assert ChallengeQuery.model_validate({"limit": limit}).limit == int(limit)

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"limit": "0"}, "limit"),
            ({"limit": "201"}, "limit"),
            ({"limit": "ten"}, "limit"),
            ({"status": "done"}, "status"),
            ({"status": ""}, "status"),
            ({"include": "log"}, "include"),
            ({"cursor": "c" * 1001}, "cursor"),
        ],
    )
    def test_refuses_what_cannot_be(self, query: dict[str, str], field: str) -> None:
        assert [name for name, _ in wrong(ChallengeQuery, query)] == [field]


def wrong(model: type[BaseModel], fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Place and code of each error."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(model).validate_python(fields)
    return [(".".join(map(str, error["loc"])), error["type"]) for error in refused.value.errors()]
