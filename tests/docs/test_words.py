"""`docs/words.md`: each word once, each where the page says; and no two classes of the house have one name."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.pages import ROOT, page

PACKAGE = ROOT / "lifetracker"
ROWS = [(found[1], found[2]) for found in re.finditer(r"^\| ([a-z][^|]*?) \| [^|]+ \| (`.+`) \|$", page("words"), re.M)]
PLACES = [place for _, cell in ROWS for place in re.findall(r"`([^`]+)`", cell)]
# Still two each. To be emptied: a name that is here and is one by now is struck out.
SHARED = {"Backup"}


@cache
def named(path: str) -> frozenset[str]:
    """What a module gives a name to."""
    return frozenset(_names(ast.parse((PACKAGE / path).read_bytes())))


def _names(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def classes() -> Counter[str]:
    files = (file for file in PACKAGE.rglob("*.py") if "versions" not in file.parts)
    trees = (ast.parse(file.read_bytes()) for file in files)
    return Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))


@pytest.mark.parametrize("place", PLACES)
def test_each_place_is_there(place: str) -> None:
    path, _, name = place.partition("::")

    assert name in named(path)


def test_every_row_has_a_place() -> None:
    rows = [line for line in page("words").splitlines() if line.startswith("| ") and not line.startswith("| word |")]

    assert len(ROWS) == len(rows) > 50
    assert all("::" in place for place in PLACES)


def test_each_word_stands_once() -> None:
    assert [word for word, times in Counter(word for word, _ in ROWS).items() if times > 1] == []


def test_no_two_classes_have_one_name() -> None:
    assert {name for name, times in classes().items() if times > 1 and not name.startswith("_")} == SHARED


def test_would_miss_a_name_that_is_gone() -> None:
    assert "Turns" not in named("core/db/baton.py")
    assert "Baton" in named("core/db/baton.py")
