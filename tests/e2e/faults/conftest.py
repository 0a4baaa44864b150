"""A server that was prepared and deployed to with the program's own commands, and serves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.faults import releases
from tests.e2e.founding import Founded
from tests.e2e.machine import Machine

collect_ignore_glob = [] if os.environ.get("LIFETRACKER_E2E") else ["test_*.py"]


@pytest.fixture(scope="session")
def spoiled(founded: Founded, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The archive of a release that goes wrong in the way that is named."""
    return lambda name: releases.spoiled(founded.archive, tmp_path_factory.mktemp("spoiled"), name)


@pytest.fixture
def machine(serving: Machine) -> Machine:
    return serving
