"""What befalls the service while it runs: it is killed, told to end, kept from its database, and nginx reloads."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest

from lifetracker.ops.places import SERVICE, USER
from tests.e2e import server
from tests.e2e.faults.api import Client, await_healthy, curl, parse
from tests.e2e.machine import Machine, Started
from tests.e2e.telling import tell, tell_seconds

pytestmark = pytest.mark.e2e
TIMES = 20
BACK_IN = 3.0  # seconds, after kill -9
LOCK = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
import time; time.sleep(float(sys.argv[2]))
held.execute("COMMIT")
"""
# A request whose body comes slowly: half of it at once, the other half after so many seconds.
SLOW = """
import socket, sys, time
_, path, token, seconds, body = sys.argv
with socket.create_connection(("127.0.0.1", 8000)) as client:
    head = [f"PUT {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", f"Content-Length: {len(body)}"]
    client.sendall("\\r\\n".join([*head, "Content-Type: application/json", "", body[:5]]).encode())
    print("half", flush=True)
    time.sleep(float(seconds))
    client.sendall(body[5:].encode())
    print(client.recv(4096).decode())
"""


class TestKilled:
    @pytest.mark.slow
    def test_loses_nothing_that_was_acknowledged_and_is_back_in_three_seconds(self, machine: Machine) -> None:
        took = []
        with server.under_load(machine, rate=150) as traffic:
            for _ in range(TIMES):
                time.sleep(0.5)
                machine.kill(machine.main_pid(SERVICE))
                took.append(await_healthy(machine))
            time.sleep(0.5)

        tell(f"killed {TIMES} times, back in {median(took):.2f} s, {max(took):.2f} s at most; {traffic}")
        assert traffic.lost == []
        assert server.query(machine, "PRAGMA integrity_check") == "ok"
        tell_seconds("the median time away", median(took), most=BACK_IN)


class TestToldToEnd:
    def test_finishes_a_request_that_runs(self, machine: Machine) -> None:
        anna = Client(machine).settle_in()
        slow = slow_request(machine, anna, 3)

        machine.systemctl("restart", SERVICE)

        assert parse(slow.wait().stdout.removeprefix("half\n")).status == 201
        await_healthy(machine)
        assert anna.logged() == 7

    @pytest.mark.slow
    def test_cuts_one_that_does_not_end_at_the_stated_bound(self, machine: Machine) -> None:
        anna = Client(machine).settle_in()
        slow = slow_request(machine, anna, 60)

        began = time.monotonic()
        machine.systemctl("restart", SERVICE)
        took = time.monotonic() - began

        tell(f"cut after {took:.1f} s")
        assert 9 < took < 19  # 10 for what runs, and never the 20 at which it would be killed
        assert slow.running
        assert (
            Client(machine, anna.token, anna.challenge).ask("GET", f"/challenges/{anna.challenge}/log/today").status
            == 404
        )


def slow_request(machine: Machine, anna: Client, seconds: float) -> Started:
    path = f"/challenges/{anna.challenge}/log/today"
    words = ["python3", "-c", SLOW, path, anna.token, str(seconds), json.dumps({"value": 7})]
    slow = machine.start(words)
    _await_word(slow, "half")
    time.sleep(0.2)
    return slow


class TestLocked:
    def test_waits_three_seconds_and_refuses_after_five(self, machine: Machine) -> None:
        anna = Client(machine).settle_in()

        with locked(machine, 3):
            began = time.monotonic()
            anna.log(3, expect=201)
            assert time.monotonic() - began > 1

        with locked(machine, 30):
            threads = _threads(machine)
            waiting = [machine.start(_logging(anna, value)) for value in range(20)]
            began = time.monotonic()
            while any(each.running for each in waiting):
                assert Client(machine).ask("GET", "/health", seconds=2).status == 200
                assert _threads(machine) == threads
                assert anna.logged() == 3
                time.sleep(0.2)
            took = time.monotonic() - began

        answers = [parse(each.said()) for each in waiting]
        tell(f"refused after {took:.1f} s")
        assert {(each.status, each.body["code"], each.headers["retry-after"]) for each in answers} == {
            (503, "busy", "2")
        }
        assert 4 < took < 9
        anna.log(4, expect=200)


def _logging(anna: Client, value: int) -> list[str]:
    return curl("PUT", f"/challenges/{anna.challenge}/log/today", {"value": value}, anna.token, 20)


def _threads(machine: Machine) -> str:
    status = machine.read(f"/proc/{machine.main_pid(SERVICE)}/status")
    return status.partition("Threads:")[2].split()[0]


@contextmanager
def locked(machine: Machine, seconds: float) -> Iterator[None]:
    """Another process holds the database's write lock, for so long or until the end of this."""
    other = machine.start(["python3", "-c", LOCK, server.DATABASE, str(seconds)], user=USER)
    _await_word(other, "locked")
    yield
    if other.running:
        other.kill(signal.SIGKILL)
    other.wait()


def _await_word(process: Started, word: str) -> None:
    while word not in process.said():
        assert process.running, process.said()
        time.sleep(0.02)


class TestNginx:
    def test_reloads_without_one_failed_request(self, machine: Machine) -> None:
        with server.under_load(machine, rate=150) as traffic:
            for _ in range(5):
                time.sleep(0.3)
                machine.systemctl("reload", "nginx")
            time.sleep(0.5)

        tell(str(traffic))
        assert (traffic.failed_requests, traffic.lost) == (0, [])

    def test_that_is_broken_on_disk_goes_on_serving_and_is_told(self, machine: Machine) -> None:
        site = "/etc/nginx/sites-available/api.lifetracker.site.conf"
        machine.run(["sed", "-i", "s/server_name/servre_name/", site])

        machine.systemctl("reload", "nginx", check=False)

        assert server.health(machine)["status"] == "ok"
        assert 'unknown directive "servre_name"' in server.lifetracker(machine, "ops-check", check=False)
