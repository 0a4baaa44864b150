"""What the checks of a database share: what should be there, the connection they look through, what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

KEYS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: how many rows offend, and the keys of the first ten of them. None is good; `though` then
    tells what is worth knowing all the same."""

    check: str
    count: int = 0
    keys: tuple[str, ...] = ()
    though: str = ""

    def __str__(self) -> str:
        if not self.count:
            return f"{self.check}: ok{', though ' if self.though else ''}{self.though}"
        shown = ", ".join(self.keys)
        return f"{self.check}: {self.count} found: {shown}{', …' if self.count > len(self.keys) else ''}"


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of a table that must name a row of another."""

    table: str
    column: str
    parent: str
    key: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} -> {self.parent}.{self.key}"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a database at head holds."""

    revisions: tuple[str, ...]
    columns: Mapping[str, Sequence[str]]
    unique: Sequence[tuple[str, tuple[str, ...]]]
    references: Sequence[Reference]
    indexes: Sequence[tuple[str, tuple[str, ...]]] = ()
    triggers: Sequence[tuple[str, str, str]] = ()

    @classmethod
    def of(cls, head: Mapping[str, Any]) -> Expected:
        """From the content of `migrations/head.json`."""
        tables: Mapping[str, Any] = head["tables"]
        return cls(
            revisions=tuple(head["revisions"]),
            columns={name: table["columns"] for name, table in tables.items()},
            unique=[(name, tuple(key)) for name, table in tables.items() for key in table["unique"]],
            references=[Reference(name, *each) for name, table in tables.items() for each in table["references"]],
            indexes=[(name, tuple(columns)) for name, table in tables.items() for columns in table["indexes"]],
            triggers=[(name, *each) for name, table in tables.items() for each in table["triggers"]],
        )


@dataclass(slots=True)
class Look:
    """One connection, and what was learnt through it."""

    connection: Connection
    expected: Expected
    deep: bool
    broken: set[str] = field(default_factory=set)

    @property
    def on_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def rows(self, question: str, **values: Any) -> list[Any]:
        return list(self.connection.execute(text(question), values))

    @property
    def tables(self) -> list[str]:
        """Those that are there whole; the checks before have told what is missing."""
        return [name for name in self.expected.columns if name not in self.broken]


def finding_of(check: str, keys: Sequence[str]) -> Finding:
    return Finding(check, len(keys), tuple(keys[:KEYS_SHOWN]))


def key_of(row: Sequence[Any]) -> str:
    return "/".join(map(str, row))
