"""What is told of everybody else's waiting."""

from __future__ import annotations

from argparse import Namespace

from benchmarks.beside import Beside, _told

OPTIONS = Namespace(rounds=3, seconds=5)


class TestTold:
    def test_judges_the_round_in_the_middle(self) -> None:
        found = {"a tick": [Beside(1.0, 9.0, 2.0), Beside(1.5, 60.0, 3.0), Beside(2.0, 20.0, 2.5)]}

        row = _told(found, OPTIONS).splitlines()[-1]

        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells == ["a tick", "2.5 ms", "1.5 ms", "20.00 ms", "9.00 ms to 60.00 ms", "≤ 50 ms", "yes"]

    def test_says_so_where_it_was_too_long(self) -> None:
        row = _told({"nothing": [Beside(1.0, 51.0, 50.0)]}, OPTIONS).splitlines()[-1]

        assert row.rstrip(" |").endswith("no")
        assert "50.0 ms" not in row
