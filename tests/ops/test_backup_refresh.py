"""A backup that was made while the service wrote, brought to what it left when it was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.core import sqlite
from lifetracker.ops import backup as backups
from lifetracker.ops.refusal import Refused
from tests.engines import Engine
from tests.ops.backups import Server, notes_in, server_of


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    made = server_of(engine, tmp_path)
    made.write("kept")
    return made


class TestRefresh:
    def test_holds_what_was_written_since(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        server.write("later")

        made = backups.refresh(server.places, early)

        assert notes_in(made.database) == ["kept", "later"]
        assert made.manifest.tables["attempts"] == 2
        backups.verify(server.places, made)

    def test_holds_what_was_in_the_log_alone(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        server.leave_a_log("in the log")

        assert notes_in(backups.refresh(server.places, early).database) == ["kept", "in the log"]

    def test_holds_a_file_that_grew_and_one_that_shrank(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        server.write(*(f"{number} {'x' * 4000}" for number in range(400)))
        grown = backups.refresh(server.places, early)
        database = sqlite.driver.connect(server.file, isolation_level=None)
        database.execute("DELETE FROM attempts WHERE id > 1")
        database.execute("VACUUM")
        database.close()

        made = backups.refresh(server.places, grown)

        assert notes_in(made.database) == ["kept"]
        backups.verify(server.places, made)

    def test_is_the_one_backup_that_is_left_of_both(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")

        made = backups.refresh(server.places, early)

        assert (server.names(), made.manifest.label) == ([made.id], "before-deploy")
        assert made.id != early.id

    def test_is_refused_while_somebody_may_write(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        database = server.open()
        database.write_now(lambda tx: None)

        with pytest.raises(Refused, match="locked"):
            backups.refresh(server.places, early)
        database.close()
