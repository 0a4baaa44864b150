"""The releases on a server: which is live, what each is worth, and the one switch from one to another."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from lifetracker.core.release import ON_TRIAL, mark_of_trial
from lifetracker.ops import shell
from lifetracker.ops.files import sync
from lifetracker.ops.journal import Undertaking
from lifetracker.ops.places import USER, Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release.archive import MANIFEST
from lifetracker.ops.release.venv import WHOLE, is_same

NOTE = "release.json"
STAMP = "%Y%m%dT%H%M%SZ"
OURS = (MANIFEST, NOTE, ".venv", ".venv.next")  # in a release, and not named in its manifest


@dataclass(frozen=True, slots=True)
class Release:
    """A release's folder; `app_NEW`, too, while it is judged."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def python(self) -> Path:
        return self.folder / ".venv/bin/python"

    @property
    def version(self) -> str:
        return str(json.loads((self.folder / NOTE).read_text(encoding="utf-8"))["version"])

    @property
    def archive(self) -> str | None:
        """The digest of the archive that it came in."""
        told: dict[str, str] = json.loads((self.folder / NOTE).read_text(encoding="utf-8"))
        return told.get("archive")

    def put_on_trial(self) -> None:
        """Have it refuse every write, from its next start until it is kept; on the disk before this returns."""
        mark = mark_of_trial(self.folder)
        mark.touch()
        sync(mark)
        sync(mark.parent)

    def end_trial(self) -> None:
        mark_of_trial(self.folder).unlink(missing_ok=True)
        sync(self.folder.parent)

    def serves(self, places: Places, settings: Mapping[str, str] | None = None) -> bool:
        """Whether its own code can serve the database as it is, or the one that `settings` name."""
        try:
            self.run(places, "db", "serves", settings=settings)
        except shell.ProgramFailed:
            return False
        return True

    def run(
        self, places: Places, *words: str, seconds: float = 120.0, settings: Mapping[str, str] | None = None
    ) -> str:
        """Run a command of this release's own code, as the service's user, with the service's settings and more."""
        return self.run_python(places, "-m", "lifetracker", *words, seconds=seconds, settings=settings)

    def run_python(
        self, places: Places, *words: str, seconds: float = 120.0, settings: Mapping[str, str] | None = None
    ) -> str:
        ours = {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        environment = {**places.read_environment(), **ours, **(settings or {})}
        return shell.run([self.python, *words], user=USER, folder=self.folder, environment=environment, seconds=seconds)

    def compile(self) -> None:
        """Compile every module, so that the service, which may not write here, starts fast."""
        shell.run([self.python, "-I", "-m", "compileall", "-q", self.folder / "lifetracker"], seconds=300)

    def differences(self) -> list[str]:
        """Files that are not as the manifest has them: changed, missing or added by hand. None is good."""
        named: dict[str, str] = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        found = [f"{name} {wrong}" for name, digest in named.items() if (wrong := self._wrong(name, digest))]
        return sorted(found + [f"{name} was added" for name in self._files() if name not in named])

    def _wrong(self, name: str, digest: str) -> str | None:
        file = self.folder / name
        if not file.is_file() or file.is_symlink():
            return "is missing"
        return None if hashlib.sha256(file.read_bytes()).hexdigest() == digest else "was changed"

    def _files(self) -> Iterator[str]:
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder)
            if (
                (path.is_symlink() or not path.is_dir())
                and name.parts[0] not in OURS
                and "__pycache__" not in name.parts
            ):
                yield name.as_posix()


def live(places: Places) -> Release | None:
    """The release that is linked to be served."""
    try:
        return Release(places.releases / Path(os.readlink(places.live)).name)
    except FileNotFoundError:
        return None
    except OSError:
        raise Refused(f"{places.live} is no link to a release: move away what stands there") from None


def find(places: Places, release: str) -> Release:
    found = Release(places.releases / release)
    if not (found.folder / NOTE).exists():
        raise Refused(f"there is no release {release} here: `lifetracker deploy --status` lists those that are")
    return found


def listed(places: Places) -> list[Release]:
    """Those that are here, oldest first."""
    return sorted((Release(note.parent) for note in places.releases.glob(f"*/{NOTE}")), key=lambda each: each.id)


def new_id(places: Places, digest: str, now: datetime) -> str:
    """Its time and the beginning of its archive's digest; later than every other, also when the clock was set back."""
    latest = max((each.id[: len("20000101T000000Z")] for each in listed(places)), default="")
    stamp = now.strftime(STAMP)
    if stamp <= latest:
        stamp = (datetime.strptime(latest, STAMP) + timedelta(seconds=1)).strftime(STAMP)  # noqa: DTZ007  both are UTC
    return f"{stamp}-{digest[:12]}"


def switch(places: Places, release: Release) -> None:
    """Make a release the live one: a new link renamed over the old one, so that there is no moment without."""
    beside = places.home / "api.next"
    beside.unlink(missing_ok=True)
    beside.symlink_to(release.folder)
    os.replace(beside, places.live)
    sync(places.home)


def take_away(places: Places, folder: Path) -> None:
    """Remove a folder of ours, so that it is no release from the first moment on."""
    mark_of_trial(folder).unlink(missing_ok=True)
    (folder / NOTE).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def end_trials(places: Places) -> None:
    """Where no deploy is under way, none of them is on trial."""
    for mark in places.releases.glob(f"*{ON_TRIAL}"):
        mark.unlink()


def good(places: Places, past: list[Undertaking]) -> list[str]:
    """Ids of the releases that went live and were sound, oldest first: the ones to go back to."""
    last = {each.release: each.outcome for each in past if each.outcome is not None and each.what == "deploy"}
    here = {each.id for each in listed(places)}
    return sorted(release for release, outcome in last.items() if outcome == "done" and release in here)


def remove_half_libraries(places: Places) -> None:
    """What a killed deploy was building; under the lock nobody else does."""
    for folder in places.venvs.iterdir() if places.venvs.is_dir() else ():
        is_whole = folder.is_symlink() or (folder / WHOLE).exists()
        if not is_whole and not _used(folder):
            shutil.rmtree(folder, ignore_errors=True)


def share_libraries(places: Places, newest: Release) -> None:
    """Let every release that has a damaged environment use the one that was built anew in its place."""
    sound = Path(os.path.realpath(newest.folder / ".venv"))
    for release in listed(places):
        link, has = release.folder / ".venv", Path(os.path.realpath(release.folder / ".venv"))
        if has != sound and is_same(has, sound):
            beside = link.with_name(".venv.next")
            beside.unlink(missing_ok=True)
            beside.symlink_to(sound)
            os.replace(beside, link)


def prune(places: Places, keep: int, past: list[Undertaking]) -> list[str]:
    """Remove all but the newest `keep` releases, and environments that none needs; the ids of those that went.

    The live one stays, the last good one beside it, the one that was live before, and whatever a process runs from.
    """
    current = live(places)
    sound = [each for each in good(places, past) if current is None or each != current.id]
    kept = (
        {each.id for each in listed(places)[-keep:]}
        | {*sound[-1:], *_live_before(past)}
        | ({current.id} if current else set())
        | _running(places)
    )
    gone = [each for each in listed(places) if each.id not in kept]
    for release in gone:
        take_away(places, release.folder)
    needed = {os.path.realpath(each.folder / ".venv") for each in listed(places)}
    for venv in places.venvs.iterdir() if places.venvs.is_dir() else ():
        if os.path.realpath(venv) not in needed and not _used(venv):
            shutil.rmtree(venv, ignore_errors=True)
    return [each.id for each in gone]


def _live_before(past: list[Undertaking]) -> list[str]:
    """The release that the last change took away from the clients: after a rollback it may be older than many."""
    return [each.previous for each in past if each.outcome == "done" and each.previous is not None][-1:]


def _running(places: Places) -> set[str]:
    folders = {os.path.realpath(each.folder): each.id for each in listed(places)}
    return {folders[cwd] for cwd in _of_processes("cwd") if cwd in folders}


def _used(venv: Path) -> bool:
    return any(word.startswith(f"{venv}/") for words in _of_processes("cmdline") for word in words or ())


def _of_processes(what: str) -> Iterator[Any]:
    return (process.info[what] for process in psutil.process_iter([what]) if process.info[what])
