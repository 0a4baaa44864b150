"""A backup that was made while the service wrote, brought to what it left when it was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.core import sqlite
from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups.live_database import live_database
from lifetracker.ops.backups.manifest import Backup
from lifetracker.ops.refusal import Refused
from tests.engines import Engine
from tests.ops.backups.server import Server, notes_in, server_of


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    made = server_of(engine, tmp_path)
    made.write("kept")
    return made


def refreshed(server: Server, early: Backup) -> Backup:
    with backups.open_folder(server.places) as folder:
        return backups.refresh_in(folder, live_database(server.places), early)


class TestRefresh:
    def test_holds_what_was_written_since(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        server.write("later")

        made = refreshed(server, early)

        assert notes_in(made.database) == ["kept", "later"]
        assert made.manifest.tables["attempts"] == 2
        backups.verify(server.places, made)

    @pytest.mark.thorough
    def test_holds_what_was_in_the_log_alone(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        server.leave_a_log("in the log")

        assert notes_in(refreshed(server, early).database) == ["kept", "in the log"]

    @pytest.mark.thorough
    def test_holds_a_file_that_grew_and_one_that_shrank(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        server.write(*(f"{number} {'x' * 4000}" for number in range(400)))
        grown = refreshed(server, early)
        database = sqlite.driver.connect(server.file, isolation_level=None)
        database.execute("DELETE FROM attempts WHERE id > 1")
        database.execute("VACUUM")
        database.close()

        made = refreshed(server, grown)

        assert notes_in(made.database) == ["kept"]
        backups.verify(server.places, made)

    def test_is_the_one_backup_that_is_left_of_both(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")

        made = refreshed(server, early)

        assert (server.names(), made.manifest.label) == ([made.id], "before-deploy")
        assert made.id != early.id

    def test_is_refused_while_somebody_may_write(self, server: Server) -> None:
        early = backups.make(server.places, "before-deploy")
        database = server.open()
        database.write_now(lambda tx: None)

        with pytest.raises(Refused, match="locked"):
            refreshed(server, early)
        database.close()
