"""Who may do what to a file: its owner, its group, everybody, and who an access list names beside them."""

from __future__ import annotations

import os
import pwd
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from grp import getgrgid
from pathlib import Path

LISTS = ("system.posix_acl_access", "system.posix_acl_default")  # of a folder, the second is what new files get
HEADER, ENTRY = 4, struct.Struct("<HHI")  # a version; then kind, permissions, user or group id
USER_KIND, GROUP_KIND = 0x02, 0x08
READ, WRITE = 4, 2


def uid_of(name: str) -> int:
    """Of a user by that name; who runs us, where nobody is called so."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return os.geteuid()


def gid_of(name: str) -> int:
    """The group that a user has by itself; likewise."""
    try:
        return pwd.getpwnam(name).pw_gid
    except KeyError:
        return os.getegid()


def user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def group(gid: int) -> str:
    try:
        return getgrgid(gid).gr_name
    except KeyError:
        return f"group {gid}"


def members(gid: int) -> set[str]:
    """Who is in a group, by its own list or by what is said of the user."""
    with suppress(KeyError):
        return {*getgrgid(gid).gr_mem, *(each.pw_name for each in pwd.getpwall() if each.pw_gid == gid)}
    return set()


def mode(path: Path | str) -> str:
    return f"{stat.S_IMODE(os.stat(path).st_mode):o}"


def named(path: Path | str, rights: int = READ | WRITE) -> Iterator[str]:
    """Whom an access list of a file or folder names and gives one of these rights; none where there is no list."""
    for each in LISTS:
        try:
            entries = os.getxattr(path, each, follow_symlinks=False)[HEADER:]
        except OSError:  # none, or a file system without
            continue
        for kind, given, who in ENTRY.iter_unpack(entries):
            if kind in (USER_KIND, GROUP_KIND) and given & rights:
                yield user(who) if kind == USER_KIND else f"the group {group(who)}"


def below(path: Path | str) -> Iterator[tuple[str, os.stat_result]]:
    """A path, and all that is below it; a link is told, and not followed."""
    seen = os.lstat(path)
    yield str(path), seen
    if stat.S_ISDIR(seen.st_mode):
        for name in sorted(os.listdir(path)):
            with suppress(FileNotFoundError):  # it has gone meanwhile
                yield from below(os.path.join(path, name))
