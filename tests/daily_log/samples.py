"""Other trackers' data, which may be tested against and not shipped: `LIFETRACKER_SAMPLES` names the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def sample(*parts: str) -> Path:
    """A sample file; skips the test where no samples are given."""
    folder = os.environ.get("LIFETRACKER_SAMPLES")
    if not folder:
        pytest.skip("sample files not given")
    return Path(folder, *parts)
