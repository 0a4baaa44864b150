"""The ground that the other tests stand on: machines that come and go, and an account that does not lie."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from lifetracker.ops.places import SERVICE, USER
from tests.e2e import server
from tests.e2e.machine import CommandFailed, Disk, Machine
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e


class TestMachine:
    def test_runs_commands_as_anybody_and_tells_how_they_ended(self, bare: Machine) -> None:
        assert bare.run(["id", "--user", "--name"], user="www-data").stdout == "www-data\n"
        assert bare.run(["sh", "-c", "exit 3"], check=False).returncode == 3
        assert bare.run(["sleep", "9"], timeout=0.1, check=False).returncode == 124
        with pytest.raises(CommandFailed, match="No such file"):
            bare.run(["cat", "/nowhere"])

    def test_kills_a_command_that_runs_beside_the_test(self, bare: Machine) -> None:
        sleeping = bare.start(["sleep", "99"], user="www-data")

        sleeping.kill(signal.SIGKILL)

        assert sleeping.wait().returncode == -signal.SIGKILL

    def test_keeps_files_when_it_reboots_and_when_its_power_is_cut(self, bare: Machine) -> None:
        bare.put("/etc/kept", "still here")

        bare.reboot()
        bare.cut_power()
        bare.power_on()

        assert bare.read("/etc/kept") == "still here"

    def test_has_a_small_disk_that_fills_up_and_fails_alone(self, bookworm: Path) -> None:
        with Machine.boot(bookworm, disk=Disk(8, "/var/lib/lifetracker")) as machine:
            fill = ["dd", "if=/dev/zero", "of=/var/lib/lifetracker/all", "bs=1M"]
            assert "No space left" in machine.run(fill, check=False).stderr
            machine.fail_disk()
            assert "Read-only" in machine.run(["rm", "/var/lib/lifetracker/all"], check=False).stderr

    def test_does_not_see_what_another_wrote_or_stopped(self, bare: Machine, bookworm: Path) -> None:
        with Machine.boot(bookworm) as other:
            other.put("/etc/mine", "")
            other.systemctl("stop", "nginx")

            assert bare.run(["test", "-e", "/etc/mine"], check=False).returncode == 1
            assert bare.systemctl("is-active", "nginx") == "active"

    def test_is_reached_over_ssh(self, bare: Machine) -> None:
        host = server.allow_ssh(bare)

        assert bare.run(["ssh", "-o", "BatchMode=yes", host, "hostname"]).stdout == "server\n"

    def test_leaves_nothing_running_or_mounted(self, bookworm: Path) -> None:
        before = _mounts(), _disks()
        with Machine.boot(bookworm, disk=Disk(8, "/srv")) as machine:
            leader, name = psutil.Process(machine.leader), machine.name
            machine.start(["sleep", "99"])

        assert not leader.is_running() or leader.status() == psutil.STATUS_ZOMBIE
        assert not list(Path("/sys/fs/cgroup").glob(f"**/{name}"))
        assert (_mounts(), _disks()) == before


class TestOldDebian:
    def test_runs_a_python_3_11_beside_its_own(self, bullseye: Path) -> None:
        with Machine.boot(bullseye) as machine:
            assert machine.systemctl("--version").startswith("systemd 247")
            assert machine.run(["python3", "--version"]).stdout.startswith("Python 3.9")
            assert machine.run(["python3.11", "--version"]).stdout.startswith("Python 3.11")


class TestLoad:
    def test_an_entry_taken_away_is_missed(self, serving: Machine) -> None:
        with server.under_load(serving, rate=100):
            until(lambda: server.query(serving, "SELECT max(value) > 1 FROM daily_log") == "1")
        gone = "DELETE FROM daily_log WHERE value = (SELECT max(value) FROM daily_log)"
        serving.run(["sqlite3", server.DATABASE, gone], user=USER)

        assert len(server.verified(serving)["missing"]) == 1

    def test_an_addition_carried_out_twice_is_noticed(self, serving: Machine) -> None:
        added_to = "challenge_id = (SELECT max(id) FROM challenges)"
        with server.under_load(serving, rate=100):
            until(lambda: server.query(serving, f"SELECT 1 FROM daily_log WHERE {added_to} LIMIT 1") == "1")
        twice = f"UPDATE daily_log SET value = value + 1 WHERE {added_to}"
        serving.run(["sqlite3", server.DATABASE, twice], user=USER)

        assert server.verified(serving)["additions_doubled"] == 1

    def test_a_server_that_is_away_is_counted_as_failures(self, serving: Machine) -> None:
        with server.under_load(serving, rate=100) as traffic:
            serving.systemctl("stop", SERVICE)
            time.sleep(1)
            serving.systemctl("start", SERVICE)

        assert traffic.acked > 0
        assert traffic.failed_requests > 50
        assert {failure["status"] for failure in traffic.failures} <= {0, 502, 503, 504}
        assert traffic.lost == []


def _mounts() -> int:
    return len(Path("/proc/self/mounts").read_text().splitlines())


def _disks() -> str:
    return subprocess.run(["losetup", "--list"], capture_output=True, text=True, check=True).stdout
