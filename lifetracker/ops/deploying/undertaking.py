"""A deploy or rollback under way: what all of its steps share, and the way back from any of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from lifetracker.ops import systemd
from lifetracker.ops.backups import backup, restore, restore_database
from lifetracker.ops.backups.live_database import live_database
from lifetracker.ops.backups.manifest import Backup
from lifetracker.ops.deploying import rehearsal
from lifetracker.ops.deploying.interrupts import uninterrupted
from lifetracker.ops.journal import DONE, FAILED, PUT_BACK, Journal, Undertaking
from lifetracker.ops.places import Places, ServerConfig
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import backup_code, releases
from lifetracker.ops.release.releases import Release
from lifetracker.ops.telling import Teller

HEALTHY_WITHIN = 15.0
TOUCH_THE_SERVICE = {"stop", "migration", "swap"}


class WouldLose(Refused):
    """To put back the database of before would undo what was acknowledged since; nothing was put back."""


@dataclass(frozen=True, slots=True)
class UnderWay:
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

    @property
    def closed(self) -> bool:
        """Whether the database goes along, to a schema that the code of before cannot read: the service was stopped
        for it, and nothing is written until the release is kept."""
        steps = self.undertaking.steps
        return "stop" in steps or (self.undertaking.what == "rollback" and "migration" in steps)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """A step: in the journal before it begins and after it ends, and told with its time."""
        with self.tell.step(name), self.journal.step(self.undertaking, name) as facts:
            yield facts

    def stand_still(self, **told: str) -> None:
        """From here until the release is kept nothing is acknowledged that could be undone: the service is stopped, and
        the backup brought to what it left. What is `told` is on record from then on."""
        early = backup.find(self.places, self.undertaking.facts["backup"])
        # The lock first: nobody is to wait for another backup while the service is stopped.
        with backup.open_folder(self.places) as folder:
            with self.step("stop") as facts:
                facts |= told
                systemd.stop()
            with self.step("backup again") as facts:
                facts["backup"] = backup.refresh_in(folder, live_database(self.places), early).id

    def go_live(self) -> None:
        """From the switch to the record; also what is left of a deploy that was killed on the way."""
        before = systemd.main_process()
        with self.step("swap"):
            if self.closed:
                self.release.put_on_trial()
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
        self.keep()

    def keep(self) -> None:
        """The first line of this step decides: the release goes on, and takes writes."""
        with uninterrupted(), self.step("record"):
            self.release.end_trial()
            self.journal.end(self.undertaking, DONE)

    def take_back(self, why: str) -> None:
        """After a step that failed: what was before is put back, unless its database would lose what was written."""
        if self.closed and self.undertaking.kept:
            raise Refused(
                f"{why}\n{self.undertaking.release} is live and stays: its database took writes already, which the one "
                "of before would lose; `lifetracker rollback` tells how many"
            )
        self.tell.say(f"{why}\n  putting back what was")
        self.put_back(why)

    def put_back(self, why: str, *, lose: bool = False) -> None:
        """Bring the server to the release that was live before, whatever has been done of this one; may be repeated.

        `lose` is the word to put back the database of before though rows were written since: without it, `WouldLose`.
        It ends, too, when that release does not answer: it is linked and whole, its database is its own, and doing all
        of this once more would not mend it. `Refused` says so. A journal that takes no line hinders nothing of this:
        recovery goes by the link, and does it again.
        """
        clear_away(self.places)  # first: it may be what fills the disk that the next line is written to
        with uninterrupted():
            with ExitStack() as steps:
                with suppress(OSError):
                    steps.enter_context(self.step(PUT_BACK))
                self._restore_database(lose)
                self._link_previous()
                silent = self._why_silent()
                self.release.end_trial()
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

    def _restore_database(self, lose: bool) -> None:
        """Only where the migration ran and left what the old code cannot read. What nobody can read is left alone,
        unless the journal knows that the migration went well."""
        if self.previous is None or not self.closed or "migration" not in self.undertaking.steps:
            return
        migrated = self.undertaking.facts.get("migrated")
        if self.previous.serves(self.places) or not (migrated or self.release.serves(self.places)):
            return
        saved = self._saved(self.previous)
        lost = restore_database.told(self._written_since(saved))
        if lost and not lose:
            raise WouldLose(
                f"to put back the database of before would lose or change {lost}, written since: nothing was put back. "
                "Mend what failed, then `lifetracker deploy --recover`; or lose them: "
                "`lifetracker deploy --recover --restore-database`"
            )
        try:
            restore.put_back(self.places, saved, stop=systemd.stop, keep=bool(lost))
        except BaseException:
            with suppress(Refused):
                systemd.start()  # it can read what is there, if nothing else
            raise

    def _saved(self, previous: Release) -> Backup:
        saved = self.undertaking.facts.get("backup")
        if saved is None:
            raise Refused(f"release {previous.id} cannot serve this database, and there is no backup of before")
        return backup.find(self.places, saved)

    def _written_since(self, saved: Backup) -> restore_database.Losses:
        """Since the deploy's own migration, or since the rollback put an older database in place."""
        if self.undertaking.what == "deploy":
            return rehearsal.written_since(self.places, saved, self.release)
        older = self.undertaking.facts.get("restored")
        return rehearsal.written_since(self.places, backup.find(self.places, older) if older else saved, None)

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


def clear_away(places: Places) -> None:
    """What was being made for a release that did not come to be."""
    (places.home / "api.next").unlink(missing_ok=True)
    for leftover in (places.new, rehearsal.folder(places)):
        shutil.rmtree(leftover, ignore_errors=True)
    backup_code.remove_halves(places)
    releases.remove_half_libraries(places)
