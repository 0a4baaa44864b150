"""A small database and a large one of the same kind of people, and the same calls on both.

People differ in how much they keep. So that the two sides ask for the same work, each person of the small database
has a number of peers in the large one, who keep about as many challenges and entries as they do.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from heapq import nsmallest
from pathlib import Path
from typing import Any

from sqlalchemy import Select, Table, func, select

from benchmarks.load import Job, Request
from benchmarks.serving import lifetracker
from benchmarks.world import TICKED, today
from lifetracker.challenges.models import CHALLENGES
from lifetracker.core.auth import digest
from lifetracker.core.db import Database, Transaction
from lifetracker.daily_log.models import DAILY_LOG
from lifetracker.users import token_repository

DAYS, CHALLENGES_EACH = 285, 5  # which makes some 500 entries a person
A_CHALLENGE = 50  # how many entries one more challenge weighs, where peers are looked for
PEERS = 25
CALLS = ("tick", "today", "stats")


@dataclass(frozen=True, slots=True)
class Keeps:
    """How much a person keeps."""

    user_id: int
    challenges: int
    entries: int


@dataclass(frozen=True, slots=True)
class Side:
    """A database; `seconds` is what seeding it took, None where it was there already."""

    file: Path
    people: int
    seconds: float | None

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"


def seeded(file: Path, people: int) -> Side:
    """Seed a database, unless it is there already; either way it is at head."""
    side = Side(file, people, None)
    was_there = file.exists()
    lifetracker(side.url, "db", "upgrade")
    if was_there:
        return side
    began = time.perf_counter()
    lifetracker(side.url, "seed", f"--users={people}", f"--days={DAYS}", f"--challenges={CHALLENGES_EACH}")
    return Side(file, people, time.perf_counter() - began)


def keepers(side: Side) -> list[Keeps]:
    def ask(tx: Transaction) -> list[Keeps]:
        of_log, of_challenges = (
            {row.user_id: row.number for row in tx.exec(_counted(table))} for table in (DAILY_LOG, CHALLENGES)
        )
        return [Keeps(user_id, number, of_log.get(user_id, 0)) for user_id, number in of_challenges.items()]

    found: list[Keeps] = _done(side, lambda db: db.read_now(ask))
    return found


def _counted(table: Table) -> Select[tuple[Any, ...]]:
    return select(table.c.user_id, func.count().label("number")).group_by(table.c.user_id)


def peers(small: Sequence[Keeps], large: Sequence[Keeps]) -> list[int]:
    """Ids in the large database."""
    found = []
    for one in small:
        near = nsmallest(PEERS, large, key=lambda other: _distance(one, other))
        found += [other.user_id for other in near]
    return found


def _distance(one: Keeps, other: Keeps) -> int:
    return abs(one.entries - other.entries) + A_CHALLENGE * abs(one.challenges - other.challenges)


def jobs_of(side: Side, people: Sequence[int]) -> dict[str, list[Job]]:
    """Each call, for every challenge that these people keep today or for each of them."""
    tokens = {user_id: f"lt_flat{user_id}" for user_id in people}
    _done(side, lambda db: db.write_now(_log_in, tokens))
    kept = _done(side, lambda db: db.read_now(_running, list(tokens)))
    bearer = {user_id: f"Bearer {token}" for user_id, token in tokens.items()}
    ticks: list[Job] = [[_tick(row.id, number, bearer[row.user_id])] for number, row in enumerate(kept)]
    opens: list[Job] = [[Request("GET", "/today", bearer[user_id])] for user_id in people]
    stats: list[Job] = [[Request("GET", f"/challenges/{row.id}/stats", bearer[row.user_id])] for row in kept]
    return {"tick": ticks, "today": opens, "stats": stats}


def _tick(challenge_id: int, number: int, token: str) -> Request:
    day = today() - timedelta(days=TICKED[number % len(TICKED)])
    return Request("PUT", f"/challenges/{challenge_id}/log/{day.isoformat()}", token, '{"value": {n}}')


def _log_in(tx: Transaction, tokens: dict[int, str]) -> None:
    for user_id, token in tokens.items():
        fields = {"user_id": user_id, "digest": digest(token), "last_used_at": tx.now, "scope": "write"}
        token_repository.delete_tokens(tx, user_id)
        token_repository.add_token(tx, {"is_login": True, "name": "flat", **fields})


def _running(tx: Transaction, people: Sequence[int]) -> Sequence[Any]:
    """Those without an end, which take an entry on any of the last days."""
    since = today() - timedelta(days=max(TICKED) + 1)
    asked = select(CHALLENGES.c.id, CHALLENGES.c.user_id).where(
        CHALLENGES.c.user_id.in_(people), CHALLENGES.c.duration_days.is_(None), CHALLENGES.c.first_start_date < since
    )
    return tx.exec(asked.order_by(func.abs(CHALLENGES.c.id * 7919 % 1000), CHALLENGES.c.id)).all()


def _done(side: Side, ask: Any) -> Any:
    db = Database(side.url, threads=1)
    try:
        return ask(db)
    finally:
        db.close()
