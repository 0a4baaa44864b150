"""A migration tried on a copy of this server's data: before the live one is touched, or to see what was written since.

A database on a server of its own cannot be tried on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lifetracker.ops import files
from lifetracker.ops.backups import database as backup_database
from lifetracker.ops.backups import restore_database
from lifetracker.ops.backups.live_database import NAME, live_database
from lifetracker.ops.backups.manifest import DATABASE, Backup
from lifetracker.ops.backups.restore_database import Losses
from lifetracker.ops.places import USER, Places
from lifetracker.ops.release.releases import Release

TAKES_AT_MOST = 3600.0


def folder(places: Places) -> Path:
    """Where it is tried: the service's user must be able to write there."""
    return places.data / "rehearsal"


@contextmanager
def copied(places: Places, saved: Backup | None = None) -> Iterator[Mapping[str, str]]:
    """Settings that name a copy of the live database, or of a backup's; it goes when this ends."""
    place, live = folder(places), live_database(places)
    shutil.rmtree(place, ignore_errors=True)
    files.lend(place, USER)
    try:
        files.require_space(place, saved.database.stat().st_size if saved else live.size)
        if saved is None:
            backup_database.copy(live, place)
        else:
            backup_database.try_out(saved, place, live)
        yield {NAME: f"sqlite:///{place / DATABASE['sqlite']}"}
    finally:
        shutil.rmtree(place, ignore_errors=True)


def upgrade(places: Places, release: Release, there: Mapping[str, str]) -> None:
    release.run(places, "db", "upgrade", seconds=TAKES_AT_MOST, settings=there)


def written_since(places: Places, saved: Backup, release: Release | None) -> Losses:
    """What the live database holds that a backup of it does not, once `release` has migrated that, too: by table, as
    `restore_database.losses`. When a row was written does not count, only what stands in it. None on a PostgreSQL."""
    if live_database(places).file is None:
        return {}
    with copied(places, saved) as there:
        if release is not None:
            upgrade(places, release, there)
        return restore_database.written(live_database(places), folder(places) / DATABASE["sqlite"])
