"""Schema upgrades, on a filled database, with steps of the test's own after the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, Table, func, inspect, select, text
from sqlalchemy.schema import CreateTable

from lifetracker.core.db import Database
from lifetracker.core.engines import SchemaRefused
from lifetracker.migrations import HEAD, REVISIONS
from lifetracker.migrations.schema import current, require_head
from lifetracker.migrations.upgrade import differences, upgrade
from tests.engines import Engine
from tests.people import Client

VERSIONS = Path("lifetracker/migrations/versions")

# SQLite cannot alter a column in place: Alembic builds the table anew and drops the old one.
REBUILD = (
    'with op.batch_alter_table("challenges") as table:',
    '    table.alter_column("icon", type_=sa.String(99))',
    '    table.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))',
)
ERASE = 'op.execute("DELETE FROM daily_log")'


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    return folder


@pytest.fixture
def empty(engine: Engine) -> Iterator[Database]:
    with engine.fresh_database(migrated=False) as url:
        database = Database(url, create=True)
        yield database
        database.close()


def write_step(folder: Path, revision: str, after: str, *statements: str) -> None:
    """A migration; each of `statements` is one line of its `upgrade`."""
    head = f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {revision!r}\ndown_revision = {after!r}\n"
    body = "".join(f"    {statement}\n" for statement in statements)
    (folder / f"{revision}.py").write_text(f"{head}\n\ndef upgrade():\n{body}")


def counts(db: Database) -> dict[str, int]:
    """Rows in every table."""

    def count(connection: Connection) -> dict[str, int]:
        tables = {name: Table(name, MetaData()) for name in inspect(connection).get_table_names()}
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.items()
        }

    return db.inspect_now(count)


def ddl(db: Database) -> dict[str, str]:
    """The statement that would make each table as it is now, columns, keys and all."""

    def read(connection: Connection) -> dict[str, str]:
        metadata = MetaData()
        metadata.reflect(connection)
        return {table.name: str(CreateTable(table).compile(connection)) for table in metadata.sorted_tables}

    return db.inspect_now(read)


def fill(anna: Client) -> None:
    walk, read = anna.starts("Walk"), anna.starts("Read", kind="measure", target=20, start_date="2026-03-01")
    anna.logged(walk)
    for day in range(1, 12):
        anna.logged(read, f"2026-03-{day:02}", value=day, note="ü")
    anna.made(f"/challenges/{walk}/pause")
    anna.made("/templates", {"title": "Mine", "kind": "check"})


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


class TestRequireHead:
    def test_names_the_command_for_an_empty_database(self, empty: Database) -> None:
        empty.migrate_now(lambda connection: connection.execute(text("SELECT 1")))

        with pytest.raises(SchemaRefused, match="lifetracker db upgrade"):
            require_head(empty)

    def test_refuses_a_newer_one(self, db: Database) -> None:
        db.write_now(lambda tx: tx.exec(text("UPDATE alembic_version SET version_num = '7777'")))

        with pytest.raises(SchemaRefused, match="newer release"):
            require_head(db)

    def test_accepts_head(self, db: Database) -> None:
        require_head(db)
