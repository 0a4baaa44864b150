"""The nights on a real systemd: what takes backup or drill out of work is told, and told no more when it is mended."""

from __future__ import annotations

import json

import pytest

from tests.e2e import server
from tests.e2e.machine import Machine
from tests.e2e.telling import tell

pytestmark = pytest.mark.e2e
UNIT, TIMER = "lifetracker-backup.service", "lifetracker-backup.timer"
UNITS = "/etc/systemd/system"
DROP_IN = f"{UNITS}/{UNIT}.d/mine.conf"
RELOAD = "systemctl daemon-reload"
AWAY = f"rm -r {UNITS}/{UNIT}.d; {RELOAD}"
BACKUPS = "/var/backups/lifetracker"
NEWEST = f"$(ls -d {BACKUPS}/2* | tail -n 1)/life_tracker.db"


def drop_in(line: str) -> str:
    return f"mkdir {UNITS}/{UNIT}.d; printf '[Service]\\n{line}\\n' > {DROP_IN}; {RELOAD}"


# What somebody types, what ops-check says of it, and what mends it.
WAYS = [
    (f"systemctl disable {TIMER}", "timer is disabled", f"systemctl enable {TIMER}"),
    (f"systemctl stop {TIMER}", "timer is inactive (dead)", f"systemctl start {TIMER}"),
    (
        f"systemctl disable {TIMER}; systemctl enable --runtime {TIMER}",
        "timer is enabled-runtime",
        f"systemctl disable --runtime {TIMER}; systemctl enable {TIMER}",
    ),
    (drop_in("ExecStart=\\nExecStart=/bin/true"), "runs `/bin/true`", AWAY),
    (
        f"mv {UNITS}/{UNIT} /root; ln -s /dev/null {UNITS}/{UNIT}; {RELOAD}",
        "it is masked",
        f"rm {UNITS}/{UNIT}; mv /root/{UNIT} {UNITS}; {RELOAD}",
    ),
    (
        f"mv /var/lib/lifetracker/life_tracker.db /root; systemctl start {UNIT}",
        "did not end well: failed (failed), exit-code, code 1",
        f"mv /root/life_tracker.db /var/lib/lifetracker; systemctl start {UNIT}",
    ),
    (f"mv {NEWEST} /root", "it lacks life_tracker.db", f"mv /root/life_tracker.db $(dirname {NEWEST})"),
]


class TestNights:
    def test_are_told_of_when_nothing_comes_of_them(self, machine: Machine) -> None:
        machine.systemctl("start", UNIT)
        found = {"": checked(machine)}
        for breaks, _, mends in WAYS:
            machine.run(["sh", "-c", breaks], check=False)
            found[breaks] = checked(machine)
            machine.run(["sh", "-c", mends], check=False)
        found["mended"] = checked(machine)
        tell(f"broken in {len(WAYS)} ways: {list(found.values())}")

        assert {found[""][:2], found["mended"][:2]} == {"ok"}
        assert {says for breaks, says, _ in WAYS if says not in found[breaks]} == set()
        assert [breaks for breaks, _, _ in WAYS if found[breaks].startswith("ok")] == []

    def test_that_were_refused_are_errors_in_the_journal(self, machine: Machine) -> None:
        machine.run(["mv", "/var/lib/lifetracker/life_tracker.db", "/root"])
        machine.systemctl("start", UNIT, check=False)

        said = machine.run(["journalctl", "-u", UNIT, "-p", "err", "-o", "cat"]).stdout

        assert "lifetracker: there is no database at /var/lib/lifetracker/life_tracker.db" in said


def checked(machine: Machine) -> str:
    """State and sentence of the check of the backups."""
    told = json.loads(server.lifetracker(machine, "ops-check", "--json", check=False))
    return next(f"{each['state']}: {each['says']}" for each in told if each["check"] == "backup")
