"""Checks of the service as systemd runs it."""

from __future__ import annotations

import shutil
import sys

import pytest

from lifetracker.ops.places import SERVICE
from lifetracker.ops.systemd import SOCKET
from tests.ops.installation import Installation, running, serving_unit


class TestUnit:
    def test_holds_when_active_and_enabled(self, server: Installation) -> None:
        found = server.check("unit")

        assert found.state == "ok"
        assert found.says == "active (running) since Mon 2026-11-23 08:15:00 UTC, process 0, enabled"

    def test_fails_when_it_does_not_run(self, server: Installation) -> None:
        server.systemd(ActiveState="failed", SubState="failed", Result="exit-code")

        found = server.check("unit")

        assert (found.state, found.says) == ("failed", "failed (failed), exit-code")

    def test_fails_when_it_would_not_come_back_with_the_machine(self, server: Installation) -> None:
        server.systemd(UnitFileState="disabled")

        assert server.check("unit").state == "failed"

    def test_holds_when_its_socket_is_enabled_instead(self, server: Installation) -> None:
        server.systemd(UnitFileState="disabled")
        server.systemd_of(SOCKET, LoadState="loaded", UnitFileState="enabled")

        assert server.check("unit").state == "ok"

    def test_fails_when_systemd_does_not_know_it(self, server: Installation) -> None:
        server.systemd(LoadState="not-found")

        assert "does not know" in server.check("unit").says

    def test_warns_when_systemd_had_to_start_it_again(self, server: Installation) -> None:
        server.systemd(NRestarts="3")

        found = server.check("unit")

        assert found.state == "warning"
        assert "3 time(s)" in found.says


class TestProcess:
    def test_holds_for_the_uvicorn_of_the_linked_release(self, server: Installation) -> None:
        with serving_unit(server) as port:
            found = server.check("process")

        assert found.state == "ok"
        assert f"uvicorn lifetracker.main:app --host 127.0.0.1 --port {port}" in found.says

    def test_fails_when_there_is_none(self, server: Installation) -> None:
        assert server.check("process").says == "there is no main process"

    def test_fails_when_it_is_gone_by_now(self, server: Installation) -> None:
        server.systemd(MainPID="4194304")

        assert "is gone" in server.check("process").says

    def test_fails_when_the_unit_starts_something_else(self, server: Installation) -> None:
        server.systemd(ExecStart="{ path=/usr/bin/uvicorn ; argv[]=/usr/bin/uvicorn other:app ; ignore_errors=no }")

        found = server.check("process")

        assert found.state == "failed"
        assert "`/usr/bin/uvicorn other:app`" in found.says

    def test_fails_when_what_runs_is_not_what_the_unit_says(self, server: Installation) -> None:
        with serving_unit(server):
            server.execution("--fd", "3")

            assert "is not ExecStart's" in server.check("process").says

    @pytest.mark.thorough
    def test_fails_when_another_release_runs_than_is_linked(self, server: Installation) -> None:
        other = server.places.releases / "20261123T090000Z-ffffffffffff"
        with serving_unit(server):
            shutil.copytree(server.release, other, symlinks=True)
            server.places.live.unlink()
            server.places.live.symlink_to(other)

            found = server.check("process")

        assert found.state == "failed"
        assert found.says.endswith(f"runs {server.release}; linked is {other}")

    @pytest.mark.thorough
    def test_fails_when_it_runs_on_another_venv(self, server: Installation) -> None:
        other = server.places.venvs / "other"
        other.mkdir()
        with serving_unit(server):
            (server.release / ".venv").unlink()
            (server.release / ".venv").symlink_to(other)

            assert "not the linked release's .venv" in server.check("process").says

    def test_holds_for_no_other_program_that_takes_the_same_arguments(self, server: Installation) -> None:
        command = server.execution()
        with running([sys.executable, "-c", "input()", *command[1:]], server.places.live) as pid:
            server.systemd(MainPID=str(pid))

            assert server.check("process").state == "failed"


class TestDaemonReload:
    def test_holds_when_systemd_has_read_the_unit(self, server: Installation) -> None:
        assert server.check("daemon-reload").state == "ok"

    def test_fails_when_it_has_not(self, server: Installation) -> None:
        server.systemd(NeedDaemonReload="yes")

        assert server.check("daemon-reload").state == "failed"

    def test_fails_on_a_drop_in_that_systemd_does_not_know_of(self, server: Installation) -> None:
        drop_in = server.places.units / f"{SERVICE}.d" / "more.conf"
        drop_in.parent.mkdir()
        drop_in.touch()

        assert server.check("daemon-reload").state == "failed"

        server.systemd(DropInPaths=str(drop_in))
        assert server.check("daemon-reload").state == "ok"


class TestUnitFile:
    def test_holds_when_it_is_the_releases(self, server: Installation) -> None:
        assert server.check("unit file").state == "ok"

    def test_warns_when_it_was_edited(self, server: Installation) -> None:
        (server.places.units / SERVICE).write_text("[Service]\nType=simple\n", encoding="utf-8")

        assert server.check("unit file").state == "warning"

    def test_warns_when_systemd_takes_another(self, server: Installation) -> None:
        server.systemd(FragmentPath=f"/usr/lib/systemd/system/{SERVICE}")

        found = server.check("unit file")

        assert found.state == "warning"
        assert found.says.startswith(f"systemd takes the unit from /usr/lib/systemd/system/{SERVICE}")

    def test_fails_when_it_is_gone(self, server: Installation) -> None:
        (server.places.units / SERVICE).unlink()

        assert server.check("unit file").state == "failed"
