"""Believable people: the same ones of the same seed, and nobody does what the service would have refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from lifetracker.ops.seeding.people import WEEKDAYS, Piece, Seeding, Wanted
from lifetracker.templates.service import read_catalogue

TODAY = date(2026, 3, 11)
WANTED = Wanted(people=250, days=200, challenges=2, seed=1, today=TODAY)
CATALOGUE = {each["slug"]: each for each in read_catalogue()}
ID, OWNER, SLUG, START = 0, 1, 4, 10  # places in a challenge's row
OF, ON, VALUE, SKIPPED, NOTE = 1, 2, 3, 4, 5  # and in an entry's


def made(wanted: Wanted = WANTED) -> list[Piece]:
    return list(Seeding(wanted, list(CATALOGUE.values()), "a hash").pieces(0, 0))


@pytest.fixture(scope="module")
def whole() -> Piece:
    """All pieces as one."""
    one = Piece()
    for piece in made():
        for rows, more in ((one.users, piece.users), (one.challenges, piece.challenges), (one.turns, piece.turns)):
            rows += more
        one.entries += piece.entries
        one.started += piece.started
    return one


def logs(whole: Piece) -> Iterator[tuple[dict[str, object], date, list[date]]]:
    """Each challenge's template and first day, and the days that have an entry."""
    days: dict[int, list[date]] = {}
    for entry in whole.entries:
        days.setdefault(entry[OF], []).append(date.fromisoformat(entry[ON]))
    for row in whole.challenges:
        yield CATALOGUE[row[SLUG]], date.fromisoformat(row[START]), days.get(row[ID], [])


class TestSeeding:
    def test_makes_the_same_people_of_the_same_seed(self) -> None:
        assert made() == made()

    def test_makes_other_people_of_another_seed(self) -> None:
        assert made(replace(WANTED, seed=2))[0].entries != made()[0].entries

    def test_makes_as_many_people_as_are_wanted(self, whole: Piece) -> None:
        assert [user[0] for user in whole.users] == list(range(1, 251))

    def test_counts_on_from_the_last_ids(self) -> None:
        (piece,) = Seeding(replace(WANTED, people=1), list(CATALOGUE.values()), "a hash").pieces(70, 900)

        assert piece.users[0][0] == 71
        assert piece.challenges[0][:2] == (901, 71)
        assert {entry[:2] for entry in piece.entries} <= {(71, row[ID]) for row in piece.challenges}

    def test_lays_entries_in_the_order_of_their_key(self, whole: Piece) -> None:
        assert all(one[:3] < other[:3] for one, other in pairwise(whole.entries))

    def test_starts_challenges_of_every_kind(self, whole: Piece) -> None:
        started = {CATALOGUE[row[SLUG]]["schedule"]["type"] for row in whole.challenges}
        directions = {(row[5], row[6]) for row in whole.challenges}

        assert started == {"daily", "weekly", "times", "interval"}
        assert directions == {("check", "at_least"), ("measure", "at_least"), ("measure", "at_most")}

    def test_counts_what_was_started(self, whole: Piece) -> None:
        assert sum(whole.started.values()) == len(whole.challenges)


class TestEntries:
    def test_lie_within_their_challenge(self, whole: Piece) -> None:
        for template, first, days in logs(whole):
            length = template["duration_days"]
            last = min(TODAY, first + timedelta(days=int(str(length)) - 1)) if length else TODAY
            assert all(first <= day <= last for day in days)

    def test_keep_to_the_weekdays_of_a_schedule(self, whole: Piece) -> None:
        for template, _, days in logs(whole):
            schedule = template["schedule"]
            assert isinstance(schedule, dict)
            if schedule["type"] == "weekly":
                assert {WEEKDAYS[day.weekday()] for day in days} <= set(schedule["days"])

    def test_keep_to_an_interval(self, whole: Piece) -> None:
        for template, first, days in logs(whole):
            schedule = template["schedule"]
            assert isinstance(schedule, dict)
            if schedule["type"] == "interval":
                assert all((day - first).days % schedule["days"] == 0 for day in days)

    def test_leave_pauses_alone(self, whole: Piece) -> None:
        pauses = {row[1]: row[3:] for row in whole.turns if row[2] == "pause"}

        assert pauses
        assert not [each for each in whole.entries if each[OF] in pauses and between(each[ON], *pauses[each[OF]])]

    def test_have_no_value_where_they_are_skipped(self, whole: Piece) -> None:
        skipped = [entry for entry in whole.entries if entry[SKIPPED]]

        assert 0.005 < len(skipped) / len(whole.entries) < 0.05
        assert {entry[VALUE] for entry in skipped} == {None}

    def test_have_a_note_at_times(self, whole: Piece) -> None:
        noted = [entry for entry in whole.entries if entry[NOTE]]

        assert 0.02 < len(noted) / len(whole.entries) < 0.15

    def test_leave_out_days_and_whole_weeks(self, whole: Piece) -> None:
        daily = [days for template, _, days in logs(whole) if template["slug"] == "gratitude" and len(days) > 30]
        steps = [(later - day).days for days in daily for day, later in pairwise(days)]

        assert 0.5 < steps.count(1) / len(steps) < 0.98
        assert max(steps) > 5

    def test_vary_around_their_target(self, whole: Piece) -> None:
        steps = {row[ID] for row in whole.challenges if row[SLUG] == "10000-steps"}
        values = [entry[VALUE] for entry in whole.entries if entry[OF] in steps and not entry[SKIPPED]]

        assert min(values) < 10_000 < max(values)


def between(on: str, begin: str, until: str | None) -> bool:
    return begin <= on < (until or "9999")
