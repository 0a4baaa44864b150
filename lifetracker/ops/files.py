"""Files and folders that are there whole or not at all, also after a power cut: synced, then renamed, then synced."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from lifetracker.ops.refusal import Refused

PARTIAL = ".partial"
SPARE = 32 * 1024**2  # bytes that are left free beside a copy
LOCK, LOCK_WAIT, LOCK_PAUSE = ".lock", 600.0, 0.1


class NoSpace(Refused):
    """The disk is too full; nothing was changed."""


def make_backups_folder(folder: Path, user: str) -> None:
    """Root's own; `user` may pass through to a folder of its own in it, and see no other."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (owner := _owner(user)) is not None:
        os.chown(folder, 0, owner.pw_gid)
        folder.chmod(0o710)


def lend(folder: Path, user: str) -> None:
    """A folder of `user`'s own, where there is such a user and we may choose."""
    folder.mkdir(mode=0o700)
    if (owner := _owner(user)) is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def lend_again(folder: Path, user: str) -> None:
    """What was taken over, with the plain files in it, for one more piece of work."""
    if (owner := _owner(user)) is not None:
        for path in (*folder.iterdir(), folder):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def take_over(folder: Path) -> None:
    """What was lent is ours alone: its maker may not change it any more, nor have put there what is no file.

    Who made it may have been taken over by somebody: a link in it could lead root anywhere.
    """
    if os.geteuid() == 0:
        os.chown(folder, 0, 0)
    for name in os.listdir(folder):
        _take_over_file(folder / name)


def _take_over_file(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise Refused(f"{path} is not a plain file of its own: somebody put it there; look at it before anything else")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if os.geteuid() == 0:
            os.fchown(descriptor, 0, 0)
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _owner(user: str) -> pwd.struct_passwd | None:
    """Who may be given a folder; None where there is no such user, or we may give nothing away."""
    try:
        return pwd.getpwnam(user) if os.geteuid() == 0 else None
    except KeyError:
        return None


@contextmanager
def locked(folder: Path, seconds: float = LOCK_WAIT) -> Iterator[Path]:
    """One backup or restore at a time; `Refused` when another one is not done in `seconds`.

    The kernel ends the lock with the last process that holds it. A child inherits it: what a killed command left
    running is waited for, and never worked against.
    """
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        _take(descriptor, seconds)
        os.set_inheritable(descriptor, True)
        yield folder
    finally:
        os.close(descriptor)


def _take(descriptor: int, seconds: float) -> None:
    end = monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if monotonic() >= end:
                raise Refused("another backup or restore is running: wait until it is done") from None
            sleep(LOCK_PAUSE)


def require_space(folder: Path, size: int, spare: int = SPARE) -> None:
    """`NoSpace` unless `size` bytes fit into the file system of `folder`, and `spare` remain."""
    free = shutil.disk_usage(folder).free
    if free < size + spare:
        raise NoSpace(
            f"too little disk: {folder} has {_megabytes(free)} free, {_megabytes(size + spare)} are needed; "
            "make room, or keep fewer backups with --keep"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def write_whole(path: Path, content: str) -> None:
    """The file as it was, or as it shall be: never half of it."""
    new = path.with_name(f"{path.name}{PARTIAL}")
    with new.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def rename_whole(partial: Path, path: Path) -> None:
    """A folder under its final name, only when all of it is on the disk."""
    for file in partial.rglob("*"):
        if not file.is_symlink():
            sync(file)
    sync(partial)
    partial.rename(path)
    sync_folder(path.parent)


def remove_leftovers(folder: Path, pattern: str = f"*{PARTIAL}") -> None:
    """What a killed command left unfinished; only under the lock, where nobody else is at work."""
    for left in folder.glob(pattern):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Under another name first: half of it must not look like a backup."""
    partial = folder.with_name(f"{folder.name}{PARTIAL}")
    folder.rename(partial)
    shutil.rmtree(partial)


def sync(path: Path) -> None:
    """Have the disk hold a file, or a folder's entries, before we go on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """A name that was given, taken or changed in a folder stays so only when the folder itself is synced."""
    sync(folder)
