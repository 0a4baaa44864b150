"""Checks of the release that is linked: that its tree is what was deployed, and that it finds itself sound."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from lifetracker.ops import shell
from lifetracker.ops.places import USER, Places
from lifetracker.ops.verdict import Verdict, failed, ok, warning

NOT_OF_THE_ARCHIVE = (".venv", "release.json", "MANIFEST.json")
COMPILED = "__pycache__"
WHEELS = "wheels/"  # of the archive, but not of the release
SMOKE_SAYS = ["GUARDS OK", "DB CHECK OK", "SMOKE OK"]
SMOKE_TAKES_AT_MOST, PYTHON_TAKES_AT_MOST = 120.0, 30.0
NAMED = 5
ASK_SQLITE = """
import sys
from lifetracker.core import sqlite
sys.stdout.write(sqlite.wal_reset_warning() or "SQLite " + ".".join(map(str, sqlite.VERSION)))
"""


def tree_is_whole(places: Places) -> Verdict:
    """That no file of the release was changed, removed or added since it was unpacked."""
    sums = json.loads((places.live / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
    found = list(differences(places.live.resolve(), sums))
    if not found:
        return ok(
            f"every file is as its manifest says ({sum(1 for path in sums if not path.startswith(WHEELS))} files)"
        )
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return failed(f"not what was deployed: {', '.join(found[:NAMED])}{more}")


def differences(folder: Path, sums: dict[str, str]) -> Iterator[str]:
    """Each file that differs from `sums` (path below the folder: SHA-256), such as `lifetracker/cli.py was changed`."""
    wanted = {path: sum_ for path, sum_ in sums.items() if not path.startswith(WHEELS)}
    there = {str(path.relative_to(folder)): path for path in _files(folder)}
    for name in sorted(wanted.keys() | there.keys()):
        if name not in wanted:
            yield f"{name} was added"
        elif name not in there:
            yield f"{name} is missing"
        elif there[name].is_symlink() or sum_of(there[name]) != wanted[name]:
            yield f"{name} was changed"


def sum_of(file: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """All that is no folder, without what Python compiles and what deploying itself has put there."""
    for path in folder.iterdir():
        if path.name == COMPILED or path.name in NOT_OF_THE_ARCHIVE:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        else:
            yield path


def smoke_passes(places: Places) -> Verdict:
    """The live release's own smoke check, as the service's user and with its settings."""
    try:
        said = _in_release(places, "-m", "lifetracker", "smoke", seconds=SMOKE_TAKES_AT_MOST).splitlines()
    except shell.ProgramFailed as broken:
        wrong = [line for line in str(broken).splitlines()[1:] if line not in SMOKE_SAYS]
        return failed(" ".join(wrong) or str(broken))
    return ok(", ".join(said)) if said == SMOKE_SAYS else failed(f"smoke says something else: {' '.join(said)}")


def sqlite_is_sound(places: Places) -> Verdict:
    """That the SQLite of the live release has no bug that can lose data."""
    said = _in_release(places, "-c", ASK_SQLITE, seconds=PYTHON_TAKES_AT_MOST)
    return warning(said) if "bug" in said else ok(said)


def _in_release(places: Places, *arguments: str, seconds: float) -> str:
    python = places.live / ".venv/bin/python"
    environment = {**places.read_environment(), "PYTHONDONTWRITEBYTECODE": "1"}
    live = places.live.resolve()
    return shell.run([python, *arguments], user=USER, environment=environment, folder=live, seconds=seconds)
