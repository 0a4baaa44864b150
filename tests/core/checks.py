"""What the tests of the database's check share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from lifetracker.core import smoke, sqlite
from lifetracker.core.db import Database
from lifetracker.core.db_check_repository import check_database
from lifetracker.core.db_checks.look_repository import Expected, Finding

EXPECTED = Expected.of(json.loads(smoke.HEAD.read_text(encoding="utf-8")))


ATTEMPT = "INSERT INTO attempts (subject, at) VALUES ('x', 0)"


def broken(url: str, *, deep: bool = False) -> dict[str, Finding]:
    """The checks that found something."""
    return {finding.check: finding for finding in check_database(url, EXPECTED, deep=deep) if finding.count}


def traces(file: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything beside a file: size, time of its last change, content."""
    return {
        each.name: (each.stat().st_size, each.stat().st_mtime_ns, each.read_bytes())
        for each in sorted(file.parent.glob(f"{file.name}*"))
    }


def spoil(db: Database, statements: Iterable[str]) -> None:
    """By hand, as somebody would who knows nothing of foreign keys."""
    if db.file is not None:
        spoil_file(Path(db.file), statements)
    else:
        for statement in statements:
            db.write_now(lambda tx, said=statement: tx.exec(text(said)))  # type: ignore[misc]


def spoil_file(file: Path, statements: Iterable[str]) -> None:
    with closing(sqlite.driver.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
