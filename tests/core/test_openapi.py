"""`/openapi.json`: what each operation may answer."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from lifetracker.core.errors import Conflict, Invalid, NotFound
from lifetracker.core.openapi import refusals
from lifetracker.main import app
from tests.operations import DOCUMENT, OPERATIONS, PRIVATE, WITH_JSON, WRITING, Operation
from tests.people import Client


def named(name: str) -> Operation:
    return next(operation for operation in OPERATIONS if repr(operation) == name)


class TestDocument:
    def test_is_served(self, visitor: Client) -> None:
        answer = visitor.get("/openapi.json")

        assert answer.status_code == 200
        assert answer.json() == json.loads(json.dumps(DOCUMENT))

    def test_is_completed_once(self) -> None:
        assert app.openapi() is app.openapi()

    def test_refers_only_to_what_it_holds(self) -> None:
        text = json.dumps(DOCUMENT)
        held = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
        told = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}

        assert told <= held

    def test_knows_where_it_stands_behind_a_root_path(self) -> None:
        outside = TestClient(app, root_path="/api")

        assert outside.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]

    def test_gives_each_operation_a_name_of_its_own_and_a_sentence(self) -> None:
        names = [operation.described["operationId"] for operation in OPERATIONS]

        assert len(set(names)) == len(names)
        assert all(operation.described["description"].endswith(".") for operation in OPERATIONS)


class TestOperation:
    def test_tells_its_refusals_as_problems(self) -> None:
        for operation in OPERATIONS:
            for status, answer in operation.described["responses"].items():
                is_health = repr(operation) == "GET /health" and status == "503"
                if int(status) >= 400 and not is_health:
                    assert (operation, list(answer["content"])) == (operation, ["application/problem+json"])
                    assert operation.codes(int(status))

    def test_tells_that_it_needs_a_token(self) -> None:
        assert all(operation.codes(401) == ["unauthorized"] for operation in PRIVATE)

    def test_tells_that_a_read_token_may_not_write(self) -> None:
        able = [operation for operation in WRITING if "read_only_token" not in operation.codes(403)]

        assert [repr(operation) for operation in able] == ["DELETE /auth/token"]

    def test_tells_what_may_be_wrong_with_a_body(self) -> None:
        for operation in WITH_JSON:
            assert {"invalid", "invalid_json"} <= set(operation.codes(422))
            assert operation.codes(413) == ["body_too_large"]

    def test_tells_of_bugs_and_of_a_busy_database(self) -> None:
        assert all(operation.codes(500) == ["internal_error"] for operation in OPERATIONS)
        assert all(operation.codes(503) == ["busy", "database_unavailable"] for operation in PRIVATE)

    def test_tells_of_a_key_that_was_used(self) -> None:
        for operation in PRIVATE:
            if operation.method == "POST" and repr(operation) != "POST /users/me/import":
                assert "idempotency_key_reused" in operation.codes(422)

    @pytest.mark.parametrize(
        ("name", "status", "codes"),
        [
            ("POST /users", 403, ["registration_closed"]),
            ("POST /users", 409, ["email_taken"]),
            ("POST /users", 429, ["too_many_attempts"]),
            ("POST /auth/token", 401, ["invalid_credentials"]),
            ("POST /auth/token", 403, ["account_disabled"]),
            ("POST /auth/token", 429, ["too_many_attempts"]),
            ("POST /auth/password-reset", 403, ["invalid_code"]),
            ("PATCH /users/me", 403, ["login_required", "read_only_token", "wrong_password"]),
            ("PATCH /users/me", 409, ["email_taken"]),
            ("PATCH /users/me", 422, ["invalid", "invalid_json", "missing"]),
            ("DELETE /users/me", 403, ["login_required", "read_only_token"]),
            ("POST /users/me/password", 403, ["login_required", "read_only_token", "wrong_password"]),
            ("POST /users/me/password", 429, ["too_many_attempts"]),
            ("POST /users/me/tokens", 403, ["login_required", "read_only_token"]),
            ("DELETE /users/me/tokens/{token_id}", 403, ["login_required", "read_only_token"]),
            ("DELETE /users/me/tokens/{token_id}", 404, ["not_found"]),
            ("PATCH /challenges/{challenge_id}", 412, ["stale"]),
        ],
    )
    def test_tells_the_codes_of_its_own(self, name: str, status: int, codes: list[str]) -> None:
        assert named(name).codes(status) == codes

    def test_tells_of_secrets_that_are_not_kept_and_tokens_that_are_born_dead(self) -> None:
        assert {"idempotency_not_for_secrets", "expires_in_past"} <= set(named("POST /users/me/tokens").codes(422))

    def test_tells_of_an_unchanged_thing(self) -> None:
        assert "304" in named("GET /challenges/{challenge_id}").described["responses"]
        assert "304" not in named("GET /users/me").described["responses"]


class TestRefusals:
    def test_gathers_codes_by_status(self) -> None:
        class Gone(NotFound):
            code = "gone"

        answers = refusals(NotFound, Gone, Conflict, Invalid)

        assert list(answers) == [404, 409, 422]
        assert answers[404]["description"] == "Not Found: `gone`, `not_found`"
