"""People who use the application in tests, and the clock that they live by."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from fastapi import FastAPI

from lifetracker.core.auth import digest, hash_password_now
from lifetracker.core.db import Database, Transaction
from lifetracker.users import token_repository
from lifetracker.users.schemas import UserCreate
from lifetracker.users.service import add_user

PASSWORD = "correct horse"
_HASH = hash_password_now(PASSWORD)
JSON = dict[str, Any]

# A Wednesday.
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


class FrozenClock:
    """A clock that stands still until it is set: it begins at noon UTC of Wednesday, 11 March 2026."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set(self, text: str) -> None:
        """To an instant in UTC: `2026-03-12T03:00`."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC)

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


def join(db: Database, name: str, **fields: str) -> str:
    """An account `name@example.test` with `PASSWORD`; answers the token of a login."""
    token = f"lt_{name}"
    new = UserCreate.model_validate(
        {"email": f"{name}@example.test", "password": PASSWORD, "display_name": name.title(), **fields}
    )

    def join_and_log_in(tx: Transaction) -> None:
        user = add_user(tx, new, _HASH)
        login = {"is_login": True, "name": "login", "scope": "write", "last_used_at": tx.now}
        token_repository.add_token(tx, {"user_id": user.id, "digest": digest(token), **login})

    db.write_now(join_and_log_in)
    return token


class _InProcess(httpx2.BaseTransport):
    """Hands requests to an application in this process; an error that it lets out is answered as a bare 500."""

    def __init__(self, app: FastAPI, address: tuple[str, int]) -> None:
        self._asgi = httpx2.ASGITransport(app, raise_app_exceptions=False, client=address)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._asgi.handle_async_request(request)
        body = httpx2.ByteStream(await answer.aread())
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=body)


class Client(httpx2.Client):
    """One person's HTTP client. `made(…)` and `got(…)` expect success and answer the body."""

    def __init__(self, app: FastAPI, token: str | None = None, *, address: str = "testclient") -> None:
        super().__init__(
            transport=_InProcess(app, (address, 50_000)), base_url="http://testserver", follow_redirects=True
        )
        self.token = token
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"

    def made(self, path: str, body: JSON | None = None, **kwargs: Any) -> JSON:
        return _body(self.post(path, json=body, **kwargs))

    def got(self, path: str, **query: Any) -> JSON:
        return _body(self.get(path, params=query))

    def changed(self, path: str, body: JSON, **kwargs: Any) -> JSON:
        return _body(self.patch(path, json=body, **kwargs))

    def logged(self, challenge_id: int, day: str = "today", **entry: Any) -> JSON:
        """`PUT` an entry."""
        return _body(self.put(f"/challenges/{challenge_id}/log/{day}", json=entry))

    def starts(self, title: str = "Walk", **fields: Any) -> int:
        """The id of a challenge of theirs, a daily check unless `fields` say otherwise."""
        challenge_id: int = self.made("/challenges", {"title": title, **fields})["id"]
        return challenge_id


def _body(response: httpx2.Response) -> JSON:
    assert response.is_success, response.text
    body: JSON = response.json() if response.content else {}
    return body


def refusal(response: httpx2.Response) -> tuple[int, str]:
    """Status and code of a problem, which must be one, and tell of its fields where it is a 422."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem = response.json()
    assert problem["status"] == response.status_code
    if response.status_code == 422:
        assert problem["errors"]
        assert all(set(error) == {"field", "code", "message", "params"} for error in problem["errors"])
    return response.status_code, problem["code"]
