"""Hands work on a database over to a process of its own, as the service's user where root asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from lifetracker.ops import shell
from lifetracker.ops.backups.file_repository import Damaged, Empty, NotOurs
from lifetracker.ops.files import NoSpace
from lifetracker.ops.refusal import Refused

HERE = Path(__file__).resolve().parents[3]
KINDS: dict[str, type[Refused]] = {kind.__name__: kind for kind in (Damaged, NotOurs, Empty, NoSpace)}
LINES_SHOWN = 3


def ask(
    work: str,
    *paths: Path,
    user: str,
    given: IO[bytes] | None = None,
    module: str = "copy",
    environment: Mapping[str, str] | None = None,
) -> Any:
    """What the work answers; what it refused is refused here. `given` is what it reads on stdin.

    Descriptors that may be inherited are: the lock of `files.locked` is held until the child has ended too.
    """
    ours, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    command = [sys.executable, "-m", f"lifetracker.ops.backups.{module}", str(theirs), work, *map(str, paths)]
    options = {"env": _environment(environment or {}), "cwd": "/", "close_fds": False, **shell.as_user(user)}
    with open(ours, encoding="utf-8") as answer:
        try:
            done = subprocess.run(  # noqa: S603  the command is ours
                command, stdin=given or subprocess.DEVNULL, capture_output=True, text=True, check=False, **options
            )
        finally:
            os.close(theirs)
        return _answer(work, answer.read(), done)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **more}


def _answer(work: str, said: str, done: subprocess.CompletedProcess[str]) -> Any:
    if done.returncode or not said:
        last = " ".join(done.stderr.strip().splitlines()[-LINES_SHOWN:])
        raise Refused(f"the process that had to {work} ended with code {done.returncode}: {last or 'it said nothing'}")
    answer: dict[str, Any] = json.loads(said)
    if "refused" in answer:
        raise KINDS.get(answer["refused"], Refused)(answer["why"])
    return answer["done"]
