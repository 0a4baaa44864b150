"""Small units of work to try the doors of the database with, and a stranger who holds its lock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from lifetracker.core import sqlite
from lifetracker.core.db import Database, Transaction
from lifetracker.users import repository
from lifetracker.users.models import TRIES


def note(tx: Transaction, what: str = "a note") -> str:
    repository.add_try(tx, what)
    return what


def notes(tx: Transaction) -> Sequence[str]:
    return tx.exec(select(TRIES.c.subject).order_by(TRIES.c.id)).scalars().all()


def url_of(db: Database) -> str:
    return db.url.render_as_string(hide_password=False)


@contextmanager
def another(db: Database, **options: Any) -> Iterator[Database]:
    """The same database, opened once more as another process would."""
    other = Database(url_of(db), **options)
    yield other
    other.close()


@contextmanager
def locked(db: Database) -> Iterator[Any]:
    """While a stranger writes to the file; a commit on what this yields ends it early."""
    if db.file is None:
        pytest.skip("SQLite only: PostgreSQL has no lock on a whole database")
    stranger = sqlite.driver.connect(db.file, isolation_level=None, check_same_thread=False)
    stranger.execute("BEGIN IMMEDIATE")
    yield stranger
    stranger.close()
