"""The daily log: logging a day, reading it back, and the numbers that challenges ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from lifetracker.challenges import service as challenges
from lifetracker.challenges.life_service import Archived, BeforeStart, DateInFuture
from lifetracker.challenges.rules import Attempt, Rules, status_of
from lifetracker.challenges.schemas import BriefStats
from lifetracker.core.cursors import paged, read_cursor
from lifetracker.core.day import FIRST_DAY, LAST_DAY, ONE_DAY
from lifetracker.core.db import Transaction
from lifetracker.core.errors import InvalidField, NotFound
from lifetracker.core.http.etags import refuse_existing, refuse_stale
from lifetracker.core.schemas import Id, Page
from lifetracker.daily_log import repository, standing_service
from lifetracker.daily_log.attempts import Logged
from lifetracker.daily_log.progress import Progress
from lifetracker.daily_log.schemas import (
    EntryAdd,
    EntryPublic,
    EntryWrite,
    LoggedResult,
    RangeQuery,
)
from lifetracker.daily_log.standing_service import Known
from lifetracker.daily_log.writing import Content, added, as_fields, merged
from lifetracker.templates.goal import Goal, outcome
from lifetracker.templates.schedule import streak_unit
from lifetracker.users.schemas import Person


class EntryNotFound(NotFound):
    code = "entry_not_found"


class AfterEnd(InvalidField):
    code = "after_end"


class RangeReversed(InvalidField):
    code = "range_reversed"


class _Opened(NamedTuple):
    """A challenge's rules and a day of it that takes an entry; `row` is the one that is there."""

    rules: Rules
    today: date
    on: date
    row: Any
    known: Known


def log_day(
    tx: Transaction,
    person: Person,
    challenge_id: int,
    day: date | None,
    sent: EntryWrite,
    if_match: str | None,
    if_none_match: str | None = None,
) -> LoggedResult:
    """Write what was sent into the day's entry; None is the person's today."""
    opened = _open(tx, person, challenge_id, day)
    goal = opened.rules.goal

    def show() -> EntryPublic | None:
        return shown_entry(opened.row, goal) if opened.row else None

    refuse_stale(if_match, show)
    refuse_existing(if_none_match, show)
    return _put(tx, person, opened, merged(goal.kind, _content(opened.row), sent))


def add_to_day(tx: Transaction, person: Person, challenge_id: int, day: date | None, sent: EntryAdd) -> LoggedResult:
    """Add to the day's value. The unit holds the write lock, so sums are exact under parallel calls."""
    opened = _open(tx, person, challenge_id, day)
    return _put(tx, person, opened, added(_content(opened.row), sent.amount))


def show_day(tx: Transaction, person: Person, challenge_id: int, day: date | None) -> EntryPublic:
    rules = challenges.load_rules(tx, person, challenge_id)
    row = repository.find_entry(tx, person.id, challenge_id, day or person.today(tx.now))
    if row is None:
        raise EntryNotFound("nothing is logged on this day")
    return shown_entry(row, rules.goal)


def erase_day(tx: Transaction, person: Person, challenge_id: int, day: date | None, if_match: str | None) -> None:
    rules = challenges.load_rules(tx, person, challenge_id)
    on = day or person.today(tx.now)
    row = repository.find_entry(tx, person.id, challenge_id, on)
    refuse_stale(if_match, lambda: shown_entry(row, rules.goal) if row else None)
    if row is None:
        raise EntryNotFound("nothing is logged on this day")
    if rules.archived:
        raise Archived("this challenge is archived: unarchive it first")
    repository.remove_entry(tx, person.id, challenge_id, on)


def list_log(tx: Transaction, person: Person, challenge_id: int, query: RangeQuery) -> Page[EntryPublic]:
    """One challenge's entries, ascending by date."""
    return _page(tx, person, [challenges.load_rules(tx, person, challenge_id)], query)


def list_daily_log(tx: Transaction, person: Person, query: RangeQuery) -> Page[EntryPublic]:
    """The entries of all living challenges, ascending by date."""
    return _page(tx, person, [stored.rules for stored in challenges.load_all(tx, person)], query)


def _page(tx: Transaction, person: Person, of: Sequence[Rules], query: RangeQuery) -> Page[EntryPublic]:
    today = person.today(tx.now)
    first, last = (max(query.from_ or today, FIRST_DAY), min(query.to or today, LAST_DAY))
    if first > last:
        raise RangeReversed("from", "The first day lies after the last")
    after = read_cursor(query.cursor, tuple[date, Id]) or (date.min, 0)
    goals = {rules.challenge_id: rules.goal for rules in of}
    rows = repository.page_of_entries(tx, person.id, list(goals), (first, last), after, query.limit + 1)
    return paged(
        rows,
        query.limit,
        lambda row: (row.date, row.challenge_id),
        lambda row: shown_entry(row, goals[row.challenge_id]),
    )


def running_attempts(tx: Transaction, person_id: int, of: list[Rules], today: date) -> dict[int, Attempt]:
    """Answers the challenges' hook."""
    by_id = {rules.challenge_id: rules for rules in of}
    everything = standing_service.known_of_all(tx, person_id, of, today)
    return {each: _progress(by_id[each], known, today).attempt for each, known in everything}


def brief_stats(tx: Transaction, person_id: int, of: list[Rules], today: date) -> dict[int, BriefStats]:
    """Answers the challenges' hook."""
    by_id = {rules.challenge_id: rules for rules in of}
    whole = standing_service.read_all_whole(tx, person_id, of)
    return {each: BriefStats(**brief(Progress(by_id[each], known.log, today))) for each, known in whole}


def brief(progress: Progress) -> dict[str, Any]:
    return {
        "current_streak": progress.current_streak,
        "best_streak": progress.best_streak,
        "streak_unit": streak_unit(progress.rules.schedule),
        "completion_rate": progress.tally().completion_rate,
        "score": progress.score(),
    }


def _progress_fields(progress: Progress) -> dict[str, Any]:
    attempt, period = progress.attempt, progress.period
    return {
        "current_streak": progress.current_streak,
        "streak_unit": streak_unit(progress.rules.schedule),
        "period_done": len(period.done) if period else None,
        "period_target": period.needs if period else None,
        "attempt": attempt.number,
        "status": status_of(progress.rules, attempt, progress.as_of),
    }


def _open(tx: Transaction, person: Person, challenge_id: int, day: date | None) -> _Opened:
    """Refuses a day that takes no entry."""
    rules, today = challenges.load_rules(tx, person, challenge_id), person.today(tx.now)
    on = day or today
    if rules.archived:
        raise Archived("this challenge is archived: unarchive it first")
    if on > today + ONE_DAY:
        raise DateInFuture("date", f"It is {today.isoformat()} for you", today=today.isoformat())
    if on < rules.first_start:
        raise BeforeStart("date", f"The challenge begins on {rules.first_start.isoformat()}")
    known = standing_service.known_of(tx, person.id, rules, min(on, today))
    if rules.duration_days is not None:
        end = _progress(rules, known, today).attempt.end
        if end is not None and on > end:
            raise AfterEnd("date", f"The challenge ends on {end.isoformat()}")
    row = known.entries.get(on) if known.entries is not None else repository.find_entry(tx, person.id, challenge_id, on)
    return _Opened(rules, today, on, row, known)


def _put(tx: Transaction, person: Person, opened: _Opened, content: Content) -> LoggedResult:
    """Write the entry where it changes, and tell how the challenge then stands."""
    rules, today, on, row, known = opened
    created_at, updated_at = tx.now, tx.now
    if row is None:
        key = {"user_id": person.id, "challenge_id": rules.challenge_id, "date": on}
        repository.add_entry(tx, key | as_fields(content) | {"created_at": tx.now, "updated_at": tx.now})
    else:
        created_at, updated_at = row.created_at, row.updated_at
        if content != _content(row):
            updated_at = max(tx.now, updated_at + timedelta(microseconds=1))
            changed = as_fields(content) | {"updated_at": updated_at}
            repository.change_entry(tx, person.id, rules.challenge_id, on, changed)
    if content.skipped or content.value is not None:
        known.log[on] = Logged(content.value, content.skipped)
    else:
        known.log.pop(on, None)
    progress = _progress(rules, known, today)
    standing_service.keep(tx, person.id, known, progress)
    entry = {"challenge_id": rules.challenge_id, "date": on, "created_at": created_at, "updated_at": updated_at}
    came = {"outcome": outcome(rules.goal, content.value, content.skipped)}
    return LoggedResult(entry | as_fields(content) | came, _progress_fields(progress), created=row is None)


def _progress(rules: Rules, known: Known, today: date) -> Progress:
    return Progress(rules, known.log, today, known.since)


def _content(row: Any) -> Content | None:
    return None if row is None else Content(row.value, row.skipped, row.note)


def shown_entry(row: Any, goal: Goal) -> EntryPublic:
    return EntryPublic(**entry_fields(row, goal))


def entry_fields(row: Any, goal: Goal) -> dict[str, Any]:
    return {
        "challenge_id": row.challenge_id,
        "date": row.date,
        "value": row.value,
        "skipped": row.skipped,
        "note": row.note,
        "outcome": outcome(goal, row.value, row.skipped),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
