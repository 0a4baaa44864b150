"""Where the code that runs came from: a release, a checkout, or an archive that unpacked itself."""

from __future__ import annotations

import atexit
import os
import shutil
from pathlib import Path

from lifetracker.ops.refusal import Refused

TREE = Path(__file__).resolve().parents[2]  # the folder that holds the package, systemd/ and nginx/
NOTE = TREE / "ARCHIVE"  # written by `start_archive`: its process, and the archive's path


def archive() -> Path | None:
    """The archive that this was started from, None for a release or a checkout."""
    note = _read_note()
    return Path(note[1]) if note else None


def require(*names: str, of: Path, do: str) -> None:
    """`Refused`, with what to `do`, where one of these is not beside the package in the folder `of`: an installed one
    (`pip install`) is alone."""
    if lacks := [name for name in names if not (of / name).exists()]:
        raise Refused(f"this is an installed package, without {', '.join(lacks)}: {do}")


def clean_up_at_exit() -> None:
    """What an archive unpacked to run itself goes when it ends; the processes that it starts leave it alone."""
    note = _read_note()
    if note and int(note[0]) == os.getpid():
        atexit.register(shutil.rmtree, TREE, ignore_errors=True)


def _read_note() -> list[str]:
    return NOTE.read_text(encoding="utf-8").splitlines() if NOTE.exists() else []
