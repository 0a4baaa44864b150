"""Checks of the machine: room on its disks, and its clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lifetracker.ops import shell
from lifetracker.ops.checks.data import database_files
from lifetracker.ops.checks.verdict import Verdict, failed, ok, skipped, warning
from lifetracker.ops.places import Places

MB = 1_000_000
SPARE_BYTES, SPARE_FILES = 200 * MB, 10_000  # a release with its venv: 120 MB in 6,000 files
LOW_SHARE = 0.05
CLOCK_TAKES_AT_MOST = 10.0


def disk_has_room(places: Places) -> Verdict:
    """That a backup, a migration's copy and a release fit on every disk that is ours.

    Not a share of the disk: a twentieth of a large one is plenty, and that of a small one too little. It only warns.
    """
    need = 2 * sum(path.stat().st_size for path in database_files(places) if path.exists()) + SPARE_BYTES
    verdicts = [judge(path, seen, need) for path, seen in _disks(places)]
    states = {verdict.state for verdict in verdicts}
    says = "; ".join(verdict.says for verdict in verdicts)
    if "failed" in states:
        return failed(says)
    return warning(says) if "warning" in states else ok(says)


def _disks(places: Places) -> Iterator[tuple[Path, os.statvfs_result]]:
    """One folder of ours on each file system."""
    seen = set()
    for path in (places.data, places.home, places.backups):
        if path.exists() and path.stat().st_dev not in seen:
            seen.add(path.stat().st_dev)
            yield path, os.statvfs(path)


def judge(path: Path, disk: os.statvfs_result, need: int) -> Verdict:
    """A disk by its free bytes and files, of those that not only root may take; `need` in bytes."""
    free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    said = f"{free // MB:,} MB free below {path}"
    if free < need:
        return failed(f"{said}, and {need // MB:,} MB may be needed")
    if disk.f_files and disk.f_favail < SPARE_FILES:
        return failed(f"{said}, but only {disk.f_favail:,} more files are possible")
    return warning(f"{said}, of {total // MB:,} MB") if free < LOW_SHARE * total else ok(said)


def clock_is_set(_: Places) -> Verdict:
    """That the machine's clock follows a time server: tokens, backups and days go by it."""
    if not shell.has("timedatectl"):
        return skipped("there is no timedatectl here to ask")
    asked = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    if shell.run(asked, seconds=CLOCK_TAKES_AT_MOST).strip() == "yes":
        return ok("the clock follows a time server")
    return warning("the clock follows no time server")
