"""Machines for the tests: a bare one, and one that serves; each test has its own, which no other has written to.

They are collected where LIFETRACKER_E2E is set, as `nox -s e2e` does; LIFETRACKER_E2E=whole adds those marked slow.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.e2e import releases, server, telling, trees
from tests.e2e.machine import Machine

MODE = os.environ.get("LIFETRACKER_E2E", "")
collect_ignore_glob = [] if MODE else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if MODE != "whole" and item.get_closest_marker("e2e") and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: nox -s e2e -- --whole"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if telling.FIGURES:
        terminalreporter.section("figures")
    for figure in telling.FIGURES:
        terminalreporter.write_line(figure.rstrip())


@pytest.fixture(scope="session")
def bookworm() -> Path:
    """Debian 12: systemd 252, Python 3.11."""
    return _ready(trees.BOOKWORM)


@pytest.fixture(scope="session")
def bullseye() -> Path:
    """Debian 11: systemd 247, Python 3.9 as `python3`, and a `python3.11` laid in."""
    return _ready(trees.BULLSEYE)


def _ready(tree: trees.Tree) -> Path:
    if reason := trees.why_not():
        pytest.skip(reason)
    return trees.ready(tree)


@pytest.fixture
def bare(bookworm: Path) -> Iterator[Machine]:
    """A server as its hoster hands it over."""
    with Machine.boot(bookworm) as machine:
        yield machine


@dataclass(frozen=True)
class Founded:
    """A server that serves: what it has more than a bare one, as a layer, and how that came to be."""

    archive: Path
    layer: Path
    how: server.Founding


@pytest.fixture(scope="session")
def founded(bookworm: Path) -> Iterator[Founded]:
    """This checkout's release, brought to a bare server by `server init` and `deploy`."""
    _remove_abandoned_layers()
    layer, archive = trees.cache() / f"founded-{os.getpid()}", releases.current()
    with Machine.boot(bookworm) as machine:
        how = server.found(machine, archive)
        machine.save(layer)
    yield Founded(archive, layer, how)
    shutil.rmtree(layer)


def _remove_abandoned_layers() -> None:
    """Those of runs that were killed."""
    for layer in trees.cache().glob("founded-*"):
        if not psutil.pid_exists(int(layer.stem.partition("-")[2])):
            shutil.rmtree(layer)


@pytest.fixture
def serving(bookworm: Path, founded: Founded) -> Iterator[Machine]:
    """A server that serves https://api.lifetracker.site/api, with nothing in its database yet."""
    with Machine.boot(bookworm, layers=[founded.layer]) as machine:
        yield machine


@pytest.fixture(scope="session")
def newer() -> Path:
    """The archive of a release after this one."""
    return releases.next_version()


@pytest.fixture(scope="session")
def migrating() -> Path:
    """The archive of one that brings a migration, with which this one can go on."""
    return releases.with_migration()


@pytest.fixture
def with_socket(serving: Machine) -> Machine:
    """A server whose operator wants restarts that nobody notices, and did what the socket unit says."""
    server.take_socket(serving)
    return serving
