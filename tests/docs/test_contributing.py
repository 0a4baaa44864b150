"""`CONTRIBUTING.md`: it names every session there is, and none that is not."""

from __future__ import annotations

import ast
import re

from tests.docs.pages import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TREE = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
SESSIONS = {each.name for each in TREE.body if isinstance(each, ast.FunctionDef) and each.decorator_list}
WORDS = SESSIONS - {"beyond"} | {"all"}


class TestSessions:
    def test_are_all_told_and_no_others(self) -> None:
        told = " ".join(re.findall(r"^\./dev test( [\w ]+?)  ", TEXT, re.MULTILINE)).split()

        assert sorted(told) == sorted(WORDS)
