"""Asking an address."""

from __future__ import annotations

from pathlib import Path
from socket import create_server

import pytest

from lifetracker.ops.probe import NoAnswer, ask
from tests.ops.installation import answering, make_certificate, tls_with
from tests.ports import free_port


class TestAsk:
    def test_gives_status_and_body(self) -> None:
        with answering({"/health": (503, {"status": "fail"})}) as address:
            answer = ask(f"{address}/health")

        assert (answer.status, answer.body) == (503, {"status": "fail"})

    def test_gives_the_beginning_of_what_is_not_json(self) -> None:
        with answering({"/": (502, b"<h1>Bad Gateway</h1>")}) as address:
            assert str(ask(address)) == "502 (Bad Gateway)"

    def test_follows_no_redirect(self) -> None:
        with answering({"/": (301, {}), "/health": (200, {})}) as address:
            assert ask(address).status == 301

    def test_asks_no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
        with answering({"/": (200, {})}) as address:
            assert ask(address).status == 200

    def test_takes_any_certificate(self, tmp_path: Path) -> None:
        with answering({"/": (200, {})}, tls_with(make_certificate(tmp_path, days=-1, name="other.test"))) as address:
            assert ask(address).status == 200

    def test_refuses_where_nobody_listens(self) -> None:
        with pytest.raises(NoAnswer, match="refused"):
            ask(f"http://127.0.0.1:{free_port()}/health")

    def test_refuses_one_who_listens_and_says_nothing(self) -> None:
        with create_server(("127.0.0.1", 0)) as silent, pytest.raises(NoAnswer, match="timed out"):
            ask(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.1)
