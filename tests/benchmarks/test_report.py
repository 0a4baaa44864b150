"""What is made of the figures."""

from __future__ import annotations

from benchmarks.load import Measured
from benchmarks.report import Results, judged


def at(*rates: float) -> list[Measured]:
    return [Measured(rate, 1.0, 2.0) for rate in rates]


class TestJudged:
    def test_tells_median_and_spread(self) -> None:
        assert judged([1.0, 5.0, 1.5], 1.25, "×") == ["1.50 ×", "1.00 × to 5.00 ×", "≥ 1.25 ×", "yes"]

    def test_tells_what_was_missed(self) -> None:
        assert judged([1.0], 1.25, "×")[-1] == "no"

    def test_takes_an_aim_for_the_most_there_may_be(self) -> None:
        assert judged([1.0], 1.2, "s", most=True)[-2:] == ["≤ 1.2 s", "yes"]
        assert judged([1.3], 1.2, "s", most=True)[-1] == "no"


class TestResults:
    def test_take_the_faster_of_two_ways_round_by_round(self) -> None:
        results = Results()
        results.measured["peer", "tick"] = {"create": at(5, 2), "update": at(3, 4)}

        assert [each.rate for each in results.best("peer", "tick")] == [5, 4]

    def test_have_nothing_of_a_job_that_was_not_done(self) -> None:
        assert Results().best("peer", "tick") == []
