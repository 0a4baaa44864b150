"""What is read of a unit."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from lifetracker.ops.shell import ProgramFailed
from lifetracker.ops.systemd import Unit, read_unit
from tests.ops.installation import Installation, running

PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"


class TestCommand:
    def test_is_what_systemd_would_run(self) -> None:
        unit = Unit(
            {"ExecStart": "{ path=/a/b ; argv[]=/a/b c:d --fd 3 ; ignore_errors=no ; start_time=[n/a] ; pid=7 }"}
        )

        assert unit.command == ["/a/b", "c:d", "--fd", "3"]

    def test_is_empty_for_a_unit_without_one(self) -> None:
        assert Unit({}).command == []


class TestState:
    def test_tells_why_a_unit_failed(self) -> None:
        assert Unit({"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}).state == (
            "failed (failed), exit-code"
        )

    def test_says_no_more_of_one_that_runs(self) -> None:
        assert Unit({"ActiveState": "active", "SubState": "running", "Result": "success"}).state == "active (running)"


class TestProcesses:
    def test_are_the_main_process_and_all_that_come_from_it(self, tmp_path: Path) -> None:
        with running([sys.executable, "-c", PARENT], tmp_path) as pid:
            found = _wait_for_two(Unit({"MainPID": str(pid)}))

        assert pid in found
        assert len(found) == 2

    @pytest.mark.parametrize("main", ["0", "", "4194304"])
    def test_are_none_where_none_runs(self, main: str) -> None:
        assert Unit({"MainPID": main}).processes() == set()


def _wait_for_two(unit: Unit) -> set[int]:
    for _ in range(200):
        if len(found := unit.processes()) == 2:
            return found
        time.sleep(0.02)
    raise AssertionError("no second process")


class TestReadUnit:
    def test_takes_what_systemd_says(self, server: Installation) -> None:
        server.systemd(MainPID="42", NRestarts="3", NeedDaemonReload="yes")

        unit = read_unit()

        assert (unit.main_process, unit.restarts, unit.needs_reload, unit.active) == (42, 3, True, True)

    def test_refuses_where_there_is_no_systemd(self, server: Installation) -> None:
        server.program("systemctl", code=1, complains="System has not been booted with systemd")

        with pytest.raises(ProgramFailed, match="not been booted"):
            read_unit()
