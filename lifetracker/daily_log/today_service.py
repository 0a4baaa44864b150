"""Today, and how one challenge stands."""

from __future__ import annotations

from datetime import date
from typing import Any

from lifetracker.challenges import service as challenges
from lifetracker.challenges.life_service import DateInFuture
from lifetracker.challenges.schemas import Stored
from lifetracker.challenges.stored import show
from lifetracker.core.day import ONE_DAY
from lifetracker.core.db import Transaction
from lifetracker.daily_log import repository
from lifetracker.daily_log.progress import Progress
from lifetracker.daily_log.schemas import (
    MonthCount,
    Stats,
    StreakPublic,
    Today,
    TodayItem,
    TodayOutcome,
    WeekdayCount,
)
from lifetracker.daily_log.service import brief, progress_shown, read_log, read_logs, shown_entry
from lifetracker.users.schemas import Person


def show_today(tx: Transaction, person: Person, day: date | None) -> Today:
    """What a day asks of a person: everything that has begun and is neither archived nor over, in their order."""
    now = person.today(tx.now)
    on = day or now
    if on > now + ONE_DAY:
        raise DateInFuture("date", f"It is {now.isoformat()} for you", today=now.isoformat())
    everything = [stored for stored in challenges.load_all(tx, person) if not stored.rules.archived]
    logs = read_logs(tx, person.id, [stored.rules for stored in everything])
    items = []
    for stored in everything:
        progress = Progress(stored.rules, logs[stored.id], on)
        if _is_on(progress):
            entry = repository.find_entry(tx, person.id, stored.id, on)
            items.append(_item(stored, progress, entry, now))
    due = sum(item.due for item in items)
    done = sum(item.outcome == "done" for item in items)
    return Today(date=on, time_zone=person.time_zone, due=due, done=done, items=items)


def _is_on(progress: Progress) -> bool:
    """Begun, and not over."""
    end = progress.attempt.end
    return progress.rules.first_start <= progress.as_of and (end is None or progress.as_of <= end)


def _item(stored: Stored, progress: Progress, entry: Any, now: date) -> TodayItem:
    shown = progress_shown(progress)
    due = progress.is_due()
    return TodayItem(
        challenge=show(stored, progress.attempt, progress.as_of),
        due=due,
        outcome=_outcome(progress, due, now),
        entry=shown_entry(entry, stored.rules.goal) if entry else None,
        current_streak=shown.current_streak,
        streak_unit=shown.streak_unit,
        period_done=shown.period_done,
        period_target=shown.period_target,
    )


def _outcome(progress: Progress, due: bool, now: date) -> TodayOutcome:
    came = progress.outcome_of(progress.as_of)
    if came is not None:
        return came
    if progress.rules.rests_on(progress.as_of):
        return "paused"
    if not due:
        return "rest"
    if progress.as_of < now:
        return "rest" if progress.period() else "missed"
    return "open"


def show_stats(tx: Transaction, person: Person, challenge_id: int, as_of: date | None) -> Stats:
    """How a challenge stands, or stood on `as_of`."""
    stored = challenges.load(tx, person, challenge_id)
    today = person.today(tx.now)
    if as_of is not None and as_of > today:
        raise DateInFuture("as_of", f"It is {today.isoformat()} for you", today=today.isoformat())
    on = as_of or today
    # Before the start all is 0, also where it was moved and entries lie before it.
    log = read_log(tx, person.id, challenge_id) if on >= stored.rules.first_start else {}
    return stats_shown(Progress(stored.rules, log, on))


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
        streaks=[StreakPublic(start=run.start, end=run.end, length=run.length) for run in progress.streaks()],
        by_weekday=[WeekdayCount(weekday=day, due=of.due, done=of.done) for day, of in progress.by_weekday().items()],
        by_month=[
            MonthCount(month=month, due=of.due, done=of.done, total_value=total)
            for month, of, total in progress.by_month()
        ],
    )
