"""Whose turn it is to write, among the processes that share an embedded database.

SQLite sends away who comes while another process writes, and an event loop's timer ticks in milliseconds: of two busy
workers each slept through the moments when the lock was free (docs/decisions/0017). So a worker takes a baton
first, and who gives it back tells those who wait. It guards nothing, SQLite's own lock does: who writes without it, as
a command of the operator does, is met there, and who waited in vain for long enough goes on without.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lifetracker.core.process.runtime import runtime_folder

ALL = 1 << 16  # bytes, as many as a pipe holds
AS_IT_IS = os.O_NONBLOCK | os.O_NOFOLLOW  # nothing is waited for that somebody else put there
LEFT_BESIDE = "-turns"  # what the pipe of earlier releases was called, beside the database


class Baton:
    """What a process takes before it writes into the database `file`; one at a time has it.

    It is a lock (`flock(2)`) on a named pipe, gone with the process; who gives it back leaves a byte in the pipe.
    That lies in the service's own runtime folder: at one beside the database whoever copies that would wait for ever.
    Where it cannot be had, or may be somebody else's, the baton is ours at once.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._path: Path | None = None
        self._pipe: int | None = None
        self._sought = False
        self._told: AbstractEventLoop | None = None

    def take(self) -> bool:
        """Whether it is ours; it is until it is given back."""
        if not self._sought:
            self._seek()
        if self._pipe is not None:
            try:
                fcntl.flock(self._pipe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            except OSError:  # a file system that has no locks: so it is ours
                pass
        self._be_told_no_more()
        return True

    def give_back(self) -> None:
        if self._pipe is not None:
            with suppress(OSError):
                fcntl.flock(self._pipe, fcntl.LOCK_UN)
            with suppress(BlockingIOError):  # it is full of what nobody waited for
                os.write(self._pipe, b"\0")

    def be_told(self, loop: AbstractEventLoop, then: Callable[[], object]) -> None:
        """Have `then` called once, in this loop, when it was given back; it may be taken by then."""
        if self._pipe is not None and self._told is not loop:
            loop.add_reader(self._pipe, self._tell, then)
            self._told = loop

    def close(self) -> None:
        self._be_told_no_more()
        self._sought = True
        if self._pipe is not None and self._path is not None:
            os.close(self._pipe)
            self._pipe = None
            _take_away_unused(self._path)

    def clear_away_old(self) -> None:
        """Remove the pipe that earlier releases made beside the database; a file of that name is none of ours."""
        with suppress(OSError):
            if stat.S_ISFIFO(os.lstat(self._file + LEFT_BESIDE).st_mode):
                os.unlink(self._file + LEFT_BESIDE)

    def _seek(self) -> None:
        self._sought = True
        with suppress(OSError):
            database = os.stat(self._file)
            folder = runtime_folder(os.environ) / f"lifetracker-turns-{os.geteuid()}"
            self._path = folder / f"{database.st_dev}-{database.st_ino}"
            self._pipe = _opened(self._path)

    def _tell(self, then: Callable[[], object]) -> None:
        self._be_told_no_more()
        if self._pipe is not None:
            with suppress(BlockingIOError):  # another process was told, too, and was first
                os.read(self._pipe, ALL)
        then()

    def _be_told_no_more(self) -> None:
        # Nobody listens who does not wait: a process would be woken by its own bytes, and read those meant for others.
        if self._told is not None and self._pipe is not None and not self._told.is_closed():
            self._told.remove_reader(self._pipe)
        self._told = None


def _opened(path: Path) -> int | None:
    """The pipe of this name, made where there is none; None where what is there may be another's, else `OSError`.

    The temporary folder is anybody's, and its names can be guessed: so ours is in a folder of its own, which is entered
    only where nobody else could have put something there.
    """
    with suppress(FileExistsError):
        path.parent.mkdir(mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | AS_IT_IS)
    try:
        return _opened_in(folder, path.name) if _is_ours_alone(folder) else None
    finally:
        os.close(folder)


def _opened_in(folder: int, name: str) -> int | None:
    with suppress(FileExistsError):
        os.mkfifo(name, 0o600, dir_fd=folder)
    pipe = os.open(name, os.O_RDWR | AS_IT_IS, dir_fd=folder)
    if stat.S_ISFIFO(os.fstat(pipe).st_mode) and _is_ours_alone(pipe):
        return pipe
    os.close(pipe)
    return None


def _is_ours_alone(descriptor: int) -> bool:
    found = os.fstat(descriptor)
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _take_away_unused(path: Path) -> None:
    """Remove a pipe that nobody has open any more: it can be opened for writing alone only where somebody reads."""
    with suppress(OSError):
        try:
            os.close(os.open(path, os.O_WRONLY | AS_IT_IS))
        except OSError as refused:
            if refused.errno == errno.ENXIO:
                os.unlink(path)
