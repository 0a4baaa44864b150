"""What a backup says of itself: when it was made, of what, the SHA-256 of each of its files; and what befell it since.

Whoever reads or writes a backup's `MANIFEST.json` or `VERIFIED.json` does it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from lifetracker.ops.files import PARTIAL, write_whole
from lifetracker.ops.refusal import Refused

MANIFEST, VERIFIED = "MANIFEST.json", "VERIFIED.json"
OURS = (MANIFEST, VERIFIED, f"{VERIFIED}{PARTIAL}")
DATABASE = {"sqlite": "life_tracker.db", "postgresql": "life_tracker.dump"}
BEGINS = {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP"}
ID = re.compile(r"(?:([a-z][a-z-]*)-)?(\d{8}T\d{6}Z)-[0-9a-f]{6}")
STAMP = "%Y%m%dT%H%M%SZ"
SLACK = timedelta(minutes=10)  # by which a clock may be put back, and what it said before still be taken for now
SUMMED_AT_ONCE = 64 * 1024**2  # bytes: of a larger file a glance sees length and beginning alone


class Unsound(Refused):
    """A backup is not what its manifest says; nothing else was touched."""


class Sum(BaseModel):
    """Of one file: bytes, and their SHA-256 in hex."""

    model_config = ConfigDict(frozen=True)

    size: int
    sha256: str


class Facts(BaseModel):
    """What was counted in a database: rows by table, and the revision of its schema."""

    model_config = ConfigDict(frozen=True)

    tables: dict[str, int]
    revision: str | None


class BackupManifest(Facts):
    """`problem` is None, or why what was kept is not sound: such a backup is there to be looked at, never restored."""

    id: str
    label: str | None = None
    made: AwareDatetime
    engine: Literal["sqlite", "postgresql"]
    version: str
    files: dict[str, Sum]
    problem: str | None = None


class Tried(BaseModel):
    """When a restore drill was tried, and why it did not pass."""

    at: AwareDatetime
    why: str


class Record(BaseModel):
    """What is known of a backup since it was made, in `VERIFIED.json` beside its manifest, which never changes.

    The release before takes a backup that holds any other file for damaged, and reads `verified` alone.
    `verified`: when a drill last passed, None where one failed since. `failed`: the drill that found it unsound, None
    where one passed since. `untried`: a drill since then that came to no end, which says nothing of the backup.
    `there`: an instant by which it was there, for one that a clock dated ahead of its time.
    """

    verified: AwareDatetime | None = None
    failed: Tried | None = None
    untried: Tried | None = None
    there: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """One that is whole: its folder has its final name."""

    id: str
    folder: Path
    manifest: BackupManifest

    @property
    def database(self) -> Path:
        return self.folder / DATABASE[self.manifest.engine]

    @property
    def record(self) -> Record:
        """`untried`, where what was written down cannot be read: nobody can say what it told."""
        file = self.folder / VERIFIED
        try:
            return Record.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return Record()
        except (OSError, ValidationError):
            return Record(untried=Tried(at=self.manifest.made, why=f"{file} cannot be read"))

    @property
    def verified(self) -> datetime | None:
        return self.record.verified

    @property
    def at(self) -> datetime:
        """When it was made; of one from the future, when it was found to be there."""
        there = self.record.there
        return min(self.manifest.made, there) if there else self.manifest.made

    def is_ahead(self, now: datetime) -> bool:
        """It says that it will be made: a clock was ahead then, or is behind now."""
        return is_ahead(self.manifest.made, now)


def is_ahead(instant: datetime, now: datetime) -> bool:
    return instant > now + SLACK


def clock() -> datetime:
    """Now, in the whole seconds that backups are dated by."""
    return datetime.now(UTC).replace(microsecond=0)


def newest_first(backups: Iterable[Backup], now: datetime) -> list[Backup]:
    """Those from the future come last: they were made before what was made since, and none can say when."""
    return sorted(backups, key=lambda each: (not each.is_ahead(now), each.at, each.id), reverse=True)


def new_id(label: str | None, made: datetime) -> str:
    """`20261123T081500Z-1a2b3c`, behind its label where it has one."""
    plain = f"{made:{STAMP}}-{token_hex(3)}"
    return f"{label}-{plain}" if label else plain


def told_by_id(name: str) -> tuple[str | None, datetime] | None:
    """Label and instant that stand in an id; None where it is none."""
    found = ID.fullmatch(name)
    at = instant_of(found[2]) if found else None
    return (found[1], at) if found and at else None


def instant_of(stamp: str) -> datetime | None:
    """From `20261123T081500Z`; None where it is none."""
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def read_backup(folder: Path) -> Backup:
    """The backup in a folder, by its manifest alone; `Unsound` when that cannot be read."""
    try:
        manifest = BackupManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise Unsound(f"there is no backup in {folder}: it holds no {MANIFEST}") from None
    except (OSError, ValidationError) as error:
        raise Unsound(f"{folder / MANIFEST} cannot be read: {type(error).__name__}") from None
    return Backup(folder.name, folder, manifest)


def require_sound(backup: Backup) -> None:
    """Every file is there, is the one that was written, and there is no other beside them; else `Unsound`."""
    if backup.manifest.problem:
        raise Unsound(f"backup {backup.id} was kept to be looked at, not to be restored: {backup.manifest.problem}")
    if backup.database.name not in backup.manifest.files:
        raise Unsound(f"backup {backup.id} holds no database")
    for name in sorted({*backup.manifest.files, *files_in(backup.folder)}):
        _require_same(backup, name)


def looks_sound(backup: Backup) -> bool:
    """What can be told without reading it all: every file is there, as long as it was."""
    return backup.manifest.problem is None and wrong_at_a_glance(backup) is None


def wrong_at_a_glance(backup: Backup) -> str | None:
    """The first file that is missing, or is shorter or longer than it was; None where each is as it was."""
    there, wanted = files_in(backup.folder), backup.manifest.files
    for name in sorted({backup.database.name, *wanted}):
        file = there.get(name)
        if name not in wanted or file is None or file.is_symlink():
            return f"it lacks {name}"
        if (size := file.stat().st_size) != wanted[name].size:
            return f"{name} has {size} bytes, and had {wanted[name].size}"
    return None


def wrong_with_database(backup: Backup) -> str | None:
    """The same, and whether the database is still the one that was written, as far as can be told within a second."""
    if wrong := wrong_at_a_glance(backup):
        return wrong
    said, file = backup.manifest.files[backup.database.name], backup.database
    if said.size <= SUMMED_AT_ONCE:
        return None if sum_of(file) == said else f"{file.name} is not the file that was written"
    begins = BEGINS[backup.manifest.engine]
    with file.open("rb") as content:
        return None if content.read(len(begins)) == begins else f"the beginning of {file.name} is overwritten"


def files_in(folder: Path) -> dict[str, Path]:
    """What a manifest speaks of, by the path below the folder: not itself, nor what a drill wrote down, or began to."""
    return {file.relative_to(folder).as_posix(): file for file in _walk(folder)}


def _walk(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        is_content = file.is_symlink() or not file.is_dir()
        if is_content and file.relative_to(folder).as_posix() not in OURS:
            yield file


def _require_same(backup: Backup, name: str) -> None:
    said = backup.manifest.files.get(name)
    file = backup.folder / name
    if said is None:
        raise Unsound(f"backup {backup.id} holds {name}, of which its manifest knows nothing: move it away")
    if file.is_symlink() or not file.is_file():
        raise Unsound(f"backup {backup.id} lacks {name}: use another backup")
    try:
        same = sum_of(file) == said
    except OSError as error:
        raise Unsound(f"backup {backup.id} cannot be read: {name}: {error.strerror}; use another backup") from None
    if not same:
        raise Unsound(f"backup {backup.id} is damaged: {name} is not the file that was written; use another backup")


def sum_of(file: Path) -> Sum:
    with file.open("rb") as content:
        return Sum(size=file.stat().st_size, sha256=file_digest(content, "sha256").hexdigest())


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    write_whole(folder / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n")


def write_record(backup: Backup, record: Record) -> None:
    write_whole(backup.folder / VERIFIED, f"{record.model_dump_json(exclude_none=True)}\n")
