"""Backups: made while the service writes, checked before they have a name, and drilled afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

from lifetracker import __version__
from lifetracker.ops import files
from lifetracker.ops.backups import database
from lifetracker.ops.backups import manifest as manifests
from lifetracker.ops.backups.file_repository import Damaged, NotOurs
from lifetracker.ops.backups.live_database import LiveDatabase, live_database
from lifetracker.ops.backups.manifest import Backup, BackupManifest, Facts, Tried, Unsound
from lifetracker.ops.places import USER, Places
from lifetracker.ops.refusal import Refused

DRILL = f"drill{files.PARTIAL}"
SHOWN = 5
AT_ONCE = timedelta(seconds=1)
NOT_ENDED = "it was begun, and did not come to its end"
UNSOUND = (Unsound, Damaged, NotOurs)  # what a drill says of a backup; all else kept the drill from being tried


def make(
    places: Places,
    label: str | None = None,
    *,
    to: Path | None = None,
    keep: int | None = None,
    add: Callable[[Path], None] | None = None,
    spare: int = files.SPARE,
) -> Backup:
    """A whole copy of the database, checked, under its final name only when all of it is on the disk.

    `to` is a folder other than the server's; `add` puts more files beside the copy before it is sealed; with `keep`,
    older backups go once there are so many; `spare` bytes of disk must remain. `Refused` leaves nothing behind, and
    every older backup where it is.
    """
    with open_folder(places, to) as folder:
        made = make_in(folder, live_database(places), label, add=add, spare=spare)
        if keep is not None:
            prune(folder, keep)
    return made


def open_folder(places: Places, to: Path | None = None) -> AbstractContextManager[Path]:
    """The folder of backups, made where it is not there, for one command at a time."""
    if to is None:
        files.make_backups_folder(places.backups, USER)
    else:
        to.mkdir(parents=True, exist_ok=True)
    return files.locked(to or places.backups)


def make_in(
    folder: Path,
    live: LiveDatabase,
    label: str | None,
    *,
    add: Callable[[Path], None] | None = None,
    spare: int = files.SPARE,
    problem: str | None = None,
) -> Backup:
    """The same, for who holds the lock. With a `problem` the bytes are kept as they are, whatever they are."""
    files.remove_leftovers(folder)
    database.require_there(live)
    files.require_space(folder, live.size, spare)
    made = _next_instant(folder)
    backup_id = manifests.new_id(label, made)
    partial = folder / f"{backup_id}{files.PARTIAL}"
    try:
        facts = _fill(partial, live, raw=problem is not None)
        if add:
            add(partial)
        about = BackupManifest(id=backup_id, label=label, made=made, problem=problem, **_about(partial, live, facts))
        manifests.write_manifest(partial, about)
        files.rename_whole(partial, folder / backup_id)
    except BaseException:
        rmtree(partial, ignore_errors=True)
        raise
    return manifests.read_backup(folder / backup_id)


def _next_instant(folder: Path) -> datetime:
    """Now, and after every backup that is there, also where the clock was put back a little or two come in a second.

    What lies further ahead has no say: it is written down that it was there by now.
    """
    now, known = manifests.clock(), in_folder(folder)
    for each in known:
        if each.is_ahead(now) and each.record.there is None:
            _write_down(each, there=now)
    return max([now, *(each.at + AT_ONCE for each in known if not manifests.is_ahead(each.at, now))])


def refresh_in(folder: Path, live: LiveDatabase, early: Backup) -> Backup:
    """A backup that was made while the service wrote, brought to what the database holds now that it is stopped; under
    a name of its own, for who holds the lock. Much faster than another one: only what differs is written."""
    label = early.manifest.label
    if live.file is None:
        return make_in(folder, live, label)
    now = _next_instant(folder)
    backup_id = manifests.new_id(label, now)
    partial = folder / f"{backup_id}{files.PARTIAL}"
    early.folder.rename(partial)
    (partial / manifests.MANIFEST).unlink()
    files.lend_again(partial, USER)
    facts = database.refresh(live, partial)
    files.take_over(partial)
    about = BackupManifest(id=backup_id, label=label, made=now, **_about(partial, live, facts))
    manifests.write_manifest(partial, about)
    files.rename_whole(partial, folder / backup_id)
    return manifests.read_backup(folder / backup_id)


def _fill(partial: Path, live: LiveDatabase, *, raw: bool) -> Facts:
    """By the service's user in a folder lent to it; nothing of the folder is its own afterwards."""
    files.lend(partial, USER)
    facts = database.keep(live, partial) if raw else database.copy(live, partial)
    files.take_over(partial)
    return facts


def _about(partial: Path, live: LiveDatabase, facts: Facts) -> dict[str, Any]:
    sums = {name: manifests.sum_of(file) for name, file in manifests.files_in(partial).items()}
    return {"engine": live.engine, "version": __version__, "files": sums, **facts.model_dump()}


def prune(folder: Path, keep: int) -> list[Backup]:
    """Removes what is older than the `keep` newest sound backups of its label; what was removed.

    A backup that does not look sound, or failed its drill, does not count: the last good one never goes on account of a
    bad one. The newest that was verified stays until a newer one is. One from the future neither counts nor goes: its
    place among the others is not known.
    """
    now = manifests.clock()
    known = [each for each in in_folder(folder) if not each.is_ahead(now)]
    sound = {each.id for each in known if manifests.looks_sound(each) and not each.record.failed}
    # The oldest come first, so that of each label the newest one stands at last.
    verified = {each.manifest.label: each.id for each in reversed(known) if each.id in sound and each.verified}
    removed = []
    good: Counter[str | None] = Counter()
    for backup in known:
        label = backup.manifest.label
        if good[label] >= keep and backup.id != verified.get(label):
            files.remove_folder(backup.folder)
            removed.append(backup)
        good[label] += backup.id in sound
    return removed


def listed(places: Places) -> list[Backup]:
    """Every whole backup of this server, the newest first."""
    return in_folder(places.backups)


def in_folder(folder: Path) -> list[Backup]:
    """Without what cannot be read: `unreadable` tells of that."""
    found = []
    for each in folder.glob("*"):
        if manifests.told_by_id(each.name):
            with suppress(Unsound):
                found.append(manifests.read_backup(each))
    return manifests.newest_first(found, manifests.clock())


def unreadable(folder: Path) -> dict[str, str]:
    """Ids of folders that are named as a backup is and hold none, and why."""
    why = {}
    for each in folder.glob("*"):
        if manifests.told_by_id(each.name):
            try:
                manifests.read_backup(each)
            except Unsound as unsound:
                why[each.name] = str(unsound)
    return why


def find(places: Places, name: str | None, folder: Path | None = None) -> Backup:
    """By its id, or by the path of its folder where `name` has a slash in it; None for the newest of every day."""
    if name is not None and "/" in name:
        return manifests.read_backup(Path(name).absolute())
    known = in_folder(folder or places.backups)
    found = newest(known) if name is None else next((backup for backup in known if backup.id == name), None)
    if found is not None:
        return found
    wanted = "no backup" if name is None else f"no backup {name}"
    there = ", ".join(backup.id for backup in known[:SHOWN]) or "none; `lifetracker backup` makes one"
    raise Refused(f"there is {wanted} in {folder or places.backups}; there are: {there}")


def newest(known: list[Backup]) -> Backup | None:
    """Of those, in their order, that are to be restored: the first of every day, else the first of a deploy; one from
    the future only where there is no other."""
    now, good = manifests.clock(), [each for each in known if each.manifest.problem is None]
    return min(good, key=lambda each: (each.is_ahead(now), each.manifest.label is not None), default=None)


def verify(places: Places, backup: Backup) -> None:
    """A restore drill into a temporary place: the files, the restored database, and each of its counts.

    What came of it is written down beside the manifest, whatever it was. `Refused` says what is wrong with the backup,
    or what kept it from being tried, which takes no mark from one that passed before.
    """
    try:
        with open_folder(places) as folder:
            _note(backup, untried=NOT_ENDED)
            files.remove_leftovers(folder)
            manifests.require_sound(backup)
            database.require_same(backup, _drill(folder, backup, live_database(places)))
            passed = manifests.Record(verified=manifests.clock(), there=backup.record.there)
            manifests.write_record(backup, passed)
    except UNSOUND as unsound:
        _note(backup, failed=str(unsound))
        raise
    except Exception as kept_from_it:
        _note(backup, untried=str(kept_from_it) or type(kept_from_it).__name__)
        raise


def _note(backup: Backup, *, failed: str | None = None, untried: str | None = None) -> None:
    tried = Tried(at=manifests.clock(), why=failed or untried or "")
    if failed:
        _write_down(backup, failed=tried, verified=None, untried=None)
    else:
        _write_down(backup, untried=tried)


def _write_down(backup: Backup, **news: Any) -> None:
    """A disk that takes no line hinders nothing of what is done, or refused, besides."""
    with suppress(OSError):
        manifests.write_record(backup, backup.record.model_copy(update=news))


def _drill(folder: Path, backup: Backup, live: LiveDatabase) -> Facts:
    files.require_space(folder, backup.database.stat().st_size)
    place = folder / DRILL
    files.lend(place, USER)
    try:
        return database.try_out(backup, place, live)
    finally:
        rmtree(place)
