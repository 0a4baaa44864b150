"""What both servers hold when they are compared: the same people, challenges and days.

Half of the people keep ten challenges for a year, which is what opening the app and ticking a day are about; the
others keep one for three years, whose numbers are asked for.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
PEOPLE, LONG_PEOPLE = 20, 20
YEAR, THREE_YEARS = 365, 1096
# Days back from today that are ticked: nearly always today itself, at times yesterday, seldom one before.
TICKED = (0,) * 16 + (1,) * 3 + (5,)
LATE = tuple(range(7))  # and where somebody makes up for a week
PASSWORD = "correct horse"
KEPT = 0.92  # how many of the days that a schedule names were logged
SKIPPED, NOTED = 0.04, 0.1
DAILY: dict[str, Any] = {"type": "daily"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A challenge as it is promised, and on which days of a year its owner thinks of it."""

    title: str
    schedule: dict[str, Any]
    every: float  # of all days
    target: float = 1.0
    unit: str | None = None
    direction: str = "at_least"

    @property
    def kind(self) -> str:
        return "measure" if self.unit else "check"


SHAPES = (
    Shape("Floss", DAILY, 1.0),
    Shape("Read", DAILY, 1.0, 20, "pages"),
    Shape("No sugar", DAILY, 1.0),
    Shape("Coffee", DAILY, 1.0, 2, "cups", "at_most"),
    Shape("Meditate", DAILY, 1.0, 10, "minutes"),
    Shape("Steps", DAILY, 1.0, 10_000, "steps"),
    Shape("Journal", DAILY, 1.0),
    Shape("In bed by eleven", {"type": "weekly", "days": ["mon", "tue", "wed", "thu", "sun"]}, 5 / 7),
    Shape("Strength", {"type": "times", "count": 3, "per": "week"}, 3 / 7),
    Shape("Run", {"type": "interval", "days": 2}, 1 / 2, 3, "km"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One day of a log."""

    day: date
    value: float | None
    skipped: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A challenge to be made: whose it is, by number, and which of theirs."""

    person: int
    place: int
    shape: Shape
    days: int

    def log(self, today: date) -> Iterator[Kept]:
        """Today always has an entry, so that a tick finds one on either side."""
        chance = random.Random(self.person * 100 + self.place)
        for back in range(self.days - 1, -1, -1):
            if back == 0 or chance.random() < KEPT * self.shape.every:
                yield _kept(chance, self.shape, today - timedelta(days=back))


def _kept(chance: random.Random, shape: Shape, day: date) -> Kept:
    skipped = chance.random() < SKIPPED
    value = round(shape.target * chance.uniform(0.6, 1.6), 1) if shape.unit else 1.0
    note = "A day like any other." if chance.random() < NOTED else None
    return Kept(day, None if skipped else value, skipped, note)


def planned() -> list[Planned]:
    """All challenges, person by person."""
    year = [Planned(person, place, shape, YEAR) for person in range(PEOPLE) for place, shape in enumerate(SHAPES)]
    return year + [Planned(PEOPLE + person, 0, SHAPES[1], THREE_YEARS) for person in range(LONG_PEOPLE)]


def shuffled(jobs: Iterable[T]) -> list[T]:
    """In an order that is the same at every run."""
    mixed = list(jobs)
    random.Random(0).shuffle(mixed)
    return mixed


def today() -> date:
    """Everybody lives in UTC."""
    return datetime.now(UTC).date()
