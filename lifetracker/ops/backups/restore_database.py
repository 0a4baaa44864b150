"""What a restore has done to the database that is there, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lifetracker.ops import open_files
from lifetracker.ops.backups.child import ask
from lifetracker.ops.backups.copy import BESIDE
from lifetracker.ops.backups.database import DUMP, require_same
from lifetracker.ops.backups.file_repository import Damaged, Empty, NotOurs
from lifetracker.ops.backups.live_database import NAME, LiveDatabase
from lifetracker.ops.backups.manifest import Backup, Facts
from lifetracker.ops.files import require_space
from lifetracker.ops.places import USER
from lifetracker.ops.refusal import Refused

RECEIVED = ".restoring"
# By table: rows now, rows then, and rows of now that are not there as they are.
Losses = Mapping[str, tuple[int, int, int]]


@contextmanager
def received(backup: Backup, live: LiveDatabase) -> Iterator[Path]:
    """The backup's database beside the live one, whole, checked and synced, until it takes its place or is not wanted.

    On PostgreSQL the dump itself: there one transaction is the place aside.
    """
    if live.file is None:
        yield backup.database
        return
    new = live.file.with_name(f"{live.file.name}{RECEIVED}")
    _require_folder(new.parent)
    new.unlink(missing_ok=True)  # of a restore that was killed
    require_space(new.parent, backup.database.stat().st_size)
    try:
        with backup.database.open("rb") as given:
            found = ask("receive", new, live.file, user=USER, given=given)
        require_same(backup, Facts.model_validate(found))
        yield new
    finally:
        new.unlink(missing_ok=True)


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise Refused(f"there is no folder {folder} for the database: make it first")


def losses(backup: Backup, live: LiveDatabase, new: Path) -> Losses | None:
    """By table that differs: rows now, rows then, rows of now that will not be there as they are. None where what is
    there cannot be read. On PostgreSQL the third is a count's difference."""
    if live.file is None:
        try:
            now = _tables(live)
        except Damaged:
            return None
        then = backup.manifest.tables
        both = {name: (now.get(name, 0), then.get(name, 0)) for name in {*now, *then}}
        return {name: (*each, max(0, each[0] - each[1])) for name, each in sorted(both.items()) if each[0] != each[1]}
    if not live.file.exists():
        return {}
    try:
        return _compared("compare", live.file, new)
    except (Damaged, NotOurs):
        return None


def written(live: LiveDatabase, other: Path) -> Losses:
    """By table of a file: what now stands in rows and does not in the other, whenever it was written."""
    return {} if live.file is None else _compared("written", live.file, other)


def _compared(work: str, live: Path, other: Path) -> Losses:
    found = ask(work, live, other, user=USER)
    return {name: (now, then, lost) for name, (now, then, lost) in found.items()}


def told(losses: Losses) -> str:
    """`3 of 12 rows of daily_log, 1 of 2 rows of users`; a row that would be there again counts, too."""
    counts = {table: (max(lost, then - now), max(now, then)) for table, (now, then, lost) in losses.items()}
    return ", ".join(f"{lost} of {of} rows of {table}" for table, (lost, of) in counts.items() if lost)


def replace(backup: Backup, live: LiveDatabase, new: Path) -> None:
    """The one switch. What could not be folded together was kept as it was before."""
    if live.file is None:
        with new.open("rb") as given:
            ask("load", user=USER, module=DUMP, given=given, environment={NAME: live.url})
        require_same(backup, _facts(live))
        return
    if not live.file.exists():
        ask("switch-damaged", new, live.file, user=USER)
        return
    try:
        ask("switch", new, live.file, user=USER)
    except Damaged:
        ask("switch-damaged", new, live.file, user=USER)


def _tables(live: LiveDatabase) -> Mapping[str, int]:
    try:
        return _facts(live).tables
    except Empty:
        return {}


def _facts(live: LiveDatabase) -> Facts:
    return Facts.model_validate(ask("count", user=USER, module=DUMP, environment={NAME: live.url}))


def users_of(live: LiveDatabase) -> list[str]:
    """Who has the database open: `process 4711 (uvicorn)`."""
    if live.file is None:
        found: list[str] = ask("users", user=USER, module=DUMP, environment={NAME: live.url})
        return found
    beside = (live.file.with_name(f"{live.file.name}-{kind}") for kind in BESIDE)
    return open_files.users_of([live.file, *beside])
