"""Where the code came from: what an installed package alone cannot do is said in a sentence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lifetracker.core import guards
from lifetracker.ops import started_from
from lifetracker.ops.refusal import Refused
from tests.processes import unmeasured


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install` of the wheel makes: the package, and nothing of the checkout beside it."""
    folder = tmp_path_factory.mktemp("site-packages")
    shutil.copytree(guards.HERE, folder / "lifetracker", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.thorough
class TestInstalledPackage:
    @pytest.mark.thorough
    @pytest.mark.parametrize(
        ("command", "lacks", "do"),
        [
            ("server init --print --root SOMEWHERE", "systemd, nginx", "start it from an archive"),
            ("server init --root SOMEWHERE", "systemd, nginx", "start it from an archive"),
            (
                "release build --to SOMEWHERE",
                "systemd, nginx, docs, requirements.lock, LICENSE, CHANGELOG.md",
                "build in a checkout",
            ),
        ],
    )
    def test_says_what_it_lacks_and_what_to_do(
        self, installed: Path, tmp_path: Path, command: str, lacks: str, do: str
    ) -> None:
        words = [word.replace("SOMEWHERE", str(tmp_path / "new")) for word in command.split()]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "lifetracker", *words],
            env=unmeasured(PYTHONPATH=str(installed)),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"lifetracker: this is an installed package, without {lacks}: {do}, ")
        assert list(tmp_path.iterdir()) == []


class TestRequire:
    def test_asks_for_each(self, tmp_path: Path) -> None:
        (tmp_path / "nginx").mkdir()

        started_from.require("nginx", of=tmp_path, do="nothing")
        with pytest.raises(Refused, match="an installed package, without systemd: take another"):
            started_from.require("nginx", "systemd", of=tmp_path, do="take another")
