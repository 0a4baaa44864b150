"""The units of systemd that use the database: which run, and how they are stopped for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lifetracker.ops import shell
from lifetracker.ops.files import write_whole
from lifetracker.ops.places import SERVICE, Places
from lifetracker.ops.refusal import Refused

# The socket first: with the service alone stopped, the next request would start it again.
NAMES = (SERVICE.replace(".service", ".socket"), SERVICE)
STOPPED = ".stopped"
IDLE = ("inactive", "failed", "unknown", "")


@dataclass(frozen=True, slots=True)
class Units:
    """`program` is systemd's, None where there is none to ask, as in a trial below another root."""

    program: str | None = "systemctl"

    @classmethod
    def of(cls, places: Places) -> Units:
        """Those of this machine, when it is this machine that is meant."""
        return cls("systemctl" if places.root == Path("/") and shell.has("systemctl") else None)

    def running(self) -> tuple[str, ...]:
        """Those that are up, or on the way up or down."""
        return tuple(name for name in NAMES if self._state(name) not in IDLE)

    def _state(self, name: str) -> str:
        if self.program is None:
            return ""
        try:
            said = shell.run([self.program, "show", "--property=ActiveState", "--value", name])
        except shell.ProgramFailed:  # no systemd runs here
            return ""
        return said.strip()

    @contextmanager
    def stopped(self, folder: Path) -> Iterator[None]:
        """Stops what runs, and starts it again, also after a failure. What is stopped is noted in `folder`: after a
        kill, the next run knows what it has to start."""
        note = folder / STOPPED
        noted = note.read_text(encoding="utf-8").split() if note.exists() else []
        names = [name for name in NAMES if name in (*noted, *self.running())]
        write_whole(note, " ".join(names))
        self._tell("stop", names)
        try:
            yield
        finally:
            try:
                self._start(names)
            finally:
                note.unlink()  # the operator is told: the next restore has nothing to make good

    def _start(self, names: list[str]) -> None:
        try:
            self._tell("start", names)
        except shell.ProgramFailed as failed:
            raise Refused(f"the database is whole, but the service does not start: {failed}") from None

    def _tell(self, verb: str, names: list[str]) -> None:
        if names and self.program is not None:
            shell.run([self.program, verb, *names], seconds=120)
