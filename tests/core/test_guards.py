"""The guards, by planted sins: each laid alone into a small copy of the house."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lifetracker.core import guards
from lifetracker.core.guarding import pins
from lifetracker.core.guarding.source import Violation
from tests.core.guarding.cases import HONEST, SINS, Honest, Sin
from tests.core.guarding.disguises import DISGUISED, LOOK_ALIKE

SAMPLES = os.environ.get("LIFETRACKER_SAMPLES")


class House:
    """A copy of the package in which every module is empty, but for what is laid into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for file in guards.HERE.rglob("*.py"):
            if "versions" not in file.parts:
                copy = folder / file.relative_to(guards.HERE)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text('"""Empty."""\n')
        (folder / "__init__.py").write_text('__version__ = "1"\n')
        # What the other modules pass on, as in the real ones.
        (folder / "core/db/statements_repository.py").write_text("from sqlalchemy import text\n")
        (folder / "challenges/repository.py").write_text("from sqlalchemy import select\n")
        (folder / "core/http/route.py").write_text("from fastapi import Request\n")
        (folder / "core/sqlite.py").write_text("import sqlite3 as driver\n")
        pins.freeze(folder, "test", date(2026, 1, 1))

    def judge(self, path: str, code: str) -> list[Violation]:
        file = self.folder / path
        before = file.read_bytes() if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, encoding="utf-8", newline="")
        try:
            return guards.run(self.folder)
        finally:
            file.unlink() if before is None else file.write_bytes(before)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house") / "lifetracker")


class TestThisPackage:
    def test_is_clean(self) -> None:
        assert [str(violation) for violation in guards.run()] == []

    def test_needs_no_exception(self) -> None:
        assert guards.EXCEPTIONS == ()


class TestRun:
    def test_finds_nothing_in_an_empty_house(self, house: House) -> None:
        assert guards.run(house.folder) == guards.run(house.folder.parent) == []

    @pytest.mark.parametrize("sin", [*SINS, *DISGUISED], ids=lambda sin: f"{sin.rule}: {sin.code[:50]}")
    def test_catches_a_sin_at_its_place(self, house: House, sin: Sin) -> None:
        found = house.judge(sin.path, sin.code)

        places = {(violation.rule, violation.path, violation.line) for violation in found}
        assert (sin.rule, f"lifetracker/{sin.path}", sin.line) in places

    @pytest.mark.parametrize("honest", [*HONEST, *LOOK_ALIKE], ids=lambda honest: honest.code[:60])
    def test_lets_a_look_alike_pass(self, house: House, honest: Honest) -> None:
        assert [str(violation) for violation in house.judge(honest.path, honest.code)] == []

    @pytest.mark.thorough
    @pytest.mark.parametrize("rule", [rule.id for rule in guards.RULES])
    def test_would_miss_something_without_any_one_rule(self, house: House, rule: str) -> None:
        """A sin that no other rule sees stands for each: with its rule switched off, the case above fails."""
        alone = [sin for sin in SINS if sin.rule == rule and {each.rule for each in house.judge(*sin[1::2])} == {rule}]

        assert alone or rule in ALONE_ELSEWHERE

    @pytest.mark.parametrize(
        "room",
        [
            "users/repository.py",
            "challenges/service.py",
            "core/db/door.py",
            "core/http/route.py",
            "main.py",
            "application.py",
            "migrations/__init__.py",
        ],
    )
    def test_misses_a_room_that_is_gone(self, house: House, room: str) -> None:
        kept = (house.folder / room).read_bytes()
        (house.folder / room).unlink()
        found = guards.run(house.folder)
        (house.folder / room).write_bytes(kept)

        assert [(each.rule, each.path) for each in found] == [("missing-room", f"lifetracker/{room}")]

    def test_sees_two_modules_that_need_each_other(self, house: House) -> None:
        (house.folder / "challenges/one.py").write_text("from lifetracker.challenges import two\n")
        found = house.judge("challenges/two.py", "from lifetracker.challenges import one\n")
        (house.folder / "challenges/one.py").unlink()

        assert {(each.rule, each.path) for each in found} == {
            ("cycle", "lifetracker/challenges/one.py"),
            ("cycle", "lifetracker/challenges/two.py"),
        }

    def test_lets_two_modules_need_each_other_for_their_types(self, house: House) -> None:
        only = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lifetracker.challenges import two\n"
        (house.folder / "challenges/one.py").write_text(only)
        found = house.judge("challenges/two.py", "from lifetracker.challenges import one\n")
        (house.folder / "challenges/one.py").unlink()

        assert found == []

    def test_follows_no_link_out_of_the_house(self, house: House, tmp_path: Path) -> None:
        outside = tmp_path / "outside.py"
        outside.write_text("X = 1\n")
        link = house.folder / "challenges/linked.py"
        link.symlink_to(outside)
        found = guards.run(house.folder)
        link.unlink()

        assert [(each.rule, each.path) for each in found] == [("unreadable", "lifetracker/challenges/linked.py")]

    def test_reports_a_module_that_a_package_of_its_name_hides(self, house: House) -> None:
        found = house.judge("core/guards/__init__.py", "RULES = ()\n")
        (house.folder / "core/guards").rmdir()

        assert [(each.rule, each.path) for each in found] == [("unreadable", "lifetracker/core/guards.py")]

    def test_refuses_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(guards.NothingThere, match="there is no folder"):
            guards.run(tmp_path / "nope")

    def test_finds_every_room_missing_in_an_empty_folder(self, tmp_path: Path) -> None:
        assert {each.rule for each in guards.run(tmp_path)} == {"missing-room", "frozen"}


class TestExceptions:
    def test_excuse_the_one_place_they_name(self, house: House) -> None:
        exemption = guards.Exemption("print", f"lifetracker/{SINS[0].path}", "builtins.print", "a test")
        (house.folder / SINS[0].path).write_text("print('x')\n")
        found = guards.run(house.folder, [exemption])
        (house.folder / SINS[0].path).write_text('"""Empty."""\n')

        assert found == []

    def test_excuse_nothing_else_in_the_file(self, house: House) -> None:
        exemption = guards.Exemption("print", "lifetracker/challenges/service.py", "pprint", "a test")
        (house.folder / "challenges/service.py").write_text("print('x')\n")
        found = guards.run(house.folder, [exemption])
        (house.folder / "challenges/service.py").write_text('"""Empty."""\n')

        assert sorted(rules_of(found)) == ["idle-exception", "print"]

    def test_are_a_violation_once_nothing_needs_them(self, house: House) -> None:
        exemption = guards.Exemption("print", "lifetracker/challenges/service.py", "builtins.print", "a test")

        assert [(each.rule, each.path) for each in guards.run(house.folder, [exemption])] == [
            ("idle-exception", "lifetracker/challenges/service.py")
        ]


class TestPins:
    def test_must_be_readable(self, house: House) -> None:
        assert rules_of(house.judge("core/frozen.json", "not json")) == ["frozen"]
        assert rules_of(house.judge("core/frozen.json", '{"files": 1}'))

    def test_know_a_file_that_is_gone(self, house: House) -> None:
        kept = (house.folder / "core/smoke.py").read_bytes()
        (house.folder / "core/smoke.py").unlink()
        found = guards.run(house.folder)
        (house.folder / "core/smoke.py").write_bytes(kept)

        assert [str(each) for each in found] == ["lifetracker/core/smoke.py:1:1 frozen a frozen file is gone"]

    def test_are_made_anew_with_a_reason_that_stays(self, tmp_path: Path) -> None:
        copy = House(tmp_path / "lifetracker")
        (copy.folder / "core/smoke.py").write_text("X = 2\n")

        assert pins.freeze(copy.folder, "a second reason", date(2026, 2, 3)) == ["core/smoke.py"]
        assert guards.run(copy.folder) == []
        kept: dict[str, Any] = json.loads((copy.folder / pins.PINS).read_text())
        assert [(each["date"], each["reason"]) for each in kept["history"]] == [
            ("2026-01-01", "test"),
            ("2026-02-03", "a second reason"),
        ]
        assert pins.freeze(copy.folder, "nothing", date(2026, 2, 4)) == []
        assert json.loads((copy.folder / pins.PINS).read_text()) == kept

    def test_know_a_reader_that_is_gone(self, tmp_path: Path) -> None:
        copy = House(tmp_path / "lifetracker")
        (copy.folder / "core/guarding/text.py").unlink()

        assert [str(each) for each in guards.run(copy.folder)] == [
            "lifetracker/core/guarding/text.py:1:1 frozen a frozen file is gone"
        ]


class TestReport:
    def test_says_ok_or_a_line_for_each(self) -> None:
        violation = Violation("lifetracker/a.py", 3, 5, "print", "builtins.print beside the log")

        assert guards.told([]) == "GUARDS OK"
        assert guards.told([violation]) == "lifetracker/a.py:3:5 print builtins.print beside the log"
        assert json.loads(guards.told([], guards.Form.json)) == []
        assert json.loads(guards.told([violation], guards.Form.json)) == [
            {"rule": "print", "path": "lifetracker/a.py", "line": 3, "column": 5, "message": violation.message}
        ]

    @pytest.mark.parametrize("rule", [*guards.RULES, guards.IDLE], ids=lambda rule: rule.id)
    def test_explains_each_rule(self, rule: guards.Rule) -> None:
        said = guards.explained(rule.id)

        assert said.startswith(f"{rule.id}: {rule.what}")
        assert rule.why in said
        assert rule.instead in said


@pytest.mark.skipif(SAMPLES is None, reason="sample files not given")
class TestSampleCases:
    def test_are_judged_right(self, tmp_path: Path) -> None:
        house = House(tmp_path / "lifetracker")
        wrong = [case["name"] for case in sample_cases() if bool(at_path(house, case)) is not case["flag"]]

        assert wrong == []


def sample_cases() -> Iterator[dict[str, Any]]:
    yield from json.loads((Path(SAMPLES or "") / "guards" / "cases.json").read_text(encoding="utf-8"))


def at_path(house: House, case: dict[str, Any]) -> list[Violation]:
    found = house.judge(case["path"].removeprefix("lifetracker/"), case["code"])
    return [each for each in found if each.path == case["path"]] if case["flag"] else found


def rules_of(violations: list[Violation]) -> list[str]:
    return [violation.rule for violation in violations]


# Rules about the whole house, whose cases are above: no one file breaks them.
ALONE_ELSEWHERE = {"missing-room", "cycle"}
