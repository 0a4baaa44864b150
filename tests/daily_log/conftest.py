"""What tests of imports stand on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.daily_log.loop_files import LoopFile


@pytest.fixture
def loop_file(tmp_path: Path) -> Callable[..., LoopFile]:
    """Makes empty backups: `loop_file(version=21)`."""
    numbers = count()

    def make(version: int = 25, **options: str) -> LoopFile:
        return LoopFile(tmp_path / f"loop-{next(numbers)}.db", version, **options)

    return make
