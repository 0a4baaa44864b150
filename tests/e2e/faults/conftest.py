"""A server that was prepared and deployed to with the program's own commands, and serves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e import server, trees
from tests.e2e.faults import releases
from tests.e2e.machine import Machine

collect_ignore_glob = [] if os.environ.get("LIFETRACKER_E2E") else ["test_*.py"]
LAYER = "faults-"


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of this checkout."""
    return releases.build(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="session")
def spoiled(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The archive of a release that goes wrong in the way that is named."""
    return lambda name: releases.spoiled(whole, tmp_path_factory.mktemp("spoiled"), name)


@pytest.fixture(scope="session")
def deployed(bookworm: Path, whole: Path) -> Iterator[Path]:
    """What such a server has more than a bare one, as a layer."""
    _remove_abandoned()
    layer = trees.cache() / f"{LAYER}{os.getpid()}"
    with Machine.boot(bookworm) as machine:
        server.bring(machine, whole)
        server.init(machine)
        server.certify(machine)
        machine.systemctl("reload", "nginx")
        server.deploy(machine)
        machine.save(layer)
    yield layer
    shutil.rmtree(layer)


def _remove_abandoned() -> None:
    """Layers of runs that were killed."""
    for layer in trees.cache().glob(f"{LAYER}*"):
        if not psutil.pid_exists(int(layer.stem.removeprefix(LAYER))):
            shutil.rmtree(layer)


@pytest.fixture
def machine(bookworm: Path, deployed: Path) -> Iterator[Machine]:
    with Machine.boot(bookworm, layers=[deployed]) as booted:
        yield booted
