"""Bringing a schema to where this code needs it, and comparing it with the models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from lifetracker.core import db_repository
from lifetracker.core.db import Database
from lifetracker.core.engines import SchemaRefused
from lifetracker.migrations import HEAD
from lifetracker.migrations.schema import refuse_newer, require_head
from lifetracker.migrations.tables import METADATA


def upgrade(db: Database, target: str = HEAD, versions: Path | None = None) -> str | None:
    """Bring the schema to `target`, the whole chain in one transaction; answers the revision it was at before.

    `versions` is one more folder with steps, for tests of the mechanism itself.
    """

    def run(connection: Connection) -> str | None:
        before = db_repository.schema_revision(connection)
        if versions is None:
            refuse_newer(before)
        if before is None and db_repository.has_tables(connection):
            raise SchemaRefused("this database holds tables that are not ours: nothing was changed")
        command.upgrade(_alembic(connection, versions), target)
        return before

    return db.migrate_now(run)


def differences(db: Database) -> list[Any]:
    """How the tables differ from the models, one item a difference; empty when they agree."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, METADATA)
        return found

    require_head(db)
    return db.inspect_now(compare)


def _alembic(connection: Connection, versions: Path | None) -> Config:
    config = Config()
    here = Path(__file__).parent
    folders = [here / "versions", *([versions] if versions else [])]
    config.set_main_option("script_location", str(here))
    config.set_main_option("version_locations", "\n".join(map(str, folders)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config
