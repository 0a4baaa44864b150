"""`/openapi.json`: what each operation takes and may answer, so that clients can be generated from it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from lifetracker.core.errors import Conflict, Invalid, NotFound
from lifetracker.core.http.browsers import EXPOSED
from lifetracker.core.http.openapi import refusals
from lifetracker.core.http.route import JsonRoute
from lifetracker.main import app
from tests.operations import DOCUMENT, OPERATIONS, PRIVATE, WITH_JSON, WRITING, Operation
from tests.people import Client

COMPONENTS = DOCUMENT["components"]
ROUTES = [route for route in app.router.routes if isinstance(route, JsonRoute) and route.include_in_schema]


def named(name: str) -> Operation:
    return next(operation for operation in OPERATIONS if repr(operation) == name)


def told_of(method: str, path: str) -> dict[str, Any]:
    """What the document says of the answers to a request: of a path without holes first."""
    found = [
        operation
        for operation in sorted(OPERATIONS, key=lambda each: "{" in each.path)
        if operation.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", operation.path), path)
    ]
    told: dict[str, Any] = found[0].described["responses"]
    return told


class TestDocument:
    def test_is_served(self, visitor: Client) -> None:
        answer = visitor.get("/openapi.json")

        assert answer.status_code == 200
        assert answer.json() == json.loads(json.dumps(DOCUMENT))

    def test_is_completed_once(self) -> None:
        assert app.openapi() is app.openapi()

    def test_refers_only_to_what_it_holds(self) -> None:
        text = json.dumps(DOCUMENT)
        held = {f"#/components/{kind}/{name}" for kind, named in COMPONENTS.items() for name in named}
        told = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}

        assert told <= held

    def test_knows_where_it_stands_behind_a_root_path(self) -> None:
        outside = TestClient(app, root_path="/api")

        assert outside.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]
        assert DOCUMENT["servers"] == [{"url": "/"}]

    def test_says_whose_it_is_and_under_which_licence(self) -> None:
        assert DOCUMENT["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
        assert DOCUMENT["info"]["contact"]["name"]
        assert DOCUMENT["info"]["description"]

    def test_has_a_sentence_for_every_tag(self) -> None:
        told = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}

        assert {tag for operation in OPERATIONS for tag in operation.described["tags"]} == set(told)
        assert all(sentence.endswith(".") for sentence in told.values())

    def test_offers_a_plain_token_beside_the_form_that_gives_one(self) -> None:
        schemes = COMPONENTS["securitySchemes"]

        assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")
        assert schemes["token"]["flows"]["password"]["tokenUrl"] == "auth/token"


class TestOperation:
    def test_is_named_for_its_endpoint_by_verb_and_thing(self) -> None:
        for route in ROUTES:
            name = route.endpoint.__name__
            assert route.operation_id == name
            assert re.fullmatch("[a-z]+(_[a-z]+)+", name)

    def test_has_a_name_of_its_own_a_summary_and_a_sentence(self) -> None:
        names = [operation.described["operationId"] for operation in OPERATIONS]

        assert len(set(names)) == len(names) == len(ROUTES)
        assert all(operation.described["summary"] for operation in OPERATIONS)
        assert all(operation.described["description"].endswith(".") for operation in OPERATIONS)

    def test_says_that_it_needs_a_token_or_that_it_needs_none(self) -> None:
        for operation in OPERATIONS:
            assert operation.described["security"] in ([], [{"bearer": []}, {"token": []}])

    def test_tells_that_its_tries_are_counted(self) -> None:
        """Where an endpoint is given the pace, it holds callers to it."""
        for route in ROUTES:
            if "pace" in route._given:
                names = [f"{method} {route.path_format}" for method in route.methods or ()]
                assert all("too_many_attempts" in named(name).codes(429) for name in names)

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
            assert operation.codes(415) == ["unsupported_encoding"]

    def test_tells_of_bugs_and_of_a_busy_database(self) -> None:
        assert all(operation.codes(500) == ["internal_error"] for operation in OPERATIONS)
        assert all(operation.codes(503) == ["busy", "database_unavailable"] for operation in PRIVATE)
        assert "503" not in named("GET /info").described["responses"]

    def test_tells_of_a_failing_health_by_its_own_shape(self) -> None:
        failing = named("GET /health").described["responses"]["503"]["content"]

        assert failing["application/json"]["schema"] == {"$ref": "#/components/schemas/Health"}

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


class TestHeaders:
    def test_that_browsers_may_see_are_described(self) -> None:
        assert set(EXPOSED) <= set(COMPONENTS["headers"])
        assert all(header["description"].endswith(".") for header in COMPONENTS["headers"].values())

    @pytest.mark.parametrize(
        ("name", "status", "headers"),
        [
            ("GET /health", "200", set()),
            ("POST /challenges", "201", {"ETag", "Location", "Idempotent-Replayed"}),
            ("GET /challenges/{challenge_id}", "200", {"ETag"}),
            ("GET /challenges/{challenge_id}", "304", {"ETag"}),
            ("GET /challenges/{challenge_id}", "404", set()),
            ("GET /challenges", "200", set()),
            ("PUT /challenges/{challenge_id}/log/{date}", "201", {"ETag", "Location"}),
            ("POST /challenges/{challenge_id}/log/{date}/add", "200", {"ETag", "Idempotent-Replayed"}),
            ("DELETE /challenges/{challenge_id}", "204", set()),
            ("POST /users/me/password", "204", {"Idempotent-Replayed"}),
            ("POST /users/me/tokens", "201", {"Location"}),
            ("POST /auth/token", "401", {"WWW-Authenticate"}),
            ("POST /auth/token", "429", {"Retry-After"}),
            ("GET /today", "503", {"Retry-After"}),
            ("GET /health", "503", set()),
        ],
    )
    def test_are_those_that_an_answer_has(self, name: str, status: str, headers: set[str]) -> None:
        assert set(named(name).described["responses"][status]["headers"]) == {"X-Request-ID", *headers}

    def test_are_those_of_real_answers(self, anna: Client) -> None:
        challenge = f"/challenges/{anna.starts('Read', kind='measure', target=20, unit='pages')}"
        slug = anna.made("/templates", {"title": "Mine"})["slug"]
        new, key = {"title": "New"}, {"Idempotency-Key": "k"}
        day = f"{challenge}/log/2026-03-10"
        answers = [
            *(anna.get(path) for path in ("/health", "/info", "/users/me", "/challenges", challenge, "/today")),
            *(
                anna.get(path)
                for path in (f"{challenge}/stats", f"{challenge}/log", f"/templates/{slug}", "/templates")
            ),
            *(anna.post("/challenges", json=new, headers=key) for _ in "12"),
            *(anna.post(path, json=new) for path in ("/challenges", "/templates")),
            *(anna.patch(path, json=new) for path in (challenge, f"/templates/{slug}")),
            *(anna.put(day, json={"value": 1}) for _ in "12"),
            *(anna.post(f"{challenge}/{what}") for what in ("pause", "resume", "archive", "unarchive", "restart")),
            *(anna.post(f"{day}/add", json={"amount": 1}) for _ in "12"),
            *(anna.get(day, headers={"If-None-Match": tag}) for tag in ("*", "none")),
            anna.post("/users/me/tokens", json={"name": "mine", "scope": "read"}),
            *(anna.delete(path) for path in (day, challenge, challenge)),
            anna.post("/auth/token", data={"grant_type": "password", "username": "a@b", "password": "wrong"}),
        ]
        for answer in answers:
            told = told_of(answer.request.method, answer.request.url.path)[str(answer.status_code)]["headers"]
            carried = {name for name in COMPONENTS["headers"] if name in answer.headers}
            assert carried | {"Idempotent-Replayed"} == set(told) | {"Idempotent-Replayed"}, answer.request.url
            assert carried <= set(told)


class TestRefusals:
    def test_gathers_codes_by_status(self) -> None:
        class Gone(NotFound):
            code = "gone"

        answers = refusals(NotFound, Gone, Conflict, Invalid)

        assert list(answers) == [404, 409, 422]
        assert answers[404]["description"] == "Not Found: `gone`, `not_found`"
