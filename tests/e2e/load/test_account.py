"""The account of a load: what it calls lost, and what it may not."""

from __future__ import annotations

from typing import Any

from tests.e2e.load.account import Account, compared


def record(*, acked: int = 7, unknown: tuple[int, ...] = (), added: int = 3, of_unknown_end: int = 0) -> dict[str, Any]:
    return {
        "days": {"1/2026-01-01": {"acked": acked, "unknown": list(unknown)}},
        "added": {"acked": added, "unknown": of_unknown_end, "where": "9/2026-01-01"},
    }


def found(kept: dict[str, Any], *, value: float, total: float = 3, **more: float) -> dict[str, Any]:
    told = compared(kept, {"1/2026-01-01": value, "9/2026-01-01": total, **more})
    return {name: what for name, what in told.items() if what}


class TestCompared:
    def test_finds_nothing_when_the_last_one_acknowledged_is_there(self) -> None:
        assert found(record(acked=7), value=7) == {}

    def test_lets_a_later_one_of_unknown_end_be_there_instead(self) -> None:
        assert found(record(acked=7, unknown=(9,)), value=9) == {}

    def test_misses_one_that_an_earlier_one_replaced(self) -> None:
        assert found(record(acked=7, unknown=(5,)), value=5) == {"missing": ["1/2026-01-01"]}

    def test_misses_one_that_is_not_there_at_all(self) -> None:
        assert compared(record(), {"9/2026-01-01": 3})["missing"] == ["1/2026-01-01"]

    def test_tells_of_a_day_that_nobody_wrote(self) -> None:
        assert found(record(), value=7, **{"1/2026-01-02": 1}) == {"unasked": ["1/2026-01-02"]}

    def test_counts_additions_that_are_gone_and_those_carried_out_twice(self) -> None:
        assert found(record(added=3), value=7, total=1) == {"additions_missing": 2}
        assert found(record(added=3, of_unknown_end=1), value=7, total=5) == {"additions_doubled": 1}


class TestAccount:
    def test_keeps_what_failed_apart_from_what_was_acknowledged(self) -> None:
        account = Account()
        account.logged("1/2026-01-01", 4, 201)
        account.logged("1/2026-01-01", 6, 0)
        account.logged("1/2026-01-01", 8, 422)

        assert account.days == {"1/2026-01-01": {"acked": 4, "unknown": [6]}}
