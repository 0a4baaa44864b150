"""Questions about the answers that are kept for repeated requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select

from lifetracker.core.db import Transaction
from lifetracker.users.models import IDEMPOTENCY_KEYS

PIECE = 100


def find_kept(tx: Transaction, user_id: int, key: str, since: datetime) -> Row[Any] | None:
    """What was kept under an idempotency key: `fingerprint` and `result`."""
    kept = select(IDEMPOTENCY_KEYS.c.fingerprint, IDEMPOTENCY_KEYS.c.result)
    mine = (IDEMPOTENCY_KEYS.c.user_id == user_id, IDEMPOTENCY_KEYS.c.key == key)
    return tx.exec(kept.where(*mine, IDEMPOTENCY_KEYS.c.created_at > since)).one_or_none()


def keep(tx: Transaction, user_id: int, key: str, fingerprint: str, result: str) -> None:
    """In place of what stood under this key until it expired."""
    tx.exec(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.user_id == user_id, IDEMPOTENCY_KEYS.c.key == key))
    fields = {"user_id": user_id, "key": key, "fingerprint": fingerprint, "result": result, "created_at": tx.now}
    tx.exec(insert(IDEMPOTENCY_KEYS).values(**fields))


def prune_kept(tx: Transaction, user_id: int, before: datetime) -> None:
    mine = (IDEMPOTENCY_KEYS.c.user_id == user_id, IDEMPOTENCY_KEYS.c.created_at <= before)
    old = select(IDEMPOTENCY_KEYS.c.key).where(*mine).limit(PIECE)
    tx.exec(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.user_id == user_id, IDEMPOTENCY_KEYS.c.key.in_(old)))
