"""All of a deploy that touches nothing live: room, code, libraries, the server as it is, and a migration of a copy."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

from lifetracker.ops.backups.file_repository import NotOurs
from lifetracker.ops.backups.live_database import is_there, source_of
from lifetracker.ops.checks import ops_check
from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.deploying import rehearsal
from lifetracker.ops.deploying.undertaking import Work
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import venv
from lifetracker.ops.release.archive import MANIFEST, Archive
from lifetracker.ops.release.releases import NOTE, Release

Check = Callable[[Places], list[Outcome]]
SPARE = 100 * 1024**2


def judge(work: Work, members: Archive, despite: str | None, check: Check) -> set[str]:
    """Every step of it; the names of the checks that failed before and are gone on in spite of."""
    new = Release(work.places.new)
    with work.step("space"):
        _refuse_too_little_disk(work.places, members)
    with work.step("unpack"):
        _unpack(work, members)
    with work.step("libraries"):
        python, lock = venv.find_python(members), (new.folder / "requirements.lock").read_bytes()
        (new.folder / ".venv").symlink_to(venv.provide(work.places, members, lock, python))
    with work.step("guards"):
        new.run(work.places, "guards", "--path", str(new.folder))
    with work.step("compile"):
        new.compile()
    with work.step("import"):
        new.run_python(work.places, "-c", "import lifetracker.main")
    failing = set[str]()
    if work.previous is not None:
        with work.step("ops-check") as facts:
            failing = _look_after(check(work.places), facts, despite)
    _rehearse(work, new)
    return failing


def _refuse_too_little_disk(places: Places, members: Archive) -> None:
    """Counted together for those that lie on one disk, as they mostly do."""
    database = source_of(places).size
    needed = {places.home: 3 * members.size, places.backups: 2 * database, places.data: database}
    on_disk = Counter[int]()
    for folder, size in needed.items():
        on_disk[folder.stat().st_dev] += size
    for folder in needed:
        free, size = shutil.disk_usage(folder).free, on_disk[folder.stat().st_dev] + SPARE
        if free < size:
            raise Refused(f"{folder} has {free // 1024**2} MiB free, a deploy needs {size // 1024**2}: make room first")


def _unpack(work: Work, members: Archive) -> None:
    new = work.places.new
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    manifest = members.manifest
    members.unpack(new, manifest.files, lambda done, of: work.tell.progress("unpack", done, of))
    (new / MANIFEST).write_text(json.dumps(manifest.model_dump(), indent=1), encoding="utf-8")
    note = {"id": work.undertaking.release, "version": manifest.version, "archive": members.digest}
    (new / NOTE).write_text(json.dumps(note), encoding="utf-8")


def _look_after(outcomes: list[Outcome], facts: dict[str, Any], despite: str | None) -> set[str]:
    failing = {each.check: f"{each.check}: {each.says}" for each in ops_check.failures(outcomes)}
    if failing and despite is None:
        wrong = "\n  ".join(failing.values())
        raise Refused(f"ops-check fails: mend it first, or go on with `--despite-ops-check REASON`:\n  {wrong}")
    if failing:
        facts |= {"despite": despite, "failing": sorted(failing)}
    return set(failing)


def _rehearse(work: Work, new: Release) -> None:
    """Try a pending migration on a copy, and find out whether the old code could serve what comes out. Where it could
    not, the service will be stopped for the real one, and nothing is written from then until the release is kept."""
    source = source_of(work.places)
    if not is_there(source) or new.serves(work.places):
        return
    with work.step("rehearsal") as facts:
        facts["closed"] = not _may_stay(work, new)


def _may_stay(work: Work, new: Release) -> bool:
    """Whether the release of before can serve the copy, once it is migrated. A server's database has no copy: there it
    is taken to be closed. Nothing is tried on one that was made for us and holds no table of ours yet."""
    if source_of(work.places).file is None:
        return work.previous is None
    try:
        with rehearsal.copied(work.places) as there:
            rehearsal.upgrade(work.places, new, there)
            return work.previous is None or work.previous.serves(work.places, there)
    except NotOurs:
        if work.previous is not None:
            raise
        return True
