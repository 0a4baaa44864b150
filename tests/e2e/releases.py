"""Releases to deploy: this checkout's own, and copies that differ in one thing. Built once for what is in them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from lifetracker import __version__
from lifetracker.migrations import HEAD
from lifetracker.ops.release.build import LOCK, TAKEN
from tests.e2e import trees
from tests.e2e.trees import CHECKOUT
from tests.migrations.steps import EXPAND, write_step

PYTHON = "3.11"  # of both Debian trees
PENDING = "9001"


def current() -> Path:
    """The archive of this checkout."""
    return _built(CHECKOUT)


def next_version(version: str = "0.2.1") -> Path:
    """One that says another version, and is the same otherwise."""
    old, new = (f'__version__ = "{each}"' for each in (__version__, version))
    return changed(lambda tree: replace(tree / "lifetracker/__init__.py", old, new))


def with_migration(*statements: str, oldest_reader: str | None = HEAD) -> Path:
    """One that has a migration more; by default one that today's code can live with."""
    return changed(lambda tree: add_migration(tree, *(statements or EXPAND), oldest_reader=oldest_reader))


def changed(change: Callable[[Path], None]) -> Path:
    """The archive of a copy of the checkout, after `change` was made to it."""
    with TemporaryDirectory(prefix="lifetracker-release-") as name:
        tree = Path(name)
        for top in TAKEN:
            copy = shutil.copytree if (CHECKOUT / top).is_dir() else shutil.copy
            copy(CHECKOUT / top, tree / top)
        change(tree)
        return _built(tree)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
    file.write_text(text.replace(old, new), "utf-8")


def add_migration(tree: Path, *statements: str, oldest_reader: str | None) -> None:
    """A step after the last one, and all that has to agree with it."""
    migrations = tree / "lifetracker/migrations"
    write_step(migrations / "versions", PENDING, HEAD, *statements, oldest_reader=oldest_reader)
    replace(migrations / "__init__.py", f'"{HEAD}")', f'"{HEAD}", "{PENDING}")')
    # What its code needs of the tables is what was there before.
    replace(migrations / "head.json", f'"{HEAD}"', f'"{HEAD}", "{PENDING}"')


def wheels() -> Path:
    """What the lock file pins, for the machines' Python: taken out of an archive once a lock file."""
    folder = trees.cache() / f"wheels-{PYTHON}-{trees.digest((CHECKOUT / LOCK).read_text())}"
    if not folder.exists():
        half = folder.with_suffix(".part")
        shutil.rmtree(half, ignore_errors=True)
        with TemporaryDirectory() as name, zipfile.ZipFile(_build(CHECKOUT, Path(name), {})) as archive:
            archive.extractall(half, [each for each in archive.namelist() if each.startswith("wheels/")])
        (half / "wheels").rename(folder)
        half.rmdir()
    return folder


def _built(tree: Path) -> Path:
    folder = trees.cache() / f"release-{_digest(tree)}"
    if not folder.exists():
        half = folder.with_suffix(f".{os.getpid()}.part")
        _build(tree, half, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels())})
        half.rename(folder)
    return next(folder.iterdir())


def _build(tree: Path, to: Path, environment: dict[str, str]) -> Path:
    """By the tree's own code, as whoever makes a release does."""
    _run_in(tree, "release", "build", "--to", str(to), "--python", PYTHON, **environment)
    return next(to.iterdir())


def _run_in(tree: Path, *words: str, **environment: str) -> str:
    command = [sys.executable, "-P", "-m", "lifetracker", *words]
    here = {**os.environ, **environment, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"`lifetracker {' '.join(words)}` failed: {done.stdout}{done.stderr}"
    return done.stdout


def _digest(tree: Path) -> str:
    """Of all that a release of this tree is made from."""
    found = hashlib.sha256()
    for top in TAKEN:
        for file in sorted(path for path in (tree / top, *(tree / top).rglob("*")) if path.is_file()):
            if "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(tree)}\0".encode() + file.read_bytes())
    return found.hexdigest()[:12]
