"""One unit of work as its work sees it, and the two marks that tell the door how to run it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, CursorResult
from sqlalchemy.sql.base import Executable

from lifetracker.core.db.holding import AT_MOST, TooLongHere
from lifetracker.core.db.prepared import Prepared

P = ParamSpec("P")
R = TypeVar("R")


class Transaction:
    """One unit of work as its work sees it: `exec` for statements, `now` for the one instant it happens at."""

    __slots__ = ("_connection", "_most", "budget", "discarded", "now")

    def __init__(self, connection: Connection, now: datetime, budget: int | None = None) -> None:
        """`budget` is how many rows or days there is time for here; None where nobody is held up."""
        self._connection = connection
        self._most = None if budget is None else AT_MOST
        self.budget = budget
        self.now = now
        self.discarded = False

    def expect(self, number: int) -> None:
        """Say that so many rows or days more will be gone through; `MANY` where that is not known.

        Before anything is written, best before it is read: where it is too much, the unit is begun anew elsewhere.
        """
        if self.budget is None:
            return
        if number > self.budget:
            raise TooLongHere
        self.budget -= number

    def exec(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement; a list of `parameters` runs it once for each."""
        result: CursorResult[Any] = self._connection.execute(statement, parameters)
        return result

    def ask(self, statement: Prepared, **parameters: Any) -> list[Any]:
        """Run a statement that was prepared, and answer its rows."""
        return statement.run(self._connection, parameters, self._most)

    def ask_columns(self, statement: Prepared, **parameters: Any) -> list[Iterable[Any]]:
        """Run a statement that was prepared, and answer its columns, for thousands of rows."""
        return statement.columns(self._connection, parameters, self._most)

    def discard(self) -> None:
        """Answer what the work returns, but keep nothing of what it wrote (a dry run)."""
        self.discarded = True


Work = Callable[Concatenate[Transaction, P], R]


def takes_long(work: Callable[P, R]) -> Callable[P, R]:
    """Mark a unit that would hold up the event loop whatever it is about: an import, an export."""
    work.takes_long = True  # type: ignore[attr-defined]
    return work


def asks_once(work: Callable[P, R]) -> Callable[P, R]:
    """Mark a read that asks one prepared question: on SQLite that is a transaction without our beginning one."""
    work.asks_once = True  # type: ignore[attr-defined]
    return work
