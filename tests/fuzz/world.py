"""What is there while the fuzzing goes on: Anna or Boris, whose token the calls carry, and all that is theirs."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Generic, TypeVar

import httpx2

from lifetracker.core.db import Database
from lifetracker.users import service as users
from tests.fuzz.served import Place
from tests.people import JSON, join

T = TypeVar("T")

# The calls after which a token works no more: each has its own person.
DEADLY = (
    "DELETE /users/me",
    "DELETE /auth/token",
    "POST /users/me/password",
    "POST /auth/password-reset",
    "DELETE /users/me/tokens/{token_id}",
)
ANNA, BORIS = "lt_anna", "lt_boris"  # their tokens, as `join` makes them
DAYS_BACK = 40
FRESH_AFTER = 25  # calls, some of which archive or delete what they are given
CHALLENGES: list[JSON] = [
    {"title": "Walk"},
    {"title": "Read", "kind": "measure", "target": 20, "unit": "pages"},
    {"title": "Sweets", "kind": "measure", "direction": "at_most", "target": 2, "unit": "pieces"},
    {"title": "Gym", "schedule": {"type": "times", "count": 3, "per": "week"}},
    {"title": "Guitar", "schedule": {"type": "weekly", "days": ["mon", "thu"]}, "on_miss": "restart"},
    {"title": "Run", "schedule": {"type": "interval", "days": 2}, "on_miss": "fail", "allowed_misses": 30},
]
BUILT_IN = ["75-hard", "10000-steps", "couch-to-5k"]
TEMPLATE: JSON = {"title": "Cold shower", "kind": "check", "category": "health", "tags": ["water"]}


class Refused(Exception):
    """What is needed for the fuzzing could not be made; the text holds the answer."""


class NoRoom(Refused):
    """One person has as many of a thing as anybody may."""


class _Stock(Generic[T]):
    """Things that are used again, and made anew before too many calls have changed them."""

    def __init__(self, make: Callable[[], list[T]]) -> None:
        self._make = make
        self._uses = 0

    def take(self) -> list[T]:
        if self._uses % FRESH_AFTER == 0:
            self._things = self._make()
        self._uses += 1
        return self._things


class World:
    """Makes people directly, and everything else over HTTP, as a client would; of who has the `token` unless said."""

    def __init__(self, place: Place, chance: Random, token: str = ANNA) -> None:
        self.chance = chance
        self.token = token
        self._db = Database(place.database_url)
        self._http = httpx2.Client(base_url=place.url, timeout=60)
        self._numbers = count()
        self._lay_in()

    def _lay_in(self) -> None:
        self._challenges = _Stock(lambda: [self.start(fields) for fields in CHALLENGES])
        self._templates = _Stock(lambda: [self.template()])

    def ask(self, method: str, path: str, body: JSON | None = None, *, token: str = "", **query: Any) -> Any:
        bearer = {"Authorization": f"Bearer {token or self.token}"}
        answer = self._http.request(method, path, json=body, params=query, headers=bearer)
        if not answer.is_success:
            kind = NoRoom if "too_many" in answer.text else Refused
            raise kind(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def make(self, path: str, body: JSON, token: str = "") -> Any:
        """A new thing; where there is no room for one more, some of those before it go."""
        try:
            return self.ask("POST", path, body, token=token)
        except NoRoom:
            self._make_room(path, token)
            self._lay_in()
            return self.ask("POST", path, body, token=token)

    def _make_room(self, path: str, token: str) -> None:
        """Logins stay; what is somebody else's is refused."""
        for thing in self.ask("GET", path, token=token, limit=100)["items"]:
            if thing.get("name") != "login":
                with suppress(Refused):
                    self.ask("DELETE", f"{path}/{thing.get('slug') or thing['id']}", token=token)

    def settle(self) -> None:
        """Anna and Boris with some things of every kind, Carla, who is disabled, and Dora, who only logs in."""
        for name in ("anna", "boris", "carla", "dora"):
            join(self._db, name)
        self._db.write_now(users.disable, "carla@example.test")
        for token in (ANNA, BORIS):
            for fields in CHALLENGES:
                self._log_some_days(self.start(fields, token=token), token)
            for turn in ("pause", "archive", "delete"):
                self.start(then=turn, token=token)
            for visibility in ("public", "private"):
                self.ask("POST", "/templates", TEMPLATE | {"visibility": visibility}, token=token)
            self.named_token(token)

    def start(self, fields: JSON | None = None, *, then: str | None = None, token: str = "") -> int:
        """The id of a new challenge, after the turn that its life took."""
        first = {"start_date": self.days_ago(DAYS_BACK).isoformat()}
        challenge_id: int = self.make("/challenges", CHALLENGES[0] | (fields or {}) | first, token)["id"]
        if then == "delete":
            self.ask("DELETE", f"/challenges/{challenge_id}", token=token)
        elif then is not None:
            self.ask("POST", f"/challenges/{challenge_id}/{then}", token=token)
        return challenge_id

    def _log_some_days(self, challenge_id: int, token: str) -> None:
        for ago in range(0, 12, 2):
            self.ask("PUT", f"/challenges/{challenge_id}/log/{self.days_ago(ago)}", {"value": ago}, token=token)

    def challenge(self) -> int:
        return self.chance.choice(self._challenges.take())

    def measure(self) -> int:
        """One with a target to reach."""
        return self._challenges.take()[1]

    def some_challenges(self) -> list[int]:
        there = self._challenges.take()
        return self.chance.sample(there, self.chance.randint(0, len(there)))

    def logged_day(self) -> JSON:
        challenge_id, day = self.start(), self.day()
        self.ask("PUT", f"/challenges/{challenge_id}/log/{day}", {"value": 1, "note": "fine"})
        return {"challenge_id": challenge_id, "date": day}

    def day(self) -> str:
        """Since when every challenge of `start` runs; never today, which is another day elsewhere."""
        return self.days_ago(self.chance.randint(2, DAYS_BACK)).isoformat()

    def days_ago(self, ago: int) -> date:
        return datetime.now(UTC).date() - timedelta(days=ago)

    def template(self) -> str:
        """The slug of a new one."""
        slug: str = self.make("/templates", TEMPLATE)["slug"]
        return slug

    def own_template(self) -> str:
        return self._templates.take()[0]

    def any_template(self) -> str:
        return self.chance.choice([*BUILT_IN, self.own_template()])

    def named_token(self, token: str) -> int:
        token_id: int = self.make("/users/me/tokens", {"name": "phone", "scope": "read"}, token)["id"]
        return token_id

    def cursor(self, path: str, query: JSON) -> str | None:
        """Where the list goes on after its first item; None where it does not, or where there is no such list."""
        try:
            following: str | None = self.ask("GET", path, **{**query, "limit": 1})["next_cursor"]
        except Refused:
            return None
        return following

    def unique(self) -> str:
        return f"p{os.getpid()}n{next(self._numbers)}"

    def stranger(self) -> str:
        """The token of somebody new, whom nobody will miss."""
        return join(self._db, self.unique())

    def reset_code(self) -> str:
        """Good once, for somebody new."""
        name = self.unique()
        join(self._db, name)
        return self._db.write_now(users.issue_reset_code, f"{name}@example.test")
