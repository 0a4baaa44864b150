"""From rows to challenges and from challenges to what is shown. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import Any

from lifetracker.challenges.rules import Attempt, Rules, Span, WeekStart, status_of
from lifetracker.challenges.schemas import ChallengePublic, Stored, TurnTaken
from lifetracker.core.day import ONE_DAY
from lifetracker.templates.goal import Goal
from lifetracker.templates.promise import FIELDS

SHOWN = (*FIELDS, "id", "template", "first_start_date", "position", "created_at", "updated_at")
# What decides what a day is worth, and with the turns of its life how the challenge stands.
RULES = ("kind", "direction", "target", "schedule", "first_start_date", "duration_days", "on_miss", "allowed_misses")
RULING = ("id", *RULES)


def stored_of(rows: Sequence[Any], week_starts_on: WeekStart) -> Iterator[Stored]:
    """A challenge for each id among the rows. A row begins with `SHOWN`, and has `rules_at`, and one of its turns or
    none."""
    turns = _turns_in(rows)
    for row in {row.id: row for row in rows}.values():
        taken = turns.get(row.id, ())
        yield Stored(_rules(row, taken, week_starts_on), row, taken, row.updated_at)


def rules_of(rows: Sequence[Any], week_starts_on: WeekStart) -> Rules:
    """The rules of the one challenge that the rows are of. A row has what is `RULING`, `rules_at`, and one of its turns
    or none."""
    return _rules(rows[0], _turns_in(rows).get(rows[0].id, ()), week_starts_on)


def _turns_in(rows: Sequence[Any]) -> dict[int, tuple[TurnTaken, ...]]:
    """Of each challenge that took any, in the order in which they were taken."""
    turns: dict[int, list[TurnTaken]] = {}
    for row in rows:
        if row.turn is not None:
            turns.setdefault(row.id, []).append(TurnTaken(row.turn_id, row.turn, row.from_date, row.until_date))
    return {of: tuple(sorted(taken, key=attrgetter("first", "id"))) for of, taken in turns.items()}


def _rules(row: Any, turns: tuple[TurnTaken, ...], week_starts_on: WeekStart) -> Rules:
    goal = Goal(row.kind, row.direction, row.target)
    promise = (row.schedule, row.first_start_date, row.duration_days, row.on_miss, row.allowed_misses or 0)
    rules = Rules(row.id, goal, *promise, week_starts_on=week_starts_on, written_at=row.rules_at)
    return _after(turns, rules) if turns else rules


def _after(turns: Sequence[TurnTaken], rules: Rules) -> Rules:
    rests = [turn for turn in turns if turn.kind != "restart"]
    return rules._replace(
        rests=tuple(Span(turn.first, turn.until and turn.until - ONE_DAY) for turn in rests),
        restarts=tuple(turn.first for turn in turns if turn.kind == "restart"),
        archived=any(turn.kind == "archive" and turn.until is None for turn in rests),
    )


def show(stored: Stored, attempt: Attempt, today: date) -> ChallengePublic:
    return ChallengePublic(**shown_fields(stored, attempt, today))


def shown_fields(stored: Stored, attempt: Attempt, today: date) -> dict[str, Any]:
    return dict(
        zip(SHOWN, stored.row, strict=False),  # a row goes on with what is not shown
        start_date=attempt.start,
        end_date=attempt.end,
        attempt=attempt.number,
        status=status_of(stored.rules, attempt, today),
        role="owner",
    )
