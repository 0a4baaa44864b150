"""Deploys over a migration that the old code cannot read, on a database of a thousand people, while clients write."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lifetracker.ops.places import SERVICE
from tests.e2e import releases, server
from tests.e2e.machine import Machine, Started
from tests.e2e.telling import tell
from tests.e2e.test_deploys import begun_and_cut
from tests.e2e.trees import CHECKOUT
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e
TYPO = "/etc/nginx/conf.d/typo.conf"
CLOSED = ('op.add_column("challenges", sa.Column("to_come", sa.Text()))',)
IN_THE_LAST_CHECK = "ops-check again"


@pytest.fixture(scope="session")
def closing() -> Path:
    """The archive of a release whose schema is open to its own code alone."""
    return releases.with_migration(*CLOSED, oldest_reader=None)


@pytest.fixture(scope="session")
def sick() -> Path:
    """The same, and it is never healthy."""

    def change(tree: Path) -> None:
        releases.add_migration(tree, *CLOSED, oldest_reader=None)
        about = tree / "lifetracker/about.py"
        releases.replace(about, "return Health(status=health,", 'return Health(status="fail",')

    return releases.changed(change)


@pytest.fixture(scope="session")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of a thousand people, who have logged for a year."""
    file = tmp_path_factory.mktemp("thousand") / "life_tracker.db"
    for words in (["db", "upgrade"], ["seed", "--users", "1000"]):
        command = [sys.executable, "-P", "-m", "lifetracker", *words]
        here = {"PYTHONPATH": str(CHECKOUT), "LIFETRACKER_DATABASE_URL": f"sqlite:///{file}"}
        subprocess.run(command, env=here, check=True, capture_output=True)
    return file


@pytest.fixture
def full(serving: Machine, thousand: Path) -> Machine:
    serving.systemctl("stop", SERVICE)
    serving.copy(thousand, server.DATABASE)
    serving.run(["chown", "lifetracker:", server.DATABASE])
    serving.run(["chmod", "600", server.DATABASE])
    serving.systemctl("start", SERVICE)
    return serving


class TestUnderLoad:
    def test_refuses_writes_for_seconds_and_loses_nothing(self, full: Machine, closing: Path) -> None:
        server.bring(full, closing)

        with server.under_load(full, rate=50) as traffic:
            told = server.deploy(full)

        took = re.findall(
            r"^  (?:stop|backup again|migration|swap|compileall|restart|health|smoke) +([\d.]+) s", told, re.M
        )
        tell(f"{told}\n{traffic}\nwrites were refused for {sum(map(float, took)):.1f} s")
        assert re.search(r"^  backup again ", told, re.MULTILINE)
        assert traffic.lost == []

    @pytest.mark.slow
    def test_of_a_sick_release_loses_nothing(self, full: Machine, sick: Path) -> None:
        before = server.release(full)
        server.bring(full, sick)

        with server.under_load(full, rate=50) as traffic:
            told = server.deploy(full, check=False)

        tell(f"{told}\n{traffic}")
        assert server.release(full) == before
        assert traffic.lost == []

    @pytest.mark.slow
    @pytest.mark.parametrize("step", ["stop", "backup again", "migration", "swap", "restart", "health", "smoke"])
    def test_killed_loses_nothing(self, full: Machine, closing: Path, step: str) -> None:
        with server.under_load(full, rate=50) as traffic:
            begun_and_cut(full, closing, step, lambda deploy: deploy.kill(signal.SIGKILL))
            until(lambda: "under way   nothing" in server.lifetracker(full, "deploy", "--status"), pause=0.1)
            server.lifetracker(full, "deploy", "--recover")

        tell(f"killed at {step}: {traffic}")
        assert traffic.lost == []


class TestLastCheck:
    @pytest.mark.slow
    def test_that_fails_for_a_typo_elsewhere_undoes_nothing(self, full: Machine, closing: Path) -> None:
        def spoil(deploying: Started) -> None:
            full.put(TYPO, "servre {}\n")
            deploying.wait(300)

        with server.under_load(full, rate=50) as traffic:
            begun_and_cut(full, closing, IN_THE_LAST_CHECK, spoil)

        tell(str(traffic))
        assert traffic.lost == []
        assert server.query(full, "SELECT count(*) FROM pragma_table_info('challenges') WHERE name = 'to_come'") == "1"
