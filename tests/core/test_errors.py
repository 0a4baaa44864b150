"""Problems: every refusal says what it is, in one shape, and repeats nothing that was sent."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from lifetracker.core.schemas import PageQuery, Sent
from lifetracker.core.validation import message_of
from tests.operations import OPERATIONS, PRIVATE, WITH_JSON
from tests.people import PASSWORD, Client, refusal

JSON_HEADERS = {"Content-Type": "application/json"}
MEMBERS = {"type", "title", "status", "detail", "code"}


class TestWithoutToken:
    def test_is_told_to_send_one(self, visitor: Client) -> None:
        for operation in PRIVATE:
            answer = visitor.request(operation.method, operation.at())

            assert (operation, *refusal(answer)) == (operation, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert set(answer.json()) == MEMBERS

    def test_is_refused_with_a_dead_one(self, visitor: Client) -> None:
        for operation in PRIVATE:
            answer = visitor.request(operation.method, operation.at(), headers={"Authorization": "Bearer lt_dead"})

            assert (operation, *refusal(answer)) == (operation, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic bHRfYW5uYTo=", "lt_anna", "Bearer lt_anna x"])
    def test_is_refused_with_another_kind_of_header(self, anna: Client, header: str) -> None:
        answer = anna.get("/users/me", headers={"Authorization": header})

        assert refusal(answer) == (401, "unauthorized")

    def test_is_refused_with_what_is_no_token_at_all(self, anna: Client) -> None:
        for token in (b"\xff\xfe", b"x" * 5000, b"lt_anna\xc3\xa9", b"' OR 1=1 --"):
            answer = anna.get("/users/me", headers=[(b"Authorization", b"Bearer " + token)])

            assert refusal(answer) == (401, "unauthorized")

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/challenges", b"no json"),
            ("POST", "/challenges", b'{"nope": 1}'),
            ("PUT", "/challenges/nope/log/2026-02-30", b""),
            ("GET", "/daily-log?limit=none", b""),
        ],
    )
    def test_is_refused_before_the_rest_is_judged(self, visitor: Client, method: str, path: str, body: bytes) -> None:
        assert refusal(visitor.request(method, path, content=body)) == (401, "unauthorized")

    def test_is_let_in_only_where_the_contract_says_so(self) -> None:
        public = {str(operation) for operation in OPERATIONS} - {str(operation) for operation in PRIVATE}

        assert public == {"GET /health", "GET /info", "POST /users", "POST /auth/token", "POST /auth/password-reset"}


class TestPath:
    @pytest.mark.parametrize("path", ["/", "/nope", "/users", "/users/me/", "/challenges/1/nope", "/%ff", "/é"])
    def test_is_a_problem_where_there_is_none(self, anna: Client, path: str) -> None:
        answer = anna.get(path)

        assert answer.status_code in (404, 405)
        assert set(answer.json()) == MEMBERS
        assert refusal(answer)[1] in ("not_found", "method_not_allowed")

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/users/me", "DELETE, GET, HEAD, PATCH"),
            ("POST", "/users/me", "DELETE, GET, HEAD, PATCH"),
            ("OPTIONS", "/users/me", "DELETE, GET, HEAD, PATCH"),
            ("PATCH", "/users/me/tokens", "GET, HEAD, POST"),
            ("GET", "/users/me/tokens/1", "DELETE"),
            ("PUT", "/auth/token", "DELETE, GET, HEAD, POST"),
            ("DELETE", "/health", "GET, HEAD"),
            ("DELETE", "/challenges", "GET, HEAD, POST"),
            ("TRACE", "/challenges/1", "DELETE, GET, HEAD, PATCH"),
        ],
    )
    def test_names_all_methods_that_it_takes(self, anna: Client, method: str, path: str, allowed: str) -> None:
        answer = anna.request(method, path)

        assert refusal(answer) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == allowed
        assert set(answer.json()) == MEMBERS

    @pytest.mark.parametrize("bad", ["9" * 30, str(2**63), "0", "-1", "abc", "1_0", "1.0", "+1", "٣", "%00"])
    def test_is_nothing_where_an_id_cannot_be(self, anna: Client, bad: str) -> None:
        ids = dict.fromkeys(("challenge_id", "token_id", "user_id"), bad)
        for operation in (operation for operation in PRIVATE if "_id}" in operation.path):
            answer = anna.request(operation.method, operation.at(**ids), json={} if operation.takes_json else None)

            assert (operation, *refusal(answer)) == (operation, 404, "not_found")


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"",
            b"null null",
            b'{"email": NaN}',
            b'{"email": Infinity}',
            b'{"email": -Infinity}',
            b'{"email": "\\ud800"}',
            b'{"email": "\\udfff\\ud83d"}',
            b'{"email": "\xff"}',
            b'{"email": "\xed\xa0\x80"}',
            b'{"email": ' + b"9" * 5000 + b"}",
            b'{"email": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b"{'email': 1}",
            b'{"email": 1,}',
            b'{"email": 01}',
            b'{"email": "a\nb"}',
            b'\xef\xbb\xbf{"email": "a@b"}',
            '{"email": "a@b"}'.encode("utf-16"),
        ],
    )
    def test_is_refused_where_it_is_not_json(self, visitor: Client, body: bytes) -> None:
        answer = visitor.post("/users", content=body, headers=JSON_HEADERS)

        assert refusal(answer) == (422, "invalid_json")
        assert answer.json()["errors"][0]["code"] == "invalid_json"

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""])
    def test_is_refused_where_it_does_not_say_that_it_is_json(self, visitor: Client, kind: str) -> None:
        answer = visitor.post("/users", content=b'{"email": "a@b"}', headers={"Content-Type": kind})

        assert refusal(answer) == (422, "invalid_json")
        assert "Content-Type: application/json" in answer.json()["detail"]

    @pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"])
    def test_is_taken_where_it_does(self, visitor: Client, kind: str) -> None:
        body = b'{"email": "a@b", "password": "correct horse"}'

        assert visitor.post("/users", content=body, headers={"Content-Type": kind}).status_code == 201

    @pytest.mark.parametrize("body", ["null", "[]", "7", '"text"', "true"])
    def test_is_refused_where_it_is_no_object(self, visitor: Client, body: str) -> None:
        answer = visitor.post("/users", content=body, headers=JSON_HEADERS)

        assert refusal(answer) == (422, "invalid")

    def test_may_hold_no_unknown_field(self, anna: Client) -> None:
        for operation in WITH_JSON:
            answer = anna.request(operation.method, operation.at(), json={"no_such_field": 1})

            assert (operation, *refusal(answer)) == (operation, 422, "invalid")
            assert ("no_such_field", "unknown_field") in fields_and_codes(answer.json())

    def test_is_json_everywhere(self, anna: Client) -> None:
        for operation in WITH_JSON:
            answer = anna.request(operation.method, operation.at(), content=b'{"x": NaN}', headers=JSON_HEADERS)

            assert (operation, *refusal(answer)) == (operation, 422, "invalid_json")

    @pytest.mark.parametrize("secret", ["hunter2" * 2000, ["hunter2"], {"hunter2": "hunter2"}])
    def test_is_never_repeated(self, anna: Client, secret: object) -> None:
        """A field's name may be; a value may be a password that stands in the wrong place."""
        for operation in WITH_JSON:
            body = dict.fromkeys(operation.fields, secret)
            answer = anna.request(operation.method, operation.at(), json=body)

            assert (operation, answer.status_code) == (operation, 422)
            assert "hunter2" not in without_unknown_names(answer.json())

    def test_is_never_repeated_from_a_form(self, visitor: Client) -> None:
        form = {"grant_type": "hunter2", "username": "hunter2\0", "password": "hunter2" * 200}
        answer = visitor.post("/auth/token", data=form)

        assert refusal(answer) == (422, "invalid")
        assert {field for field, _ in fields_and_codes(answer.json())} == {"grant_type", "username", "password"}
        assert "hunter2" not in answer.text

    def test_is_a_bad_request_where_a_form_is_broken(self, visitor: Client) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}

        assert refusal(visitor.post("/auth/token", content=b"--y", headers=headers)) == (400, "bad_request")


class TestFieldErrors:
    @pytest.mark.parametrize(
        ("body", "errors"),
        [
            ({"schedule": {"type": "weekly", "days": []}}, [("schedule.days", "too_short")]),
            ({"schedule": {"type": "weekly", "days": ["mon", "xyz"]}}, [("schedule.days.1", "literal_error")]),
            ({"schedule": {"type": "weekly"}}, [("schedule.days", "missing")]),
            ({"schedule": {"type": "interval", "days": 0}}, [("schedule.days", "greater_than_equal")]),
            ({"schedule": {"type": "daily", "dayz": 1}}, [("schedule.dayz", "unknown_field")]),
            ({"schedule": {"type": "hourly"}}, [("schedule.type", "literal_error")]),
            ({"schedule": {}}, [("schedule.type", "missing")]),
            ({"tags": ["a", "", "x" * 41]}, [("tags.1", "too_short"), ("tags.2", "too_long")]),
            ({"title": ""}, [("title", "too_short")]),
            ({"title": 7}, [("title", "string_type")]),
            ({"title": "a\0b"}, [("title", "nul_character")]),
        ],
    )
    def test_name_their_place_in_the_body(
        self, anna: Client, body: dict[str, Any], errors: list[tuple[str, str]]
    ) -> None:
        answer = anna.post("/challenges", json={"title": "Walk", **body})

        assert refusal(answer) == (422, "invalid")
        assert fields_and_codes(answer.json()) == errors

    def test_carry_message_and_limits(self, anna: Client) -> None:
        problem = anna.post("/challenges", json={"title": "x" * 201}).json()

        (error,) = problem["errors"]
        assert (error["code"], error["message"]) == ("too_long", "Should have at most 200 characters")
        assert error["params"] == {"max_length": 200, "actual_length": 201}
        assert problem["detail"] == "title: Should have at most 200 characters"
        assert set(problem) == MEMBERS | {"errors"}

    def test_count_a_password_in_characters_too(self, visitor: Client) -> None:
        (error,) = visitor.post("/users", json={"email": "a@b", "password": "short"}).json()["errors"]

        assert (error["code"], error["message"]) == ("too_short", "Should have at least 8 characters")

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ({"title": ""}, "title: Should have at least 1 character"),
            ({"tags": ["x"] * 21}, "tags: Should have at most 20 items"),
            ({"schedule": "daily"}, "schedule: Input should be an object"),
            ({"schedule": {}}, "schedule.type: Field required"),
            ({"duration_days": 30.5}, "duration_days: Input should be a whole number"),
            ({"duration_days": "30"}, "duration_days: Input should be a whole number"),
            ({"color": "red"}, "color: A colour is written as #RRGGBB, such as #2E7D32"),
            ({"colour": "red"}, "colour: There is no such field"),
        ],
    )
    def test_speak_to_people(self, anna: Client, body: dict[str, Any], told: str) -> None:
        assert anna.post("/challenges", json={"title": "Walk", **body}).json()["detail"] == told

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("locale", "en_US"),
            ("locale", "en\n"),
            ("locale", ""),
            ("day_starts_at", "3:00"),
            ("day_starts_at", "03:00\n"),
            ("day_starts_at", "12:01"),
            ("day_starts_at", "24:00"),
        ],
    )
    def test_tell_no_pattern(self, anna: Client, field: str, value: str) -> None:
        (error,) = anna.patch("/users/me", json={field: value}).json()["errors"]

        assert error["field"] == field
        assert error["params"] == {}
        assert not set(error["message"]) & set("^$[]{}()\\*")

    def test_of_every_body_are_words(self) -> None:
        """Whatever is sent for whatever field: no pattern, and nothing that only Python calls so."""
        told = {message for model in sent_models() for message in messages_of(model)}

        assert len(told) > 20
        assert [
            message
            for message in told
            if re.search(r"[\^$\\{}]|\[|pattern|parse|valid |instance|dict|Literal", message)
        ] == []

    @pytest.mark.parametrize("body", [None, [], 7, "walk"])
    def test_of_a_whole_body_name_no_field(self, anna: Client, body: object) -> None:
        answer = anna.post("/challenges", content=json.dumps(body), headers={"Content-Type": "application/json"})

        assert refusal(answer) == (422, "invalid")
        assert fields_and_codes(answer.json()) == [("", "object_type")]
        assert answer.json()["detail"] == "Input should be an object"

    def test_say_what_a_kind_of_schedule_may_be(self, anna: Client) -> None:
        answer = anna.post("/challenges", json={"title": "Walk", "schedule": {"type": "hunter2"}})

        (error,) = answer.json()["errors"]
        assert error["message"] == "Input should be one of 'daily', 'weekly', 'times', 'interval'"
        assert "hunter2" not in answer.text

    @pytest.mark.parametrize(
        ("query", "field"), [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")]
    )
    def test_name_the_parameter_of_a_query(self, anna: Client, query: str, field: str) -> None:
        answer = anna.get(f"/users/me/tokens?{query}")

        assert refusal(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == field

    def test_name_a_header(self, anna: Client) -> None:
        answer = anna.post("/challenges", json={"title": "Walk"}, headers={"Idempotency-Key": "x" * 201})

        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"

    def test_tell_all_that_is_wrong_at_once(self, visitor: Client) -> None:
        answer = visitor.post("/users", json={"email": "x", "password": "short", "week_starts_on": "fri"})

        assert {field for field, _ in fields_and_codes(answer.json())} == {"email", "password", "week_starts_on"}


class TestWholeNumber:
    """JSON has one kind of number."""

    @pytest.mark.parametrize("written", ["30", "30.0", "30.00", "3e1", "3.0E+1", "300e-1"])
    def test_may_be_written_as_any_number_is(self, anna: Client, written: str) -> None:
        assert started(anna, written).json()["duration_days"] == 30

    @pytest.mark.parametrize("written", ["30.5", '"30"', '"30.0"', "true", "1e400", "1e300", "-1.0", "0.0", "[30.0]"])
    def test_is_no_other(self, anna: Client, written: str) -> None:
        answer = started(anna, written)

        assert refusal(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == "duration_days"

    def test_may_be_so_at_any_depth(self, anna: Client) -> None:
        schedule = '{"type": "times", "count": 3.0, "per": "week"}'
        body = f'{{"title": "Walk", "schedule": {schedule}, "allowed_misses": 2.0, "on_miss": "fail"}}'
        made = anna.post("/challenges", content=body, headers=JSON_HEADERS)
        ordered = anna.put("/challenges/order", content='{"ids": [1.0]}', headers=JSON_HEADERS)

        assert (made.json()["schedule"]["count"], made.json()["allowed_misses"]) == (3, 2)
        assert ordered.status_code == 204

    def test_makes_no_truth_of_a_number(self, anna: Client) -> None:
        walk = anna.starts()

        answer = anna.put(f"/challenges/{walk}/log/today", content='{"skipped": 1.0}', headers=JSON_HEADERS)

        assert refusal(answer) == (422, "invalid")


class TestEncodedBody:
    @pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate", "identity, gzip", "x"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/challenges"),
            ("PUT", "/challenges/1/log/today"),
            ("PATCH", "/users/me"),
            ("POST", "/users/me/import"),
            ("POST", "/auth/token"),
            ("POST", "/users"),
            ("POST", "/challenges/1/archive"),
            ("DELETE", "/challenges/1"),
        ],
    )
    def test_is_refused_by_its_name(self, anna: Client, method: str, path: str, encoding: str) -> None:
        answer = anna.request(method, path, content=gzip.compress(b"{}"), headers={"Content-Encoding": encoding})

        assert refusal(answer) == (415, "unsupported_encoding")
        assert answer.headers["Accept-Encoding"] == "identity"

    @pytest.mark.parametrize("encoding", ["identity", "Identity", "", "identity, identity"])
    def test_may_be_none(self, anna: Client, encoding: str) -> None:
        made = anna.post("/challenges", json={"title": "Walk"}, headers={"Content-Encoding": encoding})

        assert made.status_code == 201

    def test_is_not_the_first_thing_that_is_judged(self, anna: Client, visitor: Client) -> None:
        gzipped = {"content": gzip.compress(b"{}"), "headers": {"Content-Encoding": "gzip"}}

        assert refusal(visitor.post("/challenges", **gzipped))[0] == 401  # type: ignore[arg-type]
        assert refusal(anna.post("/nope", **gzipped))[0] == 404  # type: ignore[arg-type]

    def test_is_none_where_there_is_no_body(self, anna: Client) -> None:
        assert anna.get("/users/me", headers={"Content-Encoding": "gzip"}).status_code == 200


class TestPathWithALineBreak:
    @pytest.mark.parametrize("end", ["%0A", "%0D", "%0D%0A", "%0a"])
    @pytest.mark.parametrize(
        "path",
        [
            *("/users/me", "/health", "/info", "/docs", "/openapi.json", "/today", "/challenges", "/challenges/1"),
            *("/challenges/1/stats", "/templates/75-hard", "/swagger/swagger-ui.css", "/challenges/order"),
        ],
    )
    def test_is_another(self, anna: Client, path: str, end: str) -> None:
        anna.starts()

        assert anna.get(path + end).status_code == 404

    @pytest.mark.parametrize("end", ["%0A", "%0D"])
    @pytest.mark.parametrize(
        "path", ["/challenges/1{}/log/today", "/challenges/1/log/today{}", "/challenges/1{}/stats"]
    )
    def test_is_no_day_and_no_id(self, anna: Client, path: str, end: str) -> None:
        anna.logged(anna.starts())

        assert anna.get(path.format(end)).status_code in (404, 422)
        assert anna.get(path.format("")).status_code == 200


class TestCaching:
    @pytest.mark.parametrize(
        ("method", "path", "told"),
        [
            ("GET", "/users/me", "private, no-cache"),
            ("GET", "/today", "private, no-cache"),
            ("GET", "/templates", "private, no-cache"),
            ("HEAD", "/challenges", "private, no-cache"),
            ("GET", "/challenges/7", "private, no-cache"),
            ("DELETE", "/challenges/7", "private, no-cache"),
            ("POST", "/challenges/7/archive", "private, no-cache"),
            ("GET", "/health", "no-store"),
            ("GET", "/info", "no-cache"),
            ("GET", "/openapi.json", "no-cache"),
            ("GET", "/nope", "no-cache"),
        ],
    )
    def test_is_told_to_whoever_keeps_answers(self, anna: Client, method: str, path: str, told: str) -> None:
        assert anna.request(method, path).headers.get_list("Cache-Control") == [told]

    def test_is_told_of_what_did_not_change(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}"
        tag = anna.get(path).headers["ETag"]

        unchanged = anna.get(path, headers={"If-None-Match": tag})

        assert (unchanged.status_code, unchanged.headers["Cache-Control"]) == (304, "private, no-cache")

    def test_is_told_to_who_has_no_token(self, visitor: Client) -> None:
        assert visitor.get("/users/me").headers["Cache-Control"] == "private, no-cache"

    def test_is_forbidden_of_secrets(self, anna: Client, visitor: Client) -> None:
        form = {"grant_type": "password", "username": "anna@example.test", "password": PASSWORD}

        assert visitor.post("/auth/token", data=form).headers.get_list("Cache-Control") == ["no-store"]
        made = anna.post("/users/me/tokens", json={"name": "x", "scope": "read"})
        assert made.headers.get_list("Cache-Control") == ["no-store"]

    def test_of_a_new_account_is_its_own(self, visitor: Client) -> None:
        made = visitor.post("/users", json={"email": "new@example.test", "password": PASSWORD})

        assert made.headers.get_list("Cache-Control") == ["private, no-cache"]

    @pytest.mark.parametrize("path", ["/templates", "/templates/75-hard", "/templates/nope"])
    def test_knows_that_texts_depend_on_the_language(self, anna: Client, path: str) -> None:
        assert anna.get(path).headers["Vary"] == "Accept-Language"
        assert "Vary" not in anna.get("/users/me").headers


class TestNothing:
    def test_is_answered_alike_by_every_route(self, anna: Client, people: Callable[..., Client]) -> None:
        """The framework would name the type of a body that is not there, the quick way would not."""
        first, second = anna.starts(), anna.starts()
        anna.logged(first)
        answers = [
            anna.put("/challenges/order", json={"ids": [second]}),
            anna.delete(f"/challenges/{first}/log/today"),
            anna.delete(f"/challenges/{first}"),
            anna.delete(f"/challenges/{second}?forever=true"),
            anna.delete("/auth/token"),
            people("boris").delete("/users/me"),
        ]

        assert [answer.status_code for answer in answers] == [204] * 6
        assert {tuple(sorted(answer.headers)) for answer in answers} == {("cache-control", "x-request-id")}


class TestProblem:
    def test_has_a_type_and_title_of_its_code(self, anna: Client) -> None:
        assert anna.get("/challenges/1").json() == {
            "type": "urn:lifetracker:problem:challenge_not_found",
            "title": "Challenge not found",
            "status": 404,
            "detail": "there is no such challenge, or it is not yours",
            "code": "challenge_not_found",
        }

    def test_comes_from_every_route(self, app: FastAPI) -> None:
        """A route of another class would take NaN for a number."""
        from lifetracker.core.http.route import JsonRoute

        with_body = [route for route in app.routes if isinstance(route, APIRoute) and route.body_field]

        assert with_body
        assert all(isinstance(route, JsonRoute) for route in with_body)


def fields_and_codes(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in problem["errors"]]


def without_unknown_names(problem: dict[str, Any]) -> str:
    told = [error for error in problem["errors"] if error["code"] != "unknown_field"]
    return str(told)


def started(anna: Client, days: str) -> httpx2.Response:
    return anna.post("/challenges", content=f'{{"title": "Walk", "duration_days": {days}}}', headers=JSON_HEADERS)


def sent_models() -> set[type[BaseModel]]:
    def below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
        for each in model.__subclasses__():
            yield each
            yield from below(each)

    return {model for model in (*below(Sent), *below(PageQuery)) if model.__module__.startswith("lifetracker.")}


def messages_of(model: type[BaseModel]) -> Iterator[str]:
    odd: list[object] = [
        None,
        1.5,
        -1,
        10**400,
        True,
        "",
        "x" * 20_000,
        "\0",
        "a b",
        "2026-02-30",
        [],
        ["x", "x"],
        {},
        b"x",
    ]
    odd += [{"type": kind, "days": 0, "count": 0.5, "per": "x"} for kind in ("weekly", "times", "interval", "x")]
    for name, field in model.model_fields.items():
        for value in odd:
            try:
                model.model_validate({field.alias or name: value})
            except ValidationError as refused:
                yield from (message_of(error) for error in refused.errors())
