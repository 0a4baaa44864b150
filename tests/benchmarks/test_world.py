"""What both sides are filled with."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.world import LONG_PEOPLE, PEOPLE, SHAPES, planned, shuffled

TODAY = date(2026, 3, 11)


class TestPlanned:
    def test_gives_ten_challenges_to_half_of_the_people_and_a_long_one_to_the_others(self) -> None:
        kept = [plan.person for plan in planned()]

        assert [kept.count(person) for person in (0, PEOPLE)] == [10, 1]
        assert len(kept) == 10 * PEOPLE + LONG_PEOPLE

    def test_has_every_kind_of_schedule(self) -> None:
        assert {shape.schedule["type"] for shape in SHAPES} == {"daily", "weekly", "times", "interval"}


class TestLog:
    def test_is_the_same_for_whoever_asks(self) -> None:
        plan = planned()[3]

        assert list(plan.log(TODAY)) == list(plan.log(TODAY))

    def test_ends_today_and_begins_within_its_days(self) -> None:
        for plan in planned():
            days = [kept.day for kept in plan.log(TODAY)]
            assert days[-1] == TODAY
            assert days[0] > TODAY - timedelta(days=plan.days)
            assert days == sorted(set(days))

    def test_of_a_year_holds_most_of_it(self) -> None:
        assert 310 < len(list(planned()[0].log(TODAY))) < 360


class TestShuffled:
    def test_is_another_order_of_the_same_that_never_changes(self) -> None:
        numbers = list(range(50))

        assert sorted(shuffled(numbers)) == numbers
        assert shuffled(numbers) == shuffled(numbers) != numbers
