"""Releases beside each other: `python -m tests.previous`. Exit code 1 when the one before could not be rolled back to.

The release before this one, the newest tag `v*` behind it, is taken out of git, and its own code and tests are run on
the schema that today's code makes. That looks back; so that the promise is held before there is anything to look back
to, today's code and tests are run on the schema of a release to come, which adds a column and a table.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lifetracker.core.db import Database
from lifetracker.migrations import HEAD
from lifetracker.migrations.upgrade import upgrade
from tests.engines import GIVEN_SCHEMA
from tests.migrations.steps import EXPAND, write_step

ROOT = Path(__file__).parents[1]
QUICK = ("tests/daily_log/test_service.py",)
FEATURES = ("tests/users", "tests/templates", "tests/challenges", "tests/daily_log")
PYTEST = ("pytest", "--quiet", "--numprocesses", "2", "-p", "no:cacheprovider", "-p", "no:schemathesis")


class NoPrevious(Exception):
    """There is no release before this one to be had; the text says why."""


def main() -> int:
    with TemporaryDirectory(prefix="lifetracker-previous-") as name:
        folder = Path(name)
        sound = runs(ROOT, "this code", next_schema(folder), QUICK)
        try:
            tag = tag_before(ROOT)
        except NoPrevious as why:
            _say(str(why))
            return 0 if sound else 1
        sound &= runs(exported(ROOT, tag, folder / tag), tag, todays_schema(folder), FEATURES)
    return 0 if sound else 1


def _say(told: str) -> None:
    sys.stdout.write(f"previous: {told}\n")
    sys.stdout.flush()


def next_schema(folder: Path) -> Path:
    """An SQLite file with the schema of a release to come."""
    steps = folder / "versions"
    steps.mkdir()
    write_step(steps, "9001", HEAD, *EXPAND, oldest_reader=HEAD)
    return _made(folder / "next.db", "9001", steps)


def todays_schema(folder: Path) -> Path:
    return _made(folder / "today.db", HEAD)


def _made(file: Path, revision: str, steps: Path | None = None) -> Path:
    database = Database(f"sqlite:///{file}", create=True)
    upgrade(database, revision, steps)
    database.close()
    return file


def runs(tree: Path, name: str, schema: Path, tests: Sequence[str]) -> bool:
    """Whether the code of a tree says that it can serve a schema, finds it sound, and passes its tests on it."""
    if GIVEN_SCHEMA not in (tree / "tests" / "engines.py").read_text("utf-8"):
        _say(f"the tests of {name} cannot be given a schema: they know no {GIVEN_SCHEMA}")
        return False
    there = [test for test in tests if (tree / test).exists()]
    _say(f"{name} on the schema {schema.stem}: {', '.join(there)}")
    commands = (("lifetracker", "db", "serves"), ("lifetracker", "smoke"), (*PYTEST, *there))
    return all(_passes(tree, schema, command) for command in commands)


def _passes(tree: Path, schema: Path, command: Sequence[str]) -> bool:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("LIFETRACKER_")}
    here = {"LIFETRACKER_DATABASE_URL": f"sqlite:///{schema}", GIVEN_SCHEMA: str(schema), "PYTHONPATH": str(tree)}
    if command[0] == "pytest":
        del here["LIFETRACKER_DATABASE_URL"]
    return subprocess.run([sys.executable, "-m", *command], cwd=tree, env=ours | here, check=False).returncode == 0


def tag_before(root: Path) -> str:
    """The newest tag of a release behind the commit that is checked out; `NoPrevious` where there is none."""
    if Path(_git(root, "rev-parse", "--show-toplevel").strip()) != root.resolve():
        raise NoPrevious("this is not a git checkout: which release came before it cannot be told")
    try:
        return _git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^").strip()
    except NoPrevious:
        if _git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
            raise NoPrevious("this clone is shallow: `git fetch --unshallow --tags` brings the releases") from None
        raise NoPrevious("there is no release before this one") from None


def exported(root: Path, tag: str, folder: Path) -> Path:
    """The tree of a release, in a folder of its own."""
    packed = subprocess.run(["git", "archive", tag], cwd=root, env=outside_git(), capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tree:
        tree.extractall(folder, filter="data")
    return folder


def _git(root: Path, *command: str) -> str:
    whole = ["git", *command]
    try:
        done = subprocess.run(whole, cwd=root, env=outside_git(), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise NoPrevious(f"git cannot tell which release came before: {said.strip().partition(chr(10))[0]}") from None
    return done.stdout


def outside_git() -> dict[str, str]:
    """The environment without what git tells its hooks: it would lead every call to the checkout that they run for."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


if __name__ == "__main__":
    sys.exit(main())
