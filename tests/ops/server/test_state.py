"""What a server has already."""

from __future__ import annotations

import os
import pwd
from grp import getgrgid
from pathlib import Path

import pytest

from lifetracker.ops.server import state as server_state
from tests.ops.installation import Installation, serving_nginx


class TestIsSo:
    def test_wants_the_mode(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o750)

        assert server_state.is_so(tmp_path, "0750", None)
        assert not server_state.is_so(tmp_path, "0755", None)

    def test_wants_the_owner_where_one_is_named(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o750)
        me = f"{pwd.getpwuid(os.geteuid()).pw_name}:{getgrgid(tmp_path.stat().st_gid).gr_name}"

        assert server_state.is_so(tmp_path, "0750", me)
        assert not server_state.is_so(tmp_path, "0750", "nobody:nogroup")

    def test_is_false_of_what_is_not_there(self, tmp_path: Path) -> None:
        assert not server_state.is_so(tmp_path / "nothing", "0755", None)


class TestHasUser:
    def test_knows_those_of_the_machine(self) -> None:
        assert server_state.has_user(pwd.getpwuid(0).pw_name)
        assert not server_state.has_user("nobody-of-that-name")


class TestIsEnabled:
    def test_is_what_systemd_says(self, server: Installation) -> None:
        server.program("systemctl", "enabled\n")
        assert server_state.is_enabled("x.service")
        server.program("systemctl", "disabled\n", code=1)
        assert not server_state.is_enabled("x.service")


class TestAreRead:
    @pytest.mark.parametrize(("needs", "read"), [("yes", False), ("no", True)])
    def test_is_what_systemd_says(self, server: Installation, needs: str, read: bool) -> None:
        server.systemd(NeedDaemonReload=needs)

        assert server_state.are_read(["x.service"]) is read

    def test_is_false_where_nobody_can_be_asked(self, server: Installation) -> None:
        server.program("systemctl", code=1)

        assert not server_state.are_read(["x.service"])


class TestNginxHasRead:
    def test_is_true_of_what_is_older_than_its_workers(self, server: Installation) -> None:
        with serving_nginx(server):
            site = server.places.nginx / "sites-available/site.conf"

            assert server_state.nginx_has_read([site, server.places.root / "nothing"])

            site.touch()
            assert not server_state.nginx_has_read([site])

    def test_is_false_where_none_runs(self, server: Installation) -> None:
        assert not server_state.nginx_has_read([])

    def test_is_false_where_nobody_can_be_asked(self, server: Installation) -> None:
        server.program("systemctl", code=1)

        assert not server_state.nginx_has_read([])
