"""The unit on a real systemd: killed, hung, told to end in the midst of a request, with several workers, and judged."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from lifetracker.ops.places import SERVICE
from lifetracker.ops.systemd import SOCKET
from tests.e2e import founding, releases, server
from tests.e2e.machine import Machine
from tests.e2e.telling import tell, tell_seconds
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e
UNITS = "/etc/systemd/system"
BACKUP_UNITS = ("lifetracker-backup.service", "lifetracker-backup.timer")
BACK_WITHIN = 3.0  # seconds from a kill to an answer
STOPS_WITHIN = 20.0  # the unit's TimeoutStopSec
MOST_EXPOSED, MOST_EXPOSED_WITH_SOCKET = 0.9, 0.2
IMPATIENT = "[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n"

# A request that is let in at once, and whose body comes after $1 seconds, or never: what it was answered.
SLOW = """
import http.client, sys, time
after, token, path = float(sys.argv[1]), sys.argv[2], sys.argv[3]
body = b'{"value": 1}'
to = http.client.HTTPConnection("127.0.0.1", 8000, timeout=30)
to.putrequest("PUT", path)
for name, value in {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}.items():
    to.putheader(name, value)
to.putheader("Content-Length", str(len(body)))
to.endheaders()
print("sent", flush=True)
time.sleep(after)
to.send(body)
print(to.getresponse().status, flush=True)
"""


class TestKilled:
    def test_loses_nothing_in_five_kills(self, serving: Machine) -> None:
        killed_under_load(serving, 5)

    @pytest.mark.slow
    def test_loses_nothing_in_twenty_kills(self, serving: Machine) -> None:
        killed_under_load(serving, 20)


def killed_under_load(machine: Machine, times: int) -> None:
    with server.under_load(machine, rate=200) as traffic:
        back = [killed_and_back(machine) for _ in range(times)]
    tell(f"{times} x kill -9, back after {back} s: {traffic}")
    assert traffic.lost == []
    assert "integrity: ok" in server.lifetracker(machine, "db", "check", "--deep")
    tell_seconds("the shortest time away", min(back), most=BACK_WITHIN)


def killed_and_back(machine: Machine) -> float:
    """Kill the service in the middle of what it does; how many seconds until it answers."""
    time.sleep(0.5)
    began = time.monotonic()
    machine.kill(machine.main_pid(SERVICE))
    until(lambda: server.health(machine).get("status") == "ok")
    return round(time.monotonic() - began, 2)


class TestToldToEnd:
    def test_answers_what_it_had_let_in(self, serving: Machine) -> None:
        token, path = a_day(serving)
        slow = serving.start(["python3", "-c", SLOW, "4", token, path])
        until(lambda: "sent" in slow.said())

        began = time.monotonic()
        serving.systemctl("stop", SERVICE)
        took = time.monotonic() - began

        tell(f"stopped in {took:.1f} s, with a request that took 4 more")
        assert slow.wait().stdout.split() == ["sent", "201"]
        serving.systemctl("start", SERVICE)
        assert server.ask(serving, "GET", path, token=token)["value"] == 1

    @pytest.mark.slow
    def test_waits_for_nobody_longer_than_it_says(self, serving: Machine) -> None:
        token, path = a_day(serving)
        slow = serving.start(["python3", "-c", SLOW, "60", token, path])
        until(lambda: "sent" in slow.said())

        began = time.monotonic()
        serving.systemctl("stop", SERVICE)
        took = time.monotonic() - began

        tell(f"stopped in {took:.1f} s, with a request that would never end")
        assert took < STOPS_WITHIN
        assert serving.systemctl("show", "--property=Result", "--value", SERVICE) == "success"


def a_day(machine: Machine) -> tuple[str, str]:
    """A token, and the path of a day to log to."""
    token = server.sign_up(machine)
    read = {"title": "Read", "kind": "check", "schedule": {"type": "daily"}}
    challenge = server.ask(machine, "POST", "/challenges", read, token=token)
    return token, f"/challenges/{challenge['id']}/log/today"


class TestHung:
    def test_is_ended_and_started_again_by_the_watchdog(self, serving: Machine) -> None:
        drop_in(serving, IMPATIENT)
        hung = serving.main_pid(SERVICE)

        serving.kill(hung, signal.SIGSTOP)
        began = time.monotonic()
        until(lambda: serving.main_pid(SERVICE) not in (0, hung) and server.health(serving).get("status") == "ok")

        tell(f"back {time.monotonic() - began:.1f} s after it hung, with a watchdog of 3 s")
        assert "Watchdog timeout" in serving.journal(SERVICE)


class TestTwoWorkers:
    def test_are_both_there_when_a_restart_returns(self, serving: Machine) -> None:
        server.set_workers(serving, 2)

        assert status(serving).endswith("2 workers serve")
        assert len(workers(serving)) == 2

    @pytest.mark.slow
    def test_one_that_hangs_is_replaced(self, serving: Machine) -> None:
        server.set_workers(serving, 2)
        hung = workers(serving)[1]

        serving.kill(hung, signal.SIGSTOP)
        began = time.monotonic()
        until(lambda: hung not in workers(serving) and status(serving).endswith("2 workers serve"))

        tell(f"a second worker that hung was replaced after {time.monotonic() - began:.1f} s")
        assert server.health(serving)["status"] == "ok"

    @pytest.mark.slow
    def test_one_that_hangs_is_noticed_though_nobody_replaces_it(self, serving: Machine) -> None:
        """As when uvicorn's own look at its workers sees a process that answers, in a loop that does not."""
        server.set_workers(serving, 2)
        drop_in(serving, f"{IMPATIENT}Environment=UVICORN_TIMEOUT_WORKER_HEALTHCHECK=600\n")
        before = serving.main_pid(SERVICE)

        serving.kill(workers(serving)[1], signal.SIGSTOP)
        until(lambda: serving.main_pid(SERVICE) not in (0, before) and status(serving).endswith("2 workers serve"))

        assert "Watchdog timeout" in serving.journal(SERVICE)


def workers(machine: Machine) -> list[int]:
    """The process ids of uvicorn's workers."""
    said = machine.run(["pgrep", "--full", "multiprocessing-fork", "--parent", str(machine.main_pid(SERVICE))]).stdout
    return [int(pid) for pid in said.split()]


def status(machine: Machine) -> str:
    return machine.systemctl("show", "--property=StatusText", "--value", SERVICE)


def drop_in(machine: Machine, text: str) -> None:
    machine.put(f"{UNITS}/{SERVICE}.d/trial.conf", text)
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", SERVICE)


class TestExposure:
    def test_is_low(self, serving: Machine) -> None:
        assert exposure(serving) <= MOST_EXPOSED

    def test_is_lower_with_the_socket(self, with_socket: Machine) -> None:
        assert exposure(with_socket) <= MOST_EXPOSED_WITH_SOCKET


def exposure(machine: Machine) -> float:
    """As systemd judges the unit that runs: 0 is the best, 10 the worst."""
    rows = json.loads(machine.systemd_analyze("security", "--json=short", SERVICE))
    overall = re.findall(r"exposure level for .*: ([\d.]+)", machine.systemd_analyze("security", SERVICE))
    lost = [f"{row['exposure']} {row['description']}" for row in rows if row["set"] is False]
    tell("\n  ".join([f"exposure {overall[0]}", *lost]))
    return float(overall[0])


class TestVerified:
    def test_without_a_line(self, with_socket: Machine) -> None:
        assert verified(with_socket, SERVICE, SOCKET, *BACKUP_UNITS) == ""


def verified(machine: Machine, *units: str) -> str:
    return machine.systemd_analyze("verify", *(f"{UNITS}/{unit}" for unit in units))


@pytest.mark.slow
class TestOldSystemd:
    def test_runs_the_unit_and_finds_nothing_to_say_of_it(self, bullseye: Path) -> None:
        """Debian 11 has systemd 247, older than any that we promise."""
        with Machine.boot(bullseye) as machine:
            how = founding.found(machine, releases.current())

            tell(f"first deploy on Debian 11 {how.seconds:.1f} s")
            assert server.health(machine)["release"] == server.release(machine), machine.journal(SERVICE)
            assert verified(machine, SERVICE, *BACKUP_UNITS) == ""
