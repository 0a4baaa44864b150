"""What was done to a server: the lock that lets one deploy run at a time, and a journal of every step.

A line is on the disk before its step begins and another after it ended, so that whoever comes after a killed deploy
knows how far it came. The lock is the kernel's: it goes with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifetracker.core.day import utc_now
from lifetracker.ops import open_files, shell
from lifetracker.ops.files import sync
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused

BEGIN, END, OUTCOME, NOTE = "begin", "end", "outcome", "note"
PUT_BACK = "put back"
RECORD = "record"
DONE, FAILED = "done", "failed"
MOMENTS = 50
PROCESS = re.compile(r", process (\d+), since ")


@dataclass(slots=True)
class Undertaking:
    """One deploy or rollback as the journal tells it: `facts` are what its steps found, `outcome` how it ended.

    `over` is whether its command came to its own end, too, and could say so.
    """

    id: str
    what: str
    release: str
    previous: str | None
    steps: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    at: str = ""
    over: bool = False

    @property
    def kept(self) -> bool:
        """Whether its release was found sound, and goes on: from the first line of the record on."""
        return RECORD in self.steps


class Journal:
    """`deploy/journal.jsonl`, to be written only under the lock."""

    def __init__(self, places: Places) -> None:
        self._file = places.deploy / "journal.jsonl"

    def begin(self, undertaking: Undertaking) -> None:
        names = ("id", "what", "release", "previous")
        self._write(undertaking.id, "start", {name: getattr(undertaking, name) for name in names} | {"ends": True})

    @contextmanager
    def step(self, undertaking: Undertaking, name: str) -> Iterator[dict[str, Any]]:
        """Around a step; what it puts into the dict is kept as facts."""
        self._write(undertaking.id, BEGIN, {"step": name})
        undertaking.steps.append(name)
        found: dict[str, Any] = {}
        yield found
        undertaking.facts |= found
        self._write(undertaking.id, END, {"step": name, "facts": found})

    def end(self, undertaking: Undertaking, outcome: str, why: str | None = None) -> None:
        undertaking.outcome = outcome
        self._write(undertaking.id, OUTCOME, {"outcome": outcome, "why": why})

    def close(self, undertaking: Undertaking) -> None:
        """Its command is at its end: who types it again means it once more. Releases from before read it, too."""
        self._write(undertaking.id, OUTCOME, {"outcome": undertaking.outcome, "over": True})

    def note(self, what: str, **told: Any) -> None:
        """What was done by hand, and is no deploy: on record, and nothing that a recovery would end."""
        self._write(f"{what} {utc_now().isoformat(timespec='seconds')}", NOTE, {"what": what, "who": _who(), **told})

    def notes(self) -> list[dict[str, Any]]:
        return [line for line in self._lines() if line.get("phase") == NOTE]

    def read(self) -> list[Undertaking]:
        """All that was undertaken, oldest first. A last line that was torn by a power cut says nothing.

        An id is of a second: two that began within one are two all the same.
        """
        found: list[Undertaking] = []
        latest: dict[str, Undertaking] = {}
        for line in self._lines():
            undertaking = latest.get(line["of"])
            if line["phase"] == "start":
                told = {name: line[name] for name in ("id", "what", "release", "previous")}
                latest[line["of"]] = Undertaking(**told, at=line["at"], over=not line.get("ends"))
                found.append(latest[line["of"]])
            elif undertaking is None:
                continue
            elif line["phase"] == BEGIN:
                undertaking.steps.append(line["step"])
                if line["step"] == PUT_BACK:  # what had ended well is being taken back
                    undertaking.outcome = None
            elif line["phase"] == END:
                undertaking.facts |= line["facts"]
            else:
                undertaking.outcome, undertaking.over = line["outcome"], undertaking.over or line.get("over", False)
        return found

    def unfinished(self) -> Undertaking | None:
        """The one that was cut short, if the last one was."""
        last = self.read()[-1:]
        return last[0] if last and last[0].outcome is None else None

    def unsaid(self) -> Undertaking | None:
        """The last one, where it was done and its command was killed before it could say so."""
        last = self.read()[-1:]
        return last[0] if last and last[0].outcome == DONE and not last[0].over else None

    def _lines(self) -> Iterator[dict[str, Any]]:
        content = self._file.read_text(encoding="utf-8", errors="replace") if self._file.exists() else ""
        for line in content.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def _write(self, of: str, phase: str, more: dict[str, Any]) -> None:
        line = {"at": utc_now().isoformat(timespec="milliseconds"), "of": of, "phase": phase, **more}
        fresh = not self._file.exists()
        with open(self._file, "ab") as file:
            torn = file.tell() > 0 and self._file.read_bytes()[-1:] != b"\n"
            file.write((b"\n" if torn else b"") + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            sync(self._file.parent)


@contextmanager
def locked(places: Places, what: str) -> Iterator[None]:
    """Let nobody else change this server meanwhile; `Refused`, with who is at it since when, while another does."""
    if not places.deploy.is_dir():
        raise Refused(f"there is no {places.deploy}: run `server init` first")
    handle = os.open(places.deploy / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(handle)
        os.ftruncate(handle, 0)
        os.pwrite(
            handle, f"{what} by {_who()}, process {os.getpid()}, since {utc_now():%Y-%m-%d %H:%M:%S} UTC".encode(), 0
        )
        shell.inherited.add(handle)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)  # else the next one would be taken for us until it has said who it is
    finally:
        shell.inherited.discard(handle)
        os.close(handle)


def _take(handle: int) -> None:
    """Lock it, or refuse. Who has just taken it needs a moment to say so; who only looked is gone after one."""
    for _ in range(MOMENTS):
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if told := _told(handle):
                raise Refused(f"{told} holds the lock: wait until it is done") from None
        time.sleep(0.01)
    raise Refused("another deploy holds the lock: wait until it is done")


def holder(places: Places) -> str | None:
    """Who changes this server just now, None for nobody."""
    file = Path(places.deploy / "lock")
    if not file.exists():
        return None
    with open(file, "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _told(lock.fileno()) or "another deploy"
    return None


def _told(handle: int) -> str:
    """Who wrote into the lock that they hold it; where that process is dead, what it left running, too."""
    told = os.pread(handle, 300, 0).decode(errors="replace").strip()
    found = PROCESS.search(told)
    if found is None or Path(f"/proc/{found[1]}").exists():
        return told
    left = open_files.users_of([handle])
    return f"{told}, was killed, and what it had begun ({', '.join(left) or 'it ends just now'}) still"


def _who() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or f"user {os.getuid()}"
