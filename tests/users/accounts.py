"""What tests of accounts share: registering, logging in, and reading what lies in the tables."""

from __future__ import annotations

from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import select

from lifetracker.core.auth import hash_password_now
from lifetracker.core.db import Database, Transaction
from lifetracker.migrations.tables import METADATA
from lifetracker.users import repository
from tests.people import JSON, PASSWORD, Client

ANNA = "anna@example.test"
_HASH = hash_password_now(PASSWORD)
ANNAS_LOGIN = "lt_anna"  # as `people` makes it


def registration(**fields: Any) -> JSON:
    return {"email": ANNA, "password": PASSWORD, **fields}


def log_in(client: Client, email: str = ANNA, password: str = PASSWORD, **more: str) -> httpx2.Response:
    return client.post("/auth/token", data={"grant_type": "password", "username": email, "password": password, **more})


def logged_in(app: FastAPI, email: str = ANNA, password: str = PASSWORD) -> Client:
    """One more login of an account, with the token that the application gave out."""
    answer = log_in(Client(app), email, password)
    assert answer.status_code == 200, answer.text
    return Client(app, answer.json()["access_token"])


def named_token(owner: Client, app: FastAPI, scope: str = "write", **fields: Any) -> Client:
    """Whoever calls with a new named token of `owner`."""
    return Client(app, owner.made("/users/me/tokens", {"name": "phone", "scope": scope, **fields})["token"])


def as_before(tx: Transaction, email: str) -> int:
    """An account as the release before opens one."""
    fields = {"email": email, "email_key": email.strip().casefold(), "password_hash": _HASH, "display_name": email}
    day = {"time_zone": "UTC", "day_starts_at": "00:00", "week_starts_on": "mon", "locale": "en"}
    return repository.add_user(tx, fields | day)


def coming_from(app: FastAPI, address: str, token: str | None = None) -> Client:
    return Client(app, token, address=address)


def everything(db: Database) -> str:
    """All that the tables hold, to look for what must not be there."""

    def dump(tx: Transaction) -> str:
        rows = {table.name: list(tx.exec(select(table))) for table in METADATA.sorted_tables}
        return str(rows)

    return db.read_now(dump)
