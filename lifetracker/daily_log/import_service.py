"""Bringing a life from another tracker: one file, one transaction, and the same file twice changes nothing."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from lifetracker.challenges import life_service
from lifetracker.challenges import service as challenges
from lifetracker.core.db import Database, Transaction, takes_long
from lifetracker.core.errors import Invalid
from lifetracker.core.validation import FieldError
from lifetracker.daily_log import loop, loop_repository, repository
from lifetracker.daily_log.loop import LoopHabit
from lifetracker.daily_log.schemas import Imported, ImportQuery, Rejected
from lifetracker.daily_log.writing import Content, as_fields
from lifetracker.templates.promise import completed
from lifetracker.users.schemas import Person

REJECTED_AT_MOST = 1_000


class UnknownFormat(Invalid):
    code = "unknown_format"

    def __init__(self, message: str) -> None:
        super().__init__([FieldError("", self.code, message)], detail=message)


class Life(NamedTuple):
    """What a file holds, in our words: entries by habit and day, and what could not be read with the reason."""

    habits: list[LoopHabit]
    entries: dict[int, dict[date, Content]]
    unread: list[tuple[str, str]]


async def import_file(db: Database, person: Person, content: bytes, query: ImportQuery) -> Imported:
    """Take over a Loop backup. It is read first: nobody's writing waits for a file, or for one that is none."""
    life = await db.read(read_file, person, content)
    return await db.write(take_over, person, life, query)


@takes_long
def read_file(tx: Transaction, person: Person, content: bytes) -> Life:
    if not loop_repository.is_sqlite(content):
        raise UnknownFormat("the file is none that can be imported: send the .db backup of Loop Habit Tracker")
    try:
        backup = loop_repository.read_backup(content)
    except loop_repository.NotLoop as reason:
        raise UnknownFormat(str(reason)) from None
    entries, unread = loop.entries_of(backup, person.today(tx.now))
    return Life(list(loop.habits_of(backup)), entries, unread)


@takes_long
def take_over(tx: Transaction, person: Person, life: Life, query: ImportQuery) -> Imported:
    """What is there already is matched by the file's own ids; a dry run keeps nothing."""
    report = Imported(format="loop", rejected=[])
    known = challenges.find_imported(tx, person)
    for habit in life.habits:
        _take_over(tx, person, habit, life.entries[habit.id], known, report)
    report.rejected += [Rejected(where=where, reason=reason) for where, reason in life.unread[:REJECTED_AT_MOST]]
    if query.dry_run:
        tx.discard()
    return report


def _take_over(
    tx: Transaction,
    person: Person,
    habit: LoopHabit,
    entries: dict[date, Content],
    known: dict[str, int],
    report: Imported,
) -> None:
    challenge_id = known.get(habit.key) or known.get(habit.older_key)
    if challenge_id is None and not challenges.has_room(tx, person):
        report.rejected.append(Rejected(where=f"Habits, {habit.fields['title']}", reason=challenges.NO_ROOM))
        return
    if challenge_id is None:
        challenge_id = _start(tx, person, habit, min(entries, default=person.today(tx.now)))
        report.challenges_created += 1
    report.rejected += [Rejected(where=f"Habits, {habit.fields['title']}", reason=remark) for remark in habit.remarks]
    created, updated = _merge(tx, person, challenge_id, entries)
    report.entries_created += created
    report.entries_updated += updated


def _start(tx: Transaction, person: Person, habit: LoopHabit, start: date) -> int:
    promise = completed(
        {**habit.fields, "duration_days": None, "on_miss": "continue", "allowed_misses": None, "tags": [], "icon": None}
    )
    fields = promise | {"template": None, "first_start_date": start, "imported_as": habit.key}
    challenge_id = challenges.add_challenge(tx, person, fields).id
    if habit.archived:
        life_service.archive_challenge(tx, person, challenge_id)
    return challenge_id


def _merge(tx: Transaction, person: Person, challenge_id: int, entries: dict[date, Content]) -> tuple[int, int]:
    """How many entries were new, and how many were changed."""
    there = {row.date: row for row in repository.entries_of(tx, person.id, challenge_id)}
    new = sorted(entries.keys() - there.keys())
    if new:
        challenges.begin_earlier(tx, person, challenge_id, new[0])
        key = {"user_id": person.id, "challenge_id": challenge_id, "created_at": tx.now, "updated_at": tx.now}
        repository.add_entries(tx, [key | {"date": day} | as_fields(entries[day]) for day in new])
    changed = 0
    for day in sorted(entries.keys() & there.keys()):
        before = Content(there[day].value, there[day].skipped, there[day].note)
        after = _joined(before, entries[day])
        if after != before:
            repository.change_entry(tx, person.id, challenge_id, day, as_fields(after) | {"updated_at": tx.now})
            changed += 1
    return len(new), changed


def _joined(here: Content, there: Content) -> Content:
    """What the file says counts, but for a note that is here already; a note alone says nothing of the value."""
    note = here.note or there.note
    return here._replace(note=note) if there.is_note_alone else there._replace(note=note)
