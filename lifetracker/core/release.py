"""Which release this code is, by `release.json` beside the package; and whether it is kept, or still on trial."""

from __future__ import annotations

import json
from pathlib import Path

ON_TRIAL = ".on_trial"
MAKE_DATABASE = "`lifetracker db upgrade` makes one"
NO_DATABASE = (
    "a release was live here that had one: mount the disk that holds it (`findmnt` tells what is), "
    "or `lifetracker restore` a backup"
)


def release_of(package: Path) -> str | None:
    """The id of the release that the package lies in; None for a checkout, or an installation by other means."""
    try:
        described = json.loads((package.parent / "release.json").read_text(encoding="utf-8"))
        return str(described["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def mark_of_trial(release: Path) -> Path:
    """The file beside a release's folder that is there while a deploy may still take back what it would write."""
    return release.with_name(f"{release.name}{ON_TRIAL}")


class Trial:
    """Whether the release in a folder is on trial: nothing may be acknowledged then that a deploy could undo.

    The mark is made before the release starts, and never while it runs: a process that began without it need not look
    again, nor one that has seen it go.
    """

    def __init__(self, folder: Path | None) -> None:
        """Without a folder there is no trial."""
        mark = mark_of_trial(folder) if folder else None
        self._mark = mark if mark and mark.exists() else None

    @property
    def goes_on(self) -> bool:
        if self._mark is not None and not self._mark.exists():
            self._mark = None
        return self._mark is not None


PACKAGE = Path(__file__).resolve().parents[1]
# Read at the start: after a swap the code that still runs must go on naming its own release.
RELEASE = release_of(PACKAGE)
TRIAL = Trial(PACKAGE.parent)


def is_live(package: Path = PACKAGE) -> bool:
    """Whether the package's release is the one that is linked to be served."""
    link = package.parents[2] / "api"
    return release_of(package) is not None and link.is_symlink() and link.resolve() == package.parent


def advice_without_database() -> str:
    """What to do where there is no database file, for whoever is told that there is none."""
    return NO_DATABASE if is_live() else MAKE_DATABASE
