"""A slow reading of the contract's rules for progress: every day one by one, everything from scratch, nothing clever.

It shares only its input types with the application. The numbers beside the comments are those of the contract's rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import ceil

from lifetracker.challenges.rules import Rules
from lifetracker.daily_log.attempts import Logged
from lifetracker.templates.schedule import Daily, Interval, Times, Weekly

Log = Mapping[date, Logged]

ONE_DAY = timedelta(days=1)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass
class Try:
    """One attempt. `last` is the day before the next one began, None while it runs.

    A start by hand ends the attempt before it, so that one counts to `last` as it otherwise would to its end date.
    `given_up` are due days whose misses only moved its start.
    """

    number: int
    start: date
    last: date | None = None
    given_up: list[date] = field(default_factory=list)


@dataclass
class Unit:
    """What a streak counts: a due day, or a period."""

    due: int = 0
    done: int = 0
    partial: int = 0
    missed: int = 0
    skipped: int = 0
    lengthens: bool = False
    breaks: bool = False
    done_days: list[date] = field(default_factory=list)


@dataclass
class Period:
    """A week or month of a `times` schedule, cut to its days within start and end."""

    first: date
    last: date
    needs: int
    done_days: list[date]
    is_over: bool


@dataclass
class Standing:
    number: int
    start: date
    end: date | None
    failed: bool
    due: int
    done: int
    partial: int
    missed: int
    skipped: int
    completion_rate: float | None
    current_streak: int
    best_streak: int
    streaks: list[tuple[date, date, int]]
    score: float
    period: tuple[date, date, int, list[date]] | None
    is_due: bool


def standing(rules: Rules, log: Log, as_of: date, today: date | None = None) -> Standing:
    """How the challenge stood on `as_of`; on a day after `today`, as if it were today and no day between were over."""
    log = {day: entry for day, entry in log.items() if day <= as_of}  # 1: later entries are ignored
    over = as_of if today is None else min(as_of, today)  # the first day that is not over
    tries = all_tries(rules, log, as_of, over)
    running = tries[-1]
    units = units_of(rules, log, running, as_of, over)
    due, skipped = sum(unit.due for unit in units), sum(unit.skipped for unit in units)
    done = sum(unit.done for unit in units)
    streaks = all_streaks(rules, log, tries, as_of, over)
    period = period_of(rules, log, running, as_of, as_of, over)
    return Standing(
        number=running.number,
        start=running.start,
        end=end_of(rules, running.start),
        failed=rules.on_miss == "fail" and count_misses(units) > rules.allowed_misses,
        due=due,
        done=done,
        partial=sum(unit.partial for unit in units),
        missed=sum(unit.missed for unit in units),
        skipped=skipped,
        completion_rate=done / (due - skipped) if due - skipped > 0 else None,  # 7
        current_streak=current_streak(units),
        best_streak=max([length for _, _, length in streaks], default=0),
        streaks=streaks,
        score=score(rules, log, tries, as_of),
        period=(period.first, period.last, period.needs, period.done_days) if period else None,
        is_due=is_due(rules, log, running, as_of),
    )


# 2 and 3: days


def verdict(rules: Rules, log: Log, day: date) -> str | None:
    """2: what the entry of this day amounts to, None without one."""
    if day not in log:
        return None
    if log[day].skipped:
        return "skipped"
    value = log[day].value
    if value is None:
        return None
    if rules.goal.direction == "at_most":
        return "done" if value <= rules.goal.target else "missed"
    if value >= rules.goal.target:
        return "done"
    if value > 0:
        return "partial"
    return "missed"


def is_paused(rules: Rules, day: date) -> bool:
    return any(rest.first <= day and (rest.last is None or day <= rest.last) for rest in rules.rests)


def end_of(rules: Rules, start: date) -> date | None:
    """A pause does not move it."""
    if rules.duration_days is None:
        return None
    return start + timedelta(days=rules.duration_days - 1)


def covers(rules: Rules, attempt: Try, day: date) -> bool:
    end = end_of(rules, attempt.start)
    if attempt.last is not None and day > attempt.last:
        return False
    return attempt.start <= day and (end is None or day <= end)


def is_named(rules: Rules, start: date, day: date) -> bool:
    schedule = rules.schedule
    if isinstance(schedule, Weekly):
        return WEEKDAYS[day.weekday()] in schedule.days
    if isinstance(schedule, Interval):
        turn = start
        while turn < day:
            turn += timedelta(days=schedule.days)
        return turn == day
    assert isinstance(schedule, Daily)
    return True


def asks_for(rules: Rules, attempt: Try, day: date) -> bool:
    """3: due when within start and end, named by the schedule and not paused."""
    return covers(rules, attempt, day) and is_named(rules, attempt.start, day) and not is_paused(rules, day)


def units_of(rules: Rules, log: Log, attempt: Try, as_of: date, over: date) -> list[Unit]:
    if isinstance(rules.schedule, Times):
        return [unit_of_period(period) for period in periods_of(rules, log, attempt, as_of, over)]
    units = []
    for day in days_between(attempt.start, as_of):
        if asks_for(rules, attempt, day):
            unit = unit_of_day(rules, log, day, over)
            if unit is not None:
                units.append(unit)
    return units


def unit_of_day(rules: Rules, log: Log, day: date, over: date) -> Unit | None:
    what = verdict(rules, log, day)
    if what == "done":
        return Unit(due=1, done=1, lengthens=True, done_days=[day])
    if what == "skipped":
        return Unit(due=1, skipped=1)
    if day >= over:
        return None  # 4: today never breaks anything
    if what == "partial":
        return Unit(due=1, partial=1, breaks=True)
    return Unit(due=1, missed=1, breaks=True)


# 6: periods


def periods_of(rules: Rules, log: Log, attempt: Try, as_of: date, over: date) -> list[Period]:
    periods: list[Period] = []
    for day in days_between(attempt.start, as_of):
        if periods and day <= periods[-1].last:
            continue
        period = period_of(rules, log, attempt, day, as_of, over)
        if period is not None:
            periods.append(period)
    return periods


def period_of(rules: Rules, log: Log, attempt: Try, day: date, as_of: date, over: date) -> Period | None:
    """The week or month that `day` lies in, None when the schedule has none or the attempt does not cover the day."""
    schedule = rules.schedule
    if not isinstance(schedule, Times) or not covers(rules, attempt, day):
        return None
    whole = calendar_month(day) if schedule.per == "month" else calendar_week(day, rules.week_starts_on)
    inside = [each for each in whole if covers(rules, attempt, each)]
    counted = [each for each in inside if not is_paused(rules, each) and verdict(rules, log, each) != "skipped"]
    needs = min(ceil(Fraction(schedule.count * len(counted), len(whole))), len(counted))
    done_days = [each for each in counted if each <= as_of and verdict(rules, log, each) == "done"]
    return Period(inside[0], inside[-1], needs, done_days, is_over=inside[-1] < over)


def unit_of_period(period: Period) -> Unit:
    got = min(len(period.done_days), period.needs)
    enough = period.needs > 0 and got == period.needs
    done_days = period.done_days if enough else []
    if period.is_over:
        short = period.needs - got
        return Unit(due=period.needs, done=got, missed=short, lengthens=enough, breaks=short > 0, done_days=done_days)
    return Unit(due=got, done=got, lengthens=enough, done_days=done_days)


def calendar_week(day: date, starts_on: str) -> list[date]:
    first = day
    while WEEKDAYS[first.weekday()] != starts_on:
        first -= ONE_DAY
    return [first + timedelta(days=n) for n in range(7)]


def calendar_month(day: date) -> list[date]:
    days = []
    each = date(day.year, day.month, 1)
    while each.month == day.month:
        days.append(each)
        each += ONE_DAY
    return days


# 5: streaks


def current_streak(units: list[Unit]) -> int:
    length = 0
    for unit in units:
        if unit.breaks:
            length = 0
        if unit.lengthens:
            length += 1
    return length


def all_streaks(rules: Rules, log: Log, tries: list[Try], as_of: date, over: date) -> list[tuple[date, date, int]]:
    """The ten longest of all attempts, the later first among equals."""
    found = []
    for attempt in tries:
        run: list[Unit] = []
        for unit in units_of(rules, log, attempt, as_of, over):
            if unit.lengthens:
                run.append(unit)
            if unit.breaks and run:
                found.append((run[0].done_days[0], run[-1].done_days[-1], len(run)))
                run = []
        if run:
            found.append((run[0].done_days[0], run[-1].done_days[-1], len(run)))
    longest_first: list[tuple[date, date, int]] = []
    while found and len(longest_first) < 10:
        best = found[0]
        for streak in found:
            if streak[2] > best[2] or (streak[2] == best[2] and streak[0] > best[0]):
                best = streak
        longest_first.append(best)
        found.remove(best)
    return longest_first


# 8: attempts


def all_tries(rules: Rules, log: Log, as_of: date, over: date) -> list[Try]:
    tries = [Try(1, rules.first_start)]
    for day in days_between(rules.first_start, as_of):
        if day in rules.restarts:
            tries[-1].last = day - ONE_DAY
            tries.append(Try(tries[-1].number + 1, day))
        if rules.on_miss == "restart" and day < over:
            begin_again_after(day, rules, log, tries)
    return tries


def begin_again_after(day: date, rules: Rules, log: Log, tries: list[Try]) -> None:
    """In the evening of `day`: has it brought a miss, and one too many?"""
    running, tomorrow = tries[-1], day + ONE_DAY
    misses = count_misses(units_of(rules, log, running, tomorrow, tomorrow))
    if misses == 0 or tomorrow in rules.restarts:  # a start by hand stands for the one that would have been made
        return
    if not has_done_day(rules, log, running, day):
        running.given_up += due_days(rules, running, day)
        running.start = tomorrow
    elif misses > rules.allowed_misses:
        running.last = day
        tries.append(Try(running.number + 1, tomorrow))


def due_days(rules: Rules, attempt: Try, until: date) -> list[date]:
    """A `times` schedule has none: its days without an entry are rest."""
    if isinstance(rules.schedule, Times):
        return []
    return [day for day in days_between(attempt.start, until) if asks_for(rules, attempt, day)]


def has_done_day(rules: Rules, log: Log, attempt: Try, until: date) -> bool:
    """A done day that counts: one that is due, or lies in a period and is not paused."""
    for day in days_between(attempt.start, until):
        if verdict(rules, log, day) != "done" or is_paused(rules, day) or not covers(rules, attempt, day):
            continue
        if isinstance(rules.schedule, Times) or is_named(rules, attempt.start, day):
            return True
    return False


def count_misses(units: list[Unit]) -> int:
    return sum(unit.missed + unit.partial for unit in units)


# 9: score


def score(rules: Rules, log: Log, tries: list[Try], as_of: date) -> float:
    if as_of < rules.first_start:
        return 0.0  # 1: before the start all is 0
    goal, at_most = rules.goal, rules.goal.direction == "at_most"
    times, days = frequency(rules)
    m = 0.5 ** ((times / days) ** 0.5 / 13)
    strength = 1.0 if at_most else 0.0
    end = end_of(rules, tries[-1].start)
    last = as_of if end is None or as_of < end else end
    if goal.kind == "check" and times < days:
        times, days = 2 * times, 2 * days
    for day in days_between(min(log, default=as_of + ONE_DAY), last):
        if verdict(rules, log, day) == "skipped" or is_paused(rules, day):
            continue
        window = days_between(day - timedelta(days=days - 1), day)
        if goal.kind == "check":
            c = min(1.0, len([each for each in window if verdict(rules, log, each) == "done"]) / times)
        else:
            total = sum(log[each].value or 0.0 for each in window if each in log)
            c = measured(total, goal.target * times, at_most)
        if at_most and day < as_of and day not in log and was_due(rules, tries, day):
            c = 0.0
        strength = strength * m + c * (1 - m)
    return strength


def frequency(rules: Rules) -> tuple[int, int]:
    schedule = rules.schedule
    times, days = 1, 1
    if isinstance(schedule, Weekly):
        times, days = len(schedule.days), 7
    if isinstance(schedule, Times):
        times, days = schedule.count, 7 if schedule.per == "week" else 30
    if isinstance(schedule, Interval):
        times, days = 1, schedule.days
    return (1, 1) if times == days else (times, days)


def measured(total: float, target: float, at_most: bool) -> float:
    if not at_most:
        return min(1.0, total / target)
    if target == 0:
        return 1.0 if total == 0 else 0.0
    return max(0.0, min(1.0, 1 - (total - target) / target))


def was_due(rules: Rules, tries: list[Try], day: date) -> bool:
    """By the attempt that ran then, also if its miss only moved the start."""
    return any(day in attempt.given_up or day in due_days(rules, attempt, day) for attempt in tries)


# today


def is_due(rules: Rules, log: Log, running: Try, as_of: date) -> bool:
    """Whether today asks for something; a period asks until the days before today have brought what it needs."""
    if not covers(rules, running, as_of) or is_paused(rules, as_of):
        return False
    period = period_of(rules, log, running, as_of, as_of, as_of)
    if period is None:
        return is_named(rules, running.start, as_of)
    return len([day for day in period.done_days if day < as_of]) < period.needs


def days_between(first: date, last: date) -> list[date]:
    days = []
    day = first
    while day <= last:
        days.append(day)
        day += ONE_DAY
    return days
