"""What every feature's tables share: names of constraints, instants, ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Table
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite counts ids by itself only in a column declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC: `timestamptz` on PostgreSQL, on SQLite whole microseconds since 1970 (8 bytes, not 26)."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        return _to_epoch if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """One call for each value, where a processor around the driver's own would be three."""
        return _since_epoch if dialect.name == "sqlite" else _in_utc


def _to_epoch(instant: datetime | None) -> int | None:
    return None if instant is None else (instant - EPOCH) // MICROSECOND


def _since_epoch(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else EPOCH + microseconds * MICROSECOND


def _in_utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


class ReadOnce(TypeDecorator[Any]):
    """JSON of which there is little that differs, such as schedules and tags: each text is read once, by `kind`, and
    what comes of it is shared. Change none of it in place."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: TypeAdapter[Any]) -> None:
        super().__init__()
        self._kind = kind
        self._of_text = lru_cache(maxsize=4096)(kind.validate_json)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """What was read may be written again."""
        return value.model_dump(mode="json") if isinstance(value, BaseModel) else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """SQLite answers with the text, PostgreSQL's driver with what it read there."""
        return self._of_text if dialect.name == "sqlite" else self._kind.validate_python


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for statements that select columns instead of building objects."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]
