"""Machines for the tests: a bare one, and one that serves; each test has its own, which no other has written to.

They are collected where LIFETRACKER_E2E is set, as `nox -s e2e` does; LIFETRACKER_E2E=whole adds those marked slow.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import founding, releases, server, telling, trees
from tests.e2e.founding import Founded
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


@pytest.fixture(scope="session")
def founded(bookworm: Path) -> Founded:
    """This checkout's release, brought to a bare server by `server init` and `deploy`."""
    return founding.founded(bookworm, releases.current())


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
