"""The turns of a challenge's life: pausing, archiving, beginning again."""

from __future__ import annotations

from datetime import date

from lifetracker.challenges import repository
from lifetracker.challenges.schemas import ChallengePublic, Stored, TurnTaken
from lifetracker.challenges.service import load, touch
from lifetracker.core.db import Transaction
from lifetracker.core.errors import Conflict, InvalidField
from lifetracker.users.schemas import Person


class AlreadyPaused(Conflict):
    code = "already_paused"


class NotPaused(Conflict):
    code = "not_paused"


class Archived(Conflict):
    code = "archived"


class AlreadyArchived(Conflict):
    code = "already_archived"


class NotArchived(Conflict):
    code = "not_archived"


class DateInFuture(InvalidField):
    code = "date_in_future"


class BeforeStart(InvalidField):
    code = "before_start"


def pause_challenge(tx: Transaction, person: Person, challenge_id: int, first: date | None) -> ChallengePublic:
    """From `first` on (default today) no day is due, until the challenge is resumed."""
    stored = _not_archived(tx, person, challenge_id)
    today = person.today(tx.now)
    if _open_pause(stored, today):
        raise AlreadyPaused("this challenge is paused already: resume it first")
    repository.add_turn(tx, person.id, challenge_id, "pause", first or today)
    return touch(tx, person, stored, {})


def resume_challenge(tx: Transaction, person: Person, challenge_id: int, on: date | None) -> ChallengePublic:
    """`on` (default today) is the first day that counts again; not after the pause's first, it undoes the pause."""
    stored = _not_archived(tx, person, challenge_id)
    today = person.today(tx.now)
    pause = _open_pause(stored, today)
    if pause is None:
        raise NotPaused("this challenge is not paused")
    repository.end_turn(tx, person.id, pause.id, on or today)
    return touch(tx, person, stored, {})


def archive_challenge(tx: Transaction, person: Person, challenge_id: int) -> ChallengePublic:
    stored = load(tx, person, challenge_id)
    if stored.rules.archived:
        raise AlreadyArchived("this challenge is archived already")
    repository.add_turn(tx, person.id, challenge_id, "archive", person.today(tx.now))
    return touch(tx, person, stored, {})


def unarchive_challenge(tx: Transaction, person: Person, challenge_id: int) -> ChallengePublic:
    """The days in the archive count as paused."""
    stored = load(tx, person, challenge_id)
    archive = next((turn for turn in stored.turns if turn.kind == "archive" and turn.until is None), None)
    if archive is None:
        raise NotArchived("this challenge is not archived")
    repository.end_turn(tx, person.id, archive.id, person.today(tx.now))
    return touch(tx, person, stored, {})


def restart_challenge(tx: Transaction, person: Person, challenge_id: int, start: date | None) -> ChallengePublic:
    """Begin a new attempt on `start` (default today): not in the future, nor before the last beginning by hand."""
    stored = _not_archived(tx, person, challenge_id)
    today = person.today(tx.now)
    begins = start or today
    last = max((stored.rules.first_start, *stored.rules.restarts))
    if begins > today:
        raise DateInFuture(
            "start_date", "A challenge is begun again today or on a day gone by", today=today.isoformat()
        )
    if begins < last:
        raise BeforeStart("start_date", f"The last beginning was {last.isoformat()}")
    repository.add_turn(tx, person.id, challenge_id, "restart", begins)
    return touch(tx, person, stored, {})


def _not_archived(tx: Transaction, person: Person, challenge_id: int) -> Stored:
    stored = load(tx, person, challenge_id)
    if stored.rules.archived:
        raise Archived("this challenge is archived: unarchive it first")
    return stored


def _open_pause(stored: Stored, today: date) -> TurnTaken | None:
    """The pause that is not over; it may have been given its end, or its beginning, in advance."""
    pauses = [turn for turn in stored.turns if turn.kind == "pause"]
    return next((turn for turn in pauses if turn.until is None or turn.until > today), None)
