"""Checks of the data: whose it is, and who else is at it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from lifetracker.ops.checks.data import database_files
from tests.ops.installation import Installation, await_open, running, serving_unit
from tests.ports import free_port
from tests.thoroughness import thorough

HOLD = "import sys; held = open(sys.argv[1]); sys.stdin.read()"
LISTEN = "import socket, sys; held = socket.create_server(('127.0.0.1', int(sys.argv[1]))); sys.stdin.read()"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")


class TestDatabaseFiles:
    def test_are_the_database_and_what_lies_beside_it(self, server: Installation) -> None:
        names = [path.name for path in database_files(server.places)]

        assert names == ["life_tracker.db", "life_tracker.db-wal", "life_tracker.db-shm"]

    def test_are_in_their_usual_place_where_no_setting_says_otherwise(self, server: Installation) -> None:
        server.places.environment.unlink()

        assert database_files(server.places)[0] == server.database

    def test_are_none_on_postgres(self, server: Installation) -> None:
        server.places.environment.write_text("LIFETRACKER_DATABASE_URL=postgresql+psycopg://x/y\n", encoding="utf-8")

        assert database_files(server.places) == []


class TestData:
    def test_holds_when_the_service_owns_it_alone(self, server: Installation) -> None:
        assert server.check("data").state == "ok"

    @as_root
    @pytest.mark.parametrize("name", ["", "life_tracker.db", "life_tracker.db-wal", "life_tracker.db-shm"])
    def test_fails_when_somebody_else_owns_a_part_of_it(self, server: Installation, name: str) -> None:
        path = server.places.data / name
        if name:
            path.touch()
        os.chown(path, 4711, 4711)

        found = server.check("data")

        assert found.state == "failed"
        assert f"{path} belongs to user 4711" in found.says

    def test_fails_when_everybody_can_reach_it(self, server: Installation) -> None:
        server.places.data.chmod(0o755)

        assert server.check("data").says == f"everybody can reach {server.places.data} (mode 755)"

    def test_fails_when_everybody_can_read_the_settings(self, server: Installation) -> None:
        server.places.environment.chmod(0o644)

        assert server.check("data").says == f"everybody can reach {server.places.environment} (mode 644)"

    def test_warns_when_only_the_folder_keeps_others_from_a_file(self, server: Installation) -> None:
        server.database.chmod(0o644)

        assert server.check("data").state == "warning"

    def test_fails_when_the_folder_is_gone(self, server: Installation) -> None:
        server.places.data.rename(server.places.data.with_name("moved"))

        assert server.check("data").state == "failed"


@pytest.fixture
def port(server: Installation) -> Iterator[int]:
    """That of the service, which runs."""
    with serving_unit(server) as port:
        yield port


class TestStrangers:
    @pytest.mark.usefixtures("port")
    def test_holds_when_only_the_service_is_at_it(self, server: Installation) -> None:
        found = server.check("strangers")

        assert (found.state, found.says) == ("ok", "nobody but the service")

    @pytest.mark.usefixtures("port")
    @pytest.mark.parametrize("end", ["-wal", *thorough("", "-shm")])
    def test_fails_when_another_has_the_database_open(self, server: Installation, end: str) -> None:
        file = server.database.with_name(server.database.name + end)
        file.touch()
        with running([sys.executable, "-c", HOLD, str(file)], server.places.root) as pid:
            await_open(pid, str(file))

            found = server.check("strangers")

        assert found.state == "failed"
        assert f"process {pid} of " in found.says
        assert "has the database open" in found.says

    def test_fails_when_another_listens_on_the_port(self, server: Installation) -> None:
        port = free_port()
        server.configure(public_url="", url=f"http://127.0.0.1:{port}")
        with running([sys.executable, "-c", LISTEN, str(port)], server.places.root, port):
            found = server.check("strangers")

        assert found.state == "failed"
        assert f"listens on port {port}" in found.says

    def test_fails_on_a_uvicorn_that_somebody_started_by_hand(self, server: Installation) -> None:
        with serving_unit(server) as port:
            server.systemd(MainPID="0")

            found = server.check("strangers")

        assert found.state == "failed"
        assert f"uvicorn lifetracker.main:app --host 127.0.0.1 --port {port}" in found.says

    @pytest.mark.parametrize("module", ["lifetracker", *thorough("lifetracker.ops.backups.copy")])
    @pytest.mark.usefixtures("port")
    def test_holds_for_a_command_of_ours_and_names_it(self, server: Installation, module: str) -> None:
        _let_commands_hold_the_database(server)
        python = server.places.live / ".venv/bin/python"
        with running([str(python), "-m", module, str(server.database)], server.release) as pid:
            await_open(pid, str(server.database))

            found = server.check("strangers")

        assert found.state == "ok"
        assert f"and the command process {pid} of " in found.says

    def test_fails_for_a_stranger_that_does_both_and_says_so(self, server: Installation) -> None:
        port = free_port()
        server.configure(public_url="", url=f"http://127.0.0.1:{port}")
        command = [sys.executable, "-c", f"database = open(sys.argv[2]); {LISTEN}", str(port), str(server.database)]
        command[2] = f"import sys; {command[2]}"
        with running(command, server.places.root, port):
            assert f"listens on port {port} and has the database open" in server.check("strangers").says

    def test_fails_for_a_command_of_ours_that_listens_on_the_port(self, server: Installation) -> None:
        port = free_port()
        server.configure(public_url="", url=f"http://127.0.0.1:{port}")
        (server.release / "lifetracker/__main__.py").write_text(LISTEN, encoding="utf-8")
        python = server.places.live / ".venv/bin/python"
        with running([str(python), "-m", "lifetracker", str(port)], server.release, port):
            assert server.check("strangers").state == "failed"

    @pytest.mark.usefixtures("port")
    @pytest.mark.parametrize("more", [["-m", "lifetracker"], *thorough(["-m", "other"], [])])
    def test_fails_for_a_program_that_only_takes_such_arguments(self, server: Installation, more: list[str]) -> None:
        command = [sys.executable, "-c", HOLD, str(server.database), *more]
        with running(command, server.places.root) as pid:
            await_open(pid, str(server.database))

            assert server.check("strangers").state == "failed"


def _let_commands_hold_the_database(server: Installation) -> None:
    for name in ("__main__.py", "ops/backups/copy.py"):
        file = server.release / "lifetracker" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HOLD, encoding="utf-8")
