"""The README's tour, pasted into a shell against a served application."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]
MARK = "----- next -----"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of an application with an empty database, served as `./dev serve` does."""
    environment = {**os.environ, "LIFETRACKER_DATABASE_URL": f"sqlite:///{tmp_path / 'tour.db'}"}
    subprocess.run([sys.executable, "-m", "lifetracker", "db", "upgrade"], cwd=ROOT, env=environment, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "lifetracker.main:app", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield _once_it_answers(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(20)


def _once_it_answers(address: str) -> str:
    for _ in range(300):
        try:
            httpx2.get(f"{address}/health")
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return address
    raise AssertionError(f"{address} does not answer")


def tour() -> list[tuple[str, list[str]]]:
    """Each command of the tour, with what the README says of its output."""
    text = (ROOT / "README.md").read_text("utf-8").partition("## A tour")[2].partition("\n## ")[0]
    steps: list[tuple[str, list[str]]] = []
    for line in "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines():
        if line.startswith("#> "):
            steps[-1][1].append(line.removeprefix("#> "))
        else:
            steps.append((line, []))
    return steps


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour is made with curl, which is not installed")
class TestTour:
    def test_prints_what_the_readme_says(self, served: str) -> None:
        steps = tour()
        script = "\n".join(f"{command}\necho; echo '{MARK}'" for command, _ in steps)

        printed = subprocess.run(
            ["sh"], input=script.replace("http://127.0.0.1:8000", served), capture_output=True, text=True, check=True
        )

        outputs = printed.stdout.split(MARK)
        for (command, expected), output in zip(steps, outputs, strict=False):
            for fragment in expected:
                assert fragment in output, f"{command}\nprinted {output}\n{printed.stderr}"
        assert len(outputs) == len(steps) + 1
        assert sum(len(expected) for _, expected in steps) > 25
