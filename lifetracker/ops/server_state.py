"""What a server has of what `server init` brings: nothing here changes anything."""

from __future__ import annotations

import pwd
import stat
from collections.abc import Iterable
from grp import getgrgid
from pathlib import Path

import psutil

from lifetracker.ops import shell
from lifetracker.ops.unit import read_unit

KNOWN_TO = 2.0  # seconds: the kernel counts a process's age from a boot whose instant it tells in whole seconds


def is_so(path: Path, mode: str, owner: str | None) -> bool:
    """Whether something stands there with that mode and, where one is named, that `user:group`."""
    try:
        found = path.stat()
        who = f"{pwd.getpwuid(found.st_uid).pw_name}:{getgrgid(found.st_gid).gr_name}"
    except (FileNotFoundError, KeyError):
        return False
    return stat.S_IMODE(found.st_mode) == int(mode, 8) and owner in (None, who)


def has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def is_enabled(unit: str) -> bool:
    try:
        return shell.run(["systemctl", "is-enabled", unit]).strip() == "enabled"
    except shell.ProgramFailed:
        return False


def are_read(units: Iterable[str]) -> bool:
    """Whether systemd has these units as they are on disk, also where we were ended before we could tell it."""
    try:
        return not any(read_unit(unit).needs_reload for unit in units)
    except shell.ProgramFailed:
        return False


def nginx_has_read(files: Iterable[Path]) -> bool:
    """Whether nginx has processes that are younger than these: a reload starts new ones."""
    changed = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    there = (process.info for process in psutil.process_iter(["name", "create_time"]))
    return max((each["create_time"] for each in there if each["name"] == "nginx"), default=0.0) + KNOWN_TO > changed
