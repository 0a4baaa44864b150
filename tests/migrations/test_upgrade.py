"""Schema upgrades, on a filled database, with steps of the test's own after the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.migrations import HEAD, REVISIONS
from lifetracker.migrations.schema import current, require_servable
from lifetracker.migrations.upgrade import differences, upgrade
from tests.engines import Engine
from tests.migrations.looks import counts, ddl, fill
from tests.migrations.steps import ERASE, REBUILD, write_step
from tests.people import Client

VERSIONS = Path("lifetracker/migrations/versions")


class TestRevisions:
    def test_name_the_files_in_order(self) -> None:
        assert tuple(sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))) == REVISIONS


class TestUpgrade:
    def test_makes_what_the_models_need(self, empty: Database) -> None:
        assert upgrade(empty) is None

        assert differences(empty) == []
        assert current(empty) == HEAD

    def test_changes_nothing_the_second_time(self, db: Database, anna: Client) -> None:
        fill(anna)
        before = counts(db), ddl(db)

        assert upgrade(db) == HEAD

        assert (counts(db), ddl(db)) == before

    def test_keeps_every_row_when_a_parent_table_is_rebuilt(self, db: Database, anna: Client, steps: Path) -> None:
        fill(anna)
        before = counts(db)
        write_step(steps, "9001", HEAD, *REBUILD)

        upgrade(db, "9001", steps)

        assert counts(db) == before
        assert before["daily_log"] == 12

    def test_ends_at_the_schema_of_a_fresh_database(
        self, db: Database, anna: Client, empty: Database, steps: Path
    ) -> None:
        fill(anna)
        write_step(steps, "9001", HEAD, *REBUILD)

        upgrade(db, "9001", steps)
        upgrade(empty, "9001", steps)

        assert ddl(db) == ddl(empty)

    def test_still_cascades_after_a_rebuild(self, db: Database, anna: Client, steps: Path) -> None:
        fill(anna)
        write_step(steps, "9001", HEAD, *REBUILD)
        upgrade(db, "9001", steps)

        db.write_now(lambda tx: tx.exec(text("DELETE FROM challenges")))

        assert counts(db)["daily_log"] == 0

    def test_undoes_the_whole_chain_when_a_later_step_fails(self, db: Database, anna: Client, steps: Path) -> None:
        fill(anna)
        before = counts(db), ddl(db)
        write_step(steps, "9001", HEAD, *REBUILD)
        write_step(steps, "9002", "9001", ERASE, 'raise RuntimeError("half way")')

        with pytest.raises(RuntimeError, match="half way"):
            upgrade(db, "9002", steps)

        assert (counts(db), ddl(db)) == before
        assert current(db) == HEAD

    def test_refuses_a_step_that_leaves_orphans(self, engine: Engine, db: Database, anna: Client, steps: Path) -> None:
        if engine.name == "postgres":
            pytest.skip("PostgreSQL checks foreign keys at the statement itself")
        fill(anna)
        before = counts(db)
        write_step(steps, "9001", HEAD, 'op.execute("DELETE FROM challenges")')

        with pytest.raises(SchemaRefused, match="rows without their parent"):
            upgrade(db, "9001", steps)

        assert counts(db) == before

    def test_enforces_foreign_keys_again_afterwards(self, db: Database, anna: Client) -> None:
        fill(anna)
        upgrade(db)

        db.write_now(lambda tx: tx.exec(text("DELETE FROM users")))

        assert counts(db)["daily_log"] == 0

    def test_refuses_a_database_newer_than_the_code(self, db: Database) -> None:
        db.write_now(lambda tx: tx.exec(text("UPDATE alembic_version SET version_num = '7777'")))
        before = ddl(db)

        with pytest.raises(SchemaRefused, match="newer release"):
            upgrade(db)

        assert ddl(db) == before
        assert current(db) == "7777"

    def test_refuses_tables_that_are_not_ours(self, empty: Database) -> None:
        empty.migrate_now(lambda connection: connection.execute(text("CREATE TABLE notes (id INTEGER)")))

        with pytest.raises(SchemaRefused, match="not ours"):
            upgrade(empty)

        assert list(ddl(empty)) == ["notes"]


class TestDifferences:
    def test_names_a_column_that_is_gone(self, db: Database) -> None:
        db.migrate_now(lambda connection: connection.execute(text("ALTER TABLE daily_log DROP COLUMN note")))

        assert "note" in str(differences(db))


class TestRequireServable:
    def test_names_the_command_for_an_empty_database(self, empty: Database) -> None:
        empty.migrate_now(lambda connection: connection.execute(text("SELECT 1")))

        with pytest.raises(SchemaRefused, match="lifetracker db upgrade"):
            require_servable(empty)

    def test_refuses_a_newer_one(self, db: Database) -> None:
        db.write_now(lambda tx: tx.exec(text("UPDATE alembic_version SET version_num = '7777'")))

        with pytest.raises(SchemaRefused, match="newer release"):
            require_servable(db)

    def test_accepts_head(self, db: Database) -> None:
        require_servable(db)
