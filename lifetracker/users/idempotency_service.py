"""Requests that are sent twice and done once: what a `POST` with an `Idempotency-Key` answered is kept for 30 days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar, get_type_hints

from pydantic import TypeAdapter

from lifetracker.core.auth import digest
from lifetracker.core.db import Database, Transaction, Work
from lifetracker.core.errors import InvalidField
from lifetracker.users import idempotency_repository as repository

P = ParamSpec("P")
R = TypeVar("R")

KEPT_FOR = timedelta(days=30)
HEADER = "Idempotency-Key"


class IdempotencyKeyReused(InvalidField):
    code = "idempotency_key_reused"


class IdempotencyNotForSecrets(InvalidField):
    code = "idempotency_not_for_secrets"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may come again. `key` and `fingerprint` are digests: the second covers a body that may hold a
    password, and is salted with the key, which is kept nowhere."""

    user_id: int
    key: str
    fingerprint: str


def asked(user_id: int, key: str, method: str, path: str, body: bytes) -> Asked:
    whole = "\n".join((key, method, path, body.decode("utf-8", "replace")))
    return Asked(user_id, digest(key), digest(whole))


class Once:
    """A door like `Database.write` that does a keyed request once, and answers it again from what was kept.

    What is kept is the result of the work, in the work's own transaction, so that both are there or neither.
    """

    def __init__(self, db: Database, request: Asked | None, on_replay: Callable[[], None]) -> None:
        self._db = db
        self._request = request
        self._on_replay = on_replay

    async def write(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._request is None:
            return await self._db.write(work, *args, **kwargs)
        shape: TypeAdapter[R] = _shape(work)
        result, replayed = await self._db.write(_once, self._request, lambda tx: work(tx, *args, **kwargs), shape)
        if replayed:
            self._on_replay()
        return result

    async def was_done(self) -> bool:
        """Whether this very request was answered before."""
        return self._request is not None and await self._db.read(_find, self._request) is not None


def _once(tx: Transaction, request: Asked, work: Callable[[Transaction], R], shape: TypeAdapter[R]) -> tuple[R, bool]:
    kept = _find(tx, request)
    if kept is not None:
        return shape.validate_json(kept), True
    result = work(tx)
    repository.prune_kept(tx, request.user_id, tx.now - KEPT_FOR)
    repository.keep(tx, request.user_id, request.key, request.fingerprint, shape.dump_json(result).decode())
    return result, False


def _find(tx: Transaction, request: Asked) -> str | None:
    kept = repository.find_kept(tx, request.user_id, request.key, tx.now - KEPT_FOR)
    if kept is None:
        return None
    if kept.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused(HEADER, "This key was used for another request: make a new one for each")
    result: str = kept.result
    return result


def _shape(work: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(work)["return"])
