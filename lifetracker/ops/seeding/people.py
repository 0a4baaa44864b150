"""Believable people for a database that is made to be looked at or measured. Pure: all chance comes from a seed.

Nobody is perfect here: challenges begin on different days, some are over, some archived or paused; days are forgotten,
at times a whole week of them; some are skipped, some have a note, and measures vary around their target.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Moscow",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Asia/Kolkata",
)
NAMES = ("Anna", "Boris", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Катя", "Лев", "Mei")
NOTES = (
    "Harder than yesterday.",
    "Nearly forgot it.",
    "With Ines, at the lake.",
    "Rain all day, did it inside.",
    "Лучше, чем вчера.",
    "Tired, but done.",
    "New personal best!",
    "Only because of the streak.",
)
AT_A_TIME = 100  # people
SECOND = 1_000_000
DAY = 86_400 * SECOND
MORNING = 6 * 3_600 * SECOND
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LATE_STARTERS, TIMED_FIRST, ARCHIVED, PAUSED = 0.5, 0.4, 0.3, 0.06
SKIPPED, NOTED, GAP = 0.02, 0.06, 0.08  # of the days that are kept; and of those that are not, how many begin a gap

Row = tuple[Any, ...]
Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much to make. `today` is the last day of every log; the same `seed` makes the same people."""

    people: int
    days: int
    challenges: int
    seed: int
    today: date


@dataclass(slots=True)
class Piece:
    """Rows by table, in the order of the columns that the repository names; instants in microseconds since 1970."""

    users: list[Row] = field(default_factory=list)
    challenges: list[Row] = field(default_factory=list)
    turns: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    started: Counter[str] = field(default_factory=Counter)  # templates, by their slug


@dataclass(frozen=True, slots=True)
class _Kept:
    """One challenge of one person: its template, its days, and the rests in between as (kind, from, until)."""

    template: Template
    first: date
    last: date
    turns: tuple[tuple[str, date, date | None], ...] = ()


class Seeding:
    """Makes people in pieces, the same ones each time it is made anew."""

    def __init__(self, wanted: Wanted, catalogue: Sequence[Template], password_hash: str) -> None:
        self._wanted = wanted
        self._open_ended = [each for each in catalogue if each["duration_days"] is None]
        self._timed = [each for each in catalogue if each["duration_days"] is not None]
        self._password_hash = password_hash
        self._user_id = self._challenge_id = 0
        days = [wanted.today - timedelta(days=back) for back in range(wanted.days, -1, -1)]
        self._days = [(day.isoformat(), _midnight(day), day) for day in days]

    def pieces(self, user_id: int, challenge_id: int) -> Iterator[Piece]:
        """Their ids come after those two."""
        self._user_id, self._challenge_id = user_id, challenge_id
        for begin in range(0, self._wanted.people, AT_A_TIME):
            piece = Piece()
            for number in range(begin, min(begin + AT_A_TIME, self._wanted.people)):
                self._add_person(piece, Random(f"{self._wanted.seed}/{number}"))
            yield piece

    def _add_person(self, piece: Piece, chance: Random) -> None:
        self._user_id += 1
        late = chance.random() < LATE_STARTERS
        days = chance.randint(self._wanted.days // 4, self._wanted.days) if late else self._wanted.days
        joined = self._wanted.today - timedelta(days=days)
        piece.users.append(self._user(chance, joined))
        place = 0
        for _ in range(self._wanted.challenges):
            for kept in self._slot(chance, joined + timedelta(days=chance.randint(0, days // 3))):
                place += 1
                self._add_challenge(piece, chance, kept, place)

    def _user(self, chance: Random, joined: date) -> Row:
        name, email = chance.choice(NAMES), email_of(self._user_id)
        starts_at = "00:00" if chance.random() < 0.8 else "04:00"
        week = "sun" if chance.random() < 0.2 else "mon"
        who = (self._user_id, email, email, email, self._password_hash, name, chance.choice(ZONES), starts_at, week)
        return (*who, "ru" if name > "a" else "en", _midnight(joined))

    def _slot(self, chance: Random, first: date) -> Iterator[_Kept]:
        """What a person does with one place of their day: perhaps something with an end, then something without."""
        if chance.random() < TIMED_FIRST:
            template = chance.choice(self._timed)
            last = first + timedelta(days=template["duration_days"] - 1)
            archived = (("archive", last + timedelta(days=2), None),)
            over = last + timedelta(days=2) <= self._wanted.today
            yield _Kept(template, first, last, archived if over and chance.random() < ARCHIVED else ())
            first = last + timedelta(days=chance.randint(1, 10))
        if first <= self._wanted.today:
            yield _Kept(chance.choice(self._open_ended), first, self._wanted.today, self._pause(chance, first))

    def _pause(self, chance: Random, first: date) -> tuple[tuple[str, date, date | None], ...]:
        begin = first + timedelta(days=chance.randint(5, 60))
        until = begin + timedelta(days=chance.randint(5, 20))
        return (("pause", begin, until),) if chance.random() < PAUSED and until <= self._wanted.today else ()

    def _add_challenge(self, piece: Piece, chance: Random, kept: _Kept, place: int) -> None:
        self._challenge_id += 1
        template, text = kept.template, kept.template["texts"]["en"]
        piece.started[template["slug"]] += 1
        made = _midnight(kept.first) + MORNING
        promise = (template["kind"], template["direction"], float(template["target"]), text["unit"])
        length = (kept.first.isoformat(), template["duration_days"], template["on_miss"], template["allowed_misses"])
        looks = (json.dumps(text["tags"]), template["color"], template["icon"], place, made, made)
        who = (self._challenge_id, self._user_id, text["title"], text["description"], template["slug"])
        piece.challenges.append((*who, *promise, json.dumps(template["schedule"]), *length, *looks))
        for kind, begin, until in kept.turns:
            turn = (kind, begin.isoformat(), until.isoformat() if until else None)
            piece.turns.append((self._user_id, self._challenge_id, *turn))
        piece.entries.extend(self._entries(chance, kept))

    def _entries(self, chance: Random, kept: _Kept) -> Iterator[Row]:
        """Ascending by date, as the table lies. Made by the million: each day costs one drawing, or two."""
        share = chance.uniform(0.6, 0.97) * _share_of_days(kept.template["schedule"])
        value, random = _value(kept.template), chance.random
        user_id, challenge_id, forgotten = self._user_id, self._challenge_id, 0
        for on, midnight, _ in self._asked(kept):
            if forgotten:
                forgotten -= 1
                continue
            drawn = random() / share
            if drawn < 1.0:
                skipped = drawn < SKIPPED
                note = NOTES[int(drawn * 1e6) % len(NOTES)] if SKIPPED <= drawn < SKIPPED + NOTED else None
                at = midnight + MORNING + int(drawn * 60_000) * SECOND
                yield user_id, challenge_id, on, None if skipped else value(random()), skipped, note, at, at
            elif random() < GAP:
                forgotten = int(random() * 8)

    def _asked(self, kept: _Kept) -> list[tuple[str, int, date]]:
        """The days on which its owner thinks of a challenge: as its schedule names them, but for its rests."""
        schedule = kept.template["schedule"]
        begin = len(self._days) - 1 - (self._wanted.today - kept.first).days
        end = begin + (kept.last - kept.first).days + 1
        days = self._days[begin : end : schedule["days"] if schedule["type"] == "interval" else 1]
        if schedule["type"] == "weekly":
            days = [each for each in days if WEEKDAYS[each[2].weekday()] in schedule["days"]]
        for _, rest, until in kept.turns:
            days = [each for each in days if not rest <= each[2] < (until or date.max)]
        return days


def email_of(user_id: int) -> str:
    return f"person{user_id}@seed.test"


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


def _share_of_days(schedule: Mapping[str, Any]) -> float:
    """How many of the days it leaves open take an entry."""
    if schedule["type"] != "times":
        return 1.0
    return min(1.0, float(schedule["count"]) / (7 if schedule["per"] == "week" else 30))


def _value(template: Template) -> Callable[[float], float]:
    """What a person logs, for a chance from 0 to 1."""
    target = float(template["target"])
    digits = 0 if target >= 10 else 1
    if template["kind"] == "check":
        return lambda _: 1.0
    if template["direction"] == "at_most":
        return lambda drawn: round(1.3 * target * drawn, digits)
    return lambda drawn: round(target * (0.5 + drawn), digits)
