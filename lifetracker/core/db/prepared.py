"""Statements that are asked often: compiled once, then sent to the driver as text.

Through the engine a question that SQLite answers in 5 µs costs 60 or more, nearly all of it for what never changes in
a constant statement. Repositories construct their hot statements once, as everywhere; what they say, and the types of
their columns, stay the engine's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.types import TypeEngine

from lifetracker.core.db.holding import TooLongHere

Convert = Callable[[Any], Any]
Conversions = Sequence[tuple[int, Convert]]
FEW = 3  # rows, up to which it costs less to go through them one by one than column by column


class Prepared:
    """A constant statement. Its parameters are named; none may stand for a list of any length."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def run(self, connection: Connection, parameters: dict[str, Any], most: int | None = None) -> list[Any]:
        """The rows it answers, as named tuples; none for a statement that changes something.

        `TooLongHere` where they are more than `most`.
        """
        return self._for(connection).run(connection.connection.dbapi_connection, parameters, most)

    def columns(
        self, connection: Connection, parameters: dict[str, Any], most: int | None = None
    ) -> list[Iterable[Any]]:
        """What it answers column by column, for thousands of rows: no object is made of any."""
        return self._for(connection).columns(connection.connection.dbapi_connection, parameters, most)

    def _for(self, connection: Connection) -> _Ready:
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._statement, dialect)
        return ready


class _Ready:
    """A statement as one driver takes it."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._dialect = dialect
        self._text = str(compiled)
        self._is_positional = compiled.positiontup is not None
        self._names = compiled.positiontup or list(compiled.binds)
        self._given = _getter(self._names)
        told = [_to_database(compiled.binds[name].type, dialect) for name in self._names]
        self._tells: Conversions = [(place, convert) for place, convert in enumerate(told) if convert is not None]
        columns: Sequence[Any] = list(getattr(statement, "selected_columns", ()))
        row = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
        self._row: Callable[[Iterable[Any]], Any] = partial(tuple.__new__, row)
        self._types = [column.type for column in columns]
        self._converts: Conversions | None = None

    def run(self, driver_connection: Any, parameters: dict[str, Any], most: int | None) -> list[Any]:
        rows, conversions = self._asked(driver_connection, parameters, most)
        if not rows:
            return rows
        if not conversions:
            return list(map(self._row, rows))
        if len(rows) <= FEW:
            return [self._row(_converted_row(row, conversions)) for row in rows]
        return list(map(self._row, zip(*_converted(rows, conversions), strict=True)))

    def columns(self, driver_connection: Any, parameters: dict[str, Any], most: int | None) -> list[Iterable[Any]]:
        rows, conversions = self._asked(driver_connection, parameters, most)
        return _converted(rows, conversions) if rows else [() for _ in self._types]

    def _asked(
        self, driver_connection: Any, parameters: dict[str, Any], most: int | None
    ) -> tuple[list[Any], Conversions]:
        """The rows as the driver has them, and what makes them what they mean."""
        bound = _converted_row(self._given(parameters), self._tells)
        given = bound if self._is_positional else dict(zip(self._names, bound, strict=True))
        try:
            cursor = driver_connection.execute(self._text, given)
            rows = _fetched(cursor, most) if self._types else []
        except self._dialect.loaded_dbapi.Error as error:
            raise self._as_the_engine_would(error) from error
        if self._converts is None:
            self._converts = self._conversions(cursor.description or ())
        return rows, self._converts

    def _conversions(self, description: Sequence[Sequence[Any]]) -> Conversions:
        """By place; PostgreSQL tells the type of a column only with an answer, and the engine wants to know it."""
        told = [
            _from_database(kind, self._dialect, column[1])
            for kind, column in zip(self._types, description, strict=False)
        ]
        return [(place, convert) for place, convert in enumerate(told) if convert is not None]

    def _as_the_engine_would(self, error: Exception) -> BaseException:
        base = self._dialect.loaded_dbapi.Error
        return DBAPIError.instance(self._text, None, error, base, hide_parameters=True, dialect=self._dialect)


def _fetched(cursor: Any, most: int | None) -> list[Any]:
    if most is None:
        rows: list[Any] = cursor.fetchall()
        return rows
    rows = cursor.fetchmany(most + 1)
    if len(rows) > most:
        cursor.close()  # else it would hold on to what it reads
        raise TooLongHere
    return rows


def _converted(rows: list[Any], conversions: Conversions) -> list[Iterable[Any]]:
    """Column by column, which for many rows costs half of row by row."""
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for place, convert in conversions:
        columns[place] = map(convert, columns[place])
    return columns


def _converted_row(row: Sequence[Any], conversions: Conversions) -> list[Any]:
    cells = list(row)
    for place, convert in conversions:
        cells[place] = convert(cells[place])
    return cells


def _getter(names: Sequence[str]) -> Callable[[dict[str, Any]], Sequence[Any]]:
    """What is given by these names, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda parameters: [parameters[name] for name in names]  # of one, `itemgetter` makes no tuple


def _to_database(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_database(kind: TypeEngine[Any], dialect: Dialect, told: object) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, told)
