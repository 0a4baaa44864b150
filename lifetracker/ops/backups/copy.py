"""What is done to a database file, in a process of its own: as the service's user where root backs up or restores.

Root opens no database: what is in one is the service's to write, and a `-wal` or `-shm` of root's could lock the
service out. `python -m lifetracker.ops.backups.copy FD WORK PATH…` answers on the descriptor FD with one object:
`{"done": …}` or `{"refused": kind, "why": sentence}`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import sleep
from typing import IO, Any

from lifetracker.core.release import advice_without_database
from lifetracker.ops.backups import file_repository as repository
from lifetracker.ops.files import sync_folder
from lifetracker.ops.refusal import Refused

SYNC_STEPS = 2  # a copy is synced each so many steps, and rests a moment after each: others write on the same disk
REST = 0.002
PIECE = 1024**2
BESIDE = ("wal", "shm", "journal")
FIRST_BYTE, BYTES = 0x4000_0000, 512  # those that SQLite locks (sqlite.org/src, os.h)


def copy(source: Path, to: Path) -> dict[str, Any]:
    """A whole copy of a database that is in use, synced, and what was counted in it."""
    if not source.is_file():
        raise Refused(f"there is no database at {source}: {advice_without_database()}")
    repository.require_header(source)
    with suppress(OSError):  # where a sandbox forbids it, its own niceness does
        os.nice(10)
    descriptor = os.open(to, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        repository.copy_whole(source, to, _syncing(descriptor))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return repository.facts_of(to)


def _syncing(descriptor: int) -> Callable[[], None]:
    steps = count(1)

    def after_step() -> None:
        if next(steps) % SYNC_STEPS == 0:
            os.fdatasync(descriptor)
        sleep(REST)

    return after_step


def keep(source: Path, to: Path) -> None:
    """The bytes of a database that is damaged, and of what lies beside it, as they are."""
    for name in (source.name, *(f"{source.name}-{kind}" for kind in BESIDE)):
        file = source.with_name(name)
        if file.is_file():
            shutil.copyfile(file, to.with_name(name.replace(source.name, to.name)))


def receive(to: Path, like: Path) -> dict[str, Any]:
    """Writes what comes on stdin to a new file, the owner's of `like` and nobody else's, and counts what is in it."""
    with open(0, "rb", closefd=False) as given, open(to, "xb", opener=_private) as file:
        shutil.copyfileobj(given, file, 1024**2)
        _belong_to_owner_of(file.fileno(), like)
        file.flush()
        os.fsync(file.fileno())
    return repository.facts_of(to)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _belong_to_owner_of(descriptor: int, like: Path) -> None:
    """What mode that has does not matter: somebody may have opened it to everybody, or to nobody."""
    if like.exists() and os.geteuid() == 0:
        old = like.stat()
        os.fchown(descriptor, old.st_uid, old.st_gid)


def compare(live: Path, other: Path) -> dict[str, tuple[int, int, int]]:
    return repository.differences(live, other)


def written(live: Path, other: Path) -> dict[str, tuple[int, int, int]]:
    return repository.differences(live, other, but_for=repository.WHEN)


def refresh(live: Path, copy: Path) -> dict[str, Any]:
    """A copy that was made while others wrote, brought to what the file holds now that nobody has it open; and what
    was counted in it. What is the same on both disks is read, and not written: a second copy would take ten times as
    long, and people wait."""
    repository.fold(live)
    with _alone(live):
        _require_folded(live)
        with live.open("rb") as new, copy.open("r+b") as old:
            _bring_over(new, old)
    return repository.counted_in(copy)


def _bring_over(new: IO[bytes], old: IO[bytes]) -> None:
    while piece := new.read(PIECE):
        at = old.tell()
        if old.read(PIECE) != piece:
            old.seek(at)
            old.write(piece)
    old.truncate(new.tell())
    old.seek(repository.LOGGED_AT)
    old.write(repository.WITHOUT_LOG)
    old.flush()
    os.fsync(old.fileno())


def switch(new: Path, live: Path) -> None:
    """`new` in place of the live database: at every instant the old one is there, whole, or the new one.

    A log beside a file that it does not belong to destroys it, so the old log goes first, and before it goes all
    that it holds is folded into the old file. The rename is the one switch.
    """
    if live.exists():
        repository.fold(live)
    with _alone(live):
        _require_folded(live)
        _put(new, live)


def switch_damaged(new: Path, live: Path) -> None:
    """The same where the live file is gone, or cannot be folded: what there was of it was kept before."""
    with _alone(live):
        _put(new, live)


def _put(new: Path, live: Path) -> None:
    for kind in BESIDE:
        live.with_name(f"{live.name}-{kind}").unlink(missing_ok=True)
    sync_folder(live.parent)
    new.replace(live)
    sync_folder(live.parent)


def _require_folded(live: Path) -> None:
    """Nobody wrote between the folding and the lock."""
    log = live.with_name(f"{live.name}-wal")
    if log.exists() and log.stat().st_size:
        raise Refused(f"another process wrote to {live} just now: stop it first")


@contextmanager
def _alone(live: Path) -> Iterator[None]:
    """With SQLite's own locks on the old file, so that nobody can begin to write to it, or to a log, meanwhile."""
    if not live.exists():
        yield
        return
    with live.open("r+b") as old:
        try:
            fcntl.lockf(old, fcntl.LOCK_EX | fcntl.LOCK_NB, BYTES, FIRST_BYTE)
        except OSError:
            raise Refused(f"another process holds {live} open: stop it first") from None
        yield


WORKS: dict[str, Callable[..., Any]] = {
    "copy": copy,
    "keep": keep,
    "receive": receive,
    "compare": compare,
    "written": written,
    "refresh": refresh,
    "switch": switch,
    "switch-damaged": switch_damaged,
}


def answer(works: Mapping[str, Callable[..., Any]], descriptor: str, work: str, *paths: str) -> None:
    """Does the work and tells on the descriptor what came of it."""
    said: dict[str, Any]
    try:
        said = {"done": works[work](*map(Path, paths))}
    except Refused as refused:
        said = {"refused": type(refused).__name__, "why": str(refused)}
    except OSError as error:
        said = {"refused": "Refused", "why": f"{error.filename or ' '.join(paths)}: {error.strerror or error}"}
    with open(int(descriptor), "w", encoding="utf-8") as out:
        json.dump(said, out)


if __name__ == "__main__":
    answer(WORKS, *sys.argv[1:])
