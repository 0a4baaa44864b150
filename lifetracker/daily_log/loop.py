"""What Loop Habit Tracker means, in our words. Pure: no I/O, no clock.

Loop's raw values: −1 unknown, 0 no, 1 an automatic check (derived, so left out), 2 a check, 3 a skip; of a numerical
habit the quantity times 1000, with −1 and 3 as above.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from lifetracker.core.day import FIRST_DAY
from lifetracker.daily_log.writing import Content
from lifetracker.templates.fields import LONGEST_DESCRIPTION, LONGEST_NOTE, LONGEST_TITLE, LONGEST_UNIT
from lifetracker.templates.goal import MAX_VALUE
from lifetracker.templates.schedule import SCHEDULE, frequency

UNKNOWN, NO, YES_AUTO, YES_MANUAL, SKIP = -1, 0, 1, 2, 3
NUMERICAL = 1
AT_MOST = 1
MS_A_DAY = 86_400_000

# models/PaletteColor.kt, index 0 to 19.
PALETTE = [
    "#D32F2F",
    "#E64A19",
    "#F57C00",
    "#FF8F00",
    "#F9A825",
    "#AFB42B",
    "#7CB342",
    "#388E3C",
    "#00897B",
    "#00ACC1",
    "#039BE5",
    "#1976D2",
    "#303F9F",
    "#5E35B1",
    "#8E24AA",
    "#D81B60",
    "#5D4037",
    "#303030",
    "#757575",
    "#AAAAAA",
]


class Habit(NamedTuple):
    """A row of `Habits`; what an older file does not have is None."""

    id: int
    name: Any
    question: Any
    description: Any
    freq_num: Any
    freq_den: Any
    type: Any
    target_type: Any
    target_value: Any
    unit: Any
    color: Any
    archived: Any
    uuid: Any
    position: Any


class Repetition(NamedTuple):
    """A row of `Repetitions`: `timestamp` in milliseconds at midnight UTC, `value` in Loop's raw encoding."""

    habit: int
    timestamp: Any
    value: Any
    notes: Any


class Backup(NamedTuple):
    version: int
    habits: list[Habit]
    repetitions: list[Repetition]


class Unusable(Exception):
    """A row that cannot be taken over; the text says why."""


class LoopHabit(NamedTuple):
    """A habit as a challenge's fields, what the file calls it, and what of it could not be taken over as it is.

    `older_key` is for files from before habits had uuids. An id alone would not do: it counts from 0 in every phone.
    """

    id: int
    key: str
    older_key: str
    fields: dict[str, Any]
    archived: bool
    remarks: list[str]


def habits_of(backup: Backup) -> Iterator[LoopHabit]:
    """In Loop's order; of two with one uuid, which Loop would not write, the second goes by its older key."""
    named: set[str] = set()
    for each in backup.habits:
        habit = habit_of(each)
        yield habit._replace(key=habit.older_key) if habit.key in named else habit
        named.add(habit.key)


def habit_of(habit: Habit) -> LoopHabit:
    fields = _fields(habit)
    older_key = f"loop:{habit.id}:{fields['title']}"
    uuid = fit(habit.uuid, 100)
    key = f"loop:{uuid}" if uuid else older_key
    return LoopHabit(habit.id, key, older_key, fields, bool(habit.archived), list(_remarks(habit, fields)))


def _fields(habit: Habit) -> dict[str, Any]:
    is_measure = habit.type == NUMERICAL
    return {
        "title": fit(habit.name, LONGEST_TITLE) or "Untitled",
        "description": fit(_description(habit), LONGEST_DESCRIPTION),
        "kind": "measure" if is_measure else "check",
        "direction": "at_most" if is_measure and habit.target_type == AT_MOST else "at_least",
        "target": _target(habit) if is_measure else 1.0,
        "unit": (fit(habit.unit, LONGEST_UNIT) or None) if is_measure else None,
        "schedule": schedule_of(habit.freq_num, habit.freq_den),
        "color": color_of(habit.color),
    }


def _remarks(habit: Habit, fields: dict[str, Any]) -> Iterator[str]:
    yield from _cut("name", habit.name, LONGEST_TITLE)
    yield from _cut("description", _description(habit), LONGEST_DESCRIPTION)
    yield from _cut("unit", habit.unit, LONGEST_UNIT)
    if habit.type == NUMERICAL and fields["target"] != habit.target_value:
        yield f"its target {_brief(habit.target_value)} cannot be reached or missed; it is {fields['target']:g} now"
    if not _asks_as_much(habit, fields["schedule"]):
        asked = f"{_brief(habit.freq_num)} in {_brief(habit.freq_den)} days"
        yield f"its frequency, {asked}, is {_said(fields['schedule'])} now"


def _target(habit: Habit) -> float:
    target = float(habit.target_value) if isinstance(habit.target_value, (int, float)) else 0.0
    if habit.target_type == AT_MOST:
        return min(max(target, 0.0), MAX_VALUE)
    return target if 0 < target <= MAX_VALUE else 1.0


def _description(habit: Habit) -> str:
    """Up to version 22 the question stood in `description`."""
    return "\n\n".join(part for part in (_text(habit.question), _text(habit.description)) if part)


def _cut(what: str, text: Any, most: int) -> Iterator[str]:
    if len(_text(text)) > most:
        yield f"its {what} was cut to {most} characters"


def _brief(given: Any) -> str:
    return str(given)[:40]


def color_of(color: Any) -> str | None:
    """Up to version 13 a negative number, alpha, red, green and blue; since then a place in the palette."""
    if not isinstance(color, int) or not -(2**31) <= color < len(PALETTE):
        return None
    return PALETTE[color] if color >= 0 else f"#{color & 0xFFFFFF:06X}"


def schedule_of(times: Any, days: Any) -> dict[str, Any]:
    """N times in D days as the nearest schedule of ours: what Loop offers in its dialogs is met exactly."""
    n, d = _count(times), _count(days)
    if n >= d:
        return {"type": "daily"}
    if d == 7:
        return {"type": "times", "count": n, "per": "week"}
    if n == 1 and d < 28:
        return {"type": "interval", "days": d}
    if n == 1 and d > 31:
        return {"type": "interval", "days": min(d, 365)}
    count = min(max(round(n * 30 / d), 1), 30)
    return {"type": "times", "count": count, "per": "month"} if count < 30 else {"type": "daily"}


def _count(given: Any) -> int:
    """A whole number from 1 to a million."""
    return int(min(max(given, 1), 1_000_000)) if isinstance(given, (int, float)) else 1


def _asks_as_much(habit: Habit, schedule: dict[str, Any]) -> bool:
    """A month is any of 28 to 31 days."""
    n, d = _count(habit.freq_num), _count(habit.freq_den)
    return n >= d or frequency(SCHEDULE.validate_python(schedule)) == (n, 30 if 28 <= d <= 31 else d)


def _said(schedule: dict[str, Any]) -> str:
    if schedule["type"] == "interval":
        return f"every {schedule['days']} days"
    count = schedule.get("count")
    return f"{'once' if count == 1 else f'{count} times'} a {schedule['per']}" if count else "every day"


def entries_of(backup: Backup, today: date) -> tuple[dict[int, dict[date, Content]], list[tuple[str, str]]]:
    """Entries by habit and day (of rows that repeat the last counts), and what could not be read with the reason."""
    numerical = {habit.id: habit.type == NUMERICAL for habit in backup.habits}
    entries: dict[int, dict[date, Content]] = {habit_id: {} for habit_id in numerical}
    rejected = []
    for number, row in enumerate(backup.repetitions, 1):
        try:
            if row.habit not in entries:
                raise Unusable("it belongs to no habit")
            content = _content(row, numerical[row.habit])
            if content is not None:
                entries[row.habit][_day(row.timestamp, today)] = content
                rejected += [(f"Repetitions, row {number}", cut) for cut in _cut("note", row.notes, LONGEST_NOTE)]
        except Unusable as reason:
            rejected.append((f"Repetitions, row {number}", str(reason)))
    return entries, rejected


def _day(timestamp: Any, today: date) -> date:
    if not isinstance(timestamp, int):
        raise Unusable("its timestamp is not a number")
    try:
        day = date(1970, 1, 1) + timedelta(days=timestamp // MS_A_DAY)
    except OverflowError:
        raise Unusable("its timestamp is no day of the calendar") from None
    if day < FIRST_DAY:
        raise Unusable(f"its day {day.isoformat()} lies before {FIRST_DAY.isoformat()}")
    if day > today + timedelta(days=1):
        raise Unusable(f"its day {day.isoformat()} lies in the future")
    return day


def _content(row: Repetition, is_measure: bool) -> Content | None:
    """None for what says nothing: an automatic check, or unknown without a note."""
    value = YES_MANUAL if row.value is None else row.value  # up to version 15 every row is a check
    note = fit(row.notes, LONGEST_NOTE) or None
    if not isinstance(value, int):
        raise Unusable("its value is not a whole number")
    if value == SKIP:
        return Content(None, True, note)
    if value == UNKNOWN or (value == YES_AUTO and not is_measure):
        return Content(None, False, note) if note else None
    if not 0 <= value <= (MAX_VALUE * 1000 if is_measure else YES_MANUAL):
        raise Unusable(f"its value {value} has no meaning")
    return Content(value / 1000 if is_measure else float(value == YES_MANUAL), False, note)


def fit(text: Any, most: int) -> str:
    """The text as far as there is room for it, without characters that no text has."""
    return _text(text)[:most].rstrip()


def _text(text: Any) -> str:
    return text.replace("\0", "").strip() if isinstance(text, str) else ""
