"""What a backup says of itself: when it was made, of what, and the SHA-256 of each of its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from lifetracker.ops.backup_files import PARTIAL, write_whole
from lifetracker.ops.refusal import Refused

MANIFEST, VERIFIED = "MANIFEST.json", "VERIFIED.json"
OURS = (MANIFEST, VERIFIED, f"{VERIFIED}{PARTIAL}")
DATABASE = {"sqlite": "life_tracker.db", "postgresql": "life_tracker.dump"}
ID = re.compile(r"(?:([a-z][a-z-]*)-)?\d{8}T\d{6}Z-[0-9a-f]{6}")


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


class Manifest(Facts):
    """`problem` is None, or why what was kept is not sound: such a backup is there to be looked at, never restored."""

    id: str
    label: str | None = None
    made: AwareDatetime
    engine: Literal["sqlite", "postgresql"]
    version: str
    files: dict[str, Sum]
    problem: str | None = None


class _Verified(BaseModel):
    verified: AwareDatetime


@dataclass(frozen=True, slots=True)
class Backup:
    """One that is whole: its folder has its final name."""

    id: str
    folder: Path
    manifest: Manifest

    @property
    def database(self) -> Path:
        return self.folder / DATABASE[self.manifest.engine]

    @property
    def verified(self) -> datetime | None:
        """When a restore drill last passed; None when none did, or the last one failed."""
        try:
            return _Verified.model_validate_json((self.folder / VERIFIED).read_bytes()).verified
        except (FileNotFoundError, ValidationError):
            return None


def new_id(label: str | None, now: datetime) -> str:
    """`20261123T081500Z-1a2b3c`, behind its label where it has one."""
    plain = f"{now:%Y%m%dT%H%M%SZ}-{token_hex(3)}"
    return f"{label}-{plain}" if label else plain


def read_backup(folder: Path) -> Backup:
    """The backup in a folder, by its manifest alone; `Unsound` when that cannot be read."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
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
    there = files_in(backup.folder)
    wanted = backup.manifest.files
    same = all(name in there and there[name].stat().st_size == each.size for name, each in wanted.items())
    return backup.manifest.problem is None and same


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
    if sum_of(file) != said:
        raise Unsound(f"backup {backup.id} is damaged: {name} is not the file that was written; use another backup")


def sum_of(file: Path) -> Sum:
    with file.open("rb") as content:
        return Sum(size=file.stat().st_size, sha256=file_digest(content, "sha256").hexdigest())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write_whole(folder / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n")


def mark_verified(backup: Backup, passed: bool) -> None:
    """Beside the manifest, which never changes: when the last drill passed, or nothing where it failed."""
    if passed:
        said = _Verified(verified=datetime.now(UTC).replace(microsecond=0))
        write_whole(backup.folder / VERIFIED, f"{said.model_dump_json()}\n")
    else:
        (backup.folder / VERIFIED).unlink(missing_ok=True)
