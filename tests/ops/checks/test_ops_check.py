"""The table, how it is gone through, and how it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from lifetracker.ops.checks import ops_check
from lifetracker.ops.checks.ops_check import CHECKS, Check, Outcome
from lifetracker.ops.checks.verdict import State, Verdict, failed, ok, skipped, warning
from lifetracker.ops.places import Places
from tests.ops.installation import Installation

CHAPTER = Path(__file__).parents[3] / "docs" / "ops-check.md"


def check(judge: Callable[[Places], Verdict], name: str = "this") -> Check:
    return Check(name, "something", judge, "mend it")


def outcomes(*verdicts: Verdict) -> list[Outcome]:
    return ops_check.run(Places(), [check(lambda _, verdict=verdict: verdict) for verdict in verdicts])  # type: ignore[misc]


class TestTable:
    def test_has_a_name_of_its_own_for_each(self) -> None:
        assert len({each.name for each in CHECKS}) == len(CHECKS)

    def test_is_what_the_operator_reads_about(self) -> None:
        headings = [line[4:] for line in CHAPTER.read_text(encoding="utf-8").splitlines() if line.startswith("### ")]

        assert headings == [each.name for each in CHECKS]


class TestRun:
    def test_finds_nothing_wrong_where_all_is_well(self, well: Installation) -> None:
        found = ops_check.run(well.places)

        assert {each.check: each.says for each in found if each.state not in (State.ok, State.warning)} == {}
        assert [each.check for each in found] == [each.name for each in CHECKS]

    def test_tells_of_every_check_where_nothing_is_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        (tmp_path / "etc/lifetracker").mkdir(parents=True)
        (tmp_path / "etc/lifetracker/server.toml").write_text("keep_releases = 1\n", encoding="utf-8")

        found = ops_check.run(Places(tmp_path))

        assert len(found) == len(CHECKS)
        assert {each.check for each in found if each.state is State.ok} <= {"disk"}
        assert any("keep_releases" in each.says for each in found)

    def test_takes_what_a_check_raises_for_its_failure(self) -> None:
        def raises(_: Places) -> Verdict:
            raise KeyError("files")

        found = ops_check.run(Places(), [check(raises), check(lambda _: ok("well"))])

        assert [each.state for each in found] == ["failed", "ok"]
        assert found[0].says == "cannot be looked at: KeyError: 'files'"

    def test_waits_for_none_that_does_not_end(self) -> None:
        never = Event()

        def hangs(_: Places) -> Verdict:
            never.wait(30)
            return ok("at last")

        began = time.monotonic()
        found = ops_check.run(Places(), [check(hangs), check(lambda _: ok("well"))], seconds=0.2)
        took = time.monotonic() - began
        never.set()

        assert [each.says for each in found] == ["not done in time", "well"]
        assert took < 10

    def test_runs_them_side_by_side(self) -> None:
        met = [Event(), Event()]

        def meets(mine: Event, other: Event) -> Verdict:
            mine.set()
            return ok("met") if other.wait(20) else failed("alone")

        pair = [check(lambda _: meets(met[0], met[1])), check(lambda _: meets(met[1], met[0]))]

        assert [each.says for each in ops_check.run(Places(), pair)] == ["met", "met"]

    def test_says_what_to_do_where_there_is_something_to_do(self) -> None:
        found = outcomes(ok("a"), warning("b"), failed("c"), skipped("d"))

        assert [each.do for each in found] == [None, "mend it", "mend it", None]

    def test_makes_one_line_of_a_sentence(self) -> None:
        assert outcomes(failed("`nginx` failed\n  with code 1"))[0].says == "`nginx` failed with code 1"


class TestTold:
    def test_is_a_table_with_its_verdict_last(self) -> None:
        found = [
            Outcome("unit", State.ok, "active", None),
            Outcome("live tree", State.failed, "x was changed", "deploy again"),
            Outcome("clock", State.warning, "not set", "set it"),
            Outcome("nginx", State.skipped, "none here", None),
        ]

        assert ops_check.told(found).splitlines() == [
            "ok    unit       active",
            "FAIL  live tree  x was changed",
            "                 -> deploy again",
            "WARN  clock      not set",
            "                 -> set it",
            "skip  nginx      none here",
            "OPS CHECK FAILED: 1 of 4",
        ]

    def test_forbids_nothing_for_a_warning(self) -> None:
        found = outcomes(ok("a"), warning("b"), skipped("c"))

        assert ops_check.told(found).splitlines()[-1] == "OPS CHECK OK"
        assert ops_check.failures(found) == []

    def test_is_json_for_programs(self) -> None:
        assert json.loads(ops_check.as_json(outcomes(failed("broken"), ok("whole")))) == [
            {"check": "this", "state": "failed", "says": "broken", "do": "mend it"},
            {"check": "this", "state": "ok", "says": "whole", "do": None},
        ]
