"""Whether the service is kept in, and what an operator may change of it."""

from __future__ import annotations

import pytest

from lifetracker.ops.checks.sandbox import WALLS, written
from lifetracker.ops.places import SERVICE
from tests.ops.installation import Installation, running, serving_unit
from tests.ops.surroundings import recorded
from tests.ports import free_port

LISTEN = "import socket, sys; held = socket.create_server((sys.argv[1], int(sys.argv[2]))); sys.stdin.read()"


class TestSandbox:
    @pytest.mark.parametrize("version", ["252", "247"])
    def test_holds_for_what_a_real_systemd_tells_of_our_unit(self, server: Installation, version: str) -> None:
        server.systemd(**recorded(version) | {"MainPID": "0"})

        assert server.check("sandbox").says == "the service runs as lifetracker, within its unit's sandbox"

    def test_is_judged_by_every_wall_that_our_unit_has(self, server: Installation) -> None:
        assert set(WALLS) <= set(written(server.release / "systemd" / SERVICE))

    @pytest.mark.parametrize(
        "more",
        [
            {"RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX"},
            {"RestrictAddressFamilies": "AF_UNIX"},
            {"IPAddressAllow": "127.0.0.0/8 ::1/128 10.0.0.5/32"},
            {"PrivateNetwork": "no", "MemoryMax": "2147483648", "ReadWritePaths": "/srv/data"},
        ],
    )
    def test_leaves_to_the_operator_what_the_pages_offer(self, server: Installation, more: dict[str, str]) -> None:
        server.systemd(**more)

        assert server.check("sandbox").state == "ok"

    def test_takes_the_unit_of_a_release_that_is_yet_to_be_deployed(self, server: Installation) -> None:
        """`server init` has brought it already: what the live release says is behind."""
        unit = server.release / "systemd" / SERVICE
        unit.write_text(unit.read_text(encoding="utf-8").replace("UMask=0077", "UMask=0027"), encoding="utf-8")

        assert server.check("sandbox").state == "ok"

    def test_fails_for_an_older_systemd_in_nothing_that_it_does_not_know(self, server: Installation) -> None:
        del server.told["ProtectProc"]
        server.systemd()

        assert server.check("sandbox").state == "ok"

    @pytest.mark.parametrize("path", ["/", "/opt", "-/opt/lifetracker", "/etc/lifetracker/tls"])
    def test_keeps_code_and_settings_from_being_written(self, server: Installation, path: str) -> None:
        root = str(server.places.root)
        server.systemd(ReadWritePaths=path.replace("/", f"{root}/", 1) if path != "/" else path)

        assert server.check("sandbox").state == "failed"


class TestPort:
    def test_is_closed_where_the_service_listens(self, server: Installation) -> None:
        with serving_unit(server) as port:
            assert server.check("port").says == f"port {port} is open to this machine alone"

    def test_is_skipped_where_nobody_listens(self, server: Installation) -> None:
        server.configure(public_url="", url=f"http://127.0.0.1:{free_port()}")

        assert server.check("port").state == "skipped"

    def test_is_open_at_any_address_that_is_none_of_this_machine_alone(self, server: Installation) -> None:
        port = free_port()
        server.configure(public_url="", url=f"http://127.0.0.1:{port}")
        with running(["python3", "-c", LISTEN, "", str(port)], server.places.root, port):
            assert server.check("port").state == "failed"
