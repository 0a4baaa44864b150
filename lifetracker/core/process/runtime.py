"""The folder for what lives no longer than the service does: heartbeats of workers, and their turns at writing."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path


def runtime_folder(environment: Mapping[str, str]) -> Path:
    """systemd's for this unit, the first where it made several; else the system's temporary one, which is anybody's.

    `OSError` where there is neither.
    """
    return Path(environment.get("RUNTIME_DIRECTORY", "").partition(":")[0] or tempfile.gettempdir())
