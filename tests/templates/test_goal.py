"""Goals: what one day amounts to, and what does not go together in a promise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lifetracker.templates.goal import Goal, Target, contradictions, outcome

CHECK = Goal("check", "at_least", 1)
TEN_PAGES = Goal("measure", "at_least", 10)
TWO_CUPS = Goal("measure", "at_most", 2)
NO_SUGAR = Goal("measure", "at_most", 0)
VALUES = st.floats(0, 1e9)
WORTH = {"missed": 0, "partial": 1, "done": 2}


class TestOutcome:
    @pytest.mark.parametrize(
        ("goal", "value", "came"),
        [
            (CHECK, 1, "done"),
            (CHECK, 0, "missed"),
            (CHECK, 0.5, "partial"),
            (TEN_PAGES, 9.999999, "partial"),
            (TEN_PAGES, 10, "done"),
            (TEN_PAGES, 11, "done"),
            (TEN_PAGES, 0, "missed"),
            (TWO_CUPS, 0, "done"),
            (TWO_CUPS, 2, "done"),
            (TWO_CUPS, 2.000001, "missed"),
            (NO_SUGAR, 0, "done"),
            (NO_SUGAR, 0.000001, "missed"),
        ],
    )
    def test_is_judged_by_the_target(self, goal: Goal, value: float, came: str) -> None:
        assert outcome(goal, value, skipped=False) == came

    @pytest.mark.parametrize("goal", [CHECK, TEN_PAGES, TWO_CUPS])
    def test_is_skipped_when_the_entry_says_so(self, goal: Goal) -> None:
        assert outcome(goal, None, skipped=True) == "skipped"

    @pytest.mark.parametrize("goal", [CHECK, TEN_PAGES, TWO_CUPS, NO_SUGAR])
    def test_is_none_of_a_note_alone(self, goal: Goal) -> None:
        assert outcome(goal, None, skipped=False) is None

    @given(VALUES, VALUES, st.floats(0, 1e9, exclude_min=True))
    def test_of_more_is_no_worse_where_much_is_wanted(self, one: float, other: float, target: float) -> None:
        goal = Goal("measure", "at_least", target)

        assert worth(goal, min(one, other)) <= worth(goal, max(one, other))

    @given(VALUES, VALUES, VALUES)
    def test_of_less_is_no_worse_under_a_limit(self, one: float, other: float, target: float) -> None:
        goal = Goal("measure", "at_most", target)

        assert worth(goal, min(one, other)) >= worth(goal, max(one, other))

    @given(st.floats(0, 1e9, exclude_min=True), st.sampled_from(["at_least", "at_most"]))
    def test_of_the_target_itself_is_done(self, target: float, direction: Any) -> None:
        assert outcome(Goal("measure", direction, target), target, skipped=False) == "done"


class TestContradictions:
    @pytest.mark.parametrize(
        "fields",
        [
            {"kind": "check"},
            {"kind": "check", "target": 1},
            {"kind": "measure", "target": 0.000001},
            {"kind": "measure", "target": 1e9, "unit": "steps"},
            {"kind": "measure", "direction": "at_most", "target": 0},
            {"on_miss": "fail"},
            {"on_miss": "fail", "allowed_misses": 3},
            {"on_miss": "restart", "allowed_misses": 0},
        ],
    )
    def test_lets_through_what_goes_together(self, fields: dict[str, Any]) -> None:
        assert found(**fields) == []

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"kind": "check", "direction": "at_most"}, [("direction", "check_at_least")]),
            ({"kind": "check", "target": 2}, [("target", "check_target")]),
            ({"kind": "check", "target": 0}, [("target", "check_target")]),
            ({"kind": "check", "unit": "km"}, [("unit", "check_unit")]),
            ({"kind": "measure"}, [("target", "missing")]),
            ({"kind": "measure", "direction": "at_most"}, [("target", "missing")]),
            ({"kind": "measure", "target": 0}, [("target", "greater_than")]),
            ({"allowed_misses": 0}, [("allowed_misses", "not_counted")]),
            ({"allowed_misses": 2}, [("allowed_misses", "not_counted")]),
        ],
    )
    def test_names_the_field_that_does_not_go_with_another(
        self, fields: dict[str, Any], wrong: list[tuple[str, str]]
    ) -> None:
        assert found(**fields) == wrong

    def test_tells_what_a_target_has_to_be_over(self) -> None:
        (error,) = contradictions("measure", "at_least", 0, None, "continue", None)

        assert error.params == {"gt": 0}

    def test_names_all_that_is_wrong_at_once(self) -> None:
        wrong = found(kind="check", direction="at_most", target=5, unit="km", allowed_misses=1)

        assert [field for field, _ in wrong] == ["direction", "target", "unit", "allowed_misses"]


class TestTarget:
    @pytest.mark.parametrize("given", [0, 1, 0.5, 1e9, 1_000_000_000])
    def test_is_a_number_up_to_a_thousand_million(self, given: float) -> None:
        assert TARGET.validate_python(given, strict=True) == given

    @pytest.mark.parametrize(
        "given", [-0.000001, 1_000_000_000.1, float("nan"), float("inf"), True, False, "5", 10**400, [1], {}]
    )
    def test_is_nothing_else(self, given: object) -> None:
        with pytest.raises(ValidationError):
            TARGET.validate_python(given, strict=True)


TARGET: TypeAdapter[float] = TypeAdapter(Target)
FITTING: dict[str, Any] = {
    "kind": "check",
    "direction": "at_least",
    "target": None,
    "unit": None,
    "on_miss": "continue",
    "allowed_misses": None,
}


def worth(goal: Goal, value: float) -> int:
    return WORTH[outcome(goal, value, skipped=False) or "missed"]


def found(**fields: Any) -> list[tuple[str, str]]:
    """Field and code of each contradiction of a daily check under these changes."""
    return [(error.field, error.code) for error in contradictions(**FITTING | fields)]
