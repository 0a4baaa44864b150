"""What a server has of what `server init` brings: nothing here changes anything."""

from __future__ import annotations

import pwd
import stat
from collections.abc import Iterable
from grp import getgrgid
from pathlib import Path

from lifetracker.ops import age, nginx, shell
from lifetracker.ops.systemd import read_unit


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
    """Whether nginx runs, and was told to read these after they were changed last."""
    try:
        read_at = nginx.read_at()
    except shell.ProgramFailed:
        return False
    return read_at is not None and all(age.changed(file) <= read_at for file in files)
