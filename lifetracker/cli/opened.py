"""What the operator's commands share: the database that the settings name, and how strangers' words are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lifetracker import wiring
from lifetracker.core import logging
from lifetracker.core.config import Settings, load_settings
from lifetracker.core.db import Database
from lifetracker.core.release import TRIAL, Trial
from lifetracker.migrations import schema


@contextmanager
def opened(*, servable: bool = True, create: bool = False) -> Iterator[Database]:
    """`create` is for a migration, which a release runs before it is on trial, and on copies."""
    found = settings()
    db = Database(found.database_url, threads=1, create=create, trial=Trial(None) if create else TRIAL)
    try:
        if servable:
            schema.require_servable(db)
        yield db
    finally:
        db.close()


def settings() -> Settings:
    found = load_settings()
    logging.set_up("WARNING", found.log_format)
    wiring.connect()
    return found


def on_a_terminal(text: str) -> str:
    """What strangers wrote, on one line, and without what would move the cursor or colour the rest."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
