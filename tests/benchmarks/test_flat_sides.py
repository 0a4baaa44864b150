"""Two databases of different size whose people are comparable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from benchmarks.flat_sides import PEERS, Keeps, Side, jobs_of, keepers, peers, seeded
from benchmarks.world import today


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Side:
    return seeded(tmp_path_factory.mktemp("flat") / "some.db", 3)


@pytest.mark.thorough
class TestSeeded:
    def test_is_used_again_where_it_is_there(self, side: Side) -> None:
        again = seeded(side.file, 3)

        assert side.seconds is not None
        assert again.seconds is None
        assert keepers(again) == keepers(side)


class TestPeers:
    def test_are_those_who_keep_as_much(self) -> None:
        one = [Keeps(1, challenges=7, entries=500)]
        alike = [Keeps(100 + number, challenges=7, entries=490 + number) for number in range(PEERS)]
        others = [Keeps(200, challenges=7, entries=900), Keeps(201, challenges=11, entries=500)]

        assert sorted(peers(one, [*others, *alike])) == [each.user_id for each in alike]


@pytest.mark.thorough
class TestJobs:
    def test_are_as_many_ticks_as_stats_and_an_opening_for_each_person(self, side: Side) -> None:
        people = [each.user_id for each in keepers(side)]

        jobs = jobs_of(side, people)

        assert len(jobs["today"]) == len(people) == 3
        assert len(jobs["tick"]) == len(jobs["stats"]) > len(people)

    def test_tick_days_that_have_come(self, side: Side) -> None:
        days = {job[0].path.rpartition("/")[2] for job in jobs_of(side, [1, 2, 3])["tick"]}

        assert days <= {(today() - timedelta(days=back)).isoformat() for back in range(7)}
