"""The schema of a database: where it stands, and whether this code may work on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from lifetracker.core.db import Database
from lifetracker.core.db import statements_repository as statements
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.release import NO_DATABASE, is_live
from lifetracker.migrations import HEAD, REVISIONS, UNFINISHED
from lifetracker.migrations.readers import readers_of

UPGRADE = "run `lifetracker db upgrade` (`./dev serve` does it by itself)"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Where a database stands: its revision, None where there is none yet, and those whose code it is open to."""

    revision: str | None
    readers: frozenset[str]

    @property
    def is_newer(self) -> bool:
        return self.revision is not None and self.revision not in REVISIONS

    @property
    def is_servable(self) -> bool:
        return self.revision == HEAD or (self.is_newer and HEAD in self.readers)

    def __str__(self) -> str:
        whose = f"which a newer release left open to code of {HEAD}" if self.is_newer else "the one it was written for"
        return f"this code can serve the database: its schema is at {self.revision}, {whose}"


def current(db: Database) -> str | None:
    """The revision of this database, None where there is none yet."""
    return db.inspect_now(statements.schema_revision)


def require_servable(db: Database) -> SchemaState:
    """Raise `SchemaRefused` unless the schema is the one that this code was written for, or a newer one open to it."""
    if db.file is not None and not Path(db.file).exists():
        raise SchemaRefused(f"there is no database at {db.file}: {NO_DATABASE if is_live() else UPGRADE}")
    found = db.inspect_now(state)
    if not found.is_servable:
        raise newer(found) if found.is_newer else _older(found)
    return found


def state(connection: Connection) -> SchemaState:
    revision = statements.schema_revision(connection)
    return SchemaState(revision, readers_of(connection, revision))


def newer(found: SchemaState) -> SchemaRefused:
    """Why nothing is done with a database that this code cannot bring anywhere."""
    if found.revision == UNFINISHED:
        return SchemaRefused(
            "this database is the target of a copy that is not finished: run the same `lifetracker db copy` again"
        )
    way_out = (
        "this code can serve it as it is"
        if found.is_servable
        else "use that release, or restore a backup from before it"
    )
    return SchemaRefused(
        f"the database is at revision {found.revision}, which this code does not know: it was made by a newer release. "
        f"Nothing was changed; {way_out}"
    )


def _older(found: SchemaState) -> SchemaRefused:
    return SchemaRefused(f"the database is at revision {found.revision or 'none'}, this code needs {HEAD}: {UPGRADE}")
