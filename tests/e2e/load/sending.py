"""The requests: who sends them, which ones, and when."""

from __future__ import annotations

import datetime
import http.client
import json
import threading
import time
import urllib.parse
from itertools import count
from typing import Any

from .account import Account, Json
from .connection import Connection

CHALLENGES = 40
DAYS = 100  # of each: 4,000 days to write before the first is written again
FIRST_DAY = datetime.date.fromtimestamp(time.time() - DAYS * 86400)  # noqa: DTZ012  any will do
NEW = {"kind": "measure", "target": 1, "unit": "times", "schedule": {"type": "daily"}, "start_date": str(FIRST_DAY)}


class Load:
    """One run, and the account of it."""

    def __init__(self, base: str, ca: str | None) -> None:
        self.over = threading.Event()
        self._base, self._ca, self._token = base, ca, ""
        self._challenges: list[int] = []
        self._account = Account()
        self._connections: list[Connection] = []

    def settle_in(self) -> None:
        """Open an account, log in, and start the challenges to log to; the last of them is added to."""
        visitor = Connection(self._base, self._ca)
        who = {"email": f"load-{time.time_ns()}@example.org", "password": "a long enough one"}
        _made(visitor, "/users", who)
        form = urllib.parse.urlencode({"grant_type": "password", "username": who["email"], "password": who["password"]})
        self._token = visitor.token = _made(visitor, "/auth/token", form=form)["access_token"]
        for number in range(CHALLENGES + 1):
            self._challenges.append(_made(visitor, "/challenges", {**NEW, "title": f"Load {number}"})["id"])
        visitor.close()

    def send_all(self, rate: float, connections: int, seconds: float) -> None:
        """`rate` requests a second until the time is over or `over` is set; when they fall behind, the sooner after."""
        self._account.began = time.monotonic()
        self._connections = [Connection(self._base, self._ca, self._token, n + 1) for n in range(connections)]
        turns = count()
        workers = [threading.Thread(target=self._work, args=(each, turns, rate)) for each in self._connections]
        for worker in workers:
            worker.start()
        self.over.wait(seconds)
        self.over.set()
        for worker in workers:
            worker.join()

    def _work(self, connection: Connection, turns: count[int], rate: float) -> None:
        for turn in turns:
            if self.over.wait(max(0.0, self._account.began + turn / rate - time.monotonic())):
                break
            self._take_turn(connection, turn)
        connection.close()

    def _take_turn(self, connection: Connection, turn: int) -> None:
        """Of ten requests, six log a day, one adds, two read a day that was logged, one asks for health."""
        kind = turn % 10
        if kind < 6:
            self._log(connection, turn // 10 * 6 + kind, turn + 1)
        elif kind == 6:
            status, _ = self._ask(connection, "POST", f"{self._path(self._added_to)}/add", {"amount": 1})
            self._account.added_one(status)
        elif kind == 9:
            self._ask(connection, "GET", "/health")
        else:
            self._read_back(connection, back=10 + turn % 7)

    def _log(self, connection: Connection, place: int, number: int) -> None:
        challenge = self._challenges[place % CHALLENGES]
        day = FIRST_DAY + datetime.timedelta(days=place // CHALLENGES % DAYS)
        status, _ = self._ask(connection, "PUT", self._path(f"{challenge}/{day}"), {"value": number})
        self._account.logged(f"{challenge}/{day}", number, status)

    def _read_back(self, connection: Connection, back: int) -> None:
        """What was acknowledged has to be in the very next answer, not only at the end."""
        where, least = self._account.known(back)
        if not least:
            return
        status, content = self._ask(connection, "GET", self._path(where))
        if status == 200 and json.loads(content)["value"] < least:
            self._account.stale_reads += 1

    def _ask(self, connection: Connection, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """One request, counted; status 0 when no answer came."""
        began = time.monotonic()
        try:
            status, content = connection.ask(method, path, body)
            error = "" if status in (200, 201) else content[:200].decode(errors="replace") or "no body"
        except (OSError, http.client.HTTPException) as failed:
            status, content, error = 0, b"", f"{type(failed).__name__}: {failed}"
        self._account.count(method, path, status, error, began)
        return status, content

    @property
    def _added_to(self) -> str:
        return f"{self._challenges[-1]}/{FIRST_DAY}"

    def _path(self, where: str) -> str:
        challenge, _, day = where.partition("/")
        return f"/challenges/{challenge}/log/{day}"

    def summary(self) -> Json:
        reopened, resent = sum(c.reopened for c in self._connections), sum(c.resent for c in self._connections)
        return {**self._account.summary(), "reopened": reopened, "resent": resent}

    def record(self) -> Json:
        """What `verify` needs."""
        where = {"base": self._base, "ca": self._ca, "token": self._token, "challenges": self._challenges}
        added = {**self._account.added, "where": self._added_to}
        return {**where, "days": self._account.days, "added": added, "summary": self.summary()}


def _made(visitor: Connection, path: str, body: Any = None, form: str = "") -> Json:
    status, content = visitor.ask("POST", path, body, form)
    if status not in (200, 201):
        raise SystemExit(f"load: POST {path} was answered {status}: {content.decode(errors='replace')}")
    return dict(json.loads(content))
