"""Bringing a schema to where this code needs it, and comparing it with the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from lifetracker.core.db import Database
from lifetracker.core.db import statements_repository as statements
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.migrations import HEAD, schema
from lifetracker.migrations.readers import write_readers
from lifetracker.migrations.tables import METADATA


def upgrade(db: Database, target: str = HEAD, versions: Path | None = None) -> str | None:
    """Bring the schema to `target`, the whole chain in one transaction; answers the revision it was at before.

    Whose code may work on it afterwards is written down in the same transaction. `versions` is one more folder with
    steps, for tests of the mechanism itself.
    """
    return db.migrate_now(lambda connection: upgrade_in(connection, target, versions))


def upgrade_in(connection: Connection, target: str = HEAD, versions: Path | None = None) -> str | None:
    """The same as a part of a transaction that does more."""
    config = _alembic(connection, versions)
    before = schema.state(connection)
    if before.revision is None and statements.has_tables(connection):
        raise SchemaRefused("this database holds tables that are not ours: nothing was changed")
    if before.revision is not None and before.revision not in _steps(config):
        raise schema.newer(before)
    command.upgrade(config, target)
    reached = schema.state(connection).revision or target
    write_readers(connection, reached, _readers(_steps(config, reached)))
    return before.revision


def differences(db: Database) -> list[Any]:
    """How the tables differ from the models, one item a difference; empty when they agree."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, METADATA)
        return found

    schema.require_servable(db)
    return db.inspect_now(compare)


def _steps(config: Config, target: str = "heads") -> dict[str, Script]:
    """Every step up to `target`, oldest first, by its revision."""
    found = list(ScriptDirectory.from_config(config).iterate_revisions(target, "base"))
    return {step.revision: step for step in reversed(found)}


def _readers(steps: Mapping[str, Script]) -> Sequence[str]:
    """The revisions whose code may work on what all these steps leave: what one closed, none after it opens again."""
    revisions = list(steps)
    oldest = (getattr(step.module, "oldest_reader", revision) for revision, step in steps.items())
    return revisions[max(map(revisions.index, oldest)) :]


def _alembic(connection: Connection, versions: Path | None) -> Config:
    config = Config()
    here = Path(__file__).parent
    folders = [here / "versions", *([versions] if versions else [])]
    config.set_main_option("script_location", str(here))
    config.set_main_option("version_locations", "\n".join(map(str, folders)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config
