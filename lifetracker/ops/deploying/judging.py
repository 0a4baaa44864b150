"""All of a deploy that touches nothing live: room, code, libraries, the server as it is, and a migration of a copy."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

from lifetracker.ops.backups.file_repository import NotOurs
from lifetracker.ops.backups.live_database import is_there, live_database
from lifetracker.ops.checks import ops_check
from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.deploying import rehearsal
from lifetracker.ops.deploying.undertaking import UnderWay
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import venv
from lifetracker.ops.release.archive import MANIFEST, Archive
from lifetracker.ops.release.releases import NOTE, Release

Check = Callable[[Places], list[Outcome]]
SPARE = 100 * 1024**2


def judge(under_way: UnderWay, members: Archive, despite: str | None, check: Check) -> set[str]:
    """Every step of it; the names of the checks that failed before and are gone on in spite of."""
    new = Release(under_way.places.new)
    with under_way.step("space"):
        _refuse_too_little_disk(under_way.places, members)
    with under_way.step("unpack"):
        _unpack(under_way, members)
    with under_way.step("libraries"):
        python, lock = venv.find_python(members), (new.folder / "requirements.lock").read_bytes()
        (new.folder / ".venv").symlink_to(venv.provide(under_way.places, members, lock, python))
    with under_way.step("guards"):
        new.run(under_way.places, "guards", "--path", str(new.folder))
    with under_way.step("compile"):
        new.compile()
    with under_way.step("import"):
        new.run_python(under_way.places, "-c", "import lifetracker.main")
    failing = set[str]()
    if under_way.previous is not None:
        with under_way.step("ops-check") as facts:
            failing = _look_after(check(under_way.places), facts, despite)
    _rehearse(under_way, new)
    return failing


def _refuse_too_little_disk(places: Places, members: Archive) -> None:
    """Counted together for those that lie on one disk, as they mostly do."""
    database = live_database(places).size
    needed = {places.home: 3 * members.size, places.backups: 2 * database, places.data: database}
    on_disk = Counter[int]()
    for folder, size in needed.items():
        on_disk[folder.stat().st_dev] += size
    for folder in needed:
        free, size = shutil.disk_usage(folder).free, on_disk[folder.stat().st_dev] + SPARE
        if free < size:
            raise Refused(f"{folder} has {free // 1024**2} MiB free, a deploy needs {size // 1024**2}: make room first")


def _unpack(under_way: UnderWay, members: Archive) -> None:
    new = under_way.places.new
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    manifest = members.manifest
    members.unpack(new, manifest.files, lambda done, of: under_way.tell.progress("unpack", done, of))
    (new / MANIFEST).write_text(json.dumps(manifest.model_dump(), indent=1), encoding="utf-8")
    note = {"id": under_way.undertaking.release, "version": manifest.version, "archive": members.digest}
    (new / NOTE).write_text(json.dumps(note), encoding="utf-8")


def _look_after(outcomes: list[Outcome], facts: dict[str, Any], despite: str | None) -> set[str]:
    failing = {each.check: f"{each.check}: {each.says}" for each in ops_check.failures(outcomes)}
    if failing and despite is None:
        wrong = "\n  ".join(failing.values())
        raise Refused(f"ops-check fails: mend it first, or go on with `--despite-ops-check REASON`:\n  {wrong}")
    if failing:
        facts |= {"despite": despite, "failing": sorted(failing)}
    return set(failing)


def _rehearse(under_way: UnderWay, new: Release) -> None:
    """Try a pending migration on a copy, and find out whether the old code could serve what comes out. Where it could
    not, the service will be stopped for the real one, and nothing is written from then until the release is kept."""
    live = live_database(under_way.places)
    if not is_there(live) or new.serves(under_way.places):
        return
    with under_way.step("rehearsal") as facts:
        facts["closed"] = not _may_stay(under_way, new)


def _may_stay(under_way: UnderWay, new: Release) -> bool:
    """Whether the release of before can serve the copy, once it is migrated. A server's database has no copy: there it
    is taken to be closed. Nothing is tried on one that was made for us and holds no table of ours yet."""
    if live_database(under_way.places).file is None:
        return under_way.previous is None
    try:
        with rehearsal.copied(under_way.places) as there:
            rehearsal.upgrade(under_way.places, new, there)
            return under_way.previous is None or under_way.previous.serves(under_way.places, there)
    except NotOurs:
        if under_way.previous is not None:
            raise
        return True
