"""Promises: how changes fall together with what was there."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetracker.core.errors import Invalid
from lifetracker.templates.goal import contradictions
from lifetracker.templates.promise import FIELDS, completed, overlaid

CHECK: dict[str, Any] = {
    "title": "Walk",
    "description": "",
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
}
MEASURE = CHECK | {"kind": "measure", "direction": "at_most", "target": 2.0, "unit": "cups"}
STRICT = CHECK | {"on_miss": "fail", "allowed_misses": 3}
ANY_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["check", "measure"]),
        "direction": st.sampled_from(["at_least", "at_most"]),
        "target": st.sampled_from([None, 0, 1, 2.5]),
        "unit": st.sampled_from([None, "km"]),
        "on_miss": st.sampled_from(["continue", "fail", "restart"]),
        "allowed_misses": st.sampled_from([None, 0, 2]),
        "description": st.sampled_from([None, "daily"]),
        "tags": st.sampled_from([None, ["out"]]),
    },
)
ANY_PROMISE = st.sampled_from([CHECK, MEASURE, STRICT])
JUDGED = ("kind", "direction", "target", "unit", "on_miss", "allowed_misses")


class TestFields:
    def test_are_all_that_a_promise_holds(self) -> None:
        assert set(FIELDS) == set(CHECK)


class TestCompleted:
    def test_fills_in_what_follows(self) -> None:
        bare = CHECK | {"target": None, "on_miss": "restart", "description": None, "tags": None}

        whole = completed(bare)

        assert whole == CHECK | {"on_miss": "restart", "allowed_misses": 0}

    def test_keeps_the_misses_that_are_allowed(self) -> None:
        assert completed(STRICT)["allowed_misses"] == 3

    def test_refuses_a_contradiction_with_its_field(self) -> None:
        with pytest.raises(Invalid) as refused:
            completed(CHECK | {"unit": "km"})

        assert fields_of(refused.value) == ["unit"]


class TestOverlaid:
    def test_changes_only_what_is_named(self) -> None:
        assert overlaid(CHECK, {"title": "Run"}) == CHECK | {"title": "Run"}

    def test_clears_with_null(self) -> None:
        full = MEASURE | {"description": "Black", "tags": ["drinks"], "duration_days": 30, "color": "#000000"}

        cleared = overlaid(
            full, {"description": None, "tags": None, "duration_days": None, "color": None, "unit": None}
        )

        assert cleared == MEASURE | {"unit": None}

    def test_drops_what_went_with_a_measure(self) -> None:
        assert overlaid(MEASURE, {"kind": "check"}) == CHECK

    def test_keeps_it_when_the_kind_is_named_again(self) -> None:
        assert overlaid(MEASURE, {"kind": "measure", "target": 3}) == MEASURE | {"target": 3}

    def test_asks_a_new_measure_for_its_target(self) -> None:
        with pytest.raises(Invalid) as refused:
            overlaid(CHECK, {"kind": "measure"})

        assert fields_of(refused.value) == ["target"]

    def test_makes_a_measure_of_a_check(self) -> None:
        changed = overlaid(CHECK, {"kind": "measure", "target": 2.0, "unit": "cups", "direction": "at_most"})

        assert changed == MEASURE

    def test_drops_the_allowed_misses_once_none_are_counted(self) -> None:
        assert overlaid(STRICT, {"on_miss": "continue"}) == CHECK

    def test_keeps_the_allowed_misses_from_one_consequence_to_another(self) -> None:
        assert overlaid(STRICT, {"on_miss": "restart"}) == STRICT | {"on_miss": "restart"}

    def test_allows_no_miss_unless_it_is_said(self) -> None:
        assert overlaid(CHECK, {"on_miss": "fail"})["allowed_misses"] == 0
        assert overlaid(STRICT, {"allowed_misses": None})["allowed_misses"] == 0

    @pytest.mark.parametrize(
        ("before", "changes", "field"),
        [
            (MEASURE, {"kind": "check", "target": 5}, "target"),
            (MEASURE, {"kind": "check", "unit": "cups"}, "unit"),
            (MEASURE, {"target": None}, "target"),
            (MEASURE | {"target": 0}, {"direction": "at_least"}, "target"),
            (CHECK, {"direction": "at_most"}, "direction"),
            (CHECK, {"allowed_misses": 1}, "allowed_misses"),
            (STRICT, {"on_miss": "continue", "allowed_misses": 1}, "allowed_misses"),
        ],
    )
    def test_refuses_a_change_that_contradicts_the_rest(
        self, before: dict[str, Any], changes: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            overlaid(before, changes)

        assert fields_of(refused.value) == [field]

    @given(ANY_PROMISE, ANY_CHANGES)
    def test_answers_a_promise_free_of_contradictions_or_refuses(
        self, before: dict[str, Any], changes: dict[str, Any]
    ) -> None:
        try:
            after = overlaid(before, changes)
        except Invalid:
            return

        assert not list(contradictions(*(after[name] for name in JUDGED)))
        assert overlaid(after, {}) == completed(after) == after

    @given(ANY_PROMISE, ANY_CHANGES)
    def test_leaves_the_promise_that_was(self, before: dict[str, Any], changes: dict[str, Any]) -> None:
        copy = dict(before)

        with suppress(Invalid):
            overlaid(before, changes)

        assert before == copy


def fields_of(refused: Invalid) -> list[str]:
    errors: Any = refused.members["errors"]
    return [error["field"] for error in errors]
