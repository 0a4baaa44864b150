"""How an embedded database is opened, and what is asked of a schema."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from lifetracker.core.db import Database, Transaction
from lifetracker.core.db import statements_repository as statements
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.errors import Unavailable
from lifetracker.migrations import HEAD
from lifetracker.users import repository
from tests.core.units import another, note, notes
from tests.people import join


class TestOpening:
    @pytest.mark.parametrize(
        ("pragma", "value"),
        [
            ("journal_mode", "wal"),
            ("synchronous", 2),  # FULL
            ("foreign_keys", 1),
            ("busy_timeout", 0),
            ("cache_size", -16384),
            ("journal_size_limit", 64 * 1024 * 1024),
        ],
    )
    def test_is_safe_and_waits_for_nothing(self, db: Database, pragma: str, value: object) -> None:
        embedded_only(db)

        assert db.read_now(ask_pragma, pragma) == value
        assert db.write_now(ask_pragma, pragma) == value
        assert asyncio.run(db.write(ask_pragma, pragma)) == value

    def test_lets_only_writers_write(self, db: Database) -> None:
        embedded_only(db)

        assert db.read_now(ask_pragma, "query_only") == 1
        assert db.write_now(ask_pragma, "query_only") == 0

    @pytest.mark.parametrize("door", ["read_now", "write_now", "inspect_now", "migrate_now"])
    def test_never_makes_a_file_that_is_missing(self, tmp_path: Path, door: str) -> None:
        missing = Database(f"sqlite:///{tmp_path / 'missing.db'}")

        with pytest.raises(Unavailable):
            getattr(missing, door)(lambda _: None)

        assert list(tmp_path.iterdir()) == []

    def test_makes_one_for_a_migration(self, tmp_path: Path) -> None:
        new = Database(f"sqlite:///{tmp_path / 'a %23 b.db'}", create=True)

        assert new.migrate_now(lambda connection: statements.has_tables(connection)) is False
        new.close()

        assert [path.name for path in tmp_path.iterdir()] == ["a # b.db"]

    def test_asks_for_the_folder_first(self, tmp_path: Path) -> None:
        with pytest.raises(SchemaRefused, match=f"there is no folder {tmp_path / 'missing'} for the database"):
            Database(f"sqlite:///{tmp_path / 'missing' / 'life_tracker.db'}", create=True)

    def test_refuses_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        file = tmp_path / "notes.txt"
        file.write_text("nothing of ours " * 100)

        with pytest.raises(Unavailable, match="file is not a database"):
            Database(f"sqlite:///{file}").read_now(notes)


class TestMigrateNow:
    def test_does_without_foreign_keys_while_tables_are_rebuilt(self, db: Database) -> None:
        embedded_only(db)
        join(db, "anna")

        def rebuild(connection: Connection) -> None:
            connection.execute(text("CREATE TABLE kept AS SELECT * FROM users"))
            connection.execute(text("DELETE FROM users"))
            connection.execute(text("INSERT INTO users SELECT * FROM kept"))

        db.migrate_now(rebuild)

        assert db.read_now(count, "users") == 1
        assert db.read_now(count, "tokens") == 1

    def test_has_them_on_again_afterwards(self, db: Database) -> None:
        embedded_only(db)
        join(db, "anna")
        db.migrate_now(lambda connection: None)

        db.write_now(lambda tx: repository.delete_user(tx, 1))

        assert db.read_now(count, "tokens") == 0

    def test_refuses_to_leave_rows_without_their_parent(self, db: Database) -> None:
        embedded_only(db)
        join(db, "anna")

        with pytest.raises(SchemaRefused, match="leaves 1 rows without their parent"):
            db.migrate_now(lambda connection: connection.execute(text("DELETE FROM users")))

        assert db.read_now(count, "users") == 1

    def test_keeps_nothing_of_steps_that_fail(self, db: Database) -> None:
        def fail(connection: Connection) -> None:
            connection.execute(text("CREATE TABLE half_done (id INTEGER)"))
            raise LookupError

        with pytest.raises(LookupError):
            db.migrate_now(fail)

        assert not db.inspect_now(lambda connection: inspect(connection).has_table("half_done"))


class TestInspectNow:
    def test_tells_the_revision(self, db: Database) -> None:
        assert db.inspect_now(statements.schema_revision) == HEAD
        assert db.inspect_now(statements.has_tables)

    def test_writes_nothing(self, db: Database) -> None:
        with pytest.raises(Exception, match=r"read.?only"):
            db.inspect_now(lambda connection: connection.execute(text("DELETE FROM users")))


class TestAnswers:
    def test_is_true_where_the_schema_can_be_read(self, db: Database) -> None:
        assert db.read_now(statements.answers)


class TestTwoDoors:
    def test_see_the_same_file(self, db: Database) -> None:
        with another(db) as other:
            other.write_now(note)

        assert db.read_now(notes) == ["a note"]


def embedded_only(db: Database) -> None:
    if not db.embedded:
        pytest.skip("SQLite only: a PRAGMA is nothing to PostgreSQL")


def ask_pragma(tx: Transaction, pragma: str) -> Any:
    return tx.exec(text(f"PRAGMA {pragma}")).scalar()


def count(tx: Transaction, table: str) -> int:
    number: int = tx.exec(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return number
