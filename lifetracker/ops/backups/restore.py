"""Restoring: verified before anything is touched, replaced in one step: no instant is without a database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import manifest as manifests
from lifetracker.ops.backups import restore_database as database
from lifetracker.ops.backups.file_repository import Damaged, Empty, NotOurs
from lifetracker.ops.backups.live_database import LiveDatabase, live_database
from lifetracker.ops.backups.manifest import Backup
from lifetracker.ops.backups.restore_database import Losses
from lifetracker.ops.backups.restore_units import Units
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused

KEPT = "before-restore"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore will change. `losses`: by table, rows now, rows then, and rows of now that will not be there as
    they are; None where the database that is there cannot be read. `running` are the units it will stop."""

    losses: Losses | None
    running: tuple[str, ...]


def restore(
    places: Places,
    backup: Backup,
    *,
    stop: bool = False,
    units: Units | None = None,
    agree: Callable[[Plan], None] = lambda plan: None,
) -> Backup | None:
    """Puts a backup in the place of the database; what was there, as a backup of its own, None where nothing was.

    Refuses while the service runs, or anybody has the database open, unless it may `stop` the service, which it then
    starts again. `agree` is told what will change, and raises where that is not wanted. Killed at any instant, the
    old database is there or the restored one, and the same command ends what was begun.
    """
    live = _live_database(places, backup)
    units = units or Units.of(places)
    with backups.open_folder(places) as folder:
        manifests.require_sound(backup)
        running = units.running()
        if not stop:
            _require_idle(live, running)
        with database.received(backup, live) as new:
            agree(Plan(database.losses(backup, live, new), running))
            with units.stopped(folder) if stop else nullcontext():
                return _replace(folder, backup, live, new)


def put_back(
    places: Places, backup: Backup, *, stop: Callable[[], None] = lambda: None, keep: bool = True
) -> Backup | None:
    """The same for a deploy that is undone: nobody is asked.

    `stop` ends whoever has the database open, and is called only when all that wants disk was done; `keep` makes a
    backup of what is there, where it holds what no other does.
    """
    live = _live_database(places, backup)
    with backups.open_folder(places) as folder:
        manifests.require_sound(backup)
        with database.received(backup, live) as new:
            stop()
            return _replace(folder, backup, live, new, keep=keep)


def _live_database(places: Places, backup: Backup) -> LiveDatabase:
    live = live_database(places)
    if live.engine != backup.manifest.engine:
        raise Refused(f"backup {backup.id} is of {backup.manifest.engine}, and the database is on {live.engine}")
    return live


def _require_idle(live: LiveDatabase, running: tuple[str, ...]) -> None:
    if running:
        names = " ".join(running)
        raise Refused(f"the service runs: `systemctl stop {names}` first, or let the restore do it with --stop")
    if who := database.users_of(live):
        raise Refused(f"the database is in use by {', '.join(who)}: end that first")


def _replace(folder: Path, backup: Backup, live: LiveDatabase, new: Path, *, keep: bool = True) -> Backup | None:
    _require_idle(live, ())
    kept = _keep(folder, live) if keep else None
    database.replace(backup, live, new)
    return kept


def _keep(folder: Path, live: LiveDatabase) -> Backup | None:
    """What is there now: checked like any backup, or, where it is damaged, its bytes."""
    if live.file is not None and not live.file.exists():
        return None
    try:
        return backups.make_in(folder, live, KEPT)
    except Empty:
        return None
    except (Damaged, NotOurs) as problem:
        return backups.make_in(folder, live, KEPT, problem=str(problem))
