"""How challenges stand: gone on from what was kept of them, where that still holds, and else told by their whole log.

A standing is kept for the rules that it was reckoned by, and holds until a day that it counts is written: then the
database itself drops it (migration 0003). So nobody who writes has to think of it, and nobody who reads can be misled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from lifetracker.challenges import service as challenges
from lifetracker.challenges.rules import Rules
from lifetracker.core.db import Transaction
from lifetracker.daily_log import repository
from lifetracker.daily_log.attempts import Logged, Standing
from lifetracker.daily_log.progress import Progress
from lifetracker.users.schemas import Person

LAGS_AT_MOST = 7  # days that a look at today counts anew each time, before what it found is kept

Entries = Mapping[date, Any]


class Known(NamedTuple):
    """What is known of one challenge's log: what `since` does not count yet, or all of it.

    `entries` are rows with everything in them, None where only what counts was read.
    """

    log: dict[date, Logged]
    since: Standing | None = None
    entries: Entries | None = None


def known_of(tx: Transaction, person_id: int, rules: Rules, day: date) -> Known:
    """What is needed to tell how a challenge stands on `day` or later."""
    rows = repository.since_standing(tx, person_id, rules.challenge_id)
    return _kept(rules, rows, day) or read_whole(tx, person_id, rules)


def known_of_all(tx: Transaction, person_id: int, of: Iterable[Rules], day: date) -> dict[int, Known]:
    """The same for several challenges of a person, by their ids."""
    kept: dict[int, list[Any]] = {}
    for row in repository.since_standings(tx, person_id):
        kept.setdefault(row.challenge_id, []).append(row)
    return {
        rules.challenge_id: _kept(rules, kept.get(rules.challenge_id, ()), day) or read_whole(tx, person_id, rules)
        for rules in of
    }


def read_whole(tx: Transaction, person_id: int, rules: Rules) -> Known:
    days, values, skipped = repository.days_of_one(tx, person_id, rules.challenge_id)
    return Known(dict(zip(days, map(Logged, values, skipped), strict=True)))


def keep(tx: Transaction, person_id: int, known: Known, progress: Progress) -> None:
    """Keep how a challenge stands today, unless that is kept already, or it has not begun."""
    standing, rules = progress.standing(), progress.rules
    if standing == known.since or standing.open_from > progress.as_of:
        return
    of = {"rules_at": rules.written_at, "week_starts_on": rules.week_starts_on}
    repository.keep_standing(tx, person_id, rules.challenge_id, standing._asdict() | of)


def keep_all(tx: Transaction, person_id: int, of: Iterable[Rules], today: date) -> None:
    """Keep how each of these stands, told anew: between a look and this unit somebody may have logged."""
    for rules in of:
        known = known_of(tx, person_id, rules, today)
        keep(tx, person_id, known, Progress(rules, known.log, today, known.since))


def count_wrong(tx: Transaction, person: Person) -> int:
    """How many of a person's kept standings the log does not bear out.

    There are none, unless somebody wrote past the database's own triggers.
    """
    return len(_wrong(tx, person))


def rebuild(tx: Transaction, person: Person) -> int:
    """Keep those anew; how many there were."""
    wrong = _wrong(tx, person)
    repository.forget_standings(tx, person.id, [rules.challenge_id for rules in wrong])
    keep_all(tx, person.id, wrong, person.today(tx.now))
    return len(wrong)


def _wrong(tx: Transaction, person: Person) -> list[Rules]:
    """The challenges whose standing would be gone on from, but their whole log tells otherwise."""
    rules = [stored.rules for stored in challenges.load_all(tx, person)]
    kept = [(each, known_of(tx, person.id, each, date.max).since) for each in rules]
    return [each for each, since in kept if since and since != _from_log(tx, person.id, each, since.open_from)]


def _from_log(tx: Transaction, person_id: int, rules: Rules, day: date) -> Standing:
    return Progress(rules, read_whole(tx, person_id, rules).log, day).standing()


def lags(known: Known, rules: Rules, today: date) -> bool:
    """Whether so much was counted for this look that it should be kept for the next."""
    if known.since is None:
        return rules.first_start <= today
    return (today - known.since.open_from).days > LAGS_AT_MOST


def _kept(rules: Rules, rows: Sequence[Any], day: date) -> Known | None:
    """From the rows of a standing; None where there is none, or it was reckoned by other rules or for later days."""
    if not rows:
        return None
    first = rows[0]
    if (first.rules_at, first.week_starts_on) != (rules.written_at, rules.week_starts_on) or first.open_from > day:
        return None
    entries = {row.date: row for row in rows if row.date is not None}
    log = {day: Logged(row.value, row.skipped) for day, row in entries.items() if row.skipped or row.value is not None}
    since = Standing(first.open_from, first.number, first.start, first.misses, first.done, first.streak)
    return Known(log, since, entries)
