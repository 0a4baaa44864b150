"""The quick way: nobody can tell it from the framework's, but by the clock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from lifetracker.application import create_app
from lifetracker.core.config import Settings
from lifetracker.core.db import Database
from lifetracker.core.http.quick import Message, NotPlain, Ways
from lifetracker.core.http.route import JsonRoute
from tests.people import Client, join

JSON_TYPE = "application/json"
SENT: list[tuple[str, str, str | None, str]] = [
    ("GET", "/info", None, JSON_TYPE),
    ("GET", "/users/me", None, JSON_TYPE),
    ("GET", "/today", None, JSON_TYPE),
    ("GET", "/today?date=2026-03-10&unknown=1", None, JSON_TYPE),
    ("GET", "/today?date=2026-03-10&date=2026-03-11", None, JSON_TYPE),
    ("GET", "/today?date=", None, JSON_TYPE),
    ("GET", "/today?date=2026-02-30", None, JSON_TYPE),
    ("GET", "/today?date=%FF", None, JSON_TYPE),
    ("GET", "/challenges?include=stats&limit=1", None, JSON_TYPE),
    ("GET", "/challenges?limit=0", None, JSON_TYPE),
    ("GET", "/challenges/1", None, JSON_TYPE),
    ("GET", "/challenges/2", None, JSON_TYPE),
    ("GET", "/challenges/0", None, JSON_TYPE),
    ("GET", "/challenges/1/", None, JSON_TYPE),
    ("GET", "//challenges/1", None, JSON_TYPE),
    ("GET", f"/challenges/{'9' * 30}", None, JSON_TYPE),
    ("GET", "/challenges/order", None, JSON_TYPE),
    ("HEAD", "/challenges/1", None, JSON_TYPE),
    ("POST", "/challenges/1", "{}", JSON_TYPE),
    ("GET", "/challenges/1/stats?as_of=2026-03-10", None, JSON_TYPE),
    ("GET", "/challenges/1/log/today", None, JSON_TYPE),
    ("GET", "/challenges/1/log?from=2026-03-01&to=2026-03-11", None, JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"note": "é"}', JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"note": "é"}', "application/json; charset=utf-8"),
    ("PUT", "/challenges/1/log/today", '{"note": "é"}', "application/vnd.api+json"),
    ("PUT", "/challenges/1/log/today", '{"value": 1}', "text/plain"),
    ("PUT", "/challenges/1/log/today", '{"value": 1}', ""),
    ("PUT", "/challenges/1/log/today", "", JSON_TYPE),
    ("PUT", "/challenges/1/log/today", None, JSON_TYPE),
    ("PUT", "/challenges/1/log/today", None, "text/plain"),
    ("PUT", "/challenges/1/log/today", "null", JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"value": 1.0}', JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"note": "é"}', "application/json;charset=UTF-8"),
    ("PUT", "/challenges/1/log/today", '{"note": "é"}', "Application/JSON"),
    ("PUT", "/challenges/1/log/today", '\ufeff{"note": "é"}', JSON_TYPE),
    ("PUT", "/challenges/1/log/today", "[1]", JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"value": NaN}', JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"value": "1"}', JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"values": 1}', JSON_TYPE),
    ("PUT", "/challenges/1/log/today", '{"value": 1', JSON_TYPE),
    ("PUT", "/challenges/1/log/2026-02-30", '{"value": 1}', JSON_TYPE),
    ("PUT", "/challenges/1/log/2027-01-01", '{"value": 1}', JSON_TYPE),
    ("PUT", "/challenges/nope/log/today", '{"value": 1}', JSON_TYPE),
    ("PATCH", "/challenges/1", '{"title": "Run"}', JSON_TYPE),
    ("PATCH", "/challenges/1", '{"title": ""}', JSON_TYPE),
    ("PUT", "/challenges/order", '{"ids": [1]}', JSON_TYPE),
    ("DELETE", "/challenges/1/log/2026-03-09", None, JSON_TYPE),
]


@pytest.fixture
def alone(db: Database, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The same application, but that every request goes through the framework."""
    monkeypatch.setattr("lifetracker.application.Ways", lambda _: Ways(()))
    app = create_app(Settings(database_url="sqlite:////nowhere/unused.db", limits="off", log_level="WARNING"))
    app.state.database = db
    return app


class TestAnswer:
    def test_is_what_the_framework_would_say(self, alone: FastAPI, app: FastAPI, db: Database) -> None:
        token = join(db, "anna")
        quick, framework = Client(app, token), Client(alone, token)
        quick.starts(start_date="2026-03-01")
        quick.logged(1, "2026-03-10")
        quick.logged(1)

        for method, path, body, kind in SENT:
            told = [_told(client, method, path, body, kind) for client in (framework, quick)]

            assert told[0] == told[1], (method, path, body, kind)

    def test_refuses_without_a_token_as_the_framework_would(self, alone: FastAPI, app: FastAPI) -> None:
        for method, path, body, kind in SENT:
            told = [_told(client, method, path, body, kind) for client in (Client(alone), Client(app))]

            assert told[0] == told[1], (method, path, body, kind)


class TestWays:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "/challenges/7/log/today"),
            ("GET", "/challenges/7"),
            ("GET", "/challenges/7/stats"),
            ("GET", "/today"),
            ("GET", "/daily-log"),
        ],
    )
    def test_hold_what_is_asked_most(self, app: FastAPI, method: str, path: str) -> None:
        assert _ways(app).find({"method": method, "path": path}) is not None

    def test_are_found_below_the_root_path(self, app: FastAPI) -> None:
        scope = {"method": "GET", "path": "/api/challenges/7", "root_path": "/api"}

        found = _ways(app).find(scope)

        assert found is not None
        assert found[1] == {"challenge_id": "7"}

    @pytest.mark.parametrize("path", ["/api", "/apichallenges/7", "/api/api/challenges/7", "/"])
    def test_are_not_found_elsewhere(self, app: FastAPI, path: str) -> None:
        assert _ways(app).find({"method": "GET", "path": path, "root_path": "/api"}) is None


class TestNotPlain:
    def test_gives_the_framework_the_request_from_its_beginning(self) -> None:
        read: list[Message] = [{"body": b"a", "more_body": True}, {"body": b"b", "more_body": True}]

        async def receive() -> Message:
            return {"body": b"c"}

        async def replayed() -> bytes:
            again = NotPlain(read).again(receive)
            return b"".join([(await again())["body"] for _ in range(3)])

        assert asyncio.run(replayed()) == b"abc"


def _told(client: Client, method: str, path: str, body: str | None, kind: str) -> tuple[int, Any, bytes]:
    answer = client.request(
        method, path, content=body and body.encode(), headers={"Content-Type": kind, "X-Request-ID": "same"}
    )
    return answer.status_code, sorted(answer.headers.items()), answer.content


def _ways(app: FastAPI) -> Ways:
    return Ways(route for route in app.router.routes if isinstance(route, JsonRoute) and route.has_quick_way)
