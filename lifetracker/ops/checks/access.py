"""Whether root alone can change what runs, and whether others can read what was put by."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lifetracker.ops import access
from lifetracker.ops.checks.verdict import Verdict, judged
from lifetracker.ops.files import PARTIAL
from lifetracker.ops.places import SERVICE, Places
from lifetracker.ops.release.backup_code import PACKED

ROOT = 0
OTHERS_WRITE, GROUP_WRITES = stat.S_IWOTH, stat.S_IWGRP
NO_SECRET = (".json", PACKED)
COMMAND = "usr/local/bin/lifetracker"


def code_is_roots(places: Places) -> Verdict:
    """That the service, which a stranger may take over, can change nothing that it, or root, is started with."""
    single = [places.home.parent, places.etc.parent, places.units, places.units / SERVICE, places.root / COMMAND]
    found = [(str(path), path.stat()) for path in single if path.exists()]
    found += [each for folder in (places.home, places.etc) for each in access.below(folder)]
    wrong = [f"{path} {why}" for path, seen in found if (why := _changed_by_others(path, seen))]
    return judged(wrong, [], f"nobody but {access.user(os.geteuid())} can change code, units or settings")


def _changed_by_others(path: str, seen: os.stat_result) -> str | None:
    if seen.st_uid != os.geteuid():
        return f"belongs to {access.user(seen.st_uid)}"
    if stat.S_ISLNK(seen.st_mode):
        return None
    if seen.st_mode & OTHERS_WRITE and not seen.st_mode & stat.S_ISVTX:
        return f"can be changed by everybody (mode {access.mode(path)})"
    if seen.st_mode & GROUP_WRITES and seen.st_gid not in (ROOT, os.getegid()):
        return f"can be changed by the group {access.group(seen.st_gid)} (mode {access.mode(path)})"
    names = sorted(access.named(path, access.WRITE))
    return f"can be changed by {', '.join(names)}, by an access list" if names else None


def backups_are_roots(places: Places) -> Verdict:
    """That whoever takes over the service, or logs in, can neither read nor change nor remove a backup."""
    wrong = [*_open_folder(places.backups)]
    seen = [each for path in _kept(places.backups) for each in access.below(path)]
    wrong += [f"{path} belongs to {access.user(at.st_uid)}" for path, at in seen if at.st_uid != os.geteuid()]
    wrong += [
        f"{', '.join(names)} can reach {path}, by an access list"
        for path, _ in seen
        if (names := [*access.named(path)])
    ]
    careless = [
        f"{path} can be read by others (mode {access.mode(path)})" for path, at in seen if _read_by_others(path, at)
    ]
    doubtful = [f"{each}: only the mode of {places.backups} keeps them from it" for each in careless]
    return judged(wrong, doubtful, f"{places.backups} and {len(seen)} files and folders in it are root's alone")


def _open_folder(folder: Path) -> Iterator[str]:
    """The service's user may pass through to a folder that it is lent, and list nothing."""
    seen = folder.stat()
    if seen.st_uid != os.geteuid():
        yield f"{folder} belongs to {access.user(seen.st_uid)}"
    if seen.st_mode & stat.S_IRWXO:
        yield f"everybody can reach {folder} (mode {access.mode(folder)})"
    if seen.st_mode & (stat.S_IRGRP | stat.S_IWGRP) and seen.st_gid != ROOT:
        yield f"the group {access.group(seen.st_gid)} can list {folder} (mode {access.mode(folder)})"
    for name in access.named(folder):
        yield f"{name} can reach {folder}, by an access list"


def _kept(folder: Path) -> Iterator[Path]:
    """But for what is being made: that is lent to the service's user."""
    return (path for path in sorted(folder.iterdir()) if not path.name.endswith(PARTIAL))


def _read_by_others(path: str, seen: os.stat_result) -> bool:
    """What holds people's data: code that was put by is none, and what tells of a backup says no more than numbers."""
    if not stat.S_ISREG(seen.st_mode) or path.endswith(NO_SECRET):
        return False
    return bool(seen.st_mode & stat.S_IROTH or (seen.st_mode & stat.S_IRGRP and seen.st_gid != ROOT))
