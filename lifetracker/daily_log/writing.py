"""What logging a day does to what was there. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Any, NamedTuple

from lifetracker.core.errors import InvalidField
from lifetracker.daily_log.schemas import EntryWrite
from lifetracker.templates.goal import MAX_VALUE, Kind


class ValueMissing(InvalidField):
    code = "missing"


class BelowZero(InvalidField):
    code = "below_zero"


class AboveMost(InvalidField):
    code = "above_most"


class Content(NamedTuple):
    """What an entry holds, apart from its key and its instants."""

    value: float | None
    skipped: bool
    note: str | None

    @property
    def is_note_alone(self) -> bool:
        return self.value is None and not self.skipped


NOTHING = Content(None, False, None)


def merged(kind: Kind, before: Content | None, sent: EntryWrite) -> Content:
    """The entry after a `PUT`: what was not sent stays, a value un-skips, and nothing sent at all ticks a check.

    The same `PUT` again changes nothing.
    """
    fields = sent.model_fields_set
    if not fields:
        return _ticked(kind, before)
    value, skipped, note = before or NOTHING
    if "note" in fields:
        note = sent.note
    if "value" in fields:
        value = sent.value
        skipped = skipped and value is None
    if "skipped" in fields:
        skipped = bool(sent.skipped)
    return Content(None if skipped else value, skipped, note)


def _ticked(kind: Kind, before: Content | None) -> Content:
    """A check that has no value and is not skipped is done; what is there of a measure stays."""
    if kind == "measure" and before is None:
        raise ValueMissing("value", "A new entry of a measure needs a value, skipped or a note")
    content = before or NOTHING
    return content._replace(value=1.0) if kind == "check" and content.is_note_alone else content


def added(before: Content | None, amount: float) -> Content:
    """The entry after an `add`, from nothing if need be."""
    value, _, note = before or NOTHING
    total = round((value or 0.0) + amount, 6) + 0.0
    if total < 0:
        raise BelowZero("amount", "The sum would be below 0", params={"value": value or 0.0})
    if total > MAX_VALUE:
        raise AboveMost("amount", "The sum would be above the most a value can be", params={"le": MAX_VALUE})
    return Content(total, False, note)


def as_fields(content: Content) -> dict[str, Any]:
    return content._asdict()
