"""What lies in an environment, held against the wheels that it was built from: each brings a list of its files."""

from __future__ import annotations

import csv
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lifetracker.ops.release.archive import Archive, digest_of
from lifetracker.ops.release.start_archive import is_for

RECORD = ".dist-info/RECORD"
SCRIPTS = "../../../bin/"  # as an installed list names what was made for the command line
BY_THEMSELVES = ("__pycache__",)


def differences(folder: Path, archive: Archive) -> list[str]:
    """Files of the environment in `folder` that are not as the archive's wheels have them, or were added where Python
    looks for modules; none is good."""
    packages = next(folder.glob("lib/python*/site-packages"), None)
    if packages is None or not (folder / "bin/python").exists():
        return ["it has no Python"]
    version = packages.parent.name.removeprefix("python")
    wheels = [name for name in archive.manifest.wheels if is_for(name, version)]
    found = [wrong for name in wheels for wrong in _wrong_of(archive, name, packages)]
    found += [wrong for record in packages.glob(f"*{RECORD}") for wrong in _wrong_scripts(record)]
    return sorted(found + _added(packages))


def _wrong_of(archive: Archive, wheel: str, packages: Path) -> Iterator[str]:
    with archive.members.open(wheel) as file, zipfile.ZipFile(file) as content:
        record = next(name for name in content.namelist() if name.endswith(RECORD))
        rows = list(csv.reader(content.read(record).decode().splitlines()))
    for name, digest, _ in rows:
        if (place := _place(packages, name)) is not None and name != record:
            yield from _wrong(place, digest, name)


def _place(packages: Path, name: str) -> Path | None:
    """Where a wheel's file is installed, None for what becomes another file, or no module's business."""
    first, *rest = PurePosixPath(name).parts
    if not first.endswith(".data"):
        return packages / name
    return packages.joinpath(*rest[1:]) if rest[0] in ("purelib", "platlib") else None


def _wrong_scripts(record: Path) -> Iterator[str]:
    for name, digest, _ in csv.reader(record.read_text(encoding="utf-8").splitlines()):
        if name.startswith(SCRIPTS):
            yield from _wrong(record.parent.parent / name, digest, name)


def _wrong(file: Path, digest: str, name: str) -> Iterator[str]:
    if not file.is_file():
        yield f"{name} is missing"
    elif digest.startswith("sha256=") and digest.removeprefix("sha256=") != _digest(file):
        yield f"{name} was changed"


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        seen = digest_of(content, file.stat().st_size)
    return urlsafe_b64encode(seen.digest()).rstrip(b"=").decode()


def _added(packages: Path) -> list[str]:
    """What no installed list names: such as a `sitecustomize`, which every Python there would run first."""
    named = {name for record in packages.glob(f"*{RECORD}") for name in _tops(record)}
    return [f"{each.name} was added" for each in packages.iterdir() if each.name not in {*named, *BY_THEMSELVES}]


def _tops(record: Path) -> Iterator[str]:
    yield record.parent.name
    for row in csv.reader(record.read_text(encoding="utf-8").splitlines()):
        yield PurePosixPath(row[0]).parts[0]
