"""Units of work from their beginning to their commit: one alone, one in place, and several in one transaction.

Nobody else begins, commits or rolls back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from lifetracker.core.day import Clock
from lifetracker.core.db import statements_repository as statements
from lifetracker.core.db.holding import AT_MOST
from lifetracker.core.db.open_file import OpenFile
from lifetracker.core.db.statements_repository import translated
from lifetracker.core.db.transaction import Transaction
from lifetracker.core.db.waiting import Locked, Raised, Waiting

R = TypeVar("R")


class _Spoilt(Exception):
    """A unit wrote what is not to be kept into a transaction that it shares with others."""


def transact(connection: Connection, run: Callable[[Transaction], R], now: datetime, budget: int | None) -> R:
    with translated, connection.begin() as transaction:
        tx = Transaction(connection, now, budget)
        result = run(tx)
        if tx.discarded:
            transaction.rollback()
        return result


def transact_in_place(
    connection: Connection,
    run: Callable[[Transaction], R],
    now: datetime,
    budget: int | None,
    file: OpenFile | None = None,
) -> R:
    """As `transact`, begun and ended at the driver: the engine's own bookkeeping costs as much as a question.

    `file` is given for a unit that may write: nothing is committed into one that its path no longer names.
    """
    tx = Transaction(connection, now, budget)
    with translated:
        statements.begin_sqlite(connection, writable=file is not None)
        try:
            result = run(tx)
            if file is not None and not tx.discarded:
                file.refuse_moved()
            (statements.roll_back_sqlite if tx.discarded else statements.commit_sqlite)(connection)
        except BaseException:
            statements.roll_back_sqlite(connection)
            raise
        finally:
            if connection.in_transaction():  # the engine began its own at the first statement that went through it
                connection.rollback()
    return result


def transact_together(
    connection: Connection, units: Sequence[Waiting], clock: Clock, file: OpenFile | None
) -> list[Any]:
    """What each unit answers, or the error it raised; nothing is kept of any when the commit fails.

    A savepoint costs as much as a short statement, and hardly any unit has to be undone: so they do without, and
    where one has to be, all are run again, each in a savepoint of its own.
    """
    try:
        return _transact_all(connection, units, clock, file, in_savepoints=False)
    except _Spoilt:
        return _transact_all(connection, units, clock, file, in_savepoints=True)


def _transact_all(
    connection: Connection, units: Sequence[Waiting], clock: Clock, file: OpenFile | None, *, in_savepoints: bool
) -> list[Any]:
    def run(tx: Transaction) -> list[Any]:
        if len(units) > 1:
            return list(_run_each(connection, units, clock, in_savepoints))
        return [units[0].context.run(units[0].run, tx)]

    budget = None if units[0].beside else AT_MOST
    return transact_in_place(connection, run, clock(), budget, file)


def _run_each(connection: Connection, units: Sequence[Waiting], clock: Clock, in_savepoints: bool) -> Iterator[Any]:
    """All of them have the budget of one."""
    budget: int | None = AT_MOST
    for unit in units:
        tx = Transaction(connection, clock(), budget)
        yield _run_beside(connection, tx, unit, in_savepoint=in_savepoints)
        budget = tx.budget


def _run_beside(connection: Connection, tx: Transaction, unit: Waiting, *, in_savepoint: bool) -> Any:
    """`_Spoilt` when it wrote what is not to be kept, and there is no savepoint to go back to."""
    changed = statements.rows_changed(connection)
    if in_savepoint:
        statements.savepoint(connection)
    try:
        with translated:
            outcome = unit.context.run(unit.run, tx)
    except Locked:
        raise
    except Exception as error:
        if not statements.in_transaction(connection):
            raise  # SQLite itself gave up the whole transaction, as it does on a full disk
        tx.discard()
        outcome = Raised(error)
    if in_savepoint:
        (statements.roll_back_to_savepoint if tx.discarded else statements.release_savepoint)(connection)
    elif tx.discarded and statements.rows_changed(connection) != changed:
        raise _Spoilt
    return outcome
