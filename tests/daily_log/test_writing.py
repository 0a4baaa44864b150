"""What logging a day does to what was there, one clause of the contract a test."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lifetracker.daily_log.schemas import EntryWrite
from lifetracker.daily_log.writing import AboveMost, BelowZero, Content, ValueMissing, added, as_fields, merged
from lifetracker.templates.goal import Kind

DONE = Content(1.0, False, "rainy")
SKIPPED = Content(None, True, "ill")
NOTE_ALONE = Content(None, False, "rainy")
UNDONE = Content(0.0, False, "rainy")

values = st.none() | st.floats(0, 1e9)
notes = st.none() | st.sampled_from(["", "rainy", "ill"])
contents = st.one_of(
    st.none(),
    st.builds(Content, st.none(), st.just(True), notes),
    st.builds(Content, values, st.just(False), notes),
)
bodies = st.fixed_dictionaries(
    {}, optional={"value": values, "skipped": st.none() | st.booleans(), "note": notes}
).filter(lambda body: not (body.get("skipped") and body.get("value") is not None))


class TestPut:
    """The contract's sentences one by one: `{}` or no body ticks, and so on."""

    @pytest.mark.parametrize(
        ("before", "body", "after"),
        [
            # A check without a value that is not skipped gets 1.
            (None, {}, Content(1.0, False, None)),
            (NOTE_ALONE, {}, DONE),
            (SKIPPED, {}, SKIPPED),
            (UNDONE, {}, UNDONE),
            (DONE, {}, DONE),
            # A note alone stays a note alone.
            (None, {"note": "rainy"}, NOTE_ALONE),
            (NOTE_ALONE, {"note": "dry"}, Content(None, False, "dry")),
            (None, {"value": None, "note": "rainy"}, NOTE_ALONE),
            # What is not sent stays.
            (DONE, {"note": "dry"}, Content(1.0, False, "dry")),
            (SKIPPED, {"note": "well again"}, Content(None, True, "well again")),
            (DONE, {"value": 0}, UNDONE),
            # Null clears.
            (DONE, {"note": None}, Content(1.0, False, None)),
            (DONE, {"value": None}, NOTE_ALONE),
            (None, {"value": None}, Content(None, False, None)),
            (SKIPPED, {"value": None}, SKIPPED),
            # A skipped entry's value is null.
            (None, {"skipped": True}, Content(None, True, None)),
            (DONE, {"skipped": True}, Content(None, True, "rainy")),
            (DONE, {"skipped": True, "value": None}, Content(None, True, "rainy")),
            # A value without skipped un-skips.
            (SKIPPED, {"value": 1}, Content(1.0, False, "ill")),
            (SKIPPED, {"value": 0}, Content(0.0, False, "ill")),
            # Un-skipped without a value there is none.
            (SKIPPED, {"skipped": False}, Content(None, False, "ill")),
            (SKIPPED, {"skipped": None}, Content(None, False, "ill")),
            (SKIPPED, {"skipped": False, "note": None}, Content(None, False, None)),
            (SKIPPED, {"skipped": False, "value": 1}, Content(1.0, False, "ill")),
            (None, {"skipped": False}, Content(None, False, None)),
            (NOTE_ALONE, {"skipped": False}, NOTE_ALONE),
            (UNDONE, {"skipped": False}, UNDONE),
            (DONE, {"skipped": None}, DONE),
        ],
    )
    def test_makes_of_a_check(self, before: Content | None, body: dict[str, Any], after: Content) -> None:
        assert put("check", before, **body) == after

    @pytest.mark.parametrize(
        ("before", "body", "after"),
        [
            (None, {"value": 2.5}, Content(2.5, False, None)),
            (None, {"skipped": True, "note": "ill"}, SKIPPED),
            (None, {"note": "rainy"}, NOTE_ALONE),
            (None, {"skipped": False}, Content(None, False, None)),
            (NOTE_ALONE, {}, NOTE_ALONE),
            (SKIPPED, {}, SKIPPED),
            (DONE, {}, DONE),
            (DONE, {"value": 3}, Content(3.0, False, "rainy")),
            (SKIPPED, {"skipped": False}, Content(None, False, "ill")),
            (SKIPPED, {"value": 3}, Content(3.0, False, "ill")),
        ],
    )
    def test_makes_of_a_measure(self, before: Content | None, body: dict[str, Any], after: Content) -> None:
        assert put("measure", before, **body) == after

    def test_of_nothing_begins_no_measure(self) -> None:
        with pytest.raises(ValueMissing, match="value"):
            put("measure", None)


class TestAnyWrite:
    @given(st.sampled_from(["check", "measure"]), contents, bodies)
    def test_comes_to_the_same_when_it_is_repeated(
        self, kind: Kind, before: Content | None, body: dict[str, Any]
    ) -> None:
        assume(kind == "check" or before or body)
        once = put(kind, before, **body)

        assert put(kind, once, **body) == once

    @given(contents, bodies)
    def test_leaves_no_skipped_entry_with_a_value(self, before: Content | None, body: dict[str, Any]) -> None:
        after = put("check", before, **body)

        assert not (after.skipped and after.value is not None)

    @given(contents, bodies)
    def test_keeps_what_is_not_sent(self, before: Content | None, body: dict[str, Any]) -> None:
        after = put("check", before, **body)

        assert after.note == body.get("note", before and before.note)


class TestAdded:
    def test_begins_from_nothing(self) -> None:
        assert added(None, 2.5) == Content(2.5, False, None)

    def test_begins_from_0_where_there_is_a_note_alone(self) -> None:
        assert added(NOTE_ALONE, 2) == Content(2.0, False, "rainy")

    def test_adds_to_the_value_and_keeps_the_note(self) -> None:
        assert added(DONE, 2) == Content(3.0, False, "rainy")

    def test_ends_a_skip(self) -> None:
        assert added(SKIPPED, 2) == Content(2.0, False, "ill")

    def test_may_take_away_all_there_is(self) -> None:
        assert added(Content(0.3, False, None), -0.3) == Content(0.0, False, None)

    def test_refuses_a_sum_below_0(self) -> None:
        with pytest.raises(BelowZero) as refused:
            added(DONE, -1.000001)

        assert refused.value.members["errors"] == [
            {
                "field": "amount",
                "code": "below_zero",
                "message": "The sum would be below 0",
                "params": {"value": 1.0},
            }
        ]

    def test_refuses_to_take_from_nothing(self) -> None:
        with pytest.raises(BelowZero):
            added(None, -1)

    def test_refuses_a_sum_above_the_most(self) -> None:
        with pytest.raises(AboveMost):
            added(Content(1e9, False, None), 0.000001)

    def test_reaches_the_most(self) -> None:
        assert added(Content(1e9 - 1, False, None), 1).value == 1e9

    def test_rounds_to_6_decimals(self) -> None:
        content: Content | None = None
        for _ in range(10):
            content = added(content, 0.1)

        assert content == Content(1.0, False, None)

    def test_is_never_minus_0(self) -> None:
        content = added(None, -1e-9)

        assert str(content.value) == "0.0"


class TestAsFields:
    def test_names_the_columns(self) -> None:
        assert as_fields(DONE) == {"value": 1.0, "skipped": False, "note": "rainy"}


def put(kind: Kind, before: Content | None, **body: Any) -> Content:
    return merged(kind, before, EntryWrite.model_validate(body))
