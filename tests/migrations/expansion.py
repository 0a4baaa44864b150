"""What an older release's code would stumble over in a newer schema: everything it knows must be there as it was, and
nothing new may be asked of what it writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect

from lifetracker.core.db import Database


@dataclass(frozen=True)
class Shape:
    """A table: columns by name, and what holds its rows together, each as words that can be compared."""

    columns: dict[str, tuple[str, bool]]
    optional: set[str]  # what a row may be written without
    rules: set[str]
    indexes: set[str]


def shapes(db: Database) -> dict[str, Shape]:
    """Every table of a database."""

    def read(connection: Connection) -> dict[str, Shape]:
        return {name: _shape(inspect(connection), name) for name in inspect(connection).get_table_names()}

    return db.inspect_now(read)


def stumbles(older: dict[str, Shape], newer: dict[str, Shape]) -> list[str]:
    """One sentence for each thing that code of the older schema could not live with in the newer one."""
    return [told for name in older for told in _stumbles(name, older[name], newer.get(name))]


def _stumbles(name: str, older: Shape, newer: Shape | None) -> Iterator[str]:
    if newer is None:
        yield f"{name} is gone"
        return
    for column, kind in older.columns.items():
        if newer.columns.get(column) != kind:
            yield f"{name}.{column} was {kind}, is {newer.columns.get(column, 'gone')}"
    yield from (f"{name}.{each} must be given" for each in newer.columns.keys() - older.columns - newer.optional)
    yield from (f"{name}: {rule} is gone" for rule in (older.rules | older.indexes) - newer.rules - newer.indexes)
    yield from (f"{name}: {rule} is asked for" for rule in newer.rules - older.rules)


def _shape(there: Any, name: str) -> Shape:
    columns = there.get_columns(name)
    indexes = there.get_indexes(name)
    return Shape(
        columns={each["name"]: (str(each["type"]), each["nullable"]) for each in columns},
        optional={each["name"] for each in columns if each["nullable"] or each["default"] is not None},
        rules={
            f"primary key {there.get_pk_constraint(name)['constrained_columns']}",
            *(f"unique {each['column_names']}" for each in there.get_unique_constraints(name)),
            *(f"unique {each['column_names']}" for each in indexes if each["unique"]),
            *(_reference(each) for each in there.get_foreign_keys(name)),
            *(f"check {each['sqltext']}" for each in there.get_check_constraints(name)),
        },
        indexes={f"index {each['column_names']}" for each in indexes if not each["unique"]},
    )


def _reference(key: dict[str, Any]) -> str:
    options = sorted(key["options"].items())
    return f"{key['constrained_columns']} of {key['referred_table']} {key['referred_columns']} {options}"
