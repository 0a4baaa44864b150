"""Questions about challenges and the turns of their lives. Every one of them carries the owner's id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, func, insert, select, update

from lifetracker.challenges.models import CHALLENGES, TURNS
from lifetracker.challenges.stored import RULING, SHOWN
from lifetracker.core.db import Transaction
from lifetracker.core.db.prepared import Prepared

PIECE = 5  # challenges, each of which may take thousands of days along

# A row for each turn of a challenge, or one with nulls: nearly all have none, so one question is cheaper than two.
# The turns of one are in no order: to ask for it would have the database sort, where there is hardly ever anything to.
_TURN = (TURNS.c.id.label("turn_id"), TURNS.c.kind.label("turn"), TURNS.c.from_date, TURNS.c.until_date)
_RULES_AT = func.coalesce(CHALLENGES.c.rules_at, CHALLENGES.c.updated_at).label("rules_at")
_LIVING = CHALLENGES.c.deleted_at.is_(None)
_THIS = CHALLENGES.c.id == bindparam("this")


def _own(fields: Iterable[str], which: ColumnElement[bool] = _LIVING) -> Select[Any]:
    """These fields of a person's challenges, the living ones unless said, when their rules were written, and turns."""
    with_turns = select(*(CHALLENGES.c[name] for name in fields), _RULES_AT, *_TURN).outerjoin(
        TURNS, and_(TURNS.c.challenge_id == CHALLENGES.c.id, TURNS.c.user_id == CHALLENGES.c.user_id)
    )
    return with_turns.where(CHALLENGES.c.user_id == bindparam("of_user"), which)


_ONE = Prepared(_own(SHOWN).where(_THIS))
_RULES_OF_ONE = Prepared(_own(RULING).where(_THIS))
_IN_ORDER = (CHALLENGES.c.position, CHALLENGES.c.id)
_ALL = Prepared(_own(SHOWN).order_by(*_IN_ORDER))
_DELETED = Prepared(
    _own(SHOWN, CHALLENGES.c.deleted_at > bindparam("since")).add_columns(CHALLENGES.c.deleted_at).order_by(*_IN_ORDER)
)


def find_challenge(tx: Transaction, user_id: int, challenge_id: int) -> Sequence[Row[Any]]:
    """A person's living challenge, a row for each of its turns; no row when there is none."""
    return tx.ask(_ONE, this=challenge_id, of_user=user_id)


def find_rules(tx: Transaction, user_id: int, challenge_id: int) -> Sequence[Row[Any]]:
    """The same, with no more of it than its rules."""
    return tx.ask(_RULES_OF_ONE, this=challenge_id, of_user=user_id)


def list_challenges(tx: Transaction, user_id: int) -> Sequence[Row[Any]]:
    """All of a person's living challenges in their order, a row for each turn."""
    return tx.ask(_ALL, of_user=user_id)


def list_deleted(tx: Transaction, user_id: int, since: datetime) -> Sequence[Row[Any]]:
    """The same of those that were deleted after `since`, each with its `deleted_at`."""
    return tx.ask(_DELETED, of_user=user_id, since=since)


def count_living(tx: Transaction, user_id: int) -> int:
    mine = (CHALLENGES.c.user_id == user_id, _LIVING)
    count: int = tx.exec(select(func.count()).select_from(CHALLENGES).where(*mine)).scalar_one()
    return count


def add_challenge(tx: Transaction, user_id: int, fields: dict[str, Any]) -> int:
    """At the end of the person's list."""
    last = select(func.coalesce(func.max(CHALLENGES.c.position), 0) + 1).where(CHALLENGES.c.user_id == user_id)
    values = fields | {"user_id": user_id, "position": last.scalar_subquery()}
    made = insert(CHALLENGES).values(**values, created_at=tx.now, updated_at=tx.now, rules_at=tx.now)
    challenge_id: int = tx.exec(made.returning(CHALLENGES.c.id)).scalar_one()
    return challenge_id


def change_challenge(tx: Transaction, user_id: int, challenge_id: int, fields: dict[str, Any]) -> None:
    this = and_(CHALLENGES.c.id == challenge_id, CHALLENGES.c.user_id == user_id)
    tx.exec(update(CHALLENGES).where(this).values(**fields))


def put_positions(tx: Transaction, user_id: int, ids: Iterable[int]) -> None:
    """Number the challenges in this order from 1."""
    this = and_(CHALLENGES.c.id == bindparam("this"), CHALLENGES.c.user_id == user_id)
    places = [{"this": challenge_id, "place": place} for place, challenge_id in enumerate(ids, 1)]
    tx.exec(update(CHALLENGES).where(this).values(position=bindparam("place")), places)


def find_deleted(tx: Transaction, user_id: int, challenge_id: int, since: datetime) -> bool:
    """Whether this challenge of theirs was deleted after `since`."""
    this = (CHALLENGES.c.id == challenge_id, CHALLENGES.c.user_id == user_id, CHALLENGES.c.deleted_at > since)
    return tx.exec(select(CHALLENGES.c.id).where(*this)).first() is not None


def remove_challenge(tx: Transaction, user_id: int, challenge_id: int) -> bool:
    """For good, with its log; whether it was there, deleted before or not."""
    this = (CHALLENGES.c.id == challenge_id, CHALLENGES.c.user_id == user_id)
    return tx.exec(delete(CHALLENGES).where(*this)).rowcount > 0


def list_expired(tx: Transaction, user_id: int, before: datetime) -> Sequence[int]:
    """A few of a person's challenges that were deleted before then."""
    mine = (CHALLENGES.c.user_id == user_id, CHALLENGES.c.deleted_at < before)
    return tx.exec(select(CHALLENGES.c.id).where(*mine).limit(PIECE)).scalars().all()


def remove_challenges(tx: Transaction, user_id: int, ids: Sequence[int]) -> None:
    """For good, with their logs."""
    tx.exec(delete(CHALLENGES).where(CHALLENGES.c.user_id == user_id, CHALLENGES.c.id.in_(ids)))


def find_imported(tx: Transaction, user_id: int) -> dict[str, int]:
    """What an imported file called each of a person's living challenges, and its id."""
    named = (CHALLENGES.c.user_id == user_id, CHALLENGES.c.imported_as.is_not(None), _LIVING)
    return {row.imported_as: row.id for row in tx.exec(select(CHALLENGES.c.imported_as, CHALLENGES.c.id).where(*named))}


def add_turn(tx: Transaction, user_id: int, challenge_id: int, kind: str, from_date: date) -> None:
    values = {"user_id": user_id, "challenge_id": challenge_id, "kind": kind, "from_date": from_date}
    tx.exec(insert(TURNS).values(**values, until_date=None))


def end_turn(tx: Transaction, user_id: int, turn_id: int, until: date) -> None:
    """The turn now runs until the day before `until`; it is undone when that leaves no day."""
    this = and_(TURNS.c.id == turn_id, TURNS.c.user_id == user_id)
    tx.exec(update(TURNS).where(this).values(until_date=until))
    tx.exec(delete(TURNS).where(this, TURNS.c.until_date <= TURNS.c.from_date))
