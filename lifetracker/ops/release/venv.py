"""The libraries of a release: one virtual environment for each lock file and Python, built once and never moved."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from lifetracker.ops import shell
from lifetracker.ops.files import sync
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import libraries
from lifetracker.ops.release.archive import Archive

WHOLE = "whole"  # a file in it, written last
WHEELS, AGAIN = ".wheels", "-"


def find_python(archive: Archive) -> Path:
    """A Python on this machine that the archive has wheels for; the one that runs this before others."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running in archive.manifest.pythons:
        return Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    for version in archive.manifest.pythons:
        if (found := shutil.which(f"python{version}")) and _version_of(found) == version:
            return Path(found)
    wanted = " or ".join(archive.manifest.pythons)
    raise Refused(
        f"the release has wheels for Python {wanted}, and this server has {running}: "
        f"install Python {wanted}, or build the release with `--python {running}`"
    )


def _version_of(python: str) -> str | None:
    """What it is when it is asked; a name on the PATH may be a stub that runs nothing."""
    try:
        return shell.run([python, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip()
    except shell.ProgramFailed:
        return None


def name_of(lock: bytes, python: Path) -> str:
    """The first 12 digits of the digest of the lock file and of the Python that it is installed for."""
    version = shell.run([python, "-I", "-c", "import sys; print(sys.version)"])
    return hashlib.sha256(lock + version.encode()).hexdigest()[:12]


def provide(places: Places, archive: Archive, lock: bytes, python: Path) -> Path:
    """The environment for a lock file, built from the archive's wheels unless it stands already. One that is damaged is
    left to whoever runs from it, and another one is built beside it."""
    sound = (each for each in _named(places.venvs / name_of(lock, python)) if not _is_damaged(each, archive))
    folder = next(sound)
    if not (folder / WHOLE).exists():
        _make(folder, archive, lock, python)
    return folder


def _is_damaged(folder: Path, archive: Archive) -> bool:
    return (folder / WHOLE).exists() and bool(libraries.differences(folder, archive))


def is_same(one: Path, other: Path) -> bool:
    """Whether two environments were built for the same lock file and Python."""
    return one.name.partition(AGAIN)[0] == other.name.partition(AGAIN)[0]


def _named(first: Path) -> Iterator[Path]:
    """A name for each time that it has to be built anew."""
    yield first
    yield from (first.with_name(f"{first.name}{AGAIN}{number}") for number in count(2))


def _make(folder: Path, archive: Archive, lock: bytes, python: Path) -> None:
    wheels = folder.with_name(f"{folder.name}{WHEELS}")
    for leftover in (folder, wheels):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        wheels.mkdir()
        archive.unpack(wheels, archive.manifest.wheels)
        (wheels / "requirements.lock").write_bytes(lock)
        _build(folder, wheels, python)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half of one may be what fills the disk
        raise
    finally:
        shutil.rmtree(wheels, ignore_errors=True)
    os.sync()  # thousands of files: one call for all, before it is said that they are there
    (folder / WHOLE).touch()
    sync(folder)
    sync(folder.parent)


def _build(folder: Path, wheels: Path, python: Path) -> None:
    """`-I`: what lies in the folder that this was called from, or in our own path, is none of its modules."""
    shell.run([python, "-I", "-m", "venv", folder], seconds=300)
    pip: list[str | Path] = [
        folder / "bin/python",
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    found: list[str | Path] = [
        "--no-index",
        "--find-links",
        wheels / "wheels",
        "--require-hashes",
        "-r",
        wheels / "requirements.lock",
    ]
    shell.run([*pip, "--no-cache-dir", *found], seconds=600)
