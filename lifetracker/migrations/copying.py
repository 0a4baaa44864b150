"""Copying a whole installation into another database, from SQLite to PostgreSQL or back.

The target is marked as unfinished until every table in it was compared with the source, row for row; killed at any
point, the same copy again goes on after the last page that was kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.db.statements_repository import has_tables
from lifetracker.core.errors import Conflict
from lifetracker.migrations import HEAD, UNFINISHED, schema
from lifetracker.migrations import copy_repository as repository
from lifetracker.migrations.canonical import RowSum
from lifetracker.migrations.original import CopyRefused, Original, file_of, looking_into, reading
from lifetracker.migrations.upgrade import upgrade_in

Tell = Callable[[str], None]
TOLD_EVERY = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that is the same on both sides."""

    table: str
    rows: int
    checksum: str

    def __str__(self) -> str:
        return f"{self.table:<26}{self.rows:>12} rows on both sides, checksum {self.checksum}"


def copy_database(source: str, target: str, tell: Tell, *, anew: bool = False) -> list[Copied]:
    """Copy all of `source` into `target`, both addresses; answers what was found equal, table by table.

    `anew` throws away what an unfinished copy left in the target. `CopyRefused` when it cannot be copied.
    """
    with reading(source) as original:
        copy = _opened_target(target)
        try:
            _refuse_same(original, source, target)
            return _compared(original, target) or _copy_all(original, copy, target, tell, anew=anew)
        finally:
            copy.close()


def _opened_target(target: str) -> Database:
    try:
        return Database(target, threads=1, create=True)
    except SchemaRefused as refused:
        raise CopyRefused(str(refused).replace("LIFETRACKER_DATABASE_URL", "the target's address")) from None


def _refuse_same(original: Original, source: str, target: str) -> None:
    here, there = file_of(source), file_of(target)
    if here and there and there.exists() and here.samefile(there):
        raise CopyRefused("source and target are the same file")
    if not here and not there:
        with looking_into(target) as connection:
            if repository.identity(connection) == repository.identity(original.connection):
                raise CopyRefused("source and target are the same database")


def _compared(original: Original, target: str) -> list[Copied]:
    """What a copy answered, or would have if it had not been killed right after its last step; else nothing."""
    if not (file := file_of(target)) or file.exists():
        with looking_into(target) as connection:
            if schema.state(connection).revision == HEAD and repository.has_people(connection):
                return _same_tables(original.connection, connection)
    return []


def _same_tables(original: Connection, copy: Connection) -> list[Copied]:
    """Up to the first one that differs there are people in the target who are not in the source, or others."""
    told = []
    for table in repository.tables():
        ours, theirs = (_sum_rows(connection, table, lambda said: None) for connection in (original, copy))
        if ours != theirs:
            raise CopyRefused(f"the target holds people already, and other {table.name}: give an empty database")
        told.append(Copied(table.name, ours.rows, ours.checksum))
    return told


def _copy_all(original: Original, copy: Database, target: str, tell: Tell, *, anew: bool) -> list[Copied]:
    row_sums = _copy_rows(original, copy, tell, anew=anew)
    copied = _compare(row_sums, target, tell)
    highest = repository.highest_ids(original.connection)
    original.refuse_used()
    copy.migrate_now(lambda connection: repository.finish(connection, HEAD, highest))
    return copied


def _copy_rows(original: Original, copy: Database, tell: Tell, *, anew: bool) -> dict[str, RowSum]:
    name = f"{original} at {HEAD}"
    done = copy.migrate_now(lambda connection: _prepare(connection, name, anew=anew))
    if there := sum(done.values()):
        tell(f"going on after {there} rows")
    return {table.name: _copy_table(original, copy, table, done[table.name], tell) for table in repository.tables()}


def _prepare(connection: Connection, source: str, *, anew: bool) -> dict[str, int]:
    """Rows that are there of each table, of this very source. Nothing is touched where people are."""
    revision = schema.state(connection).revision
    if revision is None and not has_tables(connection):
        upgrade_in(connection)
    elif revision == UNFINISHED:
        other, done = repository.under_way(connection)
        if other == source and not anew:
            return done
        if other != source and not anew:
            raise CopyRefused(f"the target holds an unfinished copy of {other}: --anew throws it away")
    elif revision != HEAD:
        raise CopyRefused(f"the target is at revision {revision}, not at {HEAD}: give an empty database")
    repository.mark(connection, source)
    return {table.name: 0 for table in repository.tables()}


def _copy_table(original: Original, copy: Database, table: Table, there: int, tell: Tell) -> RowSum:
    """Every page is read and added up; those that are there already are not written again."""
    row_sum = RowSum()
    told = _Progress(table.name, repository.count(original.connection, table), there, tell)
    for page in repository.pages_of(original.connection, table, ordered=True):
        before = row_sum.rows
        row_sum.add(page)
        if row_sum.rows > there:
            _put(copy, table, page[max(there - before, 0) :], max(before, there))
        told.reached(row_sum.rows)
    told.end()
    return row_sum


def _put(copy: Database, table: Table, rows: list[repository.Row], before: int) -> None:
    try:
        if copy.embedded:
            copy.write_now(repository.put_page_embedded, table, rows, before)
        else:
            copy.migrate_now(lambda connection: repository.put_page(connection, table, rows, before))
    except repository.Meanwhile:
        raise CopyRefused("another copy into this target is under way") from None
    except Conflict:
        raise CopyRefused(
            f"{table.name}: a row comes twice: the source was written since this copy began; --anew begins again"
        ) from None
    except DBAPIError as error:
        said = str(error.orig).partition("\n")[0]
        raise CopyRefused(f"{table.name}: the target does not take what the source holds: {said}") from None


def _compare(row_sums: dict[str, RowSum], target: str, tell: Tell) -> list[Copied]:
    """`CopyRefused` unless every table of the target holds what was read; the target stays marked then."""
    with looking_into(target) as connection:
        found = {table.name: _sum_rows(connection, table, tell) for table in repository.tables()}
    wrong = [
        f"{name} (rows {row_sum.rows} and {found[name].rows}, checksums {row_sum.checksum} and {found[name].checksum})"
        for name, row_sum in row_sums.items()
        if (row_sum.rows, row_sum.checksum) != (found[name].rows, found[name].checksum)
    ]
    if wrong:
        raise CopyRefused(f"source and target differ in {'; '.join(wrong)}: --anew begins again from nothing")
    return [Copied(name, row_sum.rows, row_sum.checksum) for name, row_sum in row_sums.items()]


def _sum_rows(connection: Connection, table: Table, tell: Tell) -> RowSum:
    row_sum = RowSum()
    told = _Progress(f"{table.name}, compared", repository.count(connection, table), 0, tell)
    for page in repository.pages_of(connection, table, ordered=False):
        row_sum.add(page)
        told.reached(row_sum.rows)
    return row_sum


class _Progress:
    """Says now and then how far a long table is."""

    def __init__(self, what: str, of: int, there: int, tell: Tell) -> None:
        self._what, self._of, self._there, self._tell = what, of, there, tell
        self._began = self._told = monotonic()

    def reached(self, rows: int) -> None:
        if monotonic() - self._told > TOLD_EVERY:
            self._told = monotonic()
            pace = max(rows - self._there, 0) / (self._told - self._began)
            self._tell(f"{self._what}: {rows} of {self._of} rows, {100 * rows // self._of} %, {pace:.0f} a second")

    def end(self) -> None:
        if self._of:
            self._tell(f"{self._what}: {self._of} rows in {monotonic() - self._began:.1f} s")
