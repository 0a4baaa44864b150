"""The API as a client on the machine meets it, straight at the service's port."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lifetracker.ops.places import SERVICE
from tests.e2e.machine import Machine

EMAIL, PASSWORD = "anna@example.org", "a long enough password"
PORT = "http://127.0.0.1:8000"
BACK_WITHIN = 30.0


@dataclass
class Answer:
    """`status` is 0 where nobody answered; `headers` by their lower-case names."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Client:
    """A person with a challenge, who can log a value for a day."""

    machine: Machine
    token: str = ""
    challenge: int = 0

    def settle_in(self) -> Client:
        self.ask("POST", "/users", {"email": EMAIL, "password": PASSWORD}, expect=201)
        login = {"grant_type": "password", "username": EMAIL, "password": PASSWORD}
        said = self.machine.run(["curl", "--silent", "--data", urlencode(login), f"{PORT}/auth/token"]).stdout
        self.token = json.loads(said)["access_token"]
        walk = {"title": "Walk", "kind": "measure", "target": 10, "unit": "km"}
        self.challenge = self.ask("POST", "/challenges", walk, expect=201).body["id"]
        return self

    def log(self, value: int, **options: Any) -> Answer:
        """Have so many kilometres of today committed."""
        return self.ask("PUT", f"/challenges/{self.challenge}/log/today", {"value": value}, **options)

    def logged(self) -> Any:
        """What the log has of today."""
        return self.ask("GET", f"/challenges/{self.challenge}/log/today", expect=200).body["value"]

    def ask(self, method: str, path: str, body: Any = None, *, expect: int = 0, seconds: float = 15) -> Answer:
        """What is answered; it must have the status `expect`, where that is given."""
        words = curl(method, path, body, self.token, seconds)
        answer = parse(self.machine.run(words, check=False).stdout)
        assert expect in (0, answer.status), f"{method} {path}: {answer}"
        return answer


def curl(method: str, path: str, body: Any, token: str, seconds: float) -> list[str]:
    sent = ["--json", json.dumps(body)] if body is not None else []
    who = ["--header", f"Authorization: Bearer {token}"] if token else []
    return ["curl", "--silent", "--include", "--max-time", str(seconds), "-X", method, *sent, *who, PORT + path]


def parse(said: str) -> Answer:
    head, _, body = said.replace("\r\n", "\n").partition("\n\n")
    lines = head.splitlines()
    if not lines:
        return Answer(0, {}, None)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(int(lines[0].split()[1]), headers, json.loads(body) if body.startswith(("{", "[")) else body)


def await_healthy(machine: Machine) -> float:
    """Seconds until the service answers in good health."""
    began = time.monotonic()
    while time.monotonic() - began < BACK_WITHIN:
        answer = Client(machine).ask("GET", "/health", seconds=1)
        if answer.status == 200 and answer.body["status"] == "ok":
            return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError(f"the service did not come back: {machine.journal(SERVICE)[-2000:]}")
