"""Two served processes that share nothing but the database: what one answered holds for the other at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count, cycle
from typing import Any

import httpx2
import pytest

from benchmarks.processes import served
from tests.engines import Engine
from tests.people import PASSWORD

AT_ONCE = 12
TRIES_AT_MOST = 3
BUSY = 503
Call = tuple[str, str, dict[str, Any]]
_numbers = count()


class Processes:
    """Clients of one person, each of another process; a call that finds the database busy is made again, as told."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = addresses
        self.email = f"p{next(_numbers)}@example.test"
        self.clients = [httpx2.Client(base_url=address, timeout=60) for address in addresses]
        self.clients[0].post("/users", json={"email": self.email, "password": PASSWORD}).raise_for_status()
        self.token = self.logs_in()
        for client in self.clients:
            client.headers["Authorization"] = f"Bearer {self.token}"

    def logs_in(self) -> str:
        form = {"grant_type": "password", "username": self.email, "password": PASSWORD}
        token: str = self.clients[0].post("/auth/token", data=form).raise_for_status().json()["access_token"]
        return token

    def starts(self, **fields: Any) -> int:
        made = self.clients[0].post("/challenges", json={"title": "Walk", **fields})
        challenge: int = made.raise_for_status().json()["id"]
        return challenge

    def all_at_once(self, calls: Sequence[Call]) -> list[httpx2.Response]:
        """One call to this process, the next to that one, all in flight together."""
        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(self._call, cycle(self.clients), calls))

    def _call(self, client: httpx2.Client, call: Call) -> httpx2.Response:
        method, path, sent = call
        answer = client.request(method, path, **sent)
        while answer.status_code == BUSY:
            answer = client.request(method, path, **sent)
        return answer

    def close(self) -> None:
        for client in self.clients:
            client.close()


@pytest.fixture(scope="module")
def addresses(engine: Engine) -> Iterator[list[str]]:
    with ExitStack() as stack:
        url = stack.enter_context(engine.fresh_database())
        limits = {"LIFETRACKER_LIMITS": "on", "LIFETRACKER_FAILED_LOGINS_PER_ACCOUNT": str(TRIES_AT_MOST)}
        found = [stack.enter_context(served(url, **limits)) for _ in range(2)]
        yield [f"http://{host}:{port}" for host, port in found]


@pytest.fixture
def vera(addresses: list[str]) -> Iterator[Processes]:
    processes = Processes(addresses)
    yield processes
    processes.close()


class TestTwoProcesses:
    def test_add_exactly(self, vera: Processes) -> None:
        walk = vera.starts(kind="measure", target=1000)

        answers = vera.all_at_once([("POST", f"/challenges/{walk}/log/today/add", {"json": {"amount": 1}})] * AT_ONCE)

        assert {answer.status_code for answer in answers} <= {200, 201}
        assert vera.clients[1].get(f"/challenges/{walk}/log/today").json()["value"] == AT_ONCE

    def test_make_one_entry_of_one_day(self, vera: Processes) -> None:
        walk = vera.starts()

        answers = vera.all_at_once([("PUT", f"/challenges/{walk}/log/today", {"json": {}})] * AT_ONCE)

        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}

    def test_do_once_what_is_asked_with_one_key(self, vera: Processes) -> None:
        once = {"json": {"title": "Once"}, "headers": {"Idempotency-Key": "once"}}

        answers = vera.all_at_once([("POST", "/challenges", once)] * AT_ONCE)

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len(vera.clients[1].get("/challenges").json()["items"]) == 1

    def test_count_failed_logins_together(self, vera: Processes) -> None:
        wrong = {"data": {"grant_type": "password", "username": vera.email, "password": "not this one"}}

        answers = vera.all_at_once([("POST", "/auth/token", wrong)] * 8)

        assert Counter(answer.status_code for answer in answers) == {401: TRIES_AT_MOST, 429: 8 - TRIES_AT_MOST}

    def test_end_a_token_for_each_other(self, vera: Processes) -> None:
        here, there = vera.clients
        assert there.get("/today").status_code == 200

        here.delete("/auth/token").raise_for_status()

        assert there.get("/today").status_code == 401

    def test_show_each_other_what_was_written(self, vera: Processes) -> None:
        here, there = vera.clients
        walk = vera.starts(kind="measure", target=1000)

        for number in range(20):
            here.put(f"/challenges/{walk}/log/today", json={"value": number}).raise_for_status()
            assert there.get(f"/challenges/{walk}/log/today").json()["value"] == number
            here, there = there, here
