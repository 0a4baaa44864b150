"""`lifetracker ops-check`."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner, Result

from lifetracker.ops.checks import commands as check_commands
from lifetracker.ops.checks import ops_check
from lifetracker.ops.refusal import Refused
from tests.ops.installation import Installation


def run(server: Installation, *more: str) -> Result:
    return CliRunner().invoke(check_commands.commands, ["--root", str(server.places.root), *more])


class TestOpsCheck:
    def test_tells_people_and_exits_1_when_something_failed(self, server: Installation) -> None:
        done = run(server)

        assert done.exit_code == 1
        assert done.output.splitlines()[-1].startswith("OPS CHECK FAILED: ")

    @pytest.mark.thorough
    def test_exits_0_when_nothing_did(self, well: Installation) -> None:
        done = run(well)

        assert (done.exit_code, done.output.splitlines()[-1]) == (0, "OPS CHECK OK")

    def test_tells_programs(self, server: Installation) -> None:
        done = run(server, "--json")

        assert done.exit_code == 1
        assert [each["check"] for each in json.loads(done.output)] == [each.name for each in ops_check.CHECKS]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may look at everything")
    def test_refuses_who_cannot_see_what_others_do(self) -> None:
        done = CliRunner().invoke(check_commands.commands, [])

        assert isinstance(done.exception, Refused)
