"""Questions about the daily log. Every one of them begins with the person's id, as the key does."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import chain, repeat
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, insert, select, update

from lifetracker.core.db import Transaction
from lifetracker.core.db.prepared import Prepared
from lifetracker.daily_log.attempts import Standing
from lifetracker.daily_log.models import DAILY_LOG as LOG
from lifetracker.daily_log.models import STANDINGS

WRITTEN = ("value", "skipped", "note", "updated_at")
NEW = {name: f"new_{name}" for name in WRITTEN}  # their parameters
_OF_CHALLENGE = and_(LOG.c.user_id == bindparam("of_user"), LOG.c.challenge_id == bindparam("of_challenge"))
_THIS = and_(_OF_CHALLENGE, LOG.c.date == bindparam("on"))
_FIND = Prepared(select(LOG).where(_THIS))
_ADD = Prepared(insert(LOG).values({column.name: bindparam(column.name) for column in LOG.c}))
_CHANGE = Prepared(update(LOG).where(_THIS).values({name: bindparam(new) for name, new in NEW.items()}))
_REMOVE = Prepared(delete(LOG).where(_THIS))
# Only days that count for progress: a note alone is not an entry there.
_COUNTS = LOG.c.skipped | LOG.c.value.is_not(None)
_DAYS_OF_ONE = Prepared(
    select(LOG.c.date, LOG.c.value, LOG.c.skipped).where(_OF_CHALLENGE, _COUNTS).order_by(LOG.c.date)
)
# Of several challenges at once, as many as there are places for.
PLACES = [f"challenge_{number}" for number in range(50)]
_SOME = [bindparam(place, type_=LOG.c.challenge_id.type) for place in PLACES]
_OF_SOME = and_(LOG.c.user_id == bindparam("of_user"), LOG.c.challenge_id.in_(_SOME))
_DAYS_OF_SOME = Prepared(select(LOG.c.challenge_id, LOG.c.date, LOG.c.value, LOG.c.skipped).where(_OF_SOME, _COUNTS))

# A standing, with its own fields first, and a row for each entry that it does not count yet, or one with nulls.
_ENTRY = [LOG.c[name] for name in ("date", "value", "skipped", "note", "created_at", "updated_at")]
_STOOD = [STANDINGS.c[name] for name in (*Standing._fields, "challenge_id", "rules_at", "week_starts_on")]
_SINCE = select(*_STOOD, *_ENTRY).outerjoin(
    LOG,
    and_(
        LOG.c.user_id == STANDINGS.c.user_id,
        LOG.c.challenge_id == STANDINGS.c.challenge_id,
        LOG.c.date >= STANDINGS.c.open_from,
    ),
)
_RUNG = and_(STANDINGS.c.user_id == bindparam("of_user"), STANDINGS.c.rung == bindparam("of_rung"))
_SINCE_ALL = Prepared(_SINCE.where(_RUNG))
_STANDING = and_(_RUNG, STANDINGS.c.challenge_id == bindparam("of_challenge"))
_SINCE_ONE = Prepared(_SINCE.where(_STANDING))
_FORGET = Prepared(delete(STANDINGS).where(_STANDING))
_KEEP = Prepared(insert(STANDINGS).values({column.name: bindparam(column.name) for column in STANDINGS.c}))


def _key(user_id: int, challenge_id: int, day: date) -> dict[str, Any]:
    return {"of_user": user_id, "of_challenge": challenge_id, "on": day}


def find_entry(tx: Transaction, user_id: int, challenge_id: int, day: date) -> Row[Any] | None:
    return next(iter(tx.ask(_FIND, **_key(user_id, challenge_id, day))), None)


def add_entry(tx: Transaction, entry: dict[str, Any]) -> None:
    """With every column, instants and all."""
    tx.ask(_ADD, **entry)


def add_entries(tx: Transaction, entries: list[dict[str, Any]]) -> None:
    """Each with every column, instants and all."""
    tx.exec(insert(LOG), entries)


def change_entry(tx: Transaction, user_id: int, challenge_id: int, day: date, fields: dict[str, Any]) -> None:
    """`fields` are those of `WRITTEN`."""
    new = {parameter: fields[name] for name, parameter in NEW.items()}
    tx.ask(_CHANGE, **_key(user_id, challenge_id, day), **new)


def remove_entry(tx: Transaction, user_id: int, challenge_id: int, day: date) -> None:
    tx.ask(_REMOVE, **_key(user_id, challenge_id, day))


def page_of_entries(
    tx: Transaction, user_id: int, ids: Sequence[int], bounds: tuple[date, date], after: tuple[date, int], limit: int
) -> Sequence[Row[Any]]:
    """Entries of these challenges within `bounds`, both in, that follow the date and challenge `after`.

    Of many challenges the days lie apart, and have to be put in order: so a few days are asked for at a time.
    """
    day, challenge_id = after
    follows = (LOG.c.date > day) | ((LOG.c.date == day) & (LOG.c.challenge_id > challenge_id))
    mine = select(LOG).where(LOG.c.user_id == user_id, LOG.c.challenge_id.in_(ids), follows)
    rows: list[Row[Any]] = []
    for span in _spans(max(bounds[0], day), bounds[1], limit // len(ids) + 1 if len(ids) > 1 else None):
        some = mine.where(LOG.c.date.between(*span)).order_by(LOG.c.date, LOG.c.challenge_id)
        rows += tx.exec(some.limit(limit - len(rows))).all()
        if len(rows) == limit:
            break
    return rows


def _spans(first: date, last: date, days: int | None) -> Iterator[tuple[date, date]]:
    """From one day to the other in pieces, the first of so many days and each eight times as long as the one before."""
    while first <= last:
        length = min(days or sys.maxsize, (last - first).days + 1)
        end = first + timedelta(days=length - 1)
        yield first, end
        if end == last:
            return
        first, days = end + timedelta(days=1), 8 * length


def entries_of(tx: Transaction, user_id: int, challenge_id: int) -> Sequence[Row[Any]]:
    """Date, value, skipped and note of every entry of one challenge."""
    held = select(LOG.c.date, LOG.c.value, LOG.c.skipped, LOG.c.note).where(_OF_CHALLENGE)
    return tx.exec(held, {"of_user": user_id, "of_challenge": challenge_id}).all()


def days_of_one(tx: Transaction, user_id: int, challenge_id: int) -> list[Iterable[Any]]:
    """Dates, values and whether skipped, each a column, of the entries that count; ascending by date."""
    return tx.ask_columns(_DAYS_OF_ONE, of_user=user_id, of_challenge=challenge_id)


def days_of_some(tx: Transaction, user_id: int, ids: Sequence[int]) -> list[Iterable[Any]]:
    """Challenges, dates, values and whether skipped, each a column, of the entries that count; of up to `PLACES`."""
    given = dict(zip(PLACES, chain(ids, repeat(0)), strict=False))
    return tx.ask_columns(_DAYS_OF_SOME, of_user=user_id, **given)


def since_standing(tx: Transaction, user_id: int, rung: int, challenge_id: int) -> Sequence[Row[Any]]:
    """The standing of one challenge, in a row for each entry that it does not count yet; none where none is kept."""
    return tx.ask(_SINCE_ONE, of_user=user_id, of_rung=rung, of_challenge=challenge_id)


def since_standings(tx: Transaction, user_id: int, rung: int) -> Sequence[Row[Any]]:
    """The same for all of a person's challenges."""
    return tx.ask(_SINCE_ALL, of_user=user_id, of_rung=rung)


def keep_standing(tx: Transaction, user_id: int, rung: int, challenge_id: int, standing: dict[str, Any]) -> None:
    """In place of the one that is kept; with every column but the key."""
    forget_standing(tx, user_id, rung, challenge_id)
    tx.ask(_KEEP, user_id=user_id, rung=rung, challenge_id=challenge_id, **standing)


def forget_standing(tx: Transaction, user_id: int, rung: int, challenge_id: int) -> None:
    tx.ask(_FORGET, of_user=user_id, of_rung=rung, of_challenge=challenge_id)
