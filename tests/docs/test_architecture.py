"""`docs/architecture.md`: the table of the room that looks after a server names every module there is."""

from __future__ import annotations

import re
from fnmatch import fnmatch

from tests.docs.pages import ROOT, page

OPS = ROOT / "lifetracker/ops"
MODULES = {file.relative_to(OPS).with_suffix("").as_posix() for file in OPS.rglob("[a-z]*.py")}
TABLE = re.findall(r"^\| (`.*?) \|", page("architecture").partition("## The room that looks after a server")[2], re.M)
NAMED = {name for cell in TABLE for name in re.findall(r"`([^`]+)`", cell)}


class TestRoomThatLooksAfterAServer:
    def test_has_every_module_in_its_table(self) -> None:
        assert {module for module in MODULES if not any(fnmatch(module, name) for name in NAMED)} == set()

    def test_has_none_there_that_is_gone(self) -> None:
        assert {name for name in NAMED if not any(fnmatch(module, name) for module in MODULES)} == set()
