"""Backups: made while the service writes, checked before they have a name, and drilled afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

from lifetracker import __version__
from lifetracker.ops import backup_database as database
from lifetracker.ops import backup_files as files
from lifetracker.ops import backup_manifest as manifests
from lifetracker.ops.backup_manifest import ID, Backup, Facts, Manifest, Unsound
from lifetracker.ops.backup_source import Source, source_of
from lifetracker.ops.places import USER, Places
from lifetracker.ops.refusal import Refused

DRILL = f"drill{files.PARTIAL}"
SHOWN = 5


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
        made = make_in(folder, source_of(places), label, add=add, spare=spare)
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
    source: Source,
    label: str | None,
    *,
    add: Callable[[Path], None] | None = None,
    spare: int = files.SPARE,
    problem: str | None = None,
) -> Backup:
    """The same, for who holds the lock. With a `problem` the bytes are kept as they are, whatever they are."""
    files.remove_leftovers(folder)
    database.require_there(source)
    files.require_space(folder, source.size, spare)
    now = datetime.now(UTC).replace(microsecond=0)
    backup_id = manifests.new_id(label, now)
    partial = folder / f"{backup_id}{files.PARTIAL}"
    try:
        facts = _fill(partial, source, raw=problem is not None)
        if add:
            add(partial)
        about = Manifest(id=backup_id, label=label, made=now, problem=problem, **_about(partial, source, facts))
        manifests.write_manifest(partial, about)
        files.rename_whole(partial, folder / backup_id)
    except BaseException:
        rmtree(partial, ignore_errors=True)
        raise
    return manifests.read_backup(folder / backup_id)


def _fill(partial: Path, source: Source, *, raw: bool) -> Facts:
    """By the service's user in a folder lent to it; nothing of the folder is its own afterwards."""
    files.lend(partial, USER)
    facts = database.keep(source, partial) if raw else database.copy(source, partial)
    files.take_over(partial)
    return facts


def _about(partial: Path, source: Source, facts: Facts) -> dict[str, Any]:
    sums = {name: manifests.sum_of(file) for name, file in manifests.files_in(partial).items()}
    return {"engine": source.engine, "version": __version__, "files": sums, **facts.model_dump()}


def prune(folder: Path, keep: int) -> list[Backup]:
    """Removes what is older than the `keep` newest sound backups of its label; what was removed.

    A backup that does not look sound does not count: the last good one never goes on account of a bad one.
    """
    removed = []
    good: Counter[str | None] = Counter()
    for backup in in_folder(folder):
        label = backup.manifest.label
        if good[label] >= keep:
            files.remove_folder(backup.folder)
            removed.append(backup)
        elif manifests.looks_sound(backup):
            good[label] += 1
    return removed


def listed(places: Places) -> list[Backup]:
    """Every whole backup of this server, the newest first."""
    return in_folder(places.backups)


def in_folder(folder: Path) -> list[Backup]:
    found = []
    for each in folder.glob("*"):
        if ID.fullmatch(each.name):
            with suppress(Unsound):
                found.append(manifests.read_backup(each))
    return sorted(found, key=lambda backup: (backup.manifest.made, backup.id), reverse=True)


def find(places: Places, name: str | None, folder: Path | None = None) -> Backup:
    """By its id, or by the path of its folder where `name` has a slash in it; None for the newest."""
    if name is not None and "/" in name:
        return manifests.read_backup(Path(name).absolute())
    known = in_folder(folder or places.backups)
    for backup in known:
        if backup.id == name or (name is None and backup.manifest.problem is None):
            return backup
    wanted = "no backup" if name is None else f"no backup {name}"
    there = ", ".join(backup.id for backup in known[:SHOWN]) or "none; `lifetracker backup` makes one"
    raise Refused(f"there is {wanted} in {folder or places.backups}; there are: {there}")


def verify(places: Places, backup: Backup) -> None:
    """A restore drill into a temporary place: the files, the restored database, and each of its counts.

    Writes down beside the manifest when it passed. `Refused` says what is wrong with the backup.
    """
    with open_folder(places) as folder:
        files.remove_leftovers(folder)
        try:
            manifests.require_sound(backup)
            database.require_same(backup, _drill(folder, backup, source_of(places)))
        except Refused:
            manifests.mark_verified(backup, passed=False)
            raise
        manifests.mark_verified(backup, passed=True)


def _drill(folder: Path, backup: Backup, source: Source) -> Facts:
    files.require_space(folder, backup.database.stat().st_size)
    place = folder / DRILL
    files.lend(place, USER)
    try:
        return database.try_out(backup, place, source)
    finally:
        rmtree(place)
