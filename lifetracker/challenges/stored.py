"""From rows to challenges and from challenges to what is shown. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from lifetracker.challenges.rules import Attempt, Rules, Span, WeekStart, status_of
from lifetracker.challenges.schemas import ChallengePublic, Stored, TurnTaken
from lifetracker.core.day import ONE_DAY
from lifetracker.templates.goal import Goal
from lifetracker.templates.promise import FIELDS

SHOWN = (*FIELDS, "id", "template", "first_start_date", "position", "created_at", "updated_at")
_ID = attrgetter("id")


def stored_of(rows: Iterable[Any], week_starts_on: WeekStart) -> Iterator[Stored]:
    """A challenge for each run of rows with one id. A row begins with `SHOWN`, and holds one of its turns or none."""
    for _, group in groupby(rows, key=_ID):
        run = list(group)
        yield _stored(run[0], _turns(run) if run[0].turn else (), week_starts_on)


def _turns(run: Iterable[Any]) -> tuple[TurnTaken, ...]:
    """In the order in which they were taken."""
    ordered = sorted(run, key=lambda row: (row.from_date, row.turn_id))
    return tuple(TurnTaken(row.turn_id, row.turn, row.from_date, row.until_date) for row in ordered)


def _stored(row: Any, turns: tuple[TurnTaken, ...], week_starts_on: WeekStart) -> Stored:
    rests = [turn for turn in turns if turn.kind != "restart"] if turns else ()
    rules = Rules(
        challenge_id=row.id,
        goal=Goal(row.kind, row.direction, row.target),
        schedule=row.schedule,
        first_start=row.first_start_date,
        duration_days=row.duration_days,
        on_miss=row.on_miss,
        allowed_misses=row.allowed_misses or 0,
        rests=tuple([Span(turn.first, turn.until and turn.until - ONE_DAY) for turn in rests]),
        restarts=tuple([turn.first for turn in turns if turn.kind == "restart"]),
        archived=bool([turn for turn in rests if turn.kind == "archive" and turn.until is None]),
        week_starts_on=week_starts_on,
        written_at=row.updated_at,
    )
    return Stored(rules, dict(zip(SHOWN, row, strict=False)), turns, row.updated_at)


def show(stored: Stored, attempt: Attempt, today: date) -> ChallengePublic:
    return ChallengePublic(**shown_fields(stored, attempt, today))


def shown_fields(stored: Stored, attempt: Attempt, today: date) -> dict[str, Any]:
    return stored.shown | {
        "start_date": attempt.start,
        "end_date": attempt.end,
        "attempt": attempt.number,
        "status": status_of(stored.rules, attempt, today),
        "role": "owner",
    }
