"""`docs/canon.md`: every command in it that can run here is run, and passes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lifetracker.core import guards
from lifetracker.core.db import Database
from tests.core.units import url_of
from tests.processes import unmeasured

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "canon.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


class TestCanon:
    def test_has_a_command_for_each_part(self) -> None:
        said = "\n".join(COMMANDS)

        assert all(f"lifetracker {name}" in said for name in ("guards", "smoke", "db check"))

    @pytest.mark.thorough
    @pytest.mark.parametrize("command", [each for each in COMMANDS if "guards" not in each])
    def test_runs(self, db: Database, command: str) -> None:
        done = _run(command, LIFETRACKER_DATABASE_URL=url_of(db))

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout

    @pytest.mark.thorough
    @pytest.mark.parametrize("command", [each for each in COMMANDS if "guards" in each])
    def test_reads_the_source_without_a_database(self, command: str) -> None:
        done = _run(command)

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout

    def test_names_what_is_frozen(self) -> None:
        pinned = {"guards.py", "smoke.py", "db_check_repository.py", "logging.py", "guarding/", "db_checks/"}

        assert all(f"core/{name}" in TEXT for name in pinned)

    def test_tells_whether_there_are_exceptions(self) -> None:
        assert ("There are no exceptions today." in TEXT) == (guards.EXCEPTIONS == ())


def _run(command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    whole = [sys.executable, *words[1:]] if words[0] == "python" else [sys.executable, "-m", *words]
    return subprocess.run(whole, cwd=ROOT, env=unmeasured(**settings), capture_output=True, text=True, check=False)
