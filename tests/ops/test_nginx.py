"""nginx's files as nginx reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.ops.nginx import Server, read, servers
from tests.ops.installation import SITE, Installation, tell_nginx
from tests.ops.surroundings import lay_nginx

FILE = Path("/etc/nginx/x.conf")


def only(text: str) -> Server:
    (server,) = servers({FILE: text})
    return server


class TestServers:
    def test_are_found_wherever_they_stand(self) -> None:
        text = (
            "http { upstream x { server a; } server { server_name a; } }\nserver { server_name b; location / { x; } }"
        )

        assert [each.names for each in servers({FILE: text})] == [{"a"}, {"b"}]

    def test_are_none_in_remarks_and_quotes(self) -> None:
        assert servers({FILE: "# server { server_name a; }\nmap $x $y { default 'server { x; }'; }\n"}) == []

    @pytest.mark.parametrize("name", ["a.test", "'a.test'", '"a.test"', "b.test a.test"])
    def test_have_their_names_however_they_are_written(self, name: str) -> None:
        assert "a.test" in only(f"server {{ server_name {name}; }}").names

    def test_have_the_names_of_no_location(self) -> None:
        assert only("server { location / { server_name a; } }").names == set()

    @pytest.mark.parametrize(
        ("listen", "port"),
        [
            ("443 ssl", "443"),
            ("[::]:443 ssl", "443"),
            ("127.0.0.1:8443", "8443"),
            ("*:443", "443"),
            ("10.0.0.5", "80"),
            ("[::1]", "80"),
            ("localhost", "80"),
        ],
    )
    def test_listen_on_ports_at_any_address(self, listen: str, port: str) -> None:
        assert only(f"server {{ listen {listen}; }}").ports == {port}

    def test_listen_on_80_where_they_do_not_say(self) -> None:
        assert only("server { server_name a; }").ports == {"80"}

    def test_of_our_site_are_two_with_one_certificate(self) -> None:
        found = servers({FILE: SITE.read_text(encoding="utf-8")})

        assert [sorted(each.ports) for each in found] == [["80"], ["443"]]
        assert [each.pairs for each in found] == [
            [],
            [(Path("/etc/lifetracker/tls/fullchain.pem"), Path("/etc/lifetracker/tls/privkey.pem"))],
        ]


class TestRead:
    def test_has_the_files_in_the_order_in_which_nginx_loads_them(self, server: Installation) -> None:
        lay_nginx(server.places.nginx, "server { server_name a; }\n")
        tell_nginx(server)

        assert [path.name for path in read(server.places)] == ["nginx.conf", "site.conf"]
