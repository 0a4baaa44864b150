"""What a template may say, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lifetracker.templates.schemas import TemplateCreate, TemplatePatch

WALK: dict[str, Any] = {"title": "Walk", "kind": "check"}
AT_THE_LIMIT: list[dict[str, Any]] = [
    {"title": "W"},
    {"title": "W" * 200},
    {"title": "🚶" * 200},
    {"description": ""},
    {"description": "d" * 5000},
    {"tags": []},
    {"tags": ["t" * 40] * 20},
    {"color": "#00aAfF"},
    {"color": None},
    {"icon": "🏃‍♀️"},
    {"icon": "i" * 40},
    {"unit": "u" * 40},
    {"target": 1e9},
    {"target": 0},
    {"duration_days": 1},
    {"duration_days": 3650},
    {"duration_days": None},
    {"allowed_misses": 0},
    {"allowed_misses": 3650},
    {"category": "other"},
    {"visibility": "public"},
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
    ({"tags": [1]}, "tags.0", "string_type"),
    ({"color": "red"}, "color", "string_pattern_mismatch"),
    ({"color": "#12345"}, "color", "string_pattern_mismatch"),
    ({"color": "#1234567"}, "color", "string_pattern_mismatch"),
    ({"color": "#12345g"}, "color", "string_pattern_mismatch"),
    ({"color": "#123456\n"}, "color", "string_pattern_mismatch"),
    ({"icon": ""}, "icon", "too_short"),
    ({"icon": "i" * 41}, "icon", "too_long"),
    ({"unit": ""}, "unit", "too_short"),
    ({"unit": "u" * 41}, "unit", "too_long"),
    ({"kind": "counter"}, "kind", "literal_error"),
    ({"kind": None}, "kind", "literal_error"),
    ({"direction": "exactly"}, "direction", "literal_error"),
    ({"target": -1}, "target", "greater_than_equal"),
    ({"target": 1e9 + 1}, "target", "less_than_equal"),
    ({"target": True}, "target", "float_type"),
    ({"target": "5"}, "target", "float_type"),
    ({"target": float("nan")}, "target", "finite_number"),
    ({"target": float("inf")}, "target", "finite_number"),
    ({"duration_days": 0}, "duration_days", "greater_than_equal"),
    ({"duration_days": 3651}, "duration_days", "less_than_equal"),
    ({"duration_days": True}, "duration_days", "int_type"),
    ({"duration_days": 30.0}, "duration_days", "int_type"),
    ({"duration_days": "30"}, "duration_days", "int_type"),
    ({"on_miss": "shrug"}, "on_miss", "literal_error"),
    ({"allowed_misses": -1}, "allowed_misses", "greater_than_equal"),
    ({"allowed_misses": 3651}, "allowed_misses", "less_than_equal"),
    ({"allowed_misses": False}, "allowed_misses", "int_type"),
    ({"category": "sport"}, "category", "literal_error"),
    ({"category": None}, "category", "literal_error"),
    ({"visibility": "friends"}, "visibility", "literal_error"),
    ({"schedule": None}, "schedule", "model_attributes_type"),
    ({"slug": "walk"}, "slug", "extra_forbidden"),
    ({"author": 1}, "author", "extra_forbidden"),
    ({"times_started": 9}, "times_started", "extra_forbidden"),
]


@pytest.mark.parametrize("model", [TemplateCreate, TemplatePatch])
class TestTemplate:
    @pytest.mark.parametrize("fields", AT_THE_LIMIT)
    def test_takes_a_field_up_to_its_limit(
        self, model: type[TemplateCreate] | type[TemplatePatch], fields: dict[str, Any]
    ) -> None:
        taken = model.model_validate(WALK | fields).model_dump()

        assert {name: taken[name] for name in fields} == fields

    @pytest.mark.parametrize(("fields", "field", "code"), OVER_IT)
    def test_refuses_a_field_beyond_it(
        self, model: type[TemplateCreate] | type[TemplatePatch], fields: dict[str, Any], field: str, code: str
    ) -> None:
        with pytest.raises(ValidationError) as refused:
            model.model_validate(WALK | fields)

        wrong = [(".".join(map(str, error["loc"])), error["type"]) for error in refused.value.errors()]
        assert wrong == [(field, code)]


class TestTemplateCreate:
    def test_asks_for_a_title(self) -> None:
        with pytest.raises(ValidationError) as refused:
            TemplateCreate.model_validate({"kind": "check"})

        assert [error["loc"] for error in refused.value.errors()] == [("title",)]


class TestTemplatePatch:
    def test_may_be_empty(self) -> None:
        assert TemplatePatch.model_validate({}).model_fields_set == set()

    def test_has_every_field_that_a_new_one_has(self) -> None:
        assert set(TemplatePatch.model_fields) == set(TemplateCreate.model_fields)
