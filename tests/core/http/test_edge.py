"""The edge: what happens to every request, whatever the application behind it does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from lifetracker.application import MAX_IMPORT
from lifetracker.core import logging
from lifetracker.core.http.edge import MAX_BODY, Edge, StartRefused
from lifetracker.core.http.quick import Message, Receive, Scope, Send, Ways
from tests.people import Client, refusal
from tests.users.accounts import named_token

JSON_HEADERS = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class TestRequestId:
    @pytest.mark.parametrize("given", ["a", "0b3c-42", "trace:1.2_3", "x" * 100])
    def test_is_taken_over_if_it_is_sane(self, visitor: Client, given: str) -> None:
        assert visitor.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given

    @pytest.mark.parametrize("given", ["", " ", "a b", "x" * 101, "a,b", "<script>", "ÿ", "a\tb", '"'])
    def test_is_made_if_it_is_not(self, visitor: Client, given: str) -> None:
        answered = visitor.get("/health", headers=[(b"X-Request-ID", given.encode("latin-1"))])

        assert re.fullmatch("[0-9a-f]{16}", answered.headers["X-Request-ID"])

    def test_is_another_for_each_request(self, visitor: Client) -> None:
        assert len({visitor.get("/info").headers["X-Request-ID"] for _ in range(10)}) == 10

    def test_is_gone_with_its_request(self) -> None:
        async def call() -> str:
            await messages(nothing, http())
            return logging.request_id.get()

        assert asyncio.run(call()) == "-"

    @pytest.mark.parametrize("path", ["/nope", "/users/me", "/docs", "/openapi.json"])
    def test_is_in_every_answer(self, visitor: Client, path: str) -> None:
        assert visitor.get(path).headers["X-Request-ID"]

    def test_is_on_the_log_lines_of_its_request_alone(
        self, visitor: Client, capsys: pytest.CaptureFixture[str], at_info: None
    ) -> None:
        visitor.get("/info", headers={"X-Request-ID": "the-first"})
        visitor.get("/nope", headers={"X-Request-ID": "the-second"})

        first, second = capsys.readouterr().err.splitlines()
        assert re.search(r"INFO     the-first GET /info 200 \d+\.\d ms$", first)
        assert re.search(r"INFO     the-second GET \(no such path\) 404 \d+\.\d ms$", second)


class TestLogLine:
    def test_is_one_however_the_path_is_written(
        self, visitor: Client, capsys: pytest.CaptureFixture[str], at_info: None
    ) -> None:
        visitor.get("/a%0A2026-03-11 12:00:00.000 ERROR    forged%0D%1B[31m")

        (line,) = capsys.readouterr().err.splitlines()
        assert "GET (no such path) 404" in line
        assert "forged" not in line

    @pytest.mark.parametrize(
        ("method", "path", "told"),
        [
            ("GET", "/challenges/7/log/2026-03-11", "GET /challenges/{challenge_id}/log/{date} 404"),
            ("HEAD", "/challenges/7", "HEAD /challenges/{challenge_id} 404"),
            ("PUT", "/challenges/7/log/today", "PUT /challenges/{challenge_id}/log/{date} 422"),
            ("POST", "/challenges/7/archive", "POST /challenges/{challenge_id}/archive 404"),
            ("GET", "/challenges/7/archive", "GET /challenges/{challenge_id}/archive 405"),
            ("GET", "/templates/s3cret", "GET /templates/{slug} 404"),
            ("GET", "/templates/S3CRET", "GET /templates/{slug} 404"),
            ("GET", "/users/me/tokens/7", "GET /users/me/tokens/{token_id} 405"),
            ("DELETE", "/users/me/tokens/x", "DELETE /users/me/tokens/{token_id} 404"),
            ("GET", "/swagger/s3cret", "GET /swagger/{path} 404"),
            ("GET", "/docs", "GET /docs 200"),
            ("GET", "/openapi.json", "GET /openapi.json 200"),
            ("GET", "/invites/s3cret/", "GET (no such path) 404"),
            ("GET", "/s3cret%2Fs3cret", "GET (no such path) 404"),
        ],
    )
    def test_tells_the_template_and_never_what_stands_in_its_place(
        self, anna: Client, capsys: pytest.CaptureFixture[str], at_info: None, method: str, path: str, told: str
    ) -> None:
        anna.request(method, path, content=b"[]" if method == "PUT" else b"", headers=JSON_HEADERS)

        (line,) = capsys.readouterr().err.splitlines()
        assert f" {told} " in line

    def test_tells_the_template_of_what_was_refused_before_its_route_was_found(
        self, visitor: Client, capsys: pytest.CaptureFixture[str], at_info: None
    ) -> None:
        visitor.post("/challenges/77/archive", content=b"x" * (MAX_BODY + 1), headers=JSON_HEADERS)

        assert "POST /challenges/{challenge_id}/archive 413" in capsys.readouterr().err

    def test_has_no_root_path(
        self, app: FastAPI, anna: Client, capsys: pytest.CaptureFixture[str], at_info: None
    ) -> None:
        outside = TestClient(app, root_path="/api", headers=dict(anna.headers))

        outside.get("/api/challenges/7")
        outside.post("/api/challenges/7/archive")

        lines = capsys.readouterr().err.splitlines()
        assert [line.split()[4:7] for line in lines] == [
            ["GET", "/challenges/{challenge_id}", "404"],
            ["POST", "/challenges/{challenge_id}/archive", "404"],
        ]

    def test_hides_an_address_in_the_path(
        self, visitor: Client, capsys: pytest.CaptureFixture[str], at_info: None
    ) -> None:
        visitor.get("/users/anna%40example.test")

        assert "anna" not in capsys.readouterr().err

    def test_leaves_out_the_query(self, visitor: Client, capsys: pytest.CaptureFixture[str], at_info: None) -> None:
        visitor.get("/info?token=hunter2")

        assert "hunter2" not in capsys.readouterr().err

    def test_is_not_written_for_health(
        self, visitor: Client, capsys: pytest.CaptureFixture[str], at_info: None
    ) -> None:
        visitor.get("/health")

        assert capsys.readouterr().err == ""


class TestBodyTooLarge:
    @pytest.mark.parametrize(
        ("path", "headers", "begin"),
        [("/users", JSON_HEADERS, b"{"), ("/auth/token", FORM, b"username="), ("/nope", {}, b"")],
    )
    def test_is_refused_where_it_says_so(
        self, visitor: Client, path: str, headers: dict[str, str], begin: bytes
    ) -> None:
        answer = visitor.post(path, content=begin + b" " * MAX_BODY + b"x", headers=headers)

        assert refusal(answer) == (413, "body_too_large")

    @pytest.mark.parametrize(
        ("path", "headers", "begin"), [("/users", JSON_HEADERS, b"{"), ("/auth/token", FORM, b"username=")]
    )
    def test_is_refused_where_it_comes_in_pieces(
        self, visitor: Client, path: str, headers: dict[str, str], begin: bytes
    ) -> None:
        pieces = iter([begin, *[b" " * 65_536] * 17])

        assert refusal(visitor.post(path, content=pieces, headers=headers)) == (413, "body_too_large")

    def test_is_refused_in_a_form_of_parts(self, visitor: Client) -> None:
        answer = visitor.post("/auth/token", files={"username": b"x" * (MAX_BODY + 1)})

        assert refusal(answer) == (413, "body_too_large")

    def test_is_refused_before_anything_is_done(self, anna: Client) -> None:
        challenge_id = anna.starts()

        answer = anna.post(f"/challenges/{challenge_id}/archive", content=b"x" * (MAX_BODY + 1))

        assert refusal(answer) == (413, "body_too_large")
        assert anna.got(f"/challenges/{challenge_id}")["status"] == "active"

    def test_is_over_one_mebibyte(self, visitor: Client) -> None:
        answer = visitor.post("/users", content=b"{" + b" " * (MAX_BODY - 1), headers=JSON_HEADERS)

        assert refusal(answer) == (422, "invalid_json")

    def test_is_over_32_mebibytes_for_an_import(self, anna: Client) -> None:
        file = {"Content-Type": "application/octet-stream"}
        fits = anna.post("/users/me/import", content=b"x" * (MAX_BODY + 1), headers=file)
        too_large = anna.post("/users/me/import", content=b"x" * (MAX_IMPORT + 1), headers=file)

        assert refusal(fits)[0] == 422
        assert refusal(too_large) == (413, "body_too_large")

    def test_is_over_32_mebibytes_for_an_import_behind_a_root_path(self, app: FastAPI, anna: Client) -> None:
        outside = TestClient(app, root_path="/api", headers=dict(anna.headers))

        answer = outside.post("/api/users/me/import", content=b"x" * (MAX_BODY + 1))

        assert answer.status_code == 422


class TestHead:
    @pytest.mark.parametrize("path", ["/health", "/users/me", "/docs", "/swagger/swagger-ui.css", "/nope"])
    def test_is_a_get_without_its_body(self, anna: Client, path: str) -> None:
        whole, head = anna.get(path), anna.head(path)

        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert {**head.headers, "x-request-id": ""} == {**whole.headers, "x-request-id": ""}

    def test_may_be_sent_with_a_read_token(self, app: FastAPI, anna: Client) -> None:
        assert named_token(anna, app, "read").head("/users/me").status_code == 200

    def test_is_refused_where_nothing_can_be_got(self, anna: Client) -> None:
        answer = anna.head("/challenges/order")

        assert (answer.status_code, answer.headers["Allow"]) == (405, "PUT")

    def test_is_logged_as_itself(self, visitor: Client, capsys: pytest.CaptureFixture[str], at_info: None) -> None:
        visitor.head("/info")

        assert "HEAD /info 200" in capsys.readouterr().err


class TestRootPath:
    def test_stands_before_each_location(self, app: FastAPI, anna: Client) -> None:
        outside = TestClient(app, root_path="/api", headers=dict(anna.headers))

        made = outside.post("/api/challenges", json={"title": "Walk"})

        assert made.headers["Location"] == f"/api/challenges/{made.json()['id']}"
        assert outside.get(made.headers["Location"]).json()["title"] == "Walk"

    def test_stands_before_none_without_one(self, anna: Client) -> None:
        made = anna.post("/challenges", json={"title": "Walk"})

        assert made.headers["Location"] == f"/challenges/{made.json()['id']}"


class TestBug:
    def test_shows_its_request_id_and_nothing_else(self, failing: TestClient) -> None:
        answer = failing.get("/fail/1", headers={"X-Request-ID": "the-id"})

        assert refusal(answer) == (500, "internal_error")
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "the-id"
        assert "hunter2" not in answer.text
        assert "RuntimeError" not in answer.text

    def test_is_logged_with_its_traceback(self, failing: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
        failing.get("/fail/hunter4?password=hunter3", headers={"X-Request-ID": "the-id"})

        logged = capsys.readouterr().err
        assert "ERROR    the-id a bug met GET /fail/{code}" in logged
        assert "hunter4" not in logged
        assert "Traceback (most recent call last)" in logged
        assert "RuntimeError: hunter2 of [hidden]" in logged
        assert "hunter3" not in logged

    def test_does_not_stop_the_next_request(self, failing: TestClient) -> None:
        failing.get("/fail/1")

        assert failing.get("/info").status_code == 200

    def test_cannot_mend_an_answer_under_way(self) -> None:
        async def half_an_answer(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError

        sent = asyncio.run(messages(half_an_answer, http()))

        assert [message["type"] for message in sent] == ["http.response.start"]


class TestStart:
    def test_is_refused_in_words(self) -> None:
        def refuse() -> None:
            raise StartRefused("run `lifetracker db upgrade`")

        sent = asyncio.run(messages(nothing, {"type": "lifespan"}, may_start=refuse))

        assert sent == [{"type": "lifespan.startup.failed", "message": "run `lifetracker db upgrade`"}]

    def test_is_left_to_the_application_otherwise(self) -> None:
        async def started(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "lifespan.startup.complete"})

        sent = asyncio.run(messages(started, {"type": "lifespan"}))

        assert sent == [{"type": "lifespan.startup.complete"}]

    def test_is_asked_once_and_not_by_requests(self, app: FastAPI) -> None:
        asked: list[str] = []

        asyncio.run(messages(nothing, http(), may_start=lambda: asked.append("asked")))

        assert asked == []


class TestManyRequests:
    def test_keep_their_ids_apart(self, app: FastAPI, anna: Client) -> None:
        async def call() -> None:
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=anna.headers) as client:
                ids = [f"id-{number}" for number in range(20)]
                calls = [client.get("/today", headers={"X-Request-ID": request_id}) for request_id in ids]
                answers = await asyncio.gather(*calls)
                assert [answer.headers["X-Request-ID"] for answer in answers] == ids

        asyncio.run(call())


@pytest.fixture
def failing(make_app: Callable[..., FastAPI]) -> TestClient:
    """An application with a bug."""
    app = make_app()

    @app.get("/fail/{code}")
    async def fail(request: Request, code: str) -> None:
        raise RuntimeError("hunter2 of anna@example.test")

    return TestClient(app, raise_server_exceptions=False)


def http() -> Scope:
    return {"type": "http", "method": "GET", "path": "/", "headers": []}


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    return


async def messages(app: Any, scope: Scope, may_start: Callable[[], None] = lambda: None) -> list[Message]:
    """What the edge sends to the server when the application is `app`."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    edge = Edge(app, larger={}, ways=Ways(()), may_start=may_start, template_at=lambda _: None)
    await edge(scope, receive, send)
    return sent
