"""Checks of the backups: that there is a fresh one, and that restoring from them was tried."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lifetracker.ops.places import Places
from lifetracker.ops.verdict import Verdict, failed, ok, skipped, warning

MANIFEST, VERIFIED = "MANIFEST.json", "VERIFIED.json"
VERIFIED_DAYS = 35  # who tries it once a month is not told
RELEASE_TIME = re.compile(r"\d{8}T\d{6}Z")
HOUR = timedelta(hours=1)


def last_is_fresh(places: Places) -> Verdict:
    """That the newest whole backup is not older than `backup_age_hours`."""
    most, now = places.read_config().backup_age_hours, datetime.now(UTC)
    made = {folder.name: at for folder, told in _sound(places) if (at := _instant(told.get("made")))}
    if not made:
        return _judge_none(places, most, now)
    newest = max(made, key=made.__getitem__)
    hours = (now - made[newest]) / HOUR
    said = f"{newest} is {hours:.1f} hours old, of {len(made)}"
    return failed(f"{said}; it may be {most}") if hours > most else ok(said)


def _judge_none(places: Places, most: int, now: datetime) -> Verdict:
    """An installation is given the time that a backup may take before it must have one."""
    deployed = [at for folder in _folders(places.releases) if (at := _instant(folder.name))]
    if deployed and (now - min(deployed)) / HOUR <= most:
        return ok(f"none yet; the first release is {(now - min(deployed)) / HOUR:.1f} hours old, and {most} are given")
    return failed(f"there is no whole backup in {places.backups}")


def last_was_verified(places: Places) -> Verdict:
    """That a restore drill passed, and when the last one was."""
    backups = _sound(places)
    if not backups:
        return skipped("there is no backup to verify")
    drills = {folder.name: told for folder, _ in backups if (told := _told(folder / VERIFIED))}
    tried = {name: at for name, told in drills.items() if (at := _instant(told.get("verified")))}
    if not tried:
        return warning(f"none of {len(backups)} backup(s) was ever verified")
    last = max(tried, key=tried.__getitem__)
    days = (datetime.now(UTC) - tried[last]).days
    if problem := drills[last].get("problem"):
        return failed(f"{last} was found unsound {days} days ago: {problem}")
    said = f"{last} was verified {days} days ago"
    return warning(said) if days > VERIFIED_DAYS else ok(said)


def _sound(places: Places) -> list[tuple[Path, dict[str, Any]]]:
    """Folder and manifest of each backup that is whole: one that says it has a problem was kept to be looked at."""
    read = ((folder, _told(folder / MANIFEST)) for folder in _folders(places.backups))
    return [(folder, told) for folder, told in read if told and not told.get("problem")]


def _folders(parent: Path) -> list[Path]:
    """Without those that are not finished, whose names have an ending."""
    there = parent.iterdir() if parent.is_dir() else ()
    return [path for path in there if path.is_dir() and not path.suffix and not path.name.startswith(".")]


def _told(file: Path) -> dict[str, Any]:
    """What a JSON file says; nothing where it cannot be read."""
    with suppress(OSError, ValueError):
        told = json.loads(file.read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else {}
    return {}


def _instant(text: Any) -> datetime | None:
    """From `2026-11-23T08:15:00Z`, or from an id that begins with `20261123T081500Z`."""
    found = RELEASE_TIME.match(str(text))
    with suppress(ValueError):
        at = datetime.fromisoformat(found[0] if found else str(text))
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None
