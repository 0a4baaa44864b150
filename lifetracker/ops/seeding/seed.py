"""`lifetracker seed`: a database of believable people, to look at, to try things on, and to measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lifetracker.core.auth import hash_password_now
from lifetracker.core.db import Database
from lifetracker.ops.refusal import Refused
from lifetracker.ops.seeding import repository
from lifetracker.ops.seeding.people import Piece, Seeding, Wanted, email_of
from lifetracker.templates import service as templates

PASSWORD = "one day at a time"  # everybody's: nothing that is made here is anybody's


@dataclass(slots=True)
class Made:
    """How many rows there are so far, and the first person's e-mail address."""

    people: int = 0
    challenges: int = 0
    entries: int = 0
    login: str = ""

    def __str__(self) -> str:
        return f"{self.people:,} people, {self.challenges:,} challenges, {self.entries:,} entries"

    def add(self, piece: Piece) -> None:
        self.login = self.login or email_of(piece.users[0][0])
        self.people += len(piece.users)
        self.challenges += len(piece.challenges)
        self.entries += len(piece.entries)


def seed(db: Database, wanted: Wanted, *, beside: bool, tell: Callable[[Made], None]) -> Made:
    """Make it all in one transaction, so that what is cut short leaves nothing; `tell` hears how far it is.

    `beside` lets it go beside people who are there already.
    """
    if not beside and (people := db.read_now(repository.count_people)):
        raise Refused(f"{people} people are in this database: seed an empty one, or say --beside to add to them")
    made = Made()
    seeding = Seeding(wanted, templates.read_catalogue(), hash_password_now(PASSWORD))

    def after_each(piece: Piece) -> None:
        made.add(piece)
        tell(made)

    # The door without foreign keys: they are checked once, before its commit, instead of twice for each row.
    db.migrate_now(lambda connection: repository.fill(connection, seeding.pieces, after_each))
    return made


def bytes_of(db: Database) -> int | None:
    """How large an embedded database's file is."""
    return Path(db.file).stat().st_size if db.file else None
