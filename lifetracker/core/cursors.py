"""Cursors: where a list was left off, as one opaque word."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from lifetracker.core.errors import Invalid
from lifetracker.core.schemas import Page
from lifetracker.core.validation import FieldError

T = TypeVar("T")
S = TypeVar("S")
K = TypeVar("K")


def paged(rows: Sequence[S], limit: int, key: Callable[[S], object], shown: Callable[[S], T]) -> Page[T]:
    """The page of `rows`, of which the caller asked one more than `limit` to learn whether there are more."""
    items = [shown(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page[T](items=items, next_cursor=write_cursor(key(rows[limit - 1])) if more else None)


def write_cursor(key: object) -> str:
    packed: bytes = TypeAdapter(type(key)).dump_json(key)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str | None, shape: type[K]) -> K | None:
    """The key inside `cursor`; `Invalid` when it is not one that this list gave out."""
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return TypeAdapter(shape).validate_json(packed, strict=True)
    except (binascii.Error, ValueError, ValidationError):
        raise Invalid([FieldError("cursor", "invalid_cursor", "This cursor was not given out by this list")]) from None
