"""A disk that is full, or that has become read-only: reads go on, no write is acknowledged falsely, and it heals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lifetracker.ops.places import SERVICE, USER
from tests.e2e import server
from tests.e2e.faults.api import Client, await_healthy
from tests.e2e.founding import Founded
from tests.e2e.machine import Disk, Machine

pytestmark = pytest.mark.e2e
DATA = "/var/lib/lifetracker"


@pytest.fixture
def anna(bookworm: Path, founded: Founded) -> Iterator[Client]:
    """A person who has logged 1 on a server whose data lie on a disk of 24 MiB."""
    with Machine.boot(bookworm, layers=[founded.layer], disk=Disk(24, DATA)) as machine:
        machine.run(["chown", f"{USER}:{USER}", DATA])
        machine.run(["chmod", "750", DATA])
        # An empty file first: where a release is live, a missing one is not made.
        machine.run(["install", "-m", "600", "-o", USER, "-g", USER, "/dev/null", f"{DATA}/life_tracker.db"])
        server.lifetracker(machine, "db", "upgrade")
        machine.systemctl("restart", SERVICE)
        await_healthy(machine)
        client = Client(machine).settle_in()
        client.log(1, expect=201)
        yield client


def require_reads_alone(anna: Client) -> None:
    for value in range(2, 7):
        refused = anna.log(value)
        assert (refused.status, refused.body["code"]) == (503, "database_unavailable"), refused
        assert refused.headers["retry-after"]
    assert anna.logged() == 1
    assert Client(anna.machine).ask("GET", "/health", expect=200).body["status"] == "ok"
    assert Client(anna.machine).ask("GET", "/health/deep", expect=503).body["status"] == "fail"
    assert "FAIL  deep health" in server.lifetracker(anna.machine, "ops-check", check=False)


class TestFullDisk:
    def test_refuses_writes_goes_on_reading_and_heals_alone(self, anna: Client) -> None:
        machine = anna.machine
        process = machine.main_pid(SERVICE)
        machine.run(["dd", "if=/dev/zero", f"of={DATA}/other", "bs=4k"], check=False)

        require_reads_alone(anna)

        machine.run(["rm", f"{DATA}/other"])
        anna.log(8, expect=200)
        assert anna.logged() == 8
        assert Client(machine).ask("GET", "/health/deep", expect=200).body["status"] == "ok"
        assert machine.main_pid(SERVICE) == process
        assert server.query(machine, "PRAGMA integrity_check") == "ok"

    def test_forbids_a_deploy_before_anything_is_unpacked(self, bookworm: Path, founded: Founded) -> None:
        with Machine.boot(bookworm, disk=Disk(24, "/opt/lifetracker")) as machine:
            server.bring(machine, founded.archive)
            server.init(machine)

            said = server.deploy(machine, check=False)

            assert "/opt/lifetracker has " in said
            assert "make room first" in said
            assert machine.run(["ls", "/opt/lifetracker"]).stdout.split() == [
                "deploy",
                "lost+found",
                "releases",
                "venvs",
            ]


class TestReadOnlyDisk:
    def test_refuses_writes_and_goes_on_reading(self, anna: Client) -> None:
        anna.machine.fail_disk()

        require_reads_alone(anna)
