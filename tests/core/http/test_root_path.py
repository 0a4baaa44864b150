"""The path below which a proxy serves: what is plain is mended, and what would lead to another host is not used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lifetracker.core.config import refuse_no_root_path
from lifetracker.core.http.root_path import rooted
from lifetracker.core.setting_values import root_path
from tests.people import PASSWORD

PLAIN = [("", ""), (" ", ""), ("/", ""), ("/api", "/api"), ("/api/", "/api"), ("api", "/api"), ("api/v1/", "/api/v1")]
CANNOT_BE = [
    *("//", "//api", "/api//", "/a//b", "https://api.example", "//evil.example/api", "/..", "/../api", "/./api", "/."),
    *("/api?", "/api#", "/a b", "\\\\evil.example", "/a\nb", "/ä", "/%61", "/a:b", "*", "/api;x", "/\udcff", "@evil"),
]


class TestRootPath:
    @pytest.mark.parametrize(("given", "meant"), PLAIN)
    def test_mends_what_is_plain(self, given: str, meant: str) -> None:
        assert root_path(given) == meant

    @pytest.mark.parametrize("given", CANNOT_BE)
    def test_refuses_what_cannot_be(self, given: str) -> None:
        with pytest.raises(ValueError, match="UVICORN_ROOT_PATH: must be a path in plain letters") as refused:
            refuse_no_root_path({"UVICORN_ROOT_PATH": given})

        assert "evil" not in str(refused.value)


class TestRooted:
    """Scopes as uvicorn makes them, which puts the root path before the path, whatever it is."""

    @pytest.mark.parametrize(("given", "meant"), PLAIN)
    def test_mends_root_and_path(self, given: str, meant: str) -> None:
        scope = rooted({"root_path": given, "path": f"{given}/health"})

        assert (scope["root_path"], scope["path"]) == (meant, f"{meant}/health")

    @pytest.mark.parametrize("given", CANNOT_BE)
    def test_has_none_where_it_cannot_be(self, given: str) -> None:
        scope = rooted({"root_path": given, "path": f"{given}/health"})

        assert (scope["root_path"], scope["path"]) == ("", "/health")

    def test_leaves_a_path_that_no_server_put_it_before(self) -> None:
        assert rooted({"root_path": "/", "path": "/health"})["path"] == "/health"

    def test_leaves_what_is_right_as_it_is(self) -> None:
        scope: dict[str, Any] = {"root_path": "/api", "path": "/api/health"}

        assert rooted(scope) is scope
        assert rooted({"path": "/health"}) == {"path": "/health"}


class TestLocation:
    @pytest.mark.parametrize(
        ("given", "begin"), [("/", "/"), ("/api/", "/api/"), ("api", "/api/"), ("//evil.example", "/")]
    )
    def test_is_on_this_host(self, make_app: Callable[..., FastAPI], given: str, begin: str) -> None:
        browser = TestClient(make_app(), root_path=given)
        made = browser.post("/users", json={"email": "anna@example.test", "password": PASSWORD})

        assert made.status_code == 201, made.text
        assert made.headers["Location"] == f"{begin}users/me"
