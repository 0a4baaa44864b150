"""What befalls the database file: it is taken from under the service, or restored from a backup by halves."""

from __future__ import annotations

import json
import signal

import pytest

from lifetracker.ops.places import SERVICE
from tests.e2e import server
from tests.e2e.faults.api import Client, await_healthy
from tests.e2e.machine import Machine

pytestmark = pytest.mark.e2e
DATABASE = server.DATABASE
PARTS = ["life_tracker.db"]


@pytest.fixture
def anna(machine: Machine) -> Client:
    client = Client(machine).settle_in()
    client.log(1, expect=201)
    return client


@pytest.fixture
def backup(anna: Client) -> str:
    """One that has 1 for today; what there is has 2."""
    made = server.lifetracker(anna.machine, "backup").partition(":")[0]
    anna.log(2, expect=200)
    return made


class TestTakenAway:
    @pytest.mark.parametrize(
        "command", [["mv", DATABASE, "/root/away.db"], pytest.param(["rm", DATABASE], marks=pytest.mark.slow)]
    )
    def test_no_write_is_acknowledged_that_would_be_lost(self, anna: Client, command: list[str]) -> None:
        anna.machine.run(command)

        refused = anna.log(2)

        assert (refused.status, refused.body["code"]) == (503, "database_unavailable")
        assert "was deleted, renamed or replaced" in str(
            Client(anna.machine).ask("GET", "/health/deep", expect=503).body["checks"]
        )
        assert anna.logged() == 1
        assert "FAIL  deep health" in server.lifetracker(anna.machine, "ops-check", check=False)


class TestRestore:
    def test_is_refused_while_the_service_runs(self, anna: Client, backup: str) -> None:
        done = anna.machine.run(["/usr/local/bin/lifetracker", "restore", backup, "--yes"], check=False)

        assert done.returncode == 1
        assert f"the service runs: `systemctl stop {SERVICE}` first" in done.stderr
        assert anna.logged() == 2

    def test_stops_and_starts_it_where_that_is_asked_for(self, anna: Client, backup: str) -> None:
        machine = anna.machine
        server.lifetracker(machine, "restore", backup, "--yes", "--stop")

        await_healthy(machine)
        assert anna.logged() == 1
        told = json.loads(machine.read(f"/var/backups/lifetracker/{backup}/MANIFEST.json"))["tables"]
        assert int(server.query(machine, "SELECT count(*) FROM daily_log")) == told["daily_log"]
        machine.systemctl("stop", SERVICE)
        assert [name for name in _parts(machine) if not name.endswith(("-wal", "-shm"))] == PARTS

    def test_that_was_killed_leaves_one_whole_database_to_a_server_that_is_cut_off_then(
        self, anna: Client, backup: str
    ) -> None:
        """Killed while the service is stopped, and the power goes; the server comes up by itself with either."""
        machine = anna.machine
        command = ["/usr/local/bin/lifetracker", "restore", backup, "--yes", "--stop"]
        restoring = machine.start(command)
        while machine.main_pid(SERVICE):
            assert restoring.running, restoring.said()
        restoring.kill(signal.SIGKILL)
        machine.cut_power()
        machine.power_on()

        await_healthy(machine)
        assert anna.logged() in (1, 2)
        assert server.query(machine, "PRAGMA integrity_check") == "ok"
        machine.run(command)
        await_healthy(machine)
        assert anna.logged() == 1


def _parts(machine: Machine) -> list[str]:
    return machine.run(["ls", "/var/lib/lifetracker"]).stdout.split()
