"""The shell script that a newcomer begins with: where it cannot go on, it says why in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


class TestServe:
    def test_asks_for_a_python(self, clone: Path) -> None:
        assert why_not(clone, PYTHON="/nonexistent") == (
            "dev: no Python 3.11 or later found: install one, or name one with PYTHON=/path/to/python3"
        )

    def test_asks_for_the_module_that_makes_environments(
        self, clone: Path, program: Callable[[str, str], Path]
    ) -> None:
        without_venv = program("python3", f'case "$*" in *venv*) exit 1 ;; esac; exec {sys.executable} "$@"')

        assert "install its venv module" in why_not(clone, PYTHON=str(without_venv))

    @pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "8000x", "99999999999999999999"])
    def test_asks_for_a_port_that_can_be(self, clone: Path, port: str) -> None:
        assert why_not(clone, PORT=port).startswith(f"dev: PORT is {port}: choose a number from 1 to 65535")

    def test_names_a_port_that_is_taken(self, prepared: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

            assert why_not(prepared, PORT=str(port)).startswith(f"dev: port {port} on 127.0.0.1 is taken: ")


class TestWithoutACommand:
    def test_tells_what_there_is(self, clone: Path) -> None:
        told = run(clone)

        assert told.returncode == 0
        assert "./dev serve" in told.stdout
        assert run(clone, "serf").returncode == 2


def why_not(clone: Path, **settings: str) -> str:
    """The one line on stderr of a `./dev serve` that fails."""
    ended = run(clone, "serve", **settings)
    assert ended.returncode == 1, ended
    (line,) = ended.stderr.splitlines()
    return line


def run(clone: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **settings}
    return subprocess.run(
        ["sh", "./dev", *words], cwd=clone, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What of a clone it takes to begin, with nothing made yet."""
    for name in ("dev", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def prepared(clone: Path, program: Callable[[str, str], Path]) -> Path:
    """A clone in which everything seems to be installed."""
    program(".venv/bin/python", f'exec {sys.executable} "$@"')
    told = subprocess.run(["cksum"], input=(clone / "requirements.lock").read_bytes(), capture_output=True, check=True)
    (clone / ".venv" / "requirements.lock.sum").write_text(told.stdout.decode().rstrip())
    return clone


@pytest.fixture
def program(clone: Path) -> Callable[[str, str], Path]:
    """`program("name", "what it does")`, in the clone."""

    def make(name: str, script: str) -> Path:
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make
