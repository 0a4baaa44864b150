"""The peer: PocketBase with the same people, challenges and days, as a project on it would keep them.

Everything goes through its own HTTP API. Rows are guarded by rules, one entry a person, challenge and day by a unique
index, and what its clients ask for finds an index. A tick is measured both ways: as a new record, and as the change of
one whose id the client knows.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.load import Job, Request, mixed
from benchmarks.serving import Server, serving
from benchmarks.world import LONG_PEOPLE, PASSWORD, PEOPLE, TICKED, Planned, planned, shuffled, today

PROGRAM = Path(sys.executable).with_name("pocketbase")  # where its wheel puts it
ROOT = {"identity": "root@example.test", "password": "correct horse battery"}
PAGE = 500
BATCH = 1000
OWN = "user = @request.auth.id"
RULES = {"listRule": OWN, "viewRule": OWN, "updateRule": OWN, "deleteRule": OWN}
WRITTEN = [
    {"name": "created", "type": "autodate", "onCreate": True},
    {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
]


@dataclass(frozen=True, slots=True)
class Theirs:
    """A challenge that was made, its owner's token, and the ids of its latest entries by how many days back."""

    plan: Planned
    id: str
    user_id: str
    token: str

    def entry_id(self, number: int) -> str:
        return f"e{self.plan.person:04}{self.plan.place:03}{number:07}"


def version() -> str:
    said = subprocess.run([str(PROGRAM), "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[-1]


@contextmanager
def pocketbase_served(folder: Path) -> Iterator[tuple[Server, dict[str, list[Job]]]]:
    """PocketBase, filled, with every job by its name."""
    where = ["--dir", str(folder / "pb_data"), "--migrationsDir", str(folder / "none"), "--automigrate=false"]
    login = ["superuser", "upsert", *ROOT.values()]
    subprocess.run([str(PROGRAM), *login, *where], stdout=subprocess.DEVNULL, check=True)
    command = [str(PROGRAM), "serve", "--http", "127.0.0.1:PORT", *where]
    with serving(command, "/api/health", folder / "pocketbase.log") as server:
        with httpx2.Client(base_url=server.address, timeout=120) as client:
            challenges = _settle_in(client)
        yield server, _jobs(challenges)


def _settle_in(client: httpx2.Client) -> list[Theirs]:
    answer = client.post("/api/collections/_superusers/auth-with-password", json=ROOT).raise_for_status()
    client.headers["Authorization"] = answer.json()["token"]
    client.patch("/api/settings", json={"batch": {"enabled": True, "maxRequests": BATCH, "timeout": 60}})
    _make_collections(client)
    owners = [_owner(client, number) for number in range(PEOPLE + LONG_PEOPLE)]
    challenges = [_start(client, plan, *owners[plan.person]) for plan in planned()]
    _fill(client, challenges)
    return challenges


def _make_collections(client: httpx2.Client) -> None:
    users = client.get("/api/collections/users").raise_for_status().json()["id"]
    made = client.post("/api/collections", json=_challenges(users)).raise_for_status()
    client.post("/api/collections", json=_entries(users, made.json()["id"])).raise_for_status()


def _challenges(users: str) -> dict[str, Any]:
    texts = [{"name": name, "type": "text"} for name in ("title", "kind", "direction", "unit", "start_date")]
    numbers = [{"name": name, "type": "number"} for name in ("target", "position")]
    return {
        "name": "challenges",
        "type": "base",
        "fields": [_relation("user", users), *texts, *numbers, {"name": "schedule", "type": "json"}, *WRITTEN],
        "indexes": ["CREATE INDEX of_user ON challenges (user, position)"],
        "createRule": OWN,
        **RULES,
    }


def _entries(users: str, challenges: str) -> dict[str, Any]:
    values = [
        {"name": "value", "type": "number"},
        {"name": "skipped", "type": "bool"},
        {"name": "note", "type": "text"},
    ]
    day = {"name": "date", "type": "text", "required": True}
    return {
        "name": "entries",
        "type": "base",
        "fields": [_relation("user", users), _relation("challenge", challenges), day, *values, *WRITTEN],
        "indexes": [
            "CREATE UNIQUE INDEX one_a_day ON entries (user, challenge, date)",
            "CREATE INDEX of_day ON entries (user, date)",
        ],
        "createRule": f"{OWN} && challenge.user = @request.auth.id",
        **RULES,
    }


def _relation(name: str, collection: str) -> dict[str, Any]:
    kind = {"type": "relation", "collectionId": collection, "maxSelect": 1}
    return {"name": name, "required": True, "cascadeDelete": True, **kind}


def _owner(client: httpx2.Client, number: int) -> tuple[str, str]:
    email = f"person{number}@example.test"
    account = {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD}
    user_id: str = client.post("/api/collections/users/records", json=account).raise_for_status().json()["id"]
    login = {"identity": email, "password": PASSWORD}
    answer = client.post("/api/collections/users/auth-with-password", json=login).raise_for_status()
    return user_id, answer.json()["token"]


def _start(client: httpx2.Client, plan: Planned, user_id: str, token: str) -> Theirs:
    shape, start = plan.shape, today() - timedelta(days=plan.days - 1)
    fields: dict[str, Any] = {"user": user_id, "title": shape.title, "kind": shape.kind, "schedule": shape.schedule}
    fields |= {"target": shape.target, "unit": shape.unit, "direction": shape.direction}
    fields |= {"start_date": start.isoformat(), "position": plan.place + 1}
    made = client.post("/api/collections/challenges/records", json=fields).raise_for_status()
    return Theirs(plan, made.json()["id"], user_id, token)


def _fill(client: httpx2.Client, challenges: Sequence[Theirs]) -> None:
    entries = [entry for challenge in challenges for entry in _log(challenge)]
    for begin in range(0, len(entries), BATCH):
        url = "/api/collections/entries/records"
        batch = [{"method": "POST", "url": url, "body": entry} for entry in entries[begin : begin + BATCH]]
        client.post("/api/batch", json={"requests": batch}).raise_for_status()


def _log(of: Theirs) -> Iterator[dict[str, Any]]:
    """Numbered back from today, which is 0."""
    for number, kept in enumerate(reversed(list(of.plan.log(today())))):
        key = {"id": of.entry_id(number), "user": of.user_id, "challenge": of.id, "date": kept.day.isoformat()}
        yield key | {"value": kept.value, "skipped": kept.skipped, "note": kept.note}


def _jobs(challenges: Sequence[Theirs]) -> dict[str, list[Job]]:
    """`open the app` is two requests, and three years of log are as many as they have pages."""
    year = [theirs for theirs in challenges if theirs.plan.person < PEOPLE]
    changes: list[Job] = shuffled([_change(theirs, back)] for back in TICKED for theirs in year)
    opens = [_open(theirs) for theirs in year if theirs.plan.place == 0]
    pages = [_pages(theirs) for theirs in challenges if theirs.plan.person >= PEOPLE]
    records = "/api/collections/challenges/records"
    return {
        "create": [[_create(theirs)] for theirs in year],
        "update": changes,
        "today": opens,
        "stats": pages,
        "view": [[Request("GET", f"{records}/{theirs.id}", theirs.token)] for theirs in year],
        "mixed": mixed([(opens, 60), (changes, 30), (pages, 10)]),
    }


def _change(of: Theirs, back: int) -> Request:
    return Request("PATCH", f"/api/collections/entries/records/{of.entry_id(back)}", of.token, '{"value": {n}}')


def _create(of: Theirs) -> Request:
    key = f'"user": "{of.user_id}", "challenge": "{of.id}", "date": "{{day}}"'
    return Request("POST", "/api/collections/entries/records", of.token, f'{{{key}, "value": {{n}}}}')


def _open(of: Theirs) -> Job:
    """`skipTotal`, as its own client asks: it spares the server a count."""
    day = f"/api/collections/entries/records?perPage=100&skipTotal=1&filter=(date%3D'{today().isoformat()}')"
    challenges = "/api/collections/challenges/records?perPage=100&skipTotal=1&sort=position"
    return [Request("GET", challenges, of.token), Request("GET", day, of.token)]


def _pages(of: Theirs) -> Job:
    own = f"perPage={PAGE}&skipTotal=1&sort=date&filter=(challenge%3D'{of.id}')"
    count = -(-sum(1 for _ in of.plan.log(today())) // PAGE)
    return [
        Request("GET", f"/api/collections/entries/records?{own}&page={page}", of.token) for page in range(1, count + 1)
    ]
