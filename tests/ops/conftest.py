"""Installations below temporary folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops.installation import Installation, install, prefer


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Everything in its place and well, but that no process runs."""
    programs = tmp_path / "programs"
    monkeypatch.setenv("PATH", prefer(programs))
    return install(tmp_path / "root", programs)
