"""Which processes have a file open, by whatever path: the same file has another one in another mount namespace."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil


def users_of(files: Iterable[Path | int]) -> list[str]:
    """Others than ourselves: `process 4711 (uvicorn)`. A file is named by its path, or by a handle of ours."""
    wanted = _identities(files)
    return [f"process {pid} ({name})" for pid, name in _processes() if wanted & _open_in(pid)]


def openers(files: Iterable[Path | int]) -> set[int]:
    """Processes that have one of these open, ourselves among them."""
    wanted = _identities(files)
    return {pid for pid in psutil.pids() if wanted & _open_in(pid)}


def _identities(files: Iterable[Path | int]) -> set[tuple[int, int]]:
    """Device and inode."""
    found = set()
    for each in files:
        with suppress(FileNotFoundError, NotADirectoryError):
            about = os.stat(each)
            found.add((about.st_dev, about.st_ino))
    return found


def _processes() -> Iterator[tuple[int, str]]:
    for process in psutil.process_iter(["name"]):
        if process.pid != os.getpid():
            yield process.pid, process.info["name"]


def _open_in(pid: int) -> set[tuple[int, int]]:
    """Of a process that ends meanwhile, or is not ours to see, nothing."""
    found = set()
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                about = each.stat()
                found.add((about.st_dev, about.st_ino))
    return found
