"""The schema of a database: where it stands, and whether this code may work on it."""

from __future__ import annotations

from pathlib import Path

from lifetracker.core import db_repository
from lifetracker.core.db import Database
from lifetracker.core.engines import SchemaRefused
from lifetracker.migrations import HEAD, REVISIONS

UPGRADE = "run `lifetracker db upgrade` (`./dev serve` does it by itself)"


def current(db: Database) -> str | None:
    """The revision of this database, None where there is none yet."""
    return db.inspect_now(db_repository.schema_revision)


def require_head(db: Database) -> None:
    """Raise `SchemaRefused` unless the schema is the one that this code was written for."""
    if db.file is not None and not Path(db.file).exists():
        raise SchemaRefused(f"there is no database at {db.file}: {UPGRADE}")
    revision = current(db)
    refuse_newer(revision)
    if revision != HEAD:
        raise SchemaRefused(f"the database is at revision {revision or 'none'}, this code needs {HEAD}: {UPGRADE}")


def refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in REVISIONS:
        raise SchemaRefused(
            f"the database is at revision {revision}, which this code does not know: it was made by a newer release. "
            "Nothing was changed; use that release, or restore a backup from before it"
        )
