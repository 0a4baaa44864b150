"""Challenges: starting, changing, ordering and deleting them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from lifetracker.challenges import repository
from lifetracker.challenges.rules import Attempt, Rules, attempt_by_hand
from lifetracker.challenges.schemas import (
    BriefStats,
    ChallengeCreate,
    ChallengeListed,
    ChallengePatch,
    ChallengePublic,
    ChallengeQuery,
    Order,
    Stored,
)
from lifetracker.challenges.stored import RULES, rules_of, show, shown_fields, stored_of
from lifetracker.core.cursors import paged, read_cursor
from lifetracker.core.db import Transaction
from lifetracker.core.db.holding import MANY
from lifetracker.core.errors import Conflict, Invalid, NotFound, TooMany
from lifetracker.core.hooks import Hook
from lifetracker.core.http.etags import refuse_stale
from lifetracker.core.schemas import Page
from lifetracker.core.validation import FieldError
from lifetracker.templates import service as templates
from lifetracker.templates.promise import FIELDS, completed, overlaid
from lifetracker.templates.schemas import Language
from lifetracker.users.schemas import Person

KEPT_DELETED = timedelta(days=30)
MOST_LIVING = 500
NO_ROOM = f"{MOST_LIVING} challenges are the most that one can have: delete one first"
A_CHALLENGE = 10  # days: to tell one from its row takes as long as to walk through so many
NOT_THERE = "there is no such challenge, or it is not yours"

# Answered by the daily log: the running attempts of challenges whose misses have consequences, and their numbers.
running_attempts: Hook[[Transaction, int, list[Rules], date], dict[int, Attempt]] = Hook("running_attempts")
brief_stats: Hook[[Transaction, int, list[Rules], date], dict[int, BriefStats]] = Hook("brief_stats")


class ChallengeNotFound(NotFound):
    code = "challenge_not_found"


class RestartedByHand(Conflict):
    code = "restarted"


class NotDeleted(Conflict):
    code = "not_deleted"


def start_challenge(tx: Transaction, person: Person, language: Language, new: ChallengeCreate) -> ChallengePublic:
    """One of my own, or one from a template, whose texts are copied in the person's language."""
    sent = new.model_dump(include=new.model_fields_set - {"template"})
    start = sent.pop("start_date", None) or person.today(tx.now)
    if new.template is None:
        if "title" not in sent:
            raise Invalid([FieldError("title", "missing", "A challenge needs a title, or a template to take it from")])
        promise = completed(new.model_dump(include=set(FIELDS)))
    else:
        template = templates.start_from(tx, person, language, new.template)
        promise = overlaid(template.model_dump(include=set(FIELDS)), sent)
    return add_challenge(tx, person, promise | {"template": new.template, "first_start_date": start})


def add_challenge(tx: Transaction, person: Person, fields: dict[str, Any]) -> ChallengePublic:
    """Write down a complete promise with its `template` and `first_start_date`."""
    _refuse_one_more(tx, person)
    _prune_deleted(tx, person)
    return show_challenge(tx, person, repository.add_challenge(tx, person.id, fields))


def has_room(tx: Transaction, person: Person) -> bool:
    """Whether one more challenge may live; archived ones do."""
    return repository.count_living(tx, person.id) < MOST_LIVING


def _refuse_one_more(tx: Transaction, person: Person) -> None:
    if not has_room(tx, person):
        raise TooMany(NO_ROOM)


def show_challenge(tx: Transaction, person: Person, challenge_id: int) -> ChallengePublic:
    return shown(tx, person, load(tx, person, challenge_id))


def load(tx: Transaction, person: Person, challenge_id: int) -> Stored:
    """A living challenge of theirs, or `ChallengeNotFound`."""
    stored = _find(tx, person, challenge_id)
    if stored is None:
        raise ChallengeNotFound(NOT_THERE)
    return stored


def load_rules(tx: Transaction, person: Person, challenge_id: int) -> Rules:
    """The same, of which only the rules are asked for."""
    rows = repository.find_rules(tx, person.id, challenge_id)
    if not rows:
        raise ChallengeNotFound(NOT_THERE)
    return rules_of(rows, person.week_starts_on)


def load_all(tx: Transaction, person: Person) -> list[Stored]:
    """All of a person's living challenges, archived ones too, in their order."""
    rows = repository.list_challenges(tx, person.id)
    tx.expect(A_CHALLENGE * len(rows))
    return list(stored_of(rows, person.week_starts_on))


def shown(tx: Transaction, person: Person, stored: Stored) -> ChallengePublic:
    today = person.today(tx.now)
    return show(stored, attempt_of(tx, person, stored.rules, today), today)


def attempt_of(tx: Transaction, person: Person, rules: Rules, today: date) -> Attempt:
    """The running attempt; the log is asked only where misses have consequences."""
    if rules.on_miss == "continue":
        return attempt_by_hand(rules, today)
    return running_attempts(tx, person.id, [rules], today)[rules.challenge_id]


def list_challenges(tx: Transaction, person: Person, query: ChallengeQuery) -> Page[ChallengeListed]:
    today = person.today(tx.now)
    after = read_cursor(query.cursor, tuple[int, int])
    rows: list[tuple[Stored, dict[str, Any]]] = []
    for stored, fields in _with_standing(tx, person, _of_status(tx, person, query), today):
        place = (stored.row.position, stored.id)
        if (after is None or place > after) and _is_wanted(fields["status"], query):
            rows.append((stored, fields))
    if query.include == "stats":
        rows = _with_stats(tx, person, rows[: query.limit + 1], today)
    return paged(
        rows, query.limit, lambda row: (row[1]["position"], row[1]["id"]), lambda row: ChallengeListed(**row[1])
    )


def _of_status(tx: Transaction, person: Person, query: ChallengeQuery) -> list[Stored]:
    """The deleted ones that can be brought back, or all living ones: their status shows only in their logs."""
    if query.status != "deleted":
        return load_all(tx, person)
    return list(stored_of(repository.list_deleted(tx, person.id, tx.now - KEPT_DELETED), person.week_starts_on))


def _with_standing(
    tx: Transaction, person: Person, everything: list[Stored], today: date
) -> Iterator[tuple[Stored, dict[str, Any]]]:
    judged = [stored.rules for stored in everything if stored.rules.on_miss != "continue"]
    attempts = running_attempts(tx, person.id, judged, today) if judged else {}
    for stored in everything:
        fields = shown_fields(stored, attempts.get(stored.id) or attempt_by_hand(stored.rules, today), today)
        yield stored, fields | _deletion(stored)


def _deletion(stored: Stored) -> dict[str, datetime]:
    deleted_at: datetime | None = getattr(stored.row, "deleted_at", None)
    return {"deleted_at": deleted_at, "gone_at": deleted_at + KEPT_DELETED} if deleted_at else {}


def _is_wanted(status: str, query: ChallengeQuery) -> bool:
    if query.status == "deleted":
        return True
    return status != "archived" if query.status is None else status == query.status


def _with_stats(
    tx: Transaction, person: Person, rows: list[tuple[Stored, dict[str, Any]]], today: date
) -> list[tuple[Stored, dict[str, Any]]]:
    stats = brief_stats(tx, person.id, [stored.rules for stored, _ in rows], today)
    return [(stored, fields | {"stats": stats[stored.id]}) for stored, fields in rows]


def order_challenges(tx: Transaction, person: Person, order: Order) -> None:
    """Those named first, in the order named; the others after them as they were."""
    mine = [stored.id for stored in load_all(tx, person)]
    if len(set(order.ids)) < len(order.ids):
        raise Invalid([FieldError("ids", "repeated", "A challenge is named twice")])
    if unknown := set(order.ids) - set(mine):
        raise ChallengeNotFound(f"there is no challenge {min(unknown)}, or it is not yours")
    if mine:
        named = set(order.ids)
        repository.put_positions(tx, person.id, [*order.ids, *(each for each in mine if each not in named)])


def change_challenge(
    tx: Transaction, person: Person, challenge_id: int, patch: ChallengePatch, if_match: str | None
) -> ChallengePublic:
    """Only what was sent; the whole challenge is judged by the rules it then has."""
    stored, before = find_unchanged(tx, person, challenge_id, if_match)
    changes = patch.model_dump(include=patch.model_fields_set)
    start = changes.pop("start_date", before.start_date)
    promise = {name: getattr(stored.row, name) for name in FIELDS} | {"schedule": stored.rules.schedule.model_dump()}
    fields = overlaid(promise, changes)
    if start != before.start_date:
        if stored.rules.restarts:
            raise RestartedByHand("this challenge was begun again by hand: restart it on the day you want")
        fields["first_start_date"] = start
    changed = {name: value for name, value in fields.items() if name not in promise or value != promise[name]}
    return touch(tx, person, stored, changed) if changed else before


def find_unchanged(
    tx: Transaction, person: Person, challenge_id: int, if_match: str | None
) -> tuple[Stored, ChallengePublic]:
    """The challenge as stored and as shown; `Stale` when it is not what the client read."""
    stored = _find(tx, person, challenge_id)
    current = shown(tx, person, stored) if stored else None
    refuse_stale(if_match, lambda: current)
    if stored is None or current is None:
        raise ChallengeNotFound(NOT_THERE)
    return stored, current


def touch(tx: Transaction, person: Person, stored: Stored, fields: dict[str, Any]) -> ChallengePublic:
    """Write these fields, or that a turn was taken, and the instant: it always moves on, so that no two states share a
    tag. With the rules, and with turns, the instant at which they were written moves, too."""
    written = max(tx.now, stored.updated_at + timedelta(microseconds=1))
    has_other_rules = not fields or not fields.keys().isdisjoint(RULES)
    if has_other_rules:
        tx.expect(stored.rules.days_until(tx.now.date()))  # all of them are told anew, and then it has written
    instants = {"updated_at": written, "rules_at": written if has_other_rules else stored.rules.written_at}
    repository.change_challenge(tx, person.id, stored.id, fields | instants)
    return show_challenge(tx, person, stored.id)


def delete_challenge(
    tx: Transaction, person: Person, challenge_id: int, *, forever: bool, if_match: str | None
) -> None:
    """Gone with its log; unless `forever`, it can be restored for 30 days."""
    if forever:
        tx.expect(MANY)
    if forever and if_match is None:
        if not repository.remove_challenge(tx, person.id, challenge_id):
            raise ChallengeNotFound(NOT_THERE)
        return
    find_unchanged(tx, person, challenge_id, if_match)
    _prune_deleted(tx, person)
    if forever:
        repository.remove_challenge(tx, person.id, challenge_id)
    else:
        repository.change_challenge(tx, person.id, challenge_id, {"deleted_at": tx.now})


def _prune_deleted(tx: Transaction, person: Person) -> None:
    """A few of those that can be brought back no more, each with all of its log."""
    old = repository.list_expired(tx, person.id, tx.now - KEPT_DELETED)
    if old:
        tx.expect(MANY)
        repository.remove_challenges(tx, person.id, old)


def restore_challenge(tx: Transaction, person: Person, challenge_id: int) -> ChallengePublic:
    if _find(tx, person, challenge_id) is not None:
        raise NotDeleted("this challenge is not deleted")
    since: datetime = tx.now - KEPT_DELETED
    if not repository.find_deleted(tx, person.id, challenge_id, since):
        raise ChallengeNotFound("there is no such challenge, or it is not yours, or it was deleted too long ago")
    _refuse_one_more(tx, person)
    repository.change_challenge(tx, person.id, challenge_id, {"deleted_at": None})
    return show_challenge(tx, person, challenge_id)


def begin_earlier(tx: Transaction, person: Person, challenge_id: int, day: date) -> None:
    """Move the first start back to `day`, where it lies after it: an imported log may reach further back."""
    stored = load(tx, person, challenge_id)
    if day < stored.rules.first_start:
        touch(tx, person, stored, {"first_start_date": day})


def find_imported(tx: Transaction, person: Person) -> dict[str, int]:
    """What an imported file called each of a person's living challenges, and its id."""
    return repository.find_imported(tx, person.id)


def _find(tx: Transaction, person: Person, challenge_id: int) -> Stored | None:
    return next(stored_of(repository.find_challenge(tx, person.id, challenge_id), person.week_starts_on), None)
