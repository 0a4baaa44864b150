"""The switch from one database file to another, and what stops it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lifetracker.core import sqlite
from lifetracker.ops.backups import copy as backup_copy
from lifetracker.ops.backups import file_repository as repository
from lifetracker.ops.backups.child import ask
from lifetracker.ops.places import USER
from lifetracker.ops.refusal import Refused
from tests.engines import Engine
from tests.ops.backups.server import Server, notes_in, server_of


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    return server_of(engine, tmp_path)


@pytest.fixture
def new(server: Server) -> Path:
    made = Path(shutil.copy(server.file, server.file.with_name("new.db")))
    server.write("of the old one")
    return made


class TestSwitch:
    def test_puts_the_new_file_there(self, server: Server, new: Path) -> None:
        backup_copy.switch(new, server.file)

        assert (notes_in(server.file), new.exists()) == ([], False)

    def test_leaves_no_log_of_the_old_one_beside_the_new(self, server: Server, new: Path) -> None:
        """It would be replayed into a file that it does not belong to: the worst that a restore can do."""
        server.leave_a_log("in the log")

        backup_copy.switch(new, server.file)

        assert len(server.parts()) == 1
        assert server.notes() == []

    def test_keeps_the_old_one_whole_when_it_ends_half_way(self, server: Server, new: Path) -> None:
        server.leave_a_log("in the log")

        with pytest.raises(FileNotFoundError):
            backup_copy.switch(new.with_name("gone.db"), server.file)

        assert server.notes() == ["of the old one", "in the log"]

    def test_writes_nothing_into_the_old_file(self, server: Server, new: Path, tmp_path: Path) -> None:
        (tmp_path / "old.db").hardlink_to(server.file)

        backup_copy.switch(new, server.file)

        assert notes_in(tmp_path / "old.db") == ["of the old one"]

    def test_refuses_while_another_process_reads_the_old_one(self, server: Server, new: Path) -> None:
        reader = sqlite.driver.connect(server.file, isolation_level=None)
        reader.execute("PRAGMA journal_mode = DELETE")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM attempts").fetchone()

        with pytest.raises(Refused, match="open: stop it first"):
            ask("switch-damaged", new, server.file, user=USER)

        reader.close()
        assert notes_in(server.file) == ["of the old one"]

    def test_refuses_when_somebody_wrote_after_the_folding(
        self, server: Server, new: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(repository, "fold", lambda file: server.leave_a_log("just now"))

        with pytest.raises(Refused, match=r"wrote to .* just now: stop it first"):
            backup_copy.switch(new, server.file)

        assert server.notes() == ["of the old one", "just now"]
