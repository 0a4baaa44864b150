"""What is loaded at a start, each in a process of its own: the web framework by who serves alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processes import unmeasured

FRAMEWORK = ("fastapi", "starlette")
WITHOUT_FRAMEWORK = (
    *("core.errors", "core.db", "core.auth", "core.config", "core.health", "core.smoke", "core.process.parent"),
    *(
        "ops.commands",
        "ops.backup_commands",
        "ops.backups.copy",
        "ops.installed",
        "migrations.upgrade",
        "cli.commands",
    ),
)


class TestImport:
    @pytest.mark.parametrize("module", WITHOUT_FRAMEWORK)
    def test_does_without_the_web_framework(self, module: str) -> None:
        assert not loaded_by(f"lifetracker.{module}") & {*FRAMEWORK}

    def test_of_what_makes_applications_makes_none(self) -> None:
        assert "lifetracker.main" not in loaded_by("lifetracker.application")


def loaded_by(module: str) -> set[str]:
    command = [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"]
    done = subprocess.run(command, env=unmeasured(), capture_output=True, text=True, check=True)
    return set(done.stdout.split())
