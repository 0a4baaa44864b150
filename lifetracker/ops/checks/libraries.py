"""Whether the libraries are those that were installed: nothing but a release brings any."""

from __future__ import annotations

import csv
import hashlib
import os
import stat
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

from lifetracker.ops import access, age
from lifetracker.ops.checks import compiled
from lifetracker.ops.checks.release import live_release
from lifetracker.ops.checks.verdict import Verdict, judged
from lifetracker.ops.places import Places
from lifetracker.ops.release.releases import Release
from lifetracker.ops.release.venv import WHOLE

HASHED = "sha256="


def libraries_are_as_installed(places: Places) -> Verdict:
    """That each file of the live release's environment is as its package's record has it, and that none was added."""
    release = live_release(places)
    folder = (release.folder / ".venv").resolve()
    settings = _settings(folder)
    packages = folder / f"lib/python{'.'.join(settings['version'].split('.')[:2])}/site-packages"
    known = dict(_recorded(packages))
    here = [Path(path) for path, seen in access.below(packages) if not stat.S_ISDIR(seen.st_mode)]
    wrong = [*_changed(known), *_added(here, known), *_compiled_anew(release, folder, here)]
    if settings.get("include-system-site-packages") != "false":
        wrong.append(f"{folder / 'pyvenv.cfg'} lets the system's libraries in")
    return judged(wrong, [], f"{len(here):,} files of {folder} are as they were installed")


def _settings(folder: Path) -> dict[str, str]:
    lines = (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


def _recorded(packages: Path) -> Iterator[tuple[Path, str]]:
    """Each file that a package brought, with its SHA-256 as records write it; of the record itself there is none."""
    for record in sorted(packages.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as lines:
            for name, digest, *_ in csv.reader(lines):
                yield Path(os.path.normpath(packages / name)), digest


def _changed(known: dict[Path, str]) -> Iterator[str]:
    for path, digest in known.items():
        if digest.startswith(HASHED) and (why := _wrong(path, digest.removeprefix(HASHED))):
            yield f"{path} {why}"


def _wrong(path: Path, digest: str) -> str | None:
    try:
        found = hashlib.sha256(path.read_bytes()).digest()
    except FileNotFoundError:
        return "is missing"
    return None if urlsafe_b64encode(found).rstrip(b"=").decode() == digest else "was changed"


def _added(here: list[Path], known: dict[Path, str]) -> Iterator[str]:
    """Such as a `sitecustomize`, or a `.pth`: Python runs both before any code of ours."""
    return (f"{path} was added" for path in here if path not in known and not compiled.is_compiled(path))


def _compiled_anew(release: Release, folder: Path, here: list[Path]) -> Iterator[str]:
    """Of what pip compiled there is no digest, and to compile thousands of files again takes long: so only what is
    younger than the mark that was set when all of it was there."""
    whole = age.changed(folder / WHOLE)
    young = [path for path in here if compiled.is_compiled(path) and age.changed(path) > whole]
    return (f"{path} is not made from its source" for path in compiled.of_another_source(release, young))
