"""What a schema holds, written down. `head.json` is what this release needs, for checks that import no table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, inspect

from lifetracker.core.db_checks.schema_repository import triggers_of
from lifetracker.migrations import REVISIONS


def describe(connection: Connection) -> dict[str, Any]:
    """Revisions, and each table: columns, unique keys, indexes, references as column, parent, key of the parent, and
    triggers with the events after which they act."""
    names = sorted(set(inspect(connection).get_table_names()) - {"alembic_version"})
    return {"revisions": list(REVISIONS), "tables": {name: _table(connection, name) for name in names}}


def _table(connection: Connection, name: str) -> dict[str, Any]:
    there = inspect(connection)
    indexes = there.get_indexes(name)
    keys: list[Sequence[str | None]] = [there.get_pk_constraint(name)["constrained_columns"]]
    keys += [each["column_names"] for each in there.get_unique_constraints(name)]
    keys += [each["column_names"] for each in indexes if each["unique"]]
    return {
        "columns": [column["name"] for column in there.get_columns(name)],
        "unique": sorted({tuple(map(str, columns)) for columns in keys}),
        "indexes": sorted(
            tuple(map(str, each["column_names"])) for each in there.get_indexes(name) if not each["unique"]
        ),
        "references": sorted(
            (key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0])
            for key in there.get_foreign_keys(name)
        ),
        "triggers": triggers_of(connection, name),
    }
