"""Deploys from afar and deploys that are broken off: over ssh, tried without effect, killed, cut by a power cut."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import server
from tests.e2e.founding import WRITTEN
from tests.e2e.machine import Machine, Started
from tests.e2e.telling import tell
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e
UPLOADED = "/var/tmp/lifetracker-upload"  # noqa: S108  of a machine of our own
LOCK = "/opt/lifetracker/deploy/lock"
SCHEMA = "SELECT version_num FROM alembic_version"
JOURNAL = "/opt/lifetracker/deploy/journal.jsonl"


class TestOverSsh:
    def test_goes_on_with_what_had_arrived(self, serving: Machine, newer: Path) -> None:
        host, there = server.allow_ssh(serving), upload_half(serving, newer)
        serving.run(["sh", "-c", f"printf X | dd of={there} bs=1 seek=999 conv=notrunc status=none"])

        refused = server.deploy(serving, "--host", host, check=False)

        assert "it was removed there, send it again" in refused, "what had arrived was not made use of"

    def test_judges_all_in_a_dry_run_and_changes_nothing(self, serving: Machine, migrating: Path) -> None:
        host, _ = server.allow_ssh(serving), upload_half(serving, migrating)
        before = server.release(serving), releases_on(serving), server.query(serving, SCHEMA)
        serving.run(["touch", "/root/marker"])

        told = server.deploy(serving, "--host", host, "--dry-run")

        tell(told)
        assert "the database would be migrated" in told
        assert told.splitlines()[-1] == "DRY RUN OK: nothing was changed"
        assert (server.release(serving), releases_on(serving), server.query(serving, SCHEMA)) == before
        written = serving.run(["find", *WRITTEN, "-newer", "/root/marker", "-type", "f"]).stdout.split()
        assert [file for file in written if not file.startswith((server.DATABASE, JOURNAL, LOCK))] == []

    @pytest.mark.slow
    def test_ends_as_one_on_the_server_does(self, serving: Machine, newer: Path) -> None:
        host, _ = server.allow_ssh(serving), upload_half(serving, newer)

        told = server.deploy(serving, "--host", host)

        tell(told)
        assert told.splitlines()[-1] == f"DEPLOY OK: {server.release(serving)}"
        assert server.health(serving)["version"] == "0.2.1"


def upload_half(machine: Machine, archive: Path) -> str:
    """Bring an archive to the desk, and half of it to the server, as an upload leaves it that was cut."""
    server.bring(machine, archive)
    content = archive.read_bytes()
    there = f"{UPLOADED}/{hashlib.sha256(content).hexdigest()}.pyz"
    machine.put(there, content[: len(content) // 2], mode="600")
    machine.run(["chmod", "700", UPLOADED])
    return there


class TestCutShort:
    @pytest.mark.slow
    def test_killed_in_the_middle_it_is_ended_by_recover(self, serving: Machine, newer: Path) -> None:
        old = server.release(serving)
        begun_and_cut(serving, newer, "unpack", lambda deploy: deploy.kill(signal.SIGKILL))

        assert "cut short   deploy" in server.lifetracker(serving, "deploy", "--status")
        assert server.lifetracker(serving, "deploy", "--recover").splitlines()[-1] == "RECOVERED"
        again = server.lifetracker(serving, "deploy", "--recover")

        assert again == "nothing was cut short: all is as it should be\n"
        assert server.health(serving)["release"] == server.release(serving) == old

    @pytest.mark.slow
    @pytest.mark.parametrize("step", ["backup database", "smoke"])
    def test_by_a_reboot_it_leaves_a_machine_that_comes_up_whole(
        self, serving: Machine, migrating: Path, step: str
    ) -> None:
        old = server.release(serving)

        begun_and_cut(serving, migrating, step, lambda _: serving.reboot())

        assert_whole_and_recovers(serving, old)

    def test_by_a_power_cut_it_leaves_a_machine_that_comes_up_whole(self, serving: Machine, migrating: Path) -> None:
        old = server.release(serving)

        begun_and_cut(serving, migrating, "restart", lambda _: serving.cut_power())
        serving.power_on()

        assert_whole_and_recovers(serving, old)


def begun_and_cut(machine: Machine, archive: Path, step: str, cut: Callable[[Started], None]) -> None:
    """Deploy, and do `cut` once the journal has the beginning of that step."""
    server.bring(machine, archive)
    before = len(machine.read(JOURNAL))
    deploy = machine.start(server.archive_command("deploy"))
    until(lambda: f'"phase": "begin", "step": "{step}"' in machine.read(JOURNAL)[before:], pause=0.01)
    cut(deploy)


def assert_whole_and_recovers(machine: Machine, old: str) -> None:
    """The service answers with the release that is linked; the next command ends what was begun."""
    came_up, linked = server.health(machine).get("release"), server.release(machine)
    tell(f"came up with the {'old' if came_up == old else 'new'} release")
    assert came_up == linked
    server.lifetracker(machine, "deploy", "--recover")
    assert server.health(machine)["release"] == server.release(machine)
    assert server.lifetracker(machine, "ops-check").splitlines()[-1] == "OPS CHECK OK"


def releases_on(machine: Machine) -> str:
    return machine.run(["ls", "/opt/lifetracker", "/opt/lifetracker/releases"]).stdout
