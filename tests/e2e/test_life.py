"""A server's first day: from a bare machine to a site that clients trust, as its operator brings it there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker import __version__
from tests.e2e import server
from tests.e2e.founding import Founded
from tests.e2e.machine import Machine
from tests.e2e.telling import tell, tell_seconds

pytestmark = pytest.mark.e2e
NEXT = f"# next: python3 {server.ARCHIVE} deploy"


def to_do(told: str) -> list[str]:
    """What `server init` did not find as it should be."""
    return [line for line in told.splitlines() if not line.startswith("# as it should be: ")]


class TestServerInit:
    def test_prints_every_command_and_changes_nothing(self, founded: Founded) -> None:
        assert "useradd" in founded.how.printed
        assert "systemctl daemon-reload" in founded.how.printed
        assert founded.how.touched == ""

    def test_is_done_by_the_commands_that_it_prints(self, bookworm: Path, founded: Founded) -> None:
        with Machine.boot(bookworm) as machine:
            server.bring(machine, founded.archive)
            machine.run(["sh", "-eu"], stdin=server.init(machine, "--print"))

            assert to_do(server.init(machine, "--print")) == [NEXT]

    def test_is_once_when_it_is_done_twice(self, founded: Founded) -> None:
        assert "# user lifetracker" in to_do(founded.how.inited)
        assert to_do(founded.how.again) == [NEXT]


class TestFirstDeploy:
    def test_takes_less_than_a_minute(self, founded: Founded) -> None:
        tell(founded.how.deployed)

        assert "DEPLOY OK" in founded.how.deployed
        tell_seconds("the first deploy", founded.how.seconds, most=60.0)

    def test_leaves_a_server_that_ops_check_finds_well(self, serving: Machine) -> None:
        told = server.lifetracker(serving, "ops-check")

        tell(told)
        assert told.splitlines()[-1] == "OPS CHECK OK"

    def test_serves_the_release_that_is_linked_to_clients_that_verify(self, serving: Machine) -> None:
        told = server.ask(serving, "GET", "/health")

        assert told == {"status": "ok", "version": __version__, "database": "ok", "release": server.release(serving)}

    def test_lets_a_person_begin_a_challenge_and_log_a_day(self, serving: Machine) -> None:
        anna = server.sign_up(serving)
        read = {"title": "Read", "kind": "check", "schedule": {"type": "daily"}}
        challenge = server.ask(serving, "POST", "/challenges", read, token=anna)

        server.ask(serving, "PUT", f"/challenges/{challenge['id']}/log/today", {"value": 1}, token=anna)

        today = server.ask(serving, "GET", "/today", token=anna)
        assert (today["due"], today["done"], today["items"][0]["outcome"]) == (1, 1, "done")
