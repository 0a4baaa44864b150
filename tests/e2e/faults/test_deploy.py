"""What befalls a deploy: releases that go wrong, kills, a cut of power, and a server that somebody had a hand in."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifetracker.ops.places import SERVICE
from tests.e2e import server
from tests.e2e.faults.api import Client, await_healthy
from tests.e2e.machine import Machine, Started

pytestmark = pytest.mark.e2e
JOURNAL = "/opt/lifetracker/deploy/journal.jsonl"
LIVE = "/opt/lifetracker/api"
QUICK_TO_FAIL = "[Service]\nTimeoutStartSec=3\n"  # the unit gives 30 seconds
HAND_IN = {"strangers", "live tree", "data", "daemon-reload", "nginx"}


@pytest.fixture
def anna(machine: Machine) -> Client:
    client = Client(machine).settle_in()
    client.log(1, expect=201)
    return client


def live(machine: Machine) -> str:
    """The release that is linked, which must be the one that answers, whole, in good health."""
    linked = machine.run(["readlink", LIVE]).stdout.strip().rpartition("/")[2]
    await_healthy(machine)
    assert Client(machine).ask("GET", "/health").body["release"] == linked
    assert checked(machine)["live tree"]["state"] == "ok"
    return linked


def checked(machine: Machine) -> dict[str, Any]:
    """What each check of ops-check finds."""
    said = server.lifetracker(machine, "ops-check", "--json", check=False)
    return {each["check"]: each for each in json.loads(said)}


def journal(machine: Machine) -> list[dict[str, Any]]:
    return [json.loads(line) for line in machine.read(JOURNAL).splitlines()]


def outcomes(machine: Machine) -> list[str]:
    """How each undertaking ended; the line that its command is over says that a second time."""
    return [line["outcome"] for line in journal(machine) if line["phase"] == "outcome" and not line.get("over")]


class TestBadRelease:
    @pytest.mark.parametrize(
        ("wrong", "fails_at"),
        [
            ("crashes when it serves", "restart"),
            *(
                pytest.param(wrong, fails_at, marks=pytest.mark.slow)
                for wrong, fails_at in [
                    ("fails in its migration", "migration"),
                    ("breaks a guard", "guards"),
                    ("has a syntax error", "guards"),
                    ("lacks a wheel", "libraries"),
                    ("is never ready", "restart"),
                    ("is never healthy", "health"),
                    ("fails its smoke check", "smoke"),
                ]
            ),
        ],
    )
    def test_leaves_the_one_before_serving_and_is_never_gone_back_to(
        self, anna: Client, spoiled: Callable[[str], Path], wrong: str, fails_at: str
    ) -> None:
        machine, before = anna.machine, live(anna.machine)
        schema = server.query(machine, "SELECT version_num FROM alembic_version")
        machine.put(f"/etc/systemd/system/{SERVICE}.d/quick.conf", QUICK_TO_FAIL)
        machine.systemctl("daemon-reload")
        machine.copy(spoiled(wrong), "/root/bad.pyz")

        done = machine.run(["python3", "/root/bad.pyz", "deploy"], check=False, timeout=180)

        assert done.returncode == 1
        assert re.search(rf"^  {fails_at} +FAILED", done.stdout, re.MULTILINE), done.stdout
        assert live(machine) == before
        assert anna.logged() == 1
        assert server.query(machine, "SELECT version_num FROM alembic_version") == schema
        assert outcomes(machine) == ["done", "failed"]
        assert "no good release before" in machine.run(["lifetracker", "rollback"], check=False).stderr


class TestKilled:
    def test_in_the_migration_leaves_the_schema_as_it_was(self, anna: Client, spoiled: Callable[[str], Path]) -> None:
        """The deploy and the process that migrates; then the next command ends what was cut short."""
        machine, before = anna.machine, live(anna.machine)
        machine.copy(spoiled("migrates for a minute"), "/root/slow.pyz")
        deploying = machine.start(["python3", "/root/slow.pyz", "deploy"])
        await_step(deploying, machine, "migration")
        time.sleep(2)  # until its tables are made, and not committed
        deploying.kill(signal.SIGKILL)
        assert "holds the lock" in machine.run(["lifetracker", "deploy", "--recover"], check=False).stderr
        machine.kill(int(machine.run(["pgrep", "-f", "db upgrade --leave-newer"]).stdout.split()[0]))

        assert "put back" in machine.run(["lifetracker", "deploy", "--recover"]).stdout
        assert "nothing was cut short" in machine.run(["lifetracker", "deploy", "--recover"]).stdout
        assert live(machine) == before
        assert "to_come" not in server.query(machine, ".schema challenges")
        assert anna.logged() == 1

    @pytest.mark.slow
    def test_by_a_cut_of_power_comes_up_with_a_whole_release_and_goes_no_further_by_itself(self, anna: Client) -> None:
        machine, before = anna.machine, live(anna.machine)
        deploying = machine.start(server.archive_command("deploy", server.ARCHIVE))
        await_step(deploying, machine, "restart")
        machine.cut_power()
        machine.power_on()
        written = len(journal(machine))

        after = live(machine)

        assert after != before
        assert (len(journal(machine)), outcomes(machine)) == (written, ["done"])
        assert "cut short" in server.lifetracker(machine, "deploy", "--status")
        assert "RECOVERED" in machine.run(["lifetracker", "deploy", "--recover"]).stdout
        assert live(machine) == after
        assert anna.logged() == 1


def await_step(deploying: Started, machine: Machine, step: str) -> None:
    """Until the deploy has begun a step: its line is on the disk."""
    for _ in range(3000):
        steps = [line["step"] for line in journal(machine)[-1:] if line["phase"] == "begin"]
        if steps == [step]:
            return
        assert deploying.running, deploying.said()
    raise AssertionError(f"{step} did not begin: {deploying.said()}")


class TestServerThatSomebodyHadAHandIn:
    def test_is_told_for_each_thing_and_gets_no_deploy(self, anna: Client) -> None:
        machine = anna.machine
        by_hand = f"cd {LIVE} && exec .venv/bin/uvicorn lifetracker.main:app --port 8001"
        nohup = machine.start(["sh", "-c", by_hand], env=server.settings(machine))
        machine.run(["sh", "-c", f"echo >> {LIVE}/lifetracker/daily_log/score.py"])
        machine.run(["chmod", "o+rx", "/var/lib/lifetracker"])
        machine.run(["sed", "-i", "s/^TasksMax=.*/TasksMax=99/", f"/etc/systemd/system/{SERVICE}"])
        machine.run(["sed", "-i", "s/server_name/servre_name/", "/etc/nginx/sites-available/api.lifetracker.site.conf"])
        _await_second(machine, nohup)
        before, process = _state(machine), machine.main_pid(SERVICE)

        found = checked(machine)
        said = server.deploy(machine, check=False)

        assert {name for name, each in found.items() if each["state"] == "failed"} == HAND_IN
        assert f"process {nohup.pid} of root" in found["strangers"]["says"]
        assert "lifetracker/daily_log/score.py was changed" in found["live tree"]["says"]
        assert {name for name in HAND_IN if f"  {name}: " in said} == HAND_IN
        assert (_state(machine), machine.main_pid(SERVICE)) == (before, process)
        assert server.health(machine)["status"] == "ok"  # nginx was not told to load what it cannot


def _await_second(machine: Machine, uvicorn: Started) -> None:
    """Until it has started, and has the database open."""
    for _ in range(200):
        if machine.run(["curl", "--silent", "http://127.0.0.1:8001/health"], check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(uvicorn.said())


def _state(machine: Machine) -> str:
    """Every file of ours with its time of change, but for lock and journal."""
    where = ["/opt/lifetracker", "/var/backups/lifetracker"]
    return machine.run(
        ["find", *where, "-path", "*/deploy/*", "-prune", "-o", "-type", "f", "-printf", "%p %T@\\n"]
    ).stdout
