"""`docs/reliability.md` against the tests there are: each that it names is one, and no fault is without a row."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "reliability.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if re.match(r"\| \d", line)]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`([^`]+\.py::[^`]+)`", row[3])})
PROMISED = {1, 3, *range(5, 8), *range(9, 25), *range(26, 30), 37, 38, *range(41, 46)}
SEEN = re.compile(r"2\d{3}-\d\d-\d\d: \S")


@cache
def nodes(file: Path) -> frozenset[str]:
    """What pytest collects in a file, from its source: some are collected on request alone."""
    found = set()
    for each in ast.parse(file.read_text("utf-8")).body:
        if isinstance(each, ast.ClassDef) and each.name.startswith("Test"):
            methods = {method.name for method in each.body if isinstance(method, ast.FunctionDef)}
            found |= {each.name, *(f"{each.name}::{name}" for name in methods if name.startswith("test_"))}
        elif isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
            found.add(each.name)
    return frozenset(found)


@pytest.mark.parametrize("named", NAMED)
def test_names_a_test_that_there_is(named: str) -> None:
    file, _, node = named.partition("::")

    assert (TESTS / file).is_file()
    assert node in nodes(TESTS / file)


def test_has_a_row_for_every_fault_that_is_promised_for() -> None:
    numbers = [int(row[0]) for row in ROWS]

    assert set(numbers) >= PROMISED
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_tells_of_each_fault_what_is_promised_tested_and_was_seen(row: list[str]) -> None:
    assert len(row) == 5
    assert all(row)
    assert re.search(r"`[^`]+\.py::[^`]+`", row[3])
    assert SEEN.match(row[4])


def test_would_miss_a_test_that_is_gone() -> None:
    assert "TestDeploy::test_that_never_was" not in nodes(TESTS / "ops" / "deploying" / "test_deploy.py")
    assert "TestDeploy::test_brings_the_first_release_live" in nodes(TESTS / "ops" / "deploying" / "test_deploy.py")
