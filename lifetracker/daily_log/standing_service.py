"""How challenges stand: gone on from what was kept of them, where that still holds, and else told by their whole log.

A standing is kept for the rules that it was reckoned by, and holds until a day that it counts is written, or other
rules, or a turn: then the database itself drops it (migrations 0003, 0004). So nobody who writes has to think of it,
and nobody who reads can be misled.
There are two rungs to go on from: today, and a week ago, which a forgotten day of this week leaves in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from lifetracker.challenges import service as challenges
from lifetracker.challenges.rules import Rules
from lifetracker.core.db import Transaction
from lifetracker.daily_log import repository
from lifetracker.daily_log.attempts import Logged, Standing, logged, stood
from lifetracker.daily_log.progress import Progress
from lifetracker.users.schemas import Person

UPPER, LOWER = RUNGS = (0, 1)
WEEK = timedelta(days=7)  # what people still write down of days gone by
# Of several challenges: enough for the question to weigh nothing, and so few that to look for garbage among them,
# which holds up everybody, takes no time.
DAYS_READ_AT_ONCE = 5_000
Entries = Mapping[date, Any]


class Known(NamedTuple):
    """What is known of one challenge's log: what `since`, on its `rung`, does not count yet; or all of it.

    `entries` are rows with everything in them, None where only what counts was read.
    """

    log: dict[date, Logged]
    since: Standing | None = None
    rung: int | None = None
    entries: Entries | None = None


def known_of(tx: Transaction, person_id: int, rules: Rules, day: date) -> Known:
    """What is needed to tell how a challenge stands on `day` or later."""
    return _on_rung(tx, person_id, UPPER, rules, day) or _below(tx, person_id, rules, day)


def known_of_all(tx: Transaction, person_id: int, of: Sequence[Rules], day: date) -> Iterator[tuple[int, Known]]:
    """The same for several challenges of a person, with one question for all of a rung; by challenge, in no order.

    Who needs one after the other, and keeps none, has no more than some of the logs in memory.
    """
    missing = {rules.challenge_id: rules for rules in of}
    for rung in RUNGS:
        for challenge_id, known in _all_on_rung(tx, person_id, rung, list(missing.values()), day):
            del missing[challenge_id]
            yield challenge_id, known
        if not missing:
            return
    yield from read_all_whole(tx, person_id, list(missing.values()))


def read_whole(tx: Transaction, person_id: int, rules: Rules) -> Known:
    tx.expect(rules.days_until(tx.now.date()))
    days, values, skipped = repository.days_of_one(tx, person_id, rules.challenge_id)
    return Known(dict(zip(days, map(logged, zip(values, skipped, strict=True)), strict=True)))


def read_all_whole(tx: Transaction, person_id: int, of: Sequence[Rules]) -> Iterator[tuple[int, Known]]:
    """All of each log, as `known_of_all` answers it."""
    today = tx.now.date()
    tx.expect(sum(rules.days_until(today) for rules in of))
    for piece in in_pieces(of, today, DAYS_READ_AT_ONCE):
        logs: dict[int, dict[date, Logged]] = {rules.challenge_id: {} for rules in piece}
        whose, days, values, skipped = repository.days_of_some(tx, person_id, list(logs))
        for challenge_id, day, entry in zip(whose, days, map(logged, zip(values, skipped, strict=True)), strict=True):
            logs[challenge_id][day] = entry
        yield from ((challenge_id, Known(log)) for challenge_id, log in logs.items())


def in_pieces(of: Iterable[Rules], today: date, days: int) -> Iterator[list[Rules]]:
    """Some at a time, with no more than so many days together; what has more comes by itself."""
    piece: list[Rules] = []
    left = days
    for rules in of:
        left -= rules.days_until(today)
        if piece and (left < 0 or len(piece) == len(repository.PLACES)):
            yield piece
            piece, left = [], days - rules.days_until(today)
        piece.append(rules)
    if piece:
        yield piece


def keep(tx: Transaction, person_id: int, known: Known, progress: Progress) -> None:
    """Keep how a challenge stands today, unless that is kept already, or it has not begun.

    Where it was told from further back, how it stood a week ago, too: for who next writes down a day gone by.
    """
    standing, rules = progress.standing(), progress.rules
    if standing != known.since and standing.open_from <= progress.as_of:
        _keep(tx, person_id, UPPER, rules, standing)
    a_week_ago = progress.as_of - WEEK
    if known.rung != UPPER and _lags(known, a_week_ago):
        before = Progress(rules, known.log, a_week_ago, known.since).standing()
        if before.open_from <= a_week_ago:
            _keep(tx, person_id, LOWER, rules, before)


def keep_all(tx: Transaction, person_id: int, of: Sequence[Rules], today: date) -> None:
    """Keep how each of these stands, told anew: between a look and this unit somebody may have logged."""
    by_id = {rules.challenge_id: rules for rules in of}
    for challenge_id, known in known_of_all(tx, person_id, of, today):
        keep(tx, person_id, known, Progress(by_id[challenge_id], known.log, today, known.since))


def is_to_be_kept(known: Known, progress: Progress) -> bool:
    """Whether so much had to be counted for a look at today that it should be kept for the next.

    What still runs, such as a month, is counted each time.
    """
    has_begun = progress.rules.first_start <= progress.as_of
    return has_begun and _lags(known, progress.as_of) and progress.standing() != known.since


def count_wrong(tx: Transaction, person: Person) -> int:
    """How many of a person's kept standings the log does not bear out.

    There are none, unless somebody wrote past the database's own triggers.
    """
    return len(_wrong(tx, person))


def rebuild(tx: Transaction, person: Person) -> int:
    """Keep those anew; how many there were."""
    wrong = _wrong(tx, person)
    for rung, rules in wrong:
        repository.forget_standing(tx, person.id, rung, rules.challenge_id)
    keep_all(tx, person.id, [rules for _, rules in wrong], person.today(tx.now))
    return len(wrong)


def _wrong(tx: Transaction, person: Person) -> list[tuple[int, Rules]]:
    """The standings that would be gone on from, but the whole log tells otherwise."""
    of = [stored.rules for stored in challenges.load_all(tx, person)]
    kept = [(rung, rules, _on_rung(tx, person.id, rung, rules, date.max)) for rules in of for rung in RUNGS]
    return [
        (rung, rules) for rung, rules, known in kept if known and not _is_borne_out(tx, person.id, rules, known.since)
    ]


def _is_borne_out(tx: Transaction, person_id: int, rules: Rules, since: Standing | None) -> bool:
    if since is None:
        return True
    return since == Progress(rules, read_whole(tx, person_id, rules).log, since.open_from).standing()


def _lags(known: Known, day: date) -> bool:
    return known.since is None or day - known.since.open_from > WEEK


def _keep(tx: Transaction, person_id: int, rung: int, rules: Rules, standing: Standing) -> None:
    of = {"rules_at": rules.written_at, "week_starts_on": rules.week_starts_on}
    repository.keep_standing(tx, person_id, rung, rules.challenge_id, standing._asdict() | of)


def _below(tx: Transaction, person_id: int, rules: Rules, day: date) -> Known:
    """What is known where the upper rung does not reach back to `day`."""
    return _on_rung(tx, person_id, LOWER, rules, day) or read_whole(tx, person_id, rules)


def _all_on_rung(
    tx: Transaction, person_id: int, rung: int, of: Iterable[Rules], day: date
) -> Iterator[tuple[int, Known]]:
    rows: dict[int, list[Any]] = {}
    for row in repository.since_standings(tx, person_id, rung):
        rows.setdefault(row.challenge_id, []).append(row)
    for rules in of:
        known = _kept(rules, rung, rows.get(rules.challenge_id, ()), day)
        if known is not None:
            yield rules.challenge_id, known


def _on_rung(tx: Transaction, person_id: int, rung: int, rules: Rules, day: date) -> Known | None:
    return _kept(rules, rung, repository.since_standing(tx, person_id, rung, rules.challenge_id), day)


def _kept(rules: Rules, rung: int, rows: Sequence[Any], day: date) -> Known | None:
    """From the rows of a standing; None where there is none, or it was reckoned by other rules or for later days."""
    if not rows:
        return None
    first = rows[0]
    if (first.rules_at, first.week_starts_on) != (rules.written_at, rules.week_starts_on) or first.open_from > day:
        return None
    entries = {row.date: row for row in rows if row.date is not None}
    log = {
        day: logged((row.value, row.skipped)) for day, row in entries.items() if row.value is not None or row.skipped
    }
    return Known(log, stood(first[: len(Standing._fields)]), rung, entries)
