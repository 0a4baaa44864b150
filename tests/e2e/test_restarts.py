"""What clients notice while releases come and go: 200 requests a second through nginx and TLS all the while."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.e2e import server
from tests.e2e.founding import Founded
from tests.e2e.machine import Machine
from tests.e2e.telling import tell, tell_seconds

pytestmark = pytest.mark.e2e
RATE = 200  # requests a second
DEPLOY_TAKES, ROLLBACK_TAKES = 60.0, 5.0  # seconds, at most
AWAY = {0, 502, 503, 504}  # what a client may be answered while the service starts anew; 0 is no answer


class TestPlain:
    """As the canon has it: the service opens its port itself, so it is away while it starts anew."""

    def test_loses_nothing_in_a_deploy_and_a_rollback(self, serving: Machine, newer: Path) -> None:
        traffic, away = deployed_under_load(serving, [newer], rollbacks=1)

        assert traffic.lost == []
        assert_refused_only_while_away(traffic, away)

    @pytest.mark.slow
    def test_rolls_back_in_seconds(self, serving: Machine, newer: Path) -> None:
        first = server.release(serving)
        deploy(serving, newer)

        assert_rolls_back_in_time(serving, first)

    @pytest.mark.slow
    def test_loses_nothing_in_five_deploys_and_two_rollbacks(
        self, serving: Machine, founded: Founded, newer: Path, migrating: Path
    ) -> None:
        archives = [newer, founded.archive, newer, migrating, newer]

        traffic, away = deployed_under_load(serving, archives, rollbacks=2)

        assert traffic.lost == []
        assert_refused_only_while_away(traffic, away)


class TestWithSocket:
    """For whoever wants restarts that nobody notices: systemd keeps the port, and who comes meanwhile waits."""

    def test_fails_not_one_request_in_a_deploy(self, with_socket: Machine, newer: Path) -> None:
        traffic, _ = deployed_under_load(with_socket, [newer])

        assert traffic.failures == []
        assert traffic.lost == []

    @pytest.mark.slow
    def test_fails_not_one_request_of_two_workers_either(self, with_socket: Machine, newer: Path) -> None:
        server.set_workers(with_socket, 2)

        traffic, _ = deployed_under_load(with_socket, [newer], rollbacks=1)

        assert traffic.failures == []
        assert traffic.lost == []

    @pytest.mark.slow
    def test_fails_not_one_request_in_five_deploys_and_two_rollbacks(
        self, with_socket: Machine, founded: Founded, newer: Path, migrating: Path
    ) -> None:
        archives = [newer, founded.archive, newer, migrating, newer]

        traffic, _ = deployed_under_load(with_socket, archives, rollbacks=2)

        assert traffic.failures == []
        assert traffic.lost == []


def deployed_under_load(machine: Machine, archives: list[Path], rollbacks: int = 0) -> tuple[server.Traffic, float]:
    """Deploy one archive after the other, then go back so many times; what clients saw, and for
    how many seconds the service was being restarted."""
    with server.under_load(machine, rate=RATE) as traffic:
        time.sleep(1)
        deploys = [timed(partial(deploy, machine, archive)) for archive in archives]
        back = [timed(partial(server.lifetracker, machine, "rollback")) for _ in range(rollbacks)]
        time.sleep(1)
    restarts = [restart_in(told) for told, _ in (*deploys, *back)]
    took = [seconds for _, seconds in deploys], [seconds for _, seconds in back]
    tell(f"deploys {took[0]} s, rollbacks {took[1]} s, their restarts {restarts} s: {traffic}")
    tell_seconds("the longest deploy", max(took[0]), most=DEPLOY_TAKES)
    return traffic, sum(restarts)


def assert_refused_only_while_away(traffic: server.Traffic, away: float) -> None:
    """And with an answer that says so; `away` is rounded, and a client that fell behind sends the sooner after."""
    assert {failure["status"] for failure in traffic.failures} <= AWAY
    assert traffic.failed_requests <= (away + 1) * RATE


def assert_rolls_back_in_time(machine: Machine, here: str) -> None:
    """With nobody else at the server; at one of three tries, since what else this computer does is not its doing."""
    there = machine.run(["ls", "/opt/lifetracker/releases"]).stdout.split()[-1]
    times = [timed(partial(server.lifetracker, machine, "rollback", to))[1] for to in (there, here, there)]
    tell(f"rollbacks without load {times} s")
    tell_seconds("the shortest rollback", min(times), most=ROLLBACK_TAKES)


def deploy(machine: Machine, archive: Path) -> str:
    server.bring(machine, archive)
    return server.deploy(machine)


def restart_in(told: str) -> float:
    """The seconds that a deploy or rollback says its restart took."""
    return float(re.findall(r"restart +([\d.]+) s", told)[0])


def timed(work: Callable[[], str]) -> tuple[str, float]:
    """What it said, and how many seconds it took."""
    began = time.monotonic()
    return work(), round(time.monotonic() - began, 1)
