"""What Loop Habit Tracker means, in our words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetracker.challenges.schemas import ChallengeCreate
from lifetracker.daily_log.loop import (
    PALETTE,
    Backup,
    Habit,
    Repetition,
    color_of,
    entries_of,
    fit,
    habit_of,
    habits_of,
    schedule_of,
)
from lifetracker.daily_log.writing import Content
from tests.daily_log.loop_files import NO, SKIP, UNKNOWN, YES, YES_AUTO, millis

TODAY = date(2026, 3, 11)
YESTERDAY = millis("2026-03-10")
DONE = Content(1.0, False, None)
anything = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary()
rows_of_1 = st.builds(Repetition, st.just(1), anything, anything, anything)


class TestHabit:
    def test_becomes_a_check(self) -> None:
        meditate = habit_of(habit(name=" Meditate ", question="Did you?", description="Sit still", color=8))

        assert meditate.fields == {
            "title": "Meditate",
            "description": "Did you?\n\nSit still",
            "kind": "check",
            "direction": "at_least",
            "target": 1.0,
            "unit": None,
            "schedule": {"type": "daily"},
            "color": "#00897B",
        }
        assert (meditate.archived, meditate.remarks) == (False, [])

    def test_becomes_a_measure_when_it_is_numerical(self) -> None:
        run = habit_of(habit(type=1, target_type=0, target_value=2.5, unit="miles"))

        assert (run.fields["kind"], run.fields["direction"]) == ("measure", "at_least")
        assert (run.fields["target"], run.fields["unit"]) == (2.5, "miles")

    def test_becomes_a_limit_when_it_is_to_stay_below(self) -> None:
        beer = habit_of(habit(type=1, target_type=1, target_value=0))

        assert (beer.fields["direction"], beer.fields["target"], beer.remarks) == ("at_most", 0, [])

    def test_has_no_target_or_unit_when_it_is_done_or_not(self) -> None:
        check = habit_of(habit(type=0, target_type=1, target_value=100, unit="miles"))

        assert (check.fields["direction"], check.fields["target"], check.fields["unit"]) == ("at_least", 1, None)

    @pytest.mark.parametrize("target", [0, -1, float("inf"), 1e10, None, "many", b"5"])
    def test_gets_a_target_that_can_be_reached(self, target: Any) -> None:
        run = habit_of(habit(type=1, target_type=0, target_value=target))

        assert run.fields["target"] == 1
        assert run.remarks == [f"its target {target} cannot be reached or missed; it is 1 now"]

    def test_repeats_no_more_than_a_little_of_what_it_cannot_read(self) -> None:
        (remark,) = habit_of(habit(type=1, target_value="x" * 1_000_000)).remarks

        assert len(remark) < 120

    @pytest.mark.parametrize(("given", "target"), [(-1, 0), (float("inf"), 1e9), (2e9, 1e9), ("many", 0)])
    def test_gets_a_limit_that_can_be(self, given: Any, target: float) -> None:
        assert habit_of(habit(type=1, target_type=1, target_value=given)).fields["target"] == target

    @pytest.mark.parametrize("name", ["", "  ", "\0", " \0 ", None, 7, b"Run"])
    def test_is_untitled_without_a_name(self, name: Any) -> None:
        assert habit_of(habit(name=name)).fields["title"] == "Untitled"

    def test_is_cut_where_there_is_no_room_and_says_so(self) -> None:
        long = habit_of(habit(name="n" * 201, description="d" * 5001, unit="u" * 41, type=1, target_value=1))

        assert [len(long.fields[name]) for name in ("title", "description", "unit")] == [200, 5000, 40]
        assert long.remarks == [
            "its name was cut to 200 characters",
            "its description was cut to 5000 characters",
            "its unit was cut to 40 characters",
        ]

    def test_keeps_emoji_and_drops_nul(self) -> None:
        assert habit_of(habit(name="R\0un 🏃")).fields["title"] == "Run 🏃"

    @pytest.mark.parametrize(("archived", "expected"), [(0, False), (1, True), (None, False)])
    def test_may_be_archived(self, archived: Any, expected: bool) -> None:
        assert habit_of(habit(archived=archived)).archived is expected

    @given(st.fixed_dictionaries(dict.fromkeys((field for field in Habit._fields if field != "id"), anything)))
    def test_is_always_one_that_may_be_started(self, columns: dict[str, Any]) -> None:
        fields = habit_of(habit(**columns)).fields

        ChallengeCreate.model_validate(fields)
        assert "\0" not in habit_of(habit(**columns)).key


class TestKey:
    def test_is_the_uuid(self) -> None:
        assert habit_of(habit(uuid="ab12")).key == "loop:ab12"

    def test_is_id_and_name_in_files_without_uuids(self) -> None:
        assert habit_of(habit(id=3, name="Run")).key == "loop:3:Run"
        assert habit_of(habit(id=3, name="Run", uuid="")).key == "loop:3:Run"

    def test_is_as_it_was_before_there_were_uuids_as_well(self) -> None:
        assert habit_of(habit(id=3, name="Run", uuid="ab12")).older_key == "loop:3:Run"

    def test_differs_within_a_file(self) -> None:
        twins = backup([habit(id=1, uuid="ab"), habit(id=2, uuid="ab")], [])

        assert [each.key for each in habits_of(twins)] == ["loop:ab", "loop:2:Meditate"]


class TestColor:
    def test_is_of_the_palette(self) -> None:
        assert [color_of(number) for number in range(20)] == PALETTE
        assert (len(PALETTE), PALETTE[0], PALETTE[19]) == (20, "#D32F2F", "#AAAAAA")

    def test_was_a_number_of_its_own_in_old_files(self) -> None:
        assert color_of(-16742021) == "#00897B"
        assert color_of(-1) == "#FFFFFF"
        assert color_of(-(2**31)) == "#000000"

    @pytest.mark.parametrize("color", [None, 20, 255, -(2**31) - 1, 3.0, "3", b"3"])
    def test_is_none_where_it_is_none_of_these(self, color: Any) -> None:
        assert color_of(color) is None


class TestSchedule:
    @pytest.mark.parametrize(
        ("times", "days", "schedule"),
        [
            (1, 1, {"type": "daily"}),
            (7, 7, {"type": "daily"}),
            (30, 30, {"type": "daily"}),
            (1, 7, {"type": "times", "count": 1, "per": "week"}),
            (3, 7, {"type": "times", "count": 3, "per": "week"}),
            (6, 7, {"type": "times", "count": 6, "per": "week"}),
            (1, 2, {"type": "interval", "days": 2}),
            (1, 14, {"type": "interval", "days": 14}),
            (1, 90, {"type": "interval", "days": 90}),
            (1, 365, {"type": "interval", "days": 365}),
            (1, 30, {"type": "times", "count": 1, "per": "month"}),
            (1, 31, {"type": "times", "count": 1, "per": "month"}),
            (10, 30, {"type": "times", "count": 10, "per": "month"}),
            (29, 30, {"type": "times", "count": 29, "per": "month"}),
        ],
    )
    def test_is_met_exactly_for_what_loop_offers(self, times: int, days: int, schedule: dict[str, Any]) -> None:
        assert schedule_of(times, days) == schedule
        assert habit_of(habit(freq_num=times, freq_den=days)).remarks == []

    @pytest.mark.parametrize(
        ("times", "days", "schedule", "said"),
        [
            (2, 3, {"type": "times", "count": 20, "per": "month"}, "20 times a month"),
            (3, 14, {"type": "times", "count": 6, "per": "month"}, "6 times a month"),
            (2, 1000, {"type": "times", "count": 1, "per": "month"}, "once a month"),
            (1, 1000, {"type": "interval", "days": 365}, "every 365 days"),
            (59, 60, {"type": "daily"}, "every day"),
        ],
    )
    def test_is_the_nearest_for_anything_else_and_says_so(
        self, times: int, days: int, schedule: dict[str, Any], said: str
    ) -> None:
        assert schedule_of(times, days) == schedule
        assert habit_of(habit(freq_num=times, freq_den=days)).remarks == [
            f"its frequency, {times} in {days} days, is {said} now"
        ]

    @pytest.mark.parametrize("odd", [None, 0, -3, "x", b"x", float("-inf")])
    def test_takes_1_for_what_is_no_count(self, odd: Any) -> None:
        assert schedule_of(odd, odd) == {"type": "daily"}
        assert schedule_of(odd, 2) == {"type": "interval", "days": 2}
        assert schedule_of(3, odd) == {"type": "daily"}

    @pytest.mark.parametrize("huge", [2**63 - 1, 1e300, float("inf")])
    def test_survives_huge_counts(self, huge: Any) -> None:
        assert schedule_of(huge, 7) == {"type": "daily"}
        assert schedule_of(1, huge) == {"type": "interval", "days": 365}


class TestEntriesOfACheck:
    @pytest.mark.parametrize(
        ("value", "notes", "content"),
        [
            (YES, "", DONE),
            (NO, "", Content(0.0, False, None)),
            (SKIP, "", Content(None, True, None)),
            (YES, " rainy ", Content(1.0, False, "rainy")),
            (SKIP, "ill", Content(None, True, "ill")),
            (UNKNOWN, "later", Content(None, False, "later")),
            (YES_AUTO, "by itself", Content(None, False, "by itself")),
        ],
    )
    def test_mean_what_loop_means(self, value: int, notes: str, content: Content) -> None:
        assert only(row(value=value, notes=notes)) == content

    @pytest.mark.parametrize("value", [UNKNOWN, YES_AUTO])
    def test_are_left_out_where_they_say_nothing(self, value: int) -> None:
        assert entries_of(backup([habit()], [row(value=value)]), TODAY) == ({1: {}}, [])

    def test_are_all_checks_in_files_without_values(self) -> None:
        assert only(row(value=None, notes=None)) == DONE

    @pytest.mark.parametrize("value", [4, 1000, -2, 2**62])
    def test_are_refused_with_another_value(self, value: int) -> None:
        assert refused(row(value=value)) == f"its value {value} has no meaning"

    @pytest.mark.parametrize("value", [2.5, "2", b"2"])
    def test_are_refused_with_a_value_that_is_no_number(self, value: Any) -> None:
        assert refused(row(value=value)) == "its value is not a whole number"


class TestEntriesOfAMeasure:
    @pytest.mark.parametrize(
        ("value", "content"),
        [
            (0, Content(0.0, False, None)),
            (1, Content(0.001, False, None)),
            (2, Content(0.002, False, None)),
            (3, Content(None, True, None)),
            (1234, Content(1.234, False, None)),
            (10**12, Content(1e9, False, None)),
        ],
    )
    def test_are_thousandths(self, value: int, content: Content) -> None:
        assert only(row(value=value), type=1) == content

    @pytest.mark.parametrize("value", [-2, -1000, 10**12 + 1, 2**63 - 1])
    def test_are_refused_where_no_value_can_be(self, value: int) -> None:
        assert refused(row(value=value), type=1) == f"its value {value} has no meaning"

    def test_are_left_out_where_they_are_unknown(self) -> None:
        assert entries_of(backup([habit(type=1)], [row(value=UNKNOWN)]), TODAY) == ({1: {}}, [])


class TestDays:
    @pytest.mark.parametrize(
        ("timestamp", "day"),
        [
            (0, date(1970, 1, 1)),
            (millis("2026-03-11"), date(2026, 3, 11)),
            (millis("2026-03-12"), date(2026, 3, 12)),
            (millis("2026-03-10") + 86_399_999, date(2026, 3, 10)),
        ],
    )
    def test_are_those_of_the_calendar_in_utc(self, timestamp: int, day: date) -> None:
        entries, rejected = entries_of(backup([habit()], [row(timestamp=timestamp)]), TODAY)

        assert (entries, rejected) == ({1: {day: DONE}}, [])

    @pytest.mark.parametrize(
        ("timestamp", "reason"),
        [
            (-1, "its day 1969-12-31 lies before 1970-01-01"),
            (millis("2026-03-13"), "its day 2026-03-13 lies in the future"),
            (2**63 - 1, "its timestamp is no day of the calendar"),
            (-(2**63), "its timestamp is no day of the calendar"),
            (10**15, "its timestamp is no day of the calendar"),
            (None, "its timestamp is not a number"),
            ("yesterday", "its timestamp is not a number"),
            (1.5e12, "its timestamp is not a number"),
        ],
    )
    def test_are_refused_where_there_is_none(self, timestamp: Any, reason: str) -> None:
        assert refused(row(timestamp=timestamp)) == reason

    def test_that_come_twice_count_as_they_came_last(self) -> None:
        rows = [row(value=YES, notes="first"), row(value=NO), row(value=UNKNOWN)]

        entries, _ = entries_of(backup([habit()], rows), TODAY)

        assert entries == {1: {date(2026, 3, 10): Content(0.0, False, None)}}


class TestRowsOfTheLog:
    def test_go_to_their_habits(self) -> None:
        rows = [row(habit=1, timestamp=millis("2026-03-01")), row(habit=2, timestamp=millis("2026-03-02"))]

        entries, _ = entries_of(backup([habit(id=1), habit(id=2), habit(id=3)], rows), TODAY)

        assert entries == {1: {date(2026, 3, 1): DONE}, 2: {date(2026, 3, 2): DONE}, 3: {}}

    @pytest.mark.parametrize("stranger", [9, None, "1", b"1"])
    def test_are_refused_where_there_is_no_habit(self, stranger: Any) -> None:
        assert refused(row(habit=stranger)) == "it belongs to no habit"

    def test_are_told_by_their_number(self) -> None:
        _, rejected = entries_of(backup([habit()], [row(), row(value=7), row(), row(value=8)]), TODAY)

        assert [where for where, _ in rejected] == ["Repetitions, row 2", "Repetitions, row 4"]

    def test_are_kept_with_a_note_that_is_cut(self) -> None:
        entries, rejected = entries_of(backup([habit()], [row(notes="n" * 10_001)]), TODAY)

        assert entries[1][date(2026, 3, 10)] == Content(1.0, False, "n" * 10_000)
        assert rejected == [("Repetitions, row 1", "its note was cut to 10000 characters")]

    @given(
        st.lists(st.builds(Repetition, st.just(1), anything, anything, anything), max_size=5), st.sampled_from([0, 1])
    )
    def test_never_give_an_entry_that_cannot_be(self, rows: list[Repetition], kind: int) -> None:
        entries, _ = entries_of(backup([habit(type=kind)], rows), TODAY)

        for day, content in entries[1].items():
            assert date(1970, 1, 1) <= day <= date(2026, 3, 12)
            assert content.value is None or 0 <= content.value <= 1e9
            assert not (content.skipped and content.value is not None)
            assert content.note is None or (content.note and "\0" not in content.note)


class TestFit:
    @pytest.mark.parametrize(
        ("text", "fitted"),
        [("abc", "abc"), ("  abcdef", "abcd"), ("a\0b", "ab"), ("abc d", "abc"), (None, ""), (5, "")],
    )
    def test_takes_what_there_is_room_for(self, text: Any, fitted: str) -> None:
        assert fit(text, 4) == fitted


def habit(**columns: Any) -> Habit:
    empty: dict[str, Any] = dict.fromkeys(Habit._fields)
    return Habit(**(empty | {"id": 1, "name": "Meditate", "freq_num": 1, "freq_den": 1, "type": 0} | columns))


def row(*, habit: Any = 1, timestamp: Any = YESTERDAY, value: Any = YES, notes: Any = "") -> Repetition:
    return Repetition(habit, timestamp, value, notes)


def backup(habits: list[Habit], rows: list[Repetition]) -> Backup:
    return Backup(25, habits, rows)


def only(of: Repetition, **columns: Any) -> Content:
    """The entry that this row of a habit's log gives."""
    entries, rejected = entries_of(backup([habit(**columns)], [of]), TODAY)
    assert rejected == []
    (content,) = entries[1].values()
    return content


def refused(of: Repetition, **columns: Any) -> str:
    """Why this row of a habit's log is not taken over."""
    entries, rejected = entries_of(backup([habit(**columns)], [of]), TODAY)
    assert entries == {1: {}}
    ((where, reason),) = rejected
    assert where == "Repetitions, row 1"
    return reason
