"""Checks of nginx and its certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.ops.checks.ops_check import Outcome
from tests.ops.installation import Installation, answering, make_certificate, tls_with
from tests.ports import free_port


class TestNginx:
    def test_holds_when_it_would_load_what_is_on_disk(self, server: Installation) -> None:
        assert server.check("nginx").state == "ok"
        assert server.asked("nginx") == f"-t -q -c {server.places.nginx}/nginx.conf\n"

    def test_fails_with_what_it_says(self, server: Installation) -> None:
        server.program("nginx", code=1, complains='nginx: [emerg] unknown directive "servr" in site.conf:1\n')

        found = server.check("nginx")

        assert found.state == "failed"
        assert 'unknown directive "servr"' in found.says

    def test_fails_where_it_is_not_installed(self, server: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        server.configure()
        (server.programs / "nginx").unlink()
        monkeypatch.setenv("PATH", str(server.programs))

        assert server.check("nginx").says == "nginx is not installed"

    def test_is_skipped_where_nothing_is_served_outside(
        self, server: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (server.programs / "nginx").unlink()
        monkeypatch.setenv("PATH", str(server.programs))

        assert server.check("nginx").state == "skipped"


class TestCertificate:
    @pytest.mark.parametrize(("days", "state"), [(90, "ok"), (20, "warning"), (6, "failed"), (-1, "failed")])
    def test_is_judged_by_its_days(
        self, server: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, state: str
    ) -> None:
        certificate = make_certificate(tmp_path, days=days)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        found = _serve(server, certificate)

        assert found.state == state
        assert "expired" in found.says if days < 0 else f"{days - 1} days left" in found.says

    def test_warns_when_clients_do_not_know_its_issuer(self, server: Installation, tmp_path: Path) -> None:
        found = _serve(server, make_certificate(tmp_path, days=90))

        assert found.state == "warning"
        assert "89 days left" in found.says
        assert "self-signed" in found.says

    @pytest.mark.parametrize("days", [6, -1])
    def test_fails_when_such_a_one_does_not_last_either(self, server: Installation, tmp_path: Path, days: int) -> None:
        assert _serve(server, make_certificate(tmp_path, days=days)).state == "failed"

    @pytest.mark.parametrize("trusted", [True, False])
    def test_fails_when_it_is_for_another_name(
        self, server: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
    ) -> None:
        certificate = make_certificate(tmp_path, days=90, name="other.test")
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        found = _serve(server, certificate)

        assert found.state == "failed"
        assert "not valid for 'localhost'" in found.says

    def test_fails_when_nobody_serves_one(self, server: Installation) -> None:
        server.configure(public_url=f"https://localhost:{free_port()}/api")

        assert "no certificate to be had" in server.check("certificate").says

    def test_fails_when_what_listens_speaks_no_tls(self, server: Installation) -> None:
        with answering({}) as address:
            server.configure(public_url=address.replace("http:", "https:"))

            assert server.check("certificate").state == "failed"

    @pytest.mark.parametrize("outside", ["", "http://localhost:8080/api"])
    def test_is_skipped_where_there_is_no_tls(self, server: Installation, outside: str) -> None:
        server.configure(public_url=outside)

        assert server.check("certificate").state == "skipped"


def _serve(server: Installation, certificate: Path) -> Outcome:
    with answering({}, tls_with(certificate)) as address:
        server.configure(public_url=f"{address}/api")
        return server.check("certificate")
