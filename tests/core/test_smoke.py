"""The smoke check as the operator runs it: in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from lifetracker.core import guards
from lifetracker.core.db import Database
from tests.core.units import url_of
from tests.processes import unmeasured

Smoke = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def smoke(db: Database) -> Smoke:
    def run(*command: str, package: Path = guards.HERE, url: str | None = None) -> subprocess.CompletedProcess[str]:
        here = unmeasured(LIFETRACKER_DATABASE_URL=url or url_of(db), PYTHONPATH=str(package.parent))
        whole = [sys.executable, "-m", *command]
        return subprocess.run(whole, env=here, capture_output=True, text=True, check=False, cwd=package.parent)

    return run


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package, to be spoilt."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(guards.HERE, tmp_path / "lifetracker", ignore=ignored))


class TestSmoke:
    @pytest.mark.parametrize(
        "command", [["lifetracker", "smoke"], pytest.param(["lifetracker.core.smoke"], marks=pytest.mark.thorough)]
    )
    def test_says_three_lines_and_nothing_else(self, smoke: Smoke, command: list[str]) -> None:
        done = smoke(*command)

        assert (done.returncode, done.stdout, done.stderr) == (0, "GUARDS OK\nDB CHECK OK\nSMOKE OK\n", "")

    @pytest.mark.thorough
    def test_tells_what_the_guards_found(self, smoke: Smoke, copy: Path) -> None:
        (copy / "challenges/extra.py").write_text("print('x')\n")

        done = smoke("lifetracker", "smoke", package=copy)

        assert done.returncode == 1
        assert done.stdout.splitlines() == [
            "lifetracker/challenges/extra.py:1:1 print builtins.print beside the log",
            *("GUARDS FAILED", "DB CHECK OK", "SMOKE FAILED"),
        ]

    @pytest.mark.thorough
    def test_tells_what_is_wrong_with_the_data(self, smoke: Smoke, db: Database) -> None:
        db.migrate_now(lambda connection: connection.execute(text("DROP INDEX ix_tokens_user_id")))

        done = smoke("lifetracker", "smoke")

        assert done.returncode == 1
        assert done.stdout.splitlines() == [
            "GUARDS OK",
            "indexes: 1 found: tokens(user_id)",
            *("DB CHECK FAILED", "SMOKE FAILED"),
        ]

    @pytest.mark.thorough
    def test_tells_that_there_is_no_database_and_makes_none(self, smoke: Smoke, tmp_path: Path) -> None:
        done = smoke("lifetracker", "smoke", url=f"sqlite:///{tmp_path / 'none.db'}")

        assert done.returncode == 1
        assert f"there is no database at {tmp_path / 'none.db'}" in done.stdout
        assert done.stdout.endswith("DB CHECK FAILED\nSMOKE FAILED\n")
        assert list(tmp_path.glob("none.db*")) == []

    @pytest.mark.thorough
    def test_tells_why_the_application_cannot_be_imported(self, smoke: Smoke, copy: Path) -> None:
        (copy / "wiring.py").write_text("from lifetracker.daily_log import nothing_there\n")

        done = smoke("lifetracker", "smoke", package=copy)

        assert done.returncode == 1
        assert "the application cannot be imported:" in done.stdout
        assert "ImportError: cannot import name 'nothing_there'" in done.stdout
        assert done.stdout.endswith("SMOKE FAILED\n")
        assert done.stderr == ""

    def test_tells_of_each_check_what_failed(self, smoke: Smoke, copy: Path, tmp_path: Path) -> None:
        """The last line is the verdict of all, and one check's failure keeps none of the others from being told."""
        (copy / "wiring.py").write_text("raise RuntimeError('not wired')\n")
        (copy / "migrations/head.json").write_text("{")

        done = smoke("lifetracker", "smoke", package=copy, url=f"sqlite:///{tmp_path / 'none.db'}")

        assert (done.returncode, done.stderr) == (1, "")
        said = done.stdout.splitlines()
        assert [line for line in said if line.endswith((" OK", " FAILED"))] == [
            *("GUARDS OK", "DB CHECK FAILED", "SMOKE FAILED")
        ]
        assert said[-1] == "SMOKE FAILED"
        assert said[1].startswith("the check itself failed: JSONDecodeError: ")
        assert "RuntimeError: not wired" in said

    @pytest.mark.thorough
    def test_refuses_settings_that_cannot_be(self, smoke: Smoke, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIFETRACKER_LIMITS", "maybe")

        done = smoke("lifetracker", "smoke")

        assert done.returncode == 1
        refusal = "LIFETRACKER_LIMITS: must be on or off, and is another word"
        assert done.stdout.splitlines() == [
            "GUARDS OK",
            *(refusal, "DB CHECK FAILED"),
            *("the application cannot be imported:", f"LifeTracker does not start: {refusal}", "SMOKE FAILED"),
        ]


@pytest.mark.thorough
class TestGuardsCommand:
    def test_judges_a_tree_that_cannot_be_imported(self, smoke: Smoke, copy: Path) -> None:
        (copy / "users/service.py").write_text("raise SystemExit('imported')\n")

        done = smoke("lifetracker", "guards", "--path", str(copy.parent))

        assert (done.returncode, done.stdout, done.stderr) == (0, "GUARDS OK\n", "")
