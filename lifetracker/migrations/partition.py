"""Partitioning what grows with every day by its person, on PostgreSQL, while the service goes on.

Twins are built and filled beside the tables; a trigger notes meanwhile what changes. At the end one transaction locks
the tables, brings over what is left, and swaps. Killed at any point, the tables are as they were or partitioned whole;
the next run clears away what the killed one left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep
from typing import TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.errors import Unavailable
from lifetracker.migrations import partition_repository as repository

R = TypeVar("R")
Tell = Callable[[str], None]
FEW_CHANGES, ROUNDS_AT_MOST = 100, 50
TRIES, CLAIMS, PAUSE = 60, 4, 0.5  # seconds
# A lock not had in time; a parent that went away under a row just read.
PASSING = ("55P03", "23503")


class PartitionRefused(SchemaRefused):
    """Nothing was changed; the text says why."""


@dataclass(frozen=True, slots=True)
class Partitioned:
    """`locked` is how long nobody could read or write the tables, in seconds; None where nothing was to be done."""

    tables: tuple[str, ...]
    rows: int
    locked: float | None

    def __str__(self) -> str:
        if self.locked is None:
            return "nothing to do: it is so already"
        return f"{' and '.join(self.tables)}: {self.rows} rows divided anew, locked for {1000 * self.locked:.0f} ms"


def partition(db: Database, partitions: int, tell: Tell) -> Partitioned:
    """Give every table that grows with the days `partitions` parts; with 1 it is whole again."""
    if db.embedded:
        raise PartitionRefused("only PostgreSQL has partitions: `lifetracker db copy` moves an SQLite file there")
    try:
        with _alone(db):
            _patiently(db, repository.clear_away)
            tables = [each for each in repository.tables() if _parts_of(db, each) != partitions]
            _refuse_what_would_be_lost(db, tables)
            return _partition(db, tables, partitions, tell) if tables else Partitioned((), 0, None)
    except DBAPIError as error:
        raise PartitionRefused(f"PostgreSQL refuses: {str(error.orig).partition(chr(10))[0]}") from error


def _refuse_what_would_be_lost(db: Database, tables: Sequence[Table]) -> None:
    for table in tables:
        owner = db.inspect_now(partial(repository.other_owner, table=table))
        if owner is not None:
            raise PartitionRefused(f"{table.name} belongs to {owner}, which would lose it: connect as that role")
        _refuse_what_hangs_on(table, db.inspect_now(partial(repository.in_the_way, table=table)))


def _refuse_what_hangs_on(table: Table, found: Sequence[str]) -> None:
    if found:
        raise PartitionRefused(f"on {table.name} there is {', '.join(found)}: drop it, and make it again afterwards")


@contextmanager
def _alone(db: Database) -> Iterator[None]:
    """By a lock that a connection of its own holds: with the process it goes, however that ends."""
    holder = Database(db.url.render_as_string(hide_password=False), threads=1)
    try:
        if not any(_claims(holder)):
            raise PartitionRefused("another `lifetracker db partition` is under way")
        yield
    finally:
        holder.close()


def _claims(holder: Database) -> Iterator[bool]:
    """Some tries: a server takes a moment to notice that a run was killed."""
    yield holder.migrate_now(repository.claim)
    for _ in range(CLAIMS):
        sleep(PAUSE)
        yield holder.migrate_now(repository.claim)


def _partition(db: Database, tables: Sequence[Table], partitions: int, tell: Tell) -> Partitioned:
    revision = db.inspect_now(repository.revision)
    try:
        rows = sum(_build(db, table, partitions, tell) for table in tables)
        locked = _swap(db, tables, revision, tell)
    finally:
        _clear_away(db, tell)
    return Partitioned(tuple(table.name for table in tables), rows, locked)


def _clear_away(db: Database, tell: Tell) -> None:
    """No reason to call a run failed, nor to hide why it did: what is left goes the next time."""
    try:
        _patiently(db, repository.clear_away)
    except PartitionRefused:
        tell("what is left over of this run could not be thrown away: the next run begins with that")


def _parts_of(db: Database, table: Table) -> int:
    return db.inspect_now(lambda connection: repository.partitions_of(connection, table))


def _build(db: Database, table: Table, partitions: int, tell: Tell) -> int:
    """A twin with all that the table held a moment ago."""
    _calmly(db, lambda connection: repository.build(connection, table, partitions))
    _patiently(db, lambda connection: repository.note_changes(connection, table))
    rows = _fill(db, table, tell)
    began = monotonic()
    _calmly(db, lambda connection: repository.add_indexes(connection, table))
    _patiently(db, lambda connection: repository.declare_references(connection, table, partitions))
    # Who went for good before the keys stood has rows in the twin still; who goes from here on takes them along.
    _patiently(db, partial(repository.catch_up, table=table))
    for part in repository.parts(table, partitions):
        _calmly(db, partial(repository.validate_references, table=table, part=part))
    _patiently(db, lambda connection: repository.unite_references(connection, table, partitions))
    _calmly(db, lambda connection: repository.analyze(connection, table))
    tell(f"{table.name}: keys and indexes in {monotonic() - began:.1f} s")
    return rows


def _fill(db: Database, table: Table, tell: Tell) -> int:
    began, told = monotonic(), monotonic()
    rows, after = 0, 0
    while (until := db.inspect_now(partial(repository.next_bound, table=table, after=after))) is not None:
        rows += _calmly(db, partial(repository.fill_piece, table=table, after=after, until=until))
        after = until
        if monotonic() - told > 2:
            told = monotonic()
            tell(f"{table.name}: {rows} rows, {rows / (told - began):.0f} a second")
    tell(f"{table.name}: {rows} rows in {monotonic() - began:.1f} s")
    return rows


def _swap(db: Database, tables: Sequence[Table], revision: str, tell: Tell) -> float:
    """How long the tables were locked."""
    for _ in range(ROUNDS_AT_MOST):
        if sum(_patiently(db, partial(repository.catch_up, table=table)) for table in tables) < FEW_CHANGES:
            break
    else:
        tell("so much is written that the last changes are brought over under the lock")
    began = _patiently(db, lambda connection: _put_in_place(connection, tables, revision))
    return monotonic() - began


def _put_in_place(connection: Connection, tables: Sequence[Table], revision: str) -> float:
    """When the lock was had; the transaction ends with it. Nobody can change the tables any more that it looks at."""
    repository.lock(connection, tables)
    began = monotonic()
    if repository.revision(connection) != revision:
        raise PartitionRefused("the schema was upgraded meanwhile: the tables are as they were, run it again")
    for table in tables:
        _refuse_what_hangs_on(table, repository.in_the_way(connection, table))
        repository.catch_up(connection, table)
        repository.put_in_place(connection, table)
    return began


def _patiently(db: Database, work: Callable[[Connection], R]) -> R:
    """Work that needs a lock others may hold: whoever waits for one has all wait who come later, so it waits briefly,
    and often."""

    def briefly(connection: Connection) -> R:
        repository.wait_briefly(connection)
        return work(connection)

    for _ in range(TRIES):
        try:
            return _calmly(db, briefly)
        except (DBAPIError, Unavailable) as error:
            if _state(error) not in PASSING:
                raise
            sleep(PAUSE)
    raise PartitionRefused(
        f"the tables were in use whenever they were to be locked, {TRIES} times: nothing was changed"
    )


def _calmly(db: Database, work: Callable[[Connection], R]) -> R:
    """Nobody's unit of work fails for our having read so much."""

    def run(connection: Connection) -> R:
        repository.read_committed(connection)
        return work(connection)

    return db.migrate_now(run)


def _state(error: BaseException | None) -> str | None:
    """What PostgreSQL calls it, however deep it lies."""
    while error is not None and not isinstance(error, DBAPIError):
        error = error.__cause__
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
