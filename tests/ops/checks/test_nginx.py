"""The site before the service, where all is well, and in what an operator may have it otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ops.installation import Installation, serving_nginx, tell_nginx

CHECKS = ("nginx reload", "site", "certificate key")
REDIRECT = "server { listen 80; server_name api.lifetracker.site; return 301 https://$host$request_uri; }\n"
OTHERS = "server { listen 443 ssl default_server; server_name _ *.lifetracker.site; }\n"


@pytest.fixture
def edge(server: Installation) -> Iterator[Installation]:
    server.configure(public_url="https://localhost/api")
    with serving_nginx(server):
        yield server


class TestSite:
    @pytest.mark.parametrize("check", CHECKS)
    def test_is_well_as_it_is_laid(self, edge: Installation, check: str) -> None:
        assert edge.check(check).state == "ok", edge.check(check).says

    @pytest.mark.parametrize("check", CHECKS)
    def test_is_not_looked_at_where_nothing_is_served(self, server: Installation, check: str) -> None:
        assert server.check(check).state == "skipped"

    def test_may_stand_in_two_files_with_a_port_each(self, edge: Installation) -> None:
        site = edge.places.nginx / "sites-available/site.conf"
        text = site.read_text(encoding="utf-8").replace("listen 80;", "listen 81;").replace("[::]:80;", "[::]:81;")
        site.write_text(text, encoding="utf-8")
        (edge.places.nginx / "conf.d/redirect.conf").write_text(REDIRECT, encoding="utf-8")
        tell_nginx(edge)

        assert edge.check("site").state == "ok"

    def test_goes_before_one_for_all_names(self, edge: Installation) -> None:
        (edge.places.nginx / "conf.d/others.conf").write_text(OTHERS, encoding="utf-8")
        tell_nginx(edge)

        assert edge.check("site").state == "ok"


class TestNginx:
    def test_whose_workers_are_gone_is_told(self, edge: Installation) -> None:
        edge.systemd_of("nginx.service", MainPID="0")

        assert edge.check("nginx reload").state == "failed"

    @pytest.mark.parametrize("check", CHECKS)
    def test_that_would_not_load_has_a_check_of_its_own(self, edge: Installation, check: str) -> None:
        edge.program("nginx", code=1, complains="[emerg] unknown directive")

        found = edge.check(check)

        assert (found.state, found.says) == ("skipped", "nginx would not load what lies there: see `nginx`")
        assert edge.check("nginx").state == "failed"
