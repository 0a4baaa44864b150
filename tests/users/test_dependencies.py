"""Who may do what with which token, held against every operation there is."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic_core import to_json
from starlette.responses import Response

from lifetracker.core.http.answers import answer, tagged, written
from lifetracker.core.http.etags import tag_of
from lifetracker.core.schemas import Shown
from lifetracker.templates.schedule import SCHEDULE
from tests.operations import PRIVATE, WRITING, Operation
from tests.people import PASSWORD, Client, refusal
from tests.users.accounts import named_token

LOGIN_ONLY = {
    "DELETE /users/me",
    "POST /users/me/password",
    "POST /users/me/tokens",
    "DELETE /users/me/tokens/{token_id}",
}


class TestWritten:
    def test_is_what_pydantic_would_write(self) -> None:
        """The one answer that another library writes looks like all the others."""
        instants = [datetime(2026, 3, 11, 12, tzinfo=UTC), datetime(2999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
        schedule = SCHEDULE.validate_python({"type": "times", "per": "week", "count": 3})
        fields = {
            "instants": [*instants, None],
            "day": date(2026, 3, 11),
            "values": [0.1, 1.0, 1e9, 2.5e-7, -0.0, 12345678901, True],
            "text": 'é "\\/\n\u2028 \x7f 𝄞',
            "schedule": schedule,
        }

        assert written(fields).body == to_json(fields)


class TestReadToken:
    def test_may_write_nothing(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app, "read")

        for operation in WRITING:
            if repr(operation) != "DELETE /auth/token":
                refused = refusal(token.request(operation.method, operation.at(), json={}))
                assert (operation, *refused) == (operation, 403, "read_only_token")

    def test_may_read_everything(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app, "read")

        for operation in PRIVATE:
            if not operation.writes:
                assert token.get(operation.at()).status_code in (200, 404)

    def test_may_end_itself(self, app: FastAPI, anna: Client) -> None:
        assert named_token(anna, app, "read").delete("/auth/token").status_code == 204

    @pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
    def test_is_refused_before_its_body_is_judged(self, app: FastAPI, anna: Client, method: str) -> None:
        path = {"POST": "/challenges", "PATCH": "/users/me", "PUT": "/challenges/order", "DELETE": "/users/me"}[method]

        assert refusal(named_token(anna, app, "read").request(method, path)) == (403, "read_only_token")


class TestNamedToken:
    def test_may_not_do_what_needs_a_login(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app)
        body = {"name": "x", "scope": "read", "current_password": "x", "new_password": "correct horse"}

        for operation in WRITING:
            if repr(operation) in LOGIN_ONLY:
                refused = refusal(token.request(operation.method, operation.at(), json=body))
                assert (operation, *refused) == (operation, 403, "login_required")

    def test_may_write_all_else(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app)

        for operation in WRITING:
            if repr(operation) not in LOGIN_ONLY | {"DELETE /auth/token"}:
                status = token.request(operation.method, operation.at(), json={}).status_code
                assert status not in (401, 403), operation


class TestCallerWhoIsDeletedMeanwhile:
    """Everything they ask is let in before the deletion, and done after it."""

    @pytest.mark.parametrize("operation", [each for each in PRIVATE if each.path != "/auth/token"], ids=repr)
    def test_is_told_so_or_was_quicker(self, app: FastAPI, anna: Client, operation: Operation) -> None:
        walk = anna.starts()
        anna.logged(walk)
        slug = anna.made("/templates", {"title": "Walk", "kind": "check"})["slug"]
        path = operation.at(challenge_id=str(walk), slug=slug, date="today")

        async def meanwhile() -> list[httpx2.Response]:
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {anna.token}"}
            async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
                ask = partial(client.request, operation.method, path, **body_of(operation))
                return list(await asyncio.gather(client.delete("/users/me"), ask(), ask(), ask()))

        _, *answers = asyncio.run(meanwhile())

        for each in answers:  # one of the three may have deleted what the next one asks for
            assert each.is_success or refusal(each)[0] in (401, 404, 409, 422), each.text


def body_of(operation: Operation) -> dict[str, Any]:
    bodies: dict[str, Any] = {
        "POST /challenges": {"title": "Run"},
        "POST /templates": {"title": "Run", "kind": "check"},
        "POST /users/me/tokens": {"name": "phone", "scope": "read"},
        "POST /users/me/password": {"current_password": PASSWORD, "new_password": "battery staple"},
        "PATCH /users/me": {"email": "new@example.test", "current_password": PASSWORD},
        "PUT /challenges/order": {"ids": []},
        "POST /challenges/{challenge_id}/log/{date}/add": {"amount": 1},
    }
    return {"json": bodies.get(repr(operation), {})} if operation.takes_json else {}


class Thing(Shown):
    title: str = "Walk"


class TestAnswer:
    def test_is_json_with_a_location(self) -> None:
        made = answer(Thing(), 201, "/things/1")

        assert seen(made) == (201, b'{"title":"Walk"}', "application/json")
        assert made.headers["Location"] == "/things/1"

    def test_has_no_location_unless_said(self) -> None:
        assert "Location" not in answer(Thing()).headers


class TestTagged:
    def test_has_the_tag_of_what_it_shows(self) -> None:
        assert tagged(Thing()).headers["ETag"] == tag_of(Thing())

    def test_covers_nothing_of_what_is_told_beside_it(self) -> None:
        told = tagged(Thing(), beside={"progress": Thing(title="Run")})

        assert seen(told)[1] == b'{"title":"Walk","progress":{"title":"Run"}}'
        assert told.headers["ETag"] == tag_of(Thing())

    def test_is_empty_for_who_has_seen_it(self) -> None:
        unchanged = tagged(Thing(), seen=tag_of(Thing()))

        assert (unchanged.status_code, unchanged.body) == (304, b"")
        assert unchanged.headers["ETag"] == tag_of(Thing())

    def test_is_whole_for_who_has_seen_another(self) -> None:
        assert seen(tagged(Thing(), seen=tag_of(Thing(title="Run"))))[:2] == (200, b'{"title":"Walk"}')


def seen(response: Response) -> tuple[int, bytes, str | None]:
    return response.status_code, bytes(response.body), response.media_type
