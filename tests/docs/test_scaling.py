"""`docs/scaling.md` against the calculation that its tables come from."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.capacity import PAGE, Assumptions, Load, limits, steps, tables, written

TEXT = PAGE.read_text("utf-8")


class TestScaling:
    def test_holds_the_tables_that_the_calculation_prints(self) -> None:
        found = tables(Assumptions())

        assert all(f"<!-- {name} -->\n{table}\n" in TEXT for name, table in found.items())
        assert written(TEXT, found) == TEXT

    def test_takes_other_assumptions(self) -> None:
        busier = replace(Assumptions(), entries_a_day=60)

        assert list(steps(busier)) != list(steps(Assumptions()))
        assert list(limits(busier)) != list(limits(Assumptions()))


class TestLoad:
    def test_is_of_the_busiest_second(self) -> None:
        even = replace(Assumptions(), busiest_hour=1 / 24, burst=1, entries_a_day=1)

        assert round(Load(86_400, even).writes, 6) == 1

    def test_asks_for_partitions_where_a_table_would_be_too_large(self) -> None:
        given = replace(Assumptions(), entries_a_day=1, years=1, rows_a_table=365_000, rows_a_partition=100_000)

        assert Load(1_000, given).partitions == 1
        assert Load(1_001, given).partitions == 4
