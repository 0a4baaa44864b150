"""Our side of the comparison: filled, and asked for each of the jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.load import Job, Request, mixed
from benchmarks.serving import Server, app_served, lifetracker
from benchmarks.world import LATE, PASSWORD, PEOPLE, TICKED, Planned, planned, shuffled, today
from lifetracker.core.db import Database, Transaction
from lifetracker.daily_log import repository

APP, FIRST = "lifetracker.main:app", "/info"


@dataclass(frozen=True, slots=True)
class Mine:
    """A challenge that was made, and its owner with their token."""

    plan: Planned
    id: int
    user_id: int
    token: str


@contextmanager
def ours_served(folder: Path) -> Iterator[tuple[Server, dict[str, list[Job]]]]:
    """Our server, filled, with every job by its name."""
    database = f"sqlite:///{folder / 'life_tracker.db'}"
    lifetracker(database, "db", "upgrade")
    with app_served(APP, FIRST, folder, database) as server:
        yield server, _jobs(settle_in(server.address, database, planned()))


def settle_in(address: str, database: str, plans: Sequence[Planned]) -> list[Mine]:
    """Make the planned people and challenges over HTTP, and write their logs straight into the database."""
    with httpx2.Client(base_url=address, timeout=30) as client:
        owners = [_owner(client, number) for number in range(1 + max(plan.person for plan in plans))]
        challenges = [_start(client, plan, *owners[plan.person]) for plan in plans]
    _fill(database, challenges)
    return challenges


def _owner(client: httpx2.Client, number: int) -> tuple[int, str]:
    account = {"email": f"person{number}@example.test", "password": PASSWORD}
    user_id: int = client.post("/users", json=account).raise_for_status().json()["id"]
    form = {"grant_type": "password", "username": account["email"], "password": PASSWORD}
    return user_id, f"Bearer {client.post('/auth/token', data=form).raise_for_status().json()['access_token']}"


def _start(client: httpx2.Client, plan: Planned, user_id: int, token: str) -> Mine:
    shape, start = plan.shape, today() - timedelta(days=plan.days - 1)
    fields: dict[str, Any] = {
        "title": shape.title,
        "kind": shape.kind,
        "schedule": shape.schedule,
        "start_date": start.isoformat(),
    }
    if shape.unit:
        fields |= {"target": shape.target, "unit": shape.unit, "direction": shape.direction}
    made = client.post("/challenges", json=fields, headers={"Authorization": token}).raise_for_status()
    return Mine(plan, made.json()["id"], user_id, token)


def _fill(database: str, challenges: Sequence[Mine]) -> None:
    db = Database(database, threads=1)
    try:
        db.write_now(_write_logs, challenges)
    finally:
        db.close()


def _write_logs(tx: Transaction, challenges: Sequence[Mine]) -> None:
    for mine in challenges:
        repository.add_entries(tx, list(_entries(mine)))


def _entries(mine: Mine) -> Iterator[dict[str, Any]]:
    for kept in mine.plan.log(today()):
        at = datetime(kept.day.year, kept.day.month, kept.day.day, 20, tzinfo=UTC)
        written = {"value": kept.value, "skipped": kept.skipped, "note": kept.note, "created_at": at, "updated_at": at}
        yield {"user_id": mine.user_id, "challenge_id": mine.id, "date": kept.day, **written}


def _jobs(challenges: Sequence[Mine]) -> dict[str, list[Job]]:
    year = [mine for mine in challenges if mine.plan.person < PEOPLE]
    ticks, late = (_ticks(year, days) for days in (TICKED, LATE))
    opens: list[Job] = [[Request("GET", "/today", mine.token)] for mine in year if mine.plan.place == 0]
    long = [mine for mine in challenges if mine.plan.person >= PEOPLE]
    stats: list[Job] = [[Request("GET", f"/challenges/{mine.id}/stats", mine.token)] for mine in long]
    views: list[Job] = [[Request("GET", f"/challenges/{mine.id}", mine.token)] for mine in year]
    return {
        "tick": ticks,
        "late": late,
        "today": opens,
        "stats": stats,
        "view": views,
        "mixed": mixed([(opens, 60), (ticks, 30), (stats, 10)]),
    }


def _ticks(challenges: Sequence[Mine], days: Sequence[int]) -> list[Job]:
    return shuffled([_tick(mine, back)] for back in days for mine in challenges)


def _tick(mine: Mine, back: int) -> Request:
    day = today() - timedelta(days=back)
    return Request("PUT", f"/challenges/{mine.id}/log/{day.isoformat()}", mine.token, '{"value": {n}}')
