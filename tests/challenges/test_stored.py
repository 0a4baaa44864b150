"""From rows to challenges: a row for each turn, or one without any."""

from __future__ import annotations

from collections import namedtuple
from datetime import UTC, date, datetime
from typing import Any

from lifetracker.challenges.rules import Attempt, Span
from lifetracker.challenges.stored import RULING, SHOWN, rules_of, show, stored_of

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
START = date(2026, 3, 1)
WRITTEN: dict[str, Any] = {
    "id": 1,
    "title": "Coffee",
    "description": "Less",
    "template": None,
    "kind": "measure",
    "direction": "at_most",
    "target": 2.0,
    "unit": "cups",
    "schedule": {"type": "weekly", "days": ["mon", "fri"]},
    "first_start_date": START,
    "duration_days": 30,
    "on_miss": "fail",
    "allowed_misses": 3,
    "tags": ["drinks"],
    "color": "#795548",
    "icon": "☕",
    "position": 4,
    "created_at": NOON,
    "updated_at": NOON,
}
OF_A_TURN = ("turn_id", "turn", "from_date", "until_date")
Row = namedtuple("Row", [*SHOWN, "rules_at", *OF_A_TURN])  # type: ignore[misc]


class TestStoredOf:
    def test_makes_one_challenge_of_a_row_without_turns(self) -> None:
        (stored,) = stored_of([row()], "mon")

        assert (stored.id, stored.turns, stored.rules.rests, stored.rules.restarts) == (1, (), (), ())
        assert not stored.rules.archived

    def test_makes_one_challenge_of_all_rows_with_its_id(self) -> None:
        rows = [row(turn("pause", 3, 5), id=1), row(turn("restart", 6), id=1), row(id=2), row(turn("pause", 9), id=3)]

        found = list(stored_of(rows, "mon"))

        assert [(stored.id, len(stored.turns)) for stored in found] == [(1, 2), (2, 0), (3, 1)]

    def test_ends_a_rest_on_the_day_before_it_counts_again(self) -> None:
        (stored,) = stored_of([row(turn("pause", 3, 5)), row(turn("archive", 8, 9)), row(turn("pause", 10))], "mon")

        assert stored.rules.rests == (Span(march(3), march(4)), Span(march(8), march(8)), Span(march(10), None))

    def test_takes_a_restart_for_no_rest(self) -> None:
        (stored,) = stored_of([row(turn("restart", 4)), row(turn("restart", 6))], "mon")

        assert (stored.rules.restarts, stored.rules.rests) == ((march(4), march(6)), ())

    def test_is_archived_while_a_time_in_the_archive_is_open(self) -> None:
        (past,) = stored_of([row(turn("archive", 4, 6))], "mon")
        (now,) = stored_of([row(turn("archive", 4, 6)), row(turn("archive", 8))], "mon")
        (paused,) = stored_of([row(turn("pause", 8))], "mon")

        assert [past.rules.archived, now.rules.archived, paused.rules.archived] == [False, True, False]

    def test_allows_no_miss_where_none_is_said(self) -> None:
        (stored,) = stored_of([row(allowed_misses=None)], "mon")

        assert stored.rules.allowed_misses == 0

    def test_knows_when_the_persons_week_starts(self) -> None:
        (stored,) = stored_of([row()], "sun")

        assert stored.rules.week_starts_on == "sun"


class TestRulesOf:
    def test_are_those_of_the_whole_challenge(self) -> None:
        for turns in [None], [turn("pause", 3, 5)], [turn("restart", 6), turn("archive", 4)]:
            rows = [row(each) for each in turns]
            (stored,) = stored_of(rows, "sun")

            assert rules_of([only_ruling(each) for each in rows], "sun") == stored.rules


class TestShow:
    def test_shows_what_was_written_and_what_follows(self) -> None:
        (stored,) = stored_of([row()], "mon")

        shown = show(stored, Attempt(2, march(8), date(2026, 4, 6)), march(11))

        assert shown.model_dump() == WRITTEN | {
            "start_date": march(8),
            "end_date": date(2026, 4, 6),
            "attempt": 2,
            "status": "active",
            "role": "owner",
        }


def march(number: int) -> date:
    return date(2026, 3, number)


def turn(kind: str, first: int, until: int | None = None) -> dict[str, Any]:
    """As it stands in a row; days are of March."""
    return {"turn_id": 7, "turn": kind, "from_date": march(first), "until_date": until and march(until)}


def row(taken: dict[str, Any] | None = None, **fields: Any) -> Any:
    """As the repository answers it."""
    given = WRITTEN | {"rules_at": NOON} | (taken or dict.fromkeys(OF_A_TURN)) | fields
    return Row(**given)


def only_ruling(whole: Any) -> Any:
    """The row as it is read where nothing but the rules is asked for."""
    names = [*RULING, "rules_at", *OF_A_TURN]
    return namedtuple("Ruling", names)(*(getattr(whole, name) for name in names))
