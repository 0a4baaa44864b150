"""The trees of the releases that went, packed beside the backups of the database."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from lifetracker.ops.files import sync
from lifetracker.ops.places import Places
from lifetracker.ops.release.releases import Release

PACKED, HALF = ".tar.gz", ".partial"


def save(places: Places, release: Release) -> None:
    """The tree of a release, once: it never changes."""
    target = _folder(places) / f"{release.id}{PACKED}"
    if target.exists():
        return
    target.parent.mkdir(mode=0o700, exist_ok=True)
    partial = target.with_suffix(HALF)
    try:
        with tarfile.open(partial, "w:gz", compresslevel=1) as tar:
            tar.add(release.folder, release.id, filter=lambda each: None if "__pycache__" in each.name else each)
        sync(partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    sync(target.parent)


def prune(places: Places, keep: int) -> None:
    """Remove all but the newest `keep`."""
    for each in sorted(_folder(places).glob(f"*{PACKED}"))[:-keep]:
        each.unlink()


def remove_halves(places: Places) -> None:
    """What a killed one left."""
    for half in _folder(places).glob(f"*{HALF}"):
        half.unlink()


def _folder(places: Places) -> Path:
    return places.backups / "code"
