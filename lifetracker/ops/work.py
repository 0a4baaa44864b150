"""A deploy or rollback under way: what all of its steps share, and the way back from any of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifetracker.ops import backup, backup_code, releases, restore, systemd
from lifetracker.ops.breaks import uninterrupted
from lifetracker.ops.journal import PUT_BACK, Journal, Undertaking
from lifetracker.ops.places import Places, ServerConfig
from lifetracker.ops.refusal import Refused
from lifetracker.ops.releases import Release
from lifetracker.ops.shell import ProgramFailed
from lifetracker.ops.telling import Teller

DONE, FAILED = "done", "failed"
HEALTHY_WITHIN = 15.0
TOUCH_THE_SERVICE = {"stop", "migration", "swap"}


@dataclass(frozen=True, slots=True)
class Work:
    """`undertaking` names the release to go to and the one to come back to."""

    places: Places
    config: ServerConfig
    journal: Journal
    undertaking: Undertaking
    tell: Teller

    @property
    def release(self) -> Release:
        return Release(self.places.releases / self.undertaking.release)

    @property
    def previous(self) -> Release | None:
        return Release(self.places.releases / self.undertaking.previous) if self.undertaking.previous else None

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """A step: in the journal before it begins and after it ends, and told with its time."""
        with self.tell.step(name), self.journal.step(self.undertaking, name) as facts:
            yield facts

    def go_live(self) -> None:
        """From the switch to the record; also what is left of a deploy that was killed on the way."""
        before = systemd.main_process()
        with self.step("swap"):
            releases.switch(self.places, self.release)
        with self.step("compileall"):
            self.release.compile()
        with self.step("restart"):
            systemd.restart()
        with self.step("health"):
            systemd.await_release(self.config.url, self.release.id, HEALTHY_WITHIN)
            if before and systemd.main_process() == before:
                raise Refused(f"the service did not start anew: its main process is still {before}")
        with self.step("smoke"):
            self.release.run(self.places, "smoke")
        with self.step("record"):
            self.journal.end(self.undertaking, DONE)

    def put_back(self, why: str) -> None:
        """Bring the server to the release that was live before, whatever has been done of this one; may be repeated.

        It ends, too, when that release does not answer: it is linked and whole, its database is its own, and doing all
        of this once more would not mend it. `Refused` says so. A journal that takes no line hinders nothing of this:
        recovery goes by the link, and does it again.
        """
        clear_away(self.places)  # first: it may be what fills the disk that the next line is written to
        with uninterrupted():
            with ExitStack() as steps:
                with suppress(OSError):
                    steps.enter_context(self.step(PUT_BACK))
                self._link_previous()
                self._restore_database()
                silent = self._why_silent()
            self.journal.end(self.undertaking, FAILED, why)
        if silent:
            raise Refused(f"{why}\nwhat was before is in its place again, and does not answer: {silent}")

    def _link_previous(self) -> None:
        current = releases.live(self.places)
        if current is None or current.id != self.undertaking.release:
            return
        if self.previous is None:
            self.places.live.unlink()
        else:
            releases.switch(self.places, self.previous)

    def _restore_database(self) -> None:
        """Only where the migration ran and left what the old code cannot read; what nobody can read is left alone."""
        if self.previous is None or "migration" not in self.undertaking.steps:
            return
        if serves(self.places, self.previous) or not serves(self.places, self.release):
            return
        saved = self.undertaking.facts.get("backup")
        if saved is None:
            raise Refused(f"release {self.previous.id} cannot serve this database, and there is no backup of before")
        systemd.stop()
        restore.put_back(self.places, backup.find(self.places, saved))

    def _why_silent(self) -> str | None:
        """Why what was before does not answer; None when it does, or nothing did before."""
        try:
            self._have_previous_answer()
        except Refused as refused:
            return str(refused)
        return None

    def _have_previous_answer(self) -> None:
        if not TOUCH_THE_SERVICE.intersection(self.undertaking.steps):
            return  # how it is, it was before us
        if self.previous is None:
            systemd.stop()
            return
        try:
            systemd.await_release(self.config.url, self.previous.id, 0.0)
        except Refused:
            systemd.restart()
            systemd.await_release(self.config.url, self.previous.id, HEALTHY_WITHIN)


def serves(places: Places, release: Release, settings: Mapping[str, str] | None = None) -> bool:
    """Whether a release's own code can serve the database as it is, or the one that `settings` name."""
    try:
        release.run(places, "db", "serves", settings=settings)
    except ProgramFailed:
        return False
    return True


def clear_away(places: Places) -> None:
    """What was being made for a release that did not come to be."""
    (places.home / "api.next").unlink(missing_ok=True)
    for leftover in (places.new, rehearsal(places)):
        shutil.rmtree(leftover, ignore_errors=True)
    backup_code.remove_halves(places)


def rehearsal(places: Places) -> Path:
    """Where a migration is tried on a copy: the service's user must be able to write there."""
    return places.data / "rehearsal"
