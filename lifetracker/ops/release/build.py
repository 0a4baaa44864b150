"""Building a release archive: the source, the wheels that its lock file pins, and a manifest of their digests.

The same source makes the same bytes: names in order, one date, nothing packed (what packs best differs from one zlib
to the next, and wheels are packed already).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from lifetracker import __version__
from lifetracker.core import guards
from lifetracker.ops import shell, started_from
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import lock_file
from lifetracker.ops.release.archive import MANIFEST, MARK, TRAILER, ReleaseManifest
from lifetracker.ops.started_from import TREE

# Python reads a zip from its end. Where that was cut off it takes the file for source, and says what the second line
# wants of it: a SyntaxError, with the one sentence in it that helps.
SHEBANG = b"#!/usr/bin/env python3\n# coding: this-archive-did-not-arrive-whole.copy-it-again\n"
START = "lifetracker/ops/release/start_archive.py"
LOCK = "requirements.lock"
TAKEN = ("lifetracker", "systemd", "nginx", "docs", LOCK, "LICENSE", "CHANGELOG.md")
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE = 0o100644 << 16
# glibc 2.28 and later: Debian 10, Ubuntu 20.04 and what came after. pip wants each older name said, too.
PLATFORMS = ("manylinux_2_28", "manylinux_2_26", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
OLDER_PLATFORMS = ("manylinux_2_12", "manylinux2010", "manylinux_2_5", "manylinux1")


def build(folder: Path, pythons: Sequence[str] = (), machine: str = "x86_64", tree: Path = TREE) -> Path:
    """Write `lifetracker-VERSION.pyz` into `folder` for servers of that machine with one of those Pythons ("3.11");
    `Refused` when the source is not whole or breaks a guard, or a wheel is not to be had."""
    started_from.require(*TAKEN, of=tree, do="build in a checkout, `./dev lifetracker release build`")
    if violations := guards.run(tree / "lifetracker"):
        raise Refused("\n".join(["the guards refuse this source:", *map(str, violations)]))
    pythons = tuple(pythons) or (f"{sys.version_info.major}.{sys.version_info.minor}",)
    with TemporaryDirectory() as wheels:
        for python in pythons:
            _fetch_wheels(tree / LOCK, Path(wheels), python, machine)
        members = {name: tree / name for name in _source_files(tree)}
        members |= {f"wheels/{wheel.name}": wheel for wheel in Path(wheels).iterdir()}
        return _write(folder, {**members, "__main__.py": tree / START}, pythons)


def _fetch_wheels(lock: Path, folder: Path, python: str, machine: str) -> None:
    pins = lock_file.for_server(lock.read_text(encoding="utf-8"), python, machine)
    platforms = [f"--platform={name}_{machine}" for name in (*PLATFORMS, *OLDER_PLATFORMS)]
    tags = [f"--python-version={python}", "--implementation=cp", *platforms]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--require-hashes", "--only-binary=:all:", *tags, "-d", str(folder)]
    with NamedTemporaryFile("w", suffix=".lock") as wanted:
        wanted.write(pins)
        wanted.flush()
        shell.run([*pip, "-r", wanted.name], seconds=600)


def _source_files(tree: Path) -> Iterator[str]:
    for top in TAKEN:
        for path in (tree / top, *(tree / top).rglob("*")):
            name = path.relative_to(tree)
            if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in name.parts):
                yield name.as_posix()


def _write(folder: Path, members: dict[str, Path], pythons: Sequence[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"lifetracker-{__version__}.pyz"
    partial = target.with_suffix(".partial")
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(members.items())}
    manifest = ReleaseManifest(
        version=__version__,
        pythons=tuple(pythons),
        files={name: digest for name, digest in digests.items() if not name.startswith("wheels/")},
        wheels={name: digest for name, digest in digests.items() if name.startswith("wheels/")},
    )
    with open(partial, "wb") as file:
        file.write(SHEBANG)
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = MARK + b"0" * (TRAILER - len(MARK))
            _add(archive, MANIFEST, json.dumps(manifest.model_dump(), indent=1).encode())
            for name, path in sorted(members.items()):
                _add(archive, name, path.read_bytes())
    _seal(partial)
    partial.chmod(0o755)
    os.replace(partial, target)
    return target


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, FIRST_DATE)
    member.create_system = 3  # Unix, wherever it is built
    member.external_attr = PLAIN_FILE
    archive.writestr(member, content)


def _seal(file: Path) -> None:
    """Put the digest of all that stands before into the place that was kept for it at the end."""
    content = file.read_bytes()[:-TRAILER]
    file.write_bytes(content + MARK + hashlib.sha256(content).hexdigest().encode())
