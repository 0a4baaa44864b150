"""Checks of the release that is linked: that its tree is what was deployed, and that it finds itself sound."""

from __future__ import annotations

from lifetracker.ops import releases, shell
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.releases import Release
from lifetracker.ops.verdict import Verdict, failed, ok, warning

SMOKE_SAYS = ["GUARDS OK", "DB CHECK OK", "SMOKE OK"]
SMOKE_TAKES_AT_MOST, PYTHON_TAKES_AT_MOST = 120.0, 30.0
NAMED = 5
ASK_SQLITE = """
import sys
from lifetracker.core import sqlite
sys.stdout.write(sqlite.wal_reset_warning() or "SQLite " + ".".join(map(str, sqlite.VERSION)))
"""


def tree_is_whole(places: Places) -> Verdict:
    """That no file of the release was changed, removed or added since it was unpacked."""
    release = _live(places)
    found = release.differences()
    if not found:
        return ok(f"every file of {release.id} is as its manifest says")
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return failed(f"not what was deployed: {', '.join(found[:NAMED])}{more}")


def smoke_passes(places: Places) -> Verdict:
    """The live release's own smoke check, as the service's user and with its settings."""
    try:
        said = _live(places).run(places, "smoke", seconds=SMOKE_TAKES_AT_MOST).splitlines()
    except shell.ProgramFailed as broken:
        wrong = [line for line in str(broken).splitlines()[1:] if line not in SMOKE_SAYS]
        return failed(" ".join(wrong) or str(broken))
    return ok(", ".join(said)) if said == SMOKE_SAYS else failed(f"smoke says something else: {' '.join(said)}")


def sqlite_is_sound(places: Places) -> Verdict:
    """That the SQLite of the live release has no bug that can lose data."""
    said = _live(places).run_python(places, "-c", ASK_SQLITE, seconds=PYTHON_TAKES_AT_MOST)
    return warning(said) if "bug" in said else ok(said)


def _live(places: Places) -> Release:
    release = releases.live(places)
    if release is None:
        raise Refused(f"no release is linked at {places.live}: deploy one")
    return release
