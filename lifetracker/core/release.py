"""Which release this code is: what `release.json` beside the package says."""

from __future__ import annotations

import json
from pathlib import Path


def release_of(package: Path) -> str | None:
    """The id of the release that the package lies in; None for a checkout, or an installation by other means."""
    try:
        described = json.loads((package.parent / "release.json").read_text(encoding="utf-8"))
        return str(described["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


# Read at the start: after a swap the code that still runs must go on naming its own release.
RELEASE = release_of(Path(__file__).resolve().parents[1])
