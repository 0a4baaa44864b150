"""Checks of the release that is linked: that its tree is what was deployed, and that it finds itself sound."""

from __future__ import annotations

from lifetracker.ops import shell
from lifetracker.ops.checks import compiled
from lifetracker.ops.checks.verdict import Verdict, failed, judged, ok, skipped, warning
from lifetracker.ops.journal import Journal
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases
from lifetracker.ops.release.releases import Release

SMOKE_SAYS = ["GUARDS OK", "DB CHECK OK", "SMOKE OK"]
SMOKE_TAKES_AT_MOST, PYTHON_TAKES_AT_MOST = 120.0, 30.0
ASK_SQLITE = """
import sys
from lifetracker.core import sqlite
sys.stdout.write(sqlite.wal_reset_warning() or "SQLite " + ".".join(map(str, sqlite.VERSION)))
"""


def tree_is_whole(places: Places) -> Verdict:
    """That no file of the release was changed, removed or added since it was unpacked."""
    release = live_release(places)
    found = release.differences()
    made = compiled.of_another_source(release, filter(compiled.is_compiled, release.folder.rglob("*.pyc")))
    found += [f"{path.relative_to(release.folder)} is not made from its source" for path in made]
    return judged(found, [], f"every file of {release.id} is as its manifest says")


def smoke_passes(places: Places) -> Verdict:
    """The live release's own smoke check, as the service's user and with its settings."""
    try:
        said = live_release(places).run(places, "smoke", seconds=SMOKE_TAKES_AT_MOST).splitlines()
    except shell.ProgramFailed as broken:
        wrong = [line for line in str(broken).splitlines()[1:] if line not in SMOKE_SAYS]
        return failed(" ".join(wrong) or str(broken))
    return ok(", ".join(said)) if said == SMOKE_SAYS else failed(f"smoke says something else: {' '.join(said)}")


def sqlite_is_sound(places: Places) -> Verdict:
    """That the SQLite of the live release has no bug that can lose data."""
    said = live_release(places).run_python(places, "-c", ASK_SQLITE, seconds=PYTHON_TAKES_AT_MOST)
    return warning(said) if "bug" in said else ok(said)


def deploys_are_on_record(places: Places) -> Verdict:
    """That lock and journal are there, and tell of the release that is linked: by them a deploy that was cut short is
    ended, and it is known where a rollback may go."""
    release = releases.live(places)
    if release is None:
        return skipped("nothing is deployed here yet")
    missing = [
        f"there is no {file}" for name in ("lock", "journal.jsonl") if not (file := places.deploy / name).exists()
    ]
    past = Journal(places).read()
    untold = [] if any(each.release == release.id for each in past) else [f"the journal does not tell of {release.id}"]
    return judged([], [*missing, *untold], f"the journal tells of {release.id}, and of {len(past)} change(s) in all")


def live_release(places: Places) -> Release:
    release = releases.live(places)
    if release is None:
        raise Refused(f"no release is linked at {places.live}: deploy one")
    return release
