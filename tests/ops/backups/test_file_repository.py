"""The whole copy, and what is asked of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.core import sqlite
from lifetracker.migrations import HEAD
from lifetracker.ops.backups import file_repository as repository
from tests.core.units import note
from tests.engines import Engine
from tests.ops.backups.server import Server, notes_in, server_of


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    return server_of(engine, tmp_path)


class TestCopyWhole:
    def test_comes_to_an_end_though_somebody_writes_at_every_step(self, server: Server, tmp_path: Path) -> None:
        server.write(*("x" * 500_000 for _ in range(8)))
        database = server.open()
        steps: list[str] = []

        def write() -> None:
            assert len(steps) < 100, "the copy began again at every write"
            steps.append(database.write_now(note, "meanwhile"))

        repository.copy_whole(server.file, tmp_path / "copy.db", write)
        database.close()

        assert len(steps) > 3
        assert "meanwhile" not in notes_in(tmp_path / "copy.db")

    def test_lets_writers_write(self, server: Server, tmp_path: Path) -> None:
        """None of them waits for a step: the unit of work in `write_now` gives up only after seconds."""
        database = server.open()
        written: list[str] = []

        repository.copy_whole(
            server.file, tmp_path / "copy.db", lambda: written.append(database.write_now(note, "meanwhile"))
        )
        database.close()

        assert set(server.notes()) == {"meanwhile"}
        assert len(server.notes()) == len(written)


class TestFactsOf:
    def test_counts_each_table(self, server: Server) -> None:
        server.write("one", "two")

        facts = repository.facts_of(server.file)

        assert facts["revision"] == HEAD
        assert (facts["tables"]["attempts"], facts["tables"]["users"]) == (2, 0)
        assert not [name for name in facts["tables"] if name.startswith("sqlite_")]


class TestDifferences:
    def test_are_none_between_a_database_and_its_copy(self, server: Server, tmp_path: Path) -> None:
        repository.copy_whole(server.file, tmp_path / "copy.db", lambda: None)

        assert repository.differences(server.file, tmp_path / "copy.db") == {}

    def test_name_tables_that_only_one_has(self, server: Server, tmp_path: Path) -> None:
        repository.copy_whole(server.file, tmp_path / "copy.db", lambda: None)
        for file, name in ((server.file, "newer"), (tmp_path / "copy.db", "older")):
            with sqlite.driver.connect(file) as database:
                database.execute(f"CREATE TABLE {name} AS SELECT 1 AS id")
            database.close()

        assert repository.differences(server.file, tmp_path / "copy.db") == {"newer": (1, 0, 1), "older": (0, 1, 0)}
