"""What Loop Habit Tracker means, in our words. Pure: no I/O, no clock.

Loop's raw values: −1 unknown, 0 no, 1 an automatic check (derived, so left out), 2 a check, 3 a skip; of a numerical
habit the quantity times 1000, with −1 and 3 as above.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from lifetracker.core.day import FIRST_DAY
from lifetracker.daily_log.loop_repository import Backup, Habit, Repetition
from lifetracker.daily_log.writing import Content

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


class Unusable(Exception):
    """A row that cannot be taken over; the text says why."""


class LoopHabit(NamedTuple):
    """A habit as a challenge's fields, what the file calls it, and whether it is in Loop's archive."""

    key: str
    older_key: str
    fields: dict[str, Any]
    archived: bool
    remark: str | None


def habit_of(habit: Habit, version: int) -> LoopHabit:
    is_measure = habit.type == NUMERICAL
    direction = "at_most" if is_measure and habit.target_type == AT_MOST else "at_least"
    target, remark = _target(habit, direction) if is_measure else (1.0, None)
    older_key = f"loop:{habit.id}"
    fields = {
        "title": fit(habit.name, 200) or "Untitled",
        "description": fit(_description(habit, version), 5_000),
        "kind": "measure" if is_measure else "check",
        "direction": direction,
        "target": target,
        "unit": (fit(habit.unit, 40) or None) if is_measure else None,
        "schedule": schedule_of(habit.freq_num, habit.freq_den),
        "color": PALETTE[habit.color] if habit.color in range(len(PALETTE)) else None,
    }
    return LoopHabit(f"loop:{habit.uuid}" if habit.uuid else older_key, older_key, fields, bool(habit.archived), remark)


def _target(habit: Habit, direction: str) -> tuple[float, str | None]:
    target = float(habit.target_value or 0)
    if direction == "at_least" and not 0 < target <= 1e9:
        return 1.0, f"its target {target:g} cannot be reached or missed; it is 1 now"
    return min(max(target, 0.0), 1e9), None


def _description(habit: Habit, version: int) -> str:
    """Up to version 22 the question stood in `description`."""
    return "\n\n".join(part for part in (_text(habit.question), _text(habit.description)) if part)


def schedule_of(times: Any, days: Any) -> dict[str, Any]:
    """N times in D days as the nearest schedule of ours: what Loop offers in its dialogs is met exactly."""
    n, d = max(int(times or 1), 1), max(int(days or 1), 1)
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
    note = fit(row.notes, 10_000) or None
    if not isinstance(value, int):
        raise Unusable("its value is not a whole number")
    if value == SKIP:
        return Content(None, True, note)
    if value == UNKNOWN or (value == YES_AUTO and not is_measure):
        return Content(None, False, note) if note else None
    if not 0 <= value <= (1e12 if is_measure else YES_MANUAL):
        raise Unusable(f"its value {value} has no meaning")
    return Content(value / 1000 if is_measure else float(value == YES_MANUAL), False, note)


def fit(text: Any, most: int) -> str:
    """The text as far as there is room for it, without characters that no text has."""
    return _text(text).replace("\0", "")[:most]


def _text(text: Any) -> str:
    return text.strip() if isinstance(text, str) else ""
