"""The release archive: one zip that starts itself, judged whole before a byte of it is written.

Its last 71 bytes, which zip calls the comment, are `sha256:` and the digest of all bytes before them: a bit that
flipped anywhere, an end that was cut off or something put behind it shows at once. `MANIFEST.json` names every file
with its own digest. What a member may be is decided here by a walk over all of them (no links, no special files, no
way out of the folder, bounds on size and count), since the filters of unpacking libraries have been got round before.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from lifetracker.ops.files import sync
from lifetracker.ops.refusal import Refused

MANIFEST = "MANIFEST.json"
MARK = b"sha256:"
TRAILER = len(MARK) + 64
MOST_FILES, MOST_BYTES, LONGEST_NAME = 20_000, 1024**3, 200
PIECE = 1024 * 1024
# A zip ends with a record of 22 bytes, before the comment, that tells the size of its list of files; each of those has
# 46 bytes and its name. Where a locator of 20 bytes stands before it, that list may be larger than any of ours.
END, END_MARK, ENTRY = 22, b"PK\5\6", 46
LOCATOR, LOCATOR_MARK = 20, b"PK\6\7"
# What `zipfile` raises of a file that is not as it should be.
UNREADABLE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, RuntimeError)
FOUND_ELSEWHERE = "take the archive again from where it was built; nothing was unpacked"


class ArchiveRefused(Refused):
    """This file is not a whole release archive; nothing of it was unpacked."""


class ReleaseManifest(BaseModel):
    """What an archive says of itself. `files` and `wheels` give each file's SHA-256 in hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    pythons: tuple[str, ...]
    files: dict[str, str]
    wheels: dict[str, str]

    def digest_of(self, name: str) -> str | None:
        return self.files.get(name) or self.wheels.get(name)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was found whole, and is held open: what is unpacked is what was judged."""

    path: Path
    digest: str
    manifest: ReleaseManifest
    members: zipfile.ZipFile

    @property
    def size(self) -> int:
        """How many bytes it becomes."""
        return sum(member.file_size for member in self.members.infolist())

    def unpack(self, folder: Path, names: dict[str, str], progress: Callable[[int, int], None] | None = None) -> None:
        """Write the files named, each held against its digest once more and on the disk before this returns."""
        folders = {folder}
        for done, (name, digest) in enumerate(sorted(names.items()), start=1):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            folders |= {parent for parent in target.parents if parent.is_relative_to(folder)}
            self._write(name, target, digest)
            if progress is not None:
                progress(done, len(names))
        for each in folders:
            sync(each)

    def _write(self, name: str, target: Path, digest: str) -> None:
        seen = hashlib.sha256()
        with self.members.open(name) as source, open(target, "xb") as file:
            while piece := self._read(source):
                seen.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if seen.hexdigest() != digest:
            raise self._changed()

    def _read(self, member: IO[bytes]) -> bytes:
        try:
            return member.read(PIECE)
        except (zipfile.BadZipFile, zlib.error):
            raise self._changed() from None

    def _changed(self) -> ArchiveRefused:
        return ArchiveRefused(f"{self.path} changed while it was unpacked: take it again from where it was built")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The archive at `path`, every byte of it judged; `ArchiveRefused` with the first thing that is wrong."""
    try:
        file = open(path, "rb")  # noqa: SIM115  it is held open for the unpacking
    except OSError as error:
        raise ArchiveRefused(f"{path} cannot be read: {error.strerror}") from None
    with file:
        digest = _judge_bytes(path, file)
        try:
            _judge_directory(file)
            members = zipfile.ZipFile(file)
            manifest = _judge_members(members)
        except ArchiveRefused as refused:
            raise ArchiveRefused(f"{path}: {refused}") from None
        except UNREADABLE as error:
            raise ArchiveRefused(f"{path} is no release archive: {error}") from None
        with members:
            yield Archive(path, digest, manifest, members)


def _judge_bytes(path: Path, file: IO[bytes]) -> str:
    """The SHA-256 of the whole file, once its own trailer agrees with all that stands before."""
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - TRAILER))
    trailer = file.read(TRAILER)
    if not trailer.startswith(MARK) or len(trailer) < TRAILER:
        raise ArchiveRefused(f"{path} is no release archive, or its end is missing: {FOUND_ELSEWHERE}")
    seen = digest_of(file, size - TRAILER)
    if seen.hexdigest().encode() != trailer.removeprefix(MARK):
        raise ArchiveRefused(f"{path} is damaged: its SHA-256 is not the one it was built with; {FOUND_ELSEWHERE}")
    seen.update(trailer)
    file.seek(0)
    return seen.hexdigest()


def digest_of(file: IO[bytes], size: int) -> hashlib._Hash:
    """The running SHA-256 of the first `size` bytes of a file."""
    seen = hashlib.sha256()
    file.seek(0)
    while size > 0 and (piece := file.read(min(PIECE, size))):
        seen.update(piece)
        size -= len(piece)
    return seen


def _judge_directory(file: IO[bytes]) -> None:
    """The size of the list of files, before `zipfile` reads it: of a million it makes 600 MB of objects."""
    file.seek(max(0, os.fstat(file.fileno()).st_size - TRAILER - END - LOCATOR))
    before, end = file.read(LOCATOR), file.read(END)
    if end.rfind(END_MARK) != 0:
        raise ArchiveRefused("it is no release archive: its list of files does not end where it should")
    size = int.from_bytes(end[12:16], "little")
    if before.startswith(LOCATOR_MARK) or size > MOST_FILES * (ENTRY + LONGEST_NAME):
        raise ArchiveRefused(f"its list of files is too long, the most that a release may have is {MOST_FILES}")


def _judge_members(members: zipfile.ZipFile) -> ReleaseManifest:
    infos = members.infolist()
    if len(infos) > MOST_FILES:
        raise ArchiveRefused(f"it holds {len(infos)} files, the most that a release may have is {MOST_FILES}")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise ArchiveRefused(f"it would unpack to more than {MOST_BYTES // 1024**2} MiB")
    names = set[str]()
    for info in infos:
        if (wrong := _what_is_wrong(info)) or info.filename in names:
            raise ArchiveRefused(f"it holds {info.filename[:LONGEST_NAME]!r}, {wrong or 'twice'}")
        names.add(info.filename)
    for info in infos:
        if inside := next((str(each) for each in PurePosixPath(info.filename).parents if str(each) in names), None):
            raise ArchiveRefused(f"it holds {inside!r} as a file and as a folder")
    manifest = _read_manifest(members)
    _judge_contents(members, names - {MANIFEST}, manifest)
    return manifest


def _what_is_wrong(info: zipfile.ZipInfo) -> str | None:
    """Why a member may not be in a release, None for a plain file in its place."""
    name, mode = info.filename, info.external_attr >> 16
    if not name.isascii() or not name.isprintable() or info.orig_filename != name:
        return "a name that is not plain ASCII"
    if not name or len(name) > LONGEST_NAME:
        return "a name that is empty or too long"
    if name.startswith("/") or "\\" in name or str(PurePosixPath(name)) != name or ".." in PurePosixPath(name).parts:
        return "a name that leads out of its folder or is written in an odd way"
    if not stat.S_ISREG(mode) or mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        return "no plain file: links, devices, folders and setuid files have no place in a release"
    if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "encrypted, or packed in a way that a release never is"
    return None


def _read_manifest(members: zipfile.ZipFile) -> ReleaseManifest:
    if MANIFEST not in members.namelist():
        raise ArchiveRefused(f"it has no {MANIFEST}")
    if members.getinfo(MANIFEST).file_size > PIECE * 8:
        raise ArchiveRefused(f"its {MANIFEST} is too large to be one")
    try:
        return ReleaseManifest.model_validate(json.loads(members.read(MANIFEST)))
    except (ValidationError, ValueError):
        raise ArchiveRefused(f"its {MANIFEST} is not one of a release") from None


def _judge_contents(members: zipfile.ZipFile, names: set[str], manifest: ReleaseManifest) -> None:
    named = {*manifest.files, *manifest.wheels}
    if names != named:
        one = min(names ^ named)
        raise ArchiveRefused(f"{one!r} is {'not in its manifest' if one in names else 'in its manifest and missing'}")
    for name in sorted(names):
        with members.open(name) as file:
            if digest_of(file, members.getinfo(name).file_size).hexdigest() != manifest.digest_of(name):
                raise ArchiveRefused(f"{name!r} is not the file that its manifest names")
