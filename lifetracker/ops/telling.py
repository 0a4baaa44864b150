"""What the operator sees while something is done: each step with its time, how far a long one is, and what is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

WIDTH = 18
ERROR = "<3>"  # before a line, as journald reads it


def complain(text: str) -> None:
    """On stderr. Where that is the journal, as errors: it takes for information what says nothing of itself."""
    mark = ERROR if is_journal(2) else ""
    for line in text.splitlines():
        typer.echo(f"{mark}{line}", err=True)


def is_journal(descriptor: int) -> bool:
    """systemd tells device and inode of the stream that it gave: what is started from there may have another."""
    try:
        seen = os.fstat(descriptor)
    except OSError:  # closed
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{seen.st_dev}:{seen.st_ino}"


class Teller:
    """Tells on stdout; on a terminal a step's line grows while it runs. Who listens may go: nothing stops for it."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = os.isatty(1)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self.progress(name)
        try:
            yield
        except BaseException:
            self._line(name, f"FAILED after {time.monotonic() - began:.1f} s")
            raise
        self._line(name, f"{time.monotonic() - began:6.1f} s")

    def progress(self, name: str, done: int = 0, of: int = 0) -> None:
        """How far a step is; only where there is somebody to watch."""
        if self._live:
            share = f"{100 * done // of} %" if of else "…"
            self._echo(f"\r  {name:<{WIDTH}}{share:>8} ", end="")

    def say(self, text: str) -> None:
        self._echo(text)

    def _line(self, name: str, end: str) -> None:
        self._echo(f"{chr(13) if self._live else ''}  {name:<{WIDTH}}{end}")

    def _echo(self, text: str, end: str = "\n") -> None:
        if not self._quiet:
            with suppress(OSError):
                typer.echo(text, nl=bool(end))
