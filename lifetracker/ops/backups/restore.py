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
from lifetracker.ops.backups.live_database import Source, source_of
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
    source = _source(places, backup)
    units = units or Units.of(places)
    with backups.open_folder(places) as folder:
        manifests.require_sound(backup)
        running = units.running()
        if not stop:
            _require_idle(source, running)
        with database.received(backup, source) as new:
            agree(Plan(database.losses(backup, source, new), running))
            with units.stopped(folder) if stop else nullcontext():
                return _replace(folder, backup, source, new)


def put_back(
    places: Places, backup: Backup, *, stop: Callable[[], None] = lambda: None, keep: bool = True
) -> Backup | None:
    """The same for a deploy that is undone: nobody is asked.

    `stop` ends whoever has the database open, and is called only when all that wants disk was done; `keep` makes a
    backup of what is there, where it holds what no other does.
    """
    source = _source(places, backup)
    with backups.open_folder(places) as folder:
        manifests.require_sound(backup)
        with database.received(backup, source) as new:
            stop()
            return _replace(folder, backup, source, new, keep=keep)


def _source(places: Places, backup: Backup) -> Source:
    source = source_of(places)
    if source.engine != backup.manifest.engine:
        raise Refused(f"backup {backup.id} is of {backup.manifest.engine}, and the database is on {source.engine}")
    return source


def _require_idle(source: Source, running: tuple[str, ...]) -> None:
    if running:
        names = " ".join(running)
        raise Refused(f"the service runs: `systemctl stop {names}` first, or let the restore do it with --stop")
    if who := database.users_of(source):
        raise Refused(f"the database is in use by {', '.join(who)}: end that first")


def _replace(folder: Path, backup: Backup, source: Source, new: Path, *, keep: bool = True) -> Backup | None:
    _require_idle(source, ())
    kept = _keep(folder, source) if keep else None
    database.replace(backup, source, new)
    return kept


def _keep(folder: Path, source: Source) -> Backup | None:
    """What is there now: checked like any backup, or, where it is damaged, its bytes."""
    if source.file is not None and not source.file.exists():
        return None
    try:
        return backups.make_in(folder, source, KEPT)
    except Empty:
        return None
    except (Damaged, NotOurs) as problem:
        return backups.make_in(folder, source, KEPT, problem=str(problem))
