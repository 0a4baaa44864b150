"""Today, and how one challenge stands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from lifetracker.challenges import service as challenges
from lifetracker.challenges.life_service import DateInFuture
from lifetracker.challenges.schemas import Stored
from lifetracker.challenges.stored import shown_fields
from lifetracker.core.db import Database, Transaction
from lifetracker.core.db.holding import AT_MOST
from lifetracker.daily_log import repository, standing_service
from lifetracker.daily_log.progress import Progress
from lifetracker.daily_log.schemas import MonthCount, Stats, StreakPublic, WeekdayCount
from lifetracker.daily_log.service import brief, entry_fields
from lifetracker.daily_log.standing_service import Known
from lifetracker.templates.goal import TodayOutcome
from lifetracker.templates.schedule import streak_unit
from lifetracker.users.schemas import Person

AHEAD = timedelta(days=7)  # a weekend without a network, and some more


async def open_today(db: Database, person: Person, day: date | None) -> dict[str, Any]:
    """What a day asks of a person, as the fields of `Today`; what took long to tell of it is kept for the next time."""
    today, lagging = await db.read(_look, person, day)
    for piece in lagging:
        await db.write_or_skip(_keep, person, piece)
    return today


def _look(tx: Transaction, person: Person, day: date | None) -> tuple[dict[str, Any], list[list[int]]]:
    """Everything that has begun and is neither archived nor over, in their order; and what of it lags, in pieces that
    are kept one after the other, so that nobody's writing waits for long.

    A day ahead is told as if it were today, and none between were over.
    """
    now = person.today(tx.now)
    on = day or now
    if on > now + AHEAD:
        raise DateInFuture("date", f"It is {now.isoformat()} for you", today=now.isoformat())
    everything = {stored.id: stored for stored in challenges.load_all(tx, person) if not stored.rules.archived}
    found, lagging = {}, []
    rules = [stored.rules for stored in everything.values()]
    for challenge_id, known in standing_service.known_of_all(tx, person.id, rules, on):
        stored = everything[challenge_id]
        progress = Progress(stored.rules, known.log, on, known.since, now)
        if _is_on(progress):
            found[challenge_id] = _item(stored, progress, _entry_on(tx, person, stored, known, on), now)
        if on == now and standing_service.is_to_be_kept(known, progress):
            lagging.append(stored.rules)
    items = [found[each] for each in everything if each in found]
    counts = {"due": sum(item["due"] for item in items), "done": sum(item["outcome"] == "done" for item in items)}
    pieces = standing_service.in_pieces(lagging, now, AT_MOST)
    today = {"date": on, "time_zone": person.time_zone, **counts, "items": items}
    return today, [[rules.challenge_id for rules in piece] for piece in pieces]


def _keep(tx: Transaction, person: Person, of: list[int]) -> None:
    """Those that there still are: since the look one may have been changed, or deleted."""
    rules = [stored.rules for stored in challenges.load_all(tx, person) if stored.id in of]
    standing_service.keep_all(tx, person.id, rules, person.today(tx.now))


def _entry_on(tx: Transaction, person: Person, stored: Stored, known: Known, day: date) -> Any:
    if known.entries is None:
        return repository.find_entry(tx, person.id, stored.id, day)
    return known.entries.get(day)


def _is_on(progress: Progress) -> bool:
    """Begun, and not over."""
    end = progress.attempt.end
    return progress.rules.first_start <= progress.as_of and (end is None or progress.as_of <= end)


def _item(stored: Stored, progress: Progress, entry: Any, now: date) -> dict[str, Any]:
    """The fields of a `TodayItem`."""
    due, period = progress.is_due(), progress.period
    return {
        "challenge": shown_fields(stored, progress.attempt, progress.as_of),
        "due": due,
        "outcome": _outcome(progress, due, now),
        "entry": entry_fields(entry, stored.rules.goal) if entry else None,
        "current_streak": progress.current_streak,
        "streak_unit": streak_unit(stored.rules.schedule),
        "period_done": len(period.done) if period else None,
        "period_target": period.needs if period else None,
    }


def _outcome(progress: Progress, due: bool, now: date) -> TodayOutcome:
    came = progress.outcome_of(progress.as_of)
    if came is not None:
        return came
    if progress.rules.rests_on(progress.as_of):
        return "paused"
    if not due:
        return "rest"
    if progress.as_of < now:
        return "rest" if progress.period else "missed"
    return "open"


def show_stats(tx: Transaction, person: Person, challenge_id: int, as_of: date | None) -> Stats:
    """How a challenge stands, or stood on `as_of`."""
    rules = challenges.load_rules(tx, person, challenge_id)
    today = person.today(tx.now)
    if as_of is not None and as_of > today:
        raise DateInFuture("as_of", f"It is {today.isoformat()} for you", today=today.isoformat())
    on = as_of or today
    # Before the start all is 0, also where it was moved and entries lie before it.
    log = standing_service.read_whole(tx, person.id, rules).log if on >= rules.first_start else {}
    return stats_shown(Progress(rules, log, on))


def stats_shown(progress: Progress) -> Stats:
    tally = progress.tally()
    return Stats(
        **brief(progress),
        as_of=progress.as_of,
        due=tally.due,
        done=tally.done,
        partial=tally.partial,
        missed=tally.missed,
        skipped=tally.skipped,
        total_value=progress.total_value(),
        last_done=progress.last_done(),
        streaks=[StreakPublic(start=run.start, end=run.end, length=run.length) for run in progress.streaks],
        by_weekday=[WeekdayCount(weekday=day, due=of.due, done=of.done) for day, of in progress.by_weekday().items()],
        by_month=[
            MonthCount(month=month, due=of.due, done=of.done, total_value=total)
            for month, of, total in progress.by_month()
        ],
    )
