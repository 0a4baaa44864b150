"""Restoring: nothing is touched before all is known to be good, and nothing that was there is lost."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lifetracker.core import sqlite
from lifetracker.core.db import Database
from lifetracker.ops import journal
from lifetracker.ops.backup_commands import commands
from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import restore as restoring
from lifetracker.ops.backups.file_repository import fold
from lifetracker.ops.backups.manifest import MANIFEST, Backup, Unsound
from lifetracker.ops.backups.restore_units import STOPPED, Units
from lifetracker.ops.files import NoSpace
from lifetracker.ops.journal import Journal
from lifetracker.ops.refusal import Refused
from tests.core.units import notes
from tests.engines import Engine
from tests.ops.backups.server import Server, empty, notes_in, server_of, spoil_header, spoil_page
from tests.processes import unmeasured
from tests.thoroughness import thorough

SYSTEMCTL = """#!/bin/sh
cd "$(dirname "$0")"
verb=$1; shift
case $verb in
show) cat "$3.state" 2>/dev/null || echo inactive ;;
stop) echo "stop $*" >> told; for unit; do echo inactive > "$unit.state"; done ;;
start) echo "start $*" >> told; [ ! -e broken ] || { echo "it is broken" >&2; exit 1; }
    for unit; do echo active > "$unit.state"; done ;;
esac
"""
SERVICE, SOCKET = "lifetracker-api.service", "lifetracker-api.socket"


@pytest.fixture(autouse=True)
def _children_unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly every test here makes a backup, in a process whose coverage its own tests measure."""
    for name in set(os.environ) - set(unmeasured()):
        monkeypatch.delenv(name)


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    made = server_of(engine, tmp_path)
    made.write("kept")
    return made


@pytest.fixture
def backup(server: Server) -> Backup:
    made = backups.make(server.places)
    server.write("later")
    return made


class Systemd:
    """Stands in for systemctl, and remembers what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        program = folder / "systemctl"
        program.write_text(SYSTEMCTL)
        program.chmod(0o755)
        self.units = Units(str(program))

    def runs(self, *names: str) -> None:
        for name in names:
            (self.folder / f"{name}.state").write_text("active\n")

    @property
    def told(self) -> list[str]:
        file = self.folder / "told"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def systemd(tmp_path: Path) -> Systemd:
    return Systemd(tmp_path / "systemd")


class TestRestore:
    def test_brings_back_what_was(self, server: Server, backup: Backup) -> None:
        restoring.restore(server.places, backup)

        assert server.notes() == ["kept"]
        assert [part.name for part in server.file.parent.iterdir()] == ["life_tracker.db"]

    @pytest.mark.thorough
    def test_leaves_a_database_that_can_be_written_to(self, server: Server, backup: Backup) -> None:
        restoring.restore(server.places, backup)

        server.write("again")

        assert server.notes() == ["kept", "again"]

    @pytest.mark.thorough
    def test_keeps_what_was_there_and_can_bring_it_back(self, server: Server, backup: Backup) -> None:
        kept = restoring.restore(server.places, backup)

        assert kept is not None
        assert kept.id.startswith("before-restore-2")
        restoring.restore(server.places, kept)
        assert server.notes() == ["kept", "later"]

    @pytest.mark.thorough
    def test_keeps_what_is_in_the_log_alone_and_leaves_no_log(self, server: Server, backup: Backup) -> None:
        server.leave_a_log("in the log")

        kept = restoring.restore(server.places, backup)

        assert kept is not None
        assert notes_in(kept.database) == ["kept", "later", "in the log"]
        assert (server.notes(), len(server.parts())) == (["kept"], 1)

    @pytest.mark.parametrize("mode", [0o666, *thorough(0o600, 0o400, 0o644)])
    def test_gives_it_to_the_owner_of_the_old_one_and_to_nobody_else(
        self, server: Server, backup: Backup, mode: int
    ) -> None:
        server.file.chmod(mode)
        if os.geteuid() == 0:
            os.chown(server.file, pwd.getpwnam("nobody").pw_uid, -1)
        before = server.file.stat()

        restoring.restore(server.places, backup)

        now = server.file.stat()
        assert (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (0o600, before.st_uid, before.st_gid)

    @pytest.mark.parametrize("spoil", [spoil_page, *thorough(spoil_header, empty)])
    def test_keeps_the_bytes_of_a_damaged_database(
        self, server: Server, backup: Backup, spoil: Callable[[Path], None]
    ) -> None:
        spoil(server.file)
        bytes_of_old = server.file.read_bytes()

        kept = restoring.restore(server.places, backup)

        assert server.notes() == ["kept"]
        assert kept is not None
        assert kept.database.read_bytes() == bytes_of_old
        with pytest.raises(Unsound, match="kept to be looked at, not to be restored"):
            restoring.restore(server.places, kept)

    def test_replaces_a_database_that_is_gone(self, server: Server, backup: Backup) -> None:
        server.leave_a_log("in the log")
        server.file.unlink()

        assert restoring.restore(server.places, backup) is None
        assert (server.notes(), len(server.parts())) == (["kept"], 1)

    @pytest.mark.thorough
    def test_removes_what_a_killed_one_left(self, server: Server, backup: Backup) -> None:
        server.file.with_name(f"{server.file.name}.restoring").write_bytes(b"half")

        restoring.restore(server.places, backup)

        assert (server.notes(), len(server.parts())) == (["kept"], 1)

    @pytest.mark.thorough
    def test_puts_back_for_a_deploy(self, server: Server, backup: Backup) -> None:
        kept = restoring.put_back(server.places, backup)

        assert server.notes() == ["kept"]
        assert kept is not None
        assert notes_in(kept.database) == ["kept", "later"]


class TestAgree:
    def test_is_told_each_row_that_will_go(self, server: Server, backup: Backup) -> None:
        plans: list[restoring.Plan] = []
        with sqlite.driver.connect(server.file) as database:
            database.execute("UPDATE attempts SET subject = 'another' WHERE subject = 'kept'")
        database.close()

        restoring.restore(server.places, backup, agree=plans.append)

        assert plans == [restoring.Plan({"attempts": (2, 1, 2)}, ())]

    def test_may_refuse_and_nothing_was_touched(self, server: Server, backup: Backup) -> None:
        before = server.fingerprint()

        done = CliRunner().invoke(commands, ["restore", backup.id, "--root", str(server.places.root)], input="n\n")

        assert done.exit_code == 1
        assert "attempts: 2 rows now, 1 in the backup; 1 of now will be gone" in done.output
        assert (server.fingerprint(), server.names()) == (before, [backup.id])

    @pytest.mark.thorough
    def test_is_not_asked_where_yes_was_said(self, server: Server, backup: Backup) -> None:
        done = CliRunner().invoke(commands, ["restore", backup.id, "--yes", "--root", str(server.places.root)])

        assert (done.exit_code, server.notes()) == (0, ["kept"])
        assert f"restored {backup.id}; what was there is backup before-restore-" in done.output

    @pytest.mark.thorough
    def test_is_told_that_nothing_changes(self, server: Server, backup: Backup) -> None:
        restoring.restore(server.places, backup)

        done = CliRunner().invoke(commands, ["restore", backup.id, "--yes", "--root", str(server.places.root)])

        assert "nothing will change: they are the same" in done.output

    @pytest.mark.thorough
    def test_is_told_that_the_database_cannot_be_read(self, server: Server, backup: Backup) -> None:
        spoil_header(server.file)

        done = CliRunner().invoke(commands, ["restore", backup.id, "--yes", "--root", str(server.places.root)])

        assert "cannot be read: its bytes will be kept" in done.output


class TestRefusal:
    """The live database stays as it is, to the byte."""

    def test_of_a_damaged_backup_by_a_deploy_that_is_undone(self, server: Server, backup: Backup) -> None:
        before = server.fingerprint()
        content = bytearray(backup.database.read_bytes())
        content[content.index(b"kept")] ^= 1  # in a text: the database is sound, and its counts are the same
        backup.database.write_bytes(content)

        with pytest.raises(Unsound):
            restoring.put_back(server.places, backup)
        assert server.fingerprint() == before

    def test_where_it_does_not_fit(self, server: Server, backup: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
        before = server.fingerprint()
        full = shutil.disk_usage(server.file.parent)._replace(free=1024)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

        with pytest.raises(NoSpace, match=f"too little disk: {server.file.parent} has"):
            restoring.put_back(server.places, backup)

        assert (server.fingerprint(), server.names()) == (before, [backup.id])

    @pytest.mark.parametrize("damage", ["bit", "cut", "header", "log"])
    def test_of_a_damaged_backup(self, server: Server, backup: Backup, damage: str) -> None:
        before = server.fingerprint()
        content = bytearray(backup.database.read_bytes())
        content[{"header": 0}.get(damage, len(content) // 2)] ^= 1
        backup.database.write_bytes(content[:-1] if damage == "cut" else content)
        if damage == "log":
            backup.database.with_name("life_tracker.db-wal").write_bytes(b"of another database")

        with pytest.raises(Unsound):
            restoring.restore(server.places, backup)

        assert (server.fingerprint(), server.names()) == (before, [backup.id])

    def test_of_a_backup_that_holds_other_rows_than_it_says(self, server: Server, backup: Backup) -> None:
        before = server.fingerprint()
        text = (backup.folder / MANIFEST).read_text()
        (backup.folder / MANIFEST).write_text(text.replace('"attempts": 1', '"attempts": 7'))

        with pytest.raises(Refused, match="attempts: 1 instead of 7 rows"):
            restoring.restore(server.places, backups.find(server.places, backup.id))

        assert server.fingerprint() == before

    def test_while_a_process_has_it_open(self, server: Server, backup: Backup) -> None:
        before = server.fingerprint()

        with server.held_open() as pid, pytest.raises(Refused, match=rf"in use by process {pid} \(.*end that first"):
            restoring.restore(server.places, backup)

        assert (server.fingerprint(), server.names()) == (before, [backup.id])

    @pytest.mark.parametrize("unit", [SERVICE, SOCKET])
    def test_while_the_service_runs(self, server: Server, backup: Backup, systemd: Systemd, unit: str) -> None:
        systemd.runs(unit)
        before = server.fingerprint()

        with pytest.raises(Refused, match=f"`systemctl stop {unit}` first, or let the restore do it with --stop"):
            restoring.restore(server.places, backup, units=systemd.units)

        assert (server.fingerprint(), systemd.told) == (before, [])

    def test_where_the_disk_is_full_for_what_was(
        self, server: Server, backup: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = server.fingerprint()

        def full(*_: object, **__: object) -> Backup:
            raise Refused("too little disk")

        monkeypatch.setattr(backups, "make_in", full)
        with pytest.raises(Refused, match="too little disk"):
            restoring.restore(server.places, backup)

        assert server.fingerprint() == before

    def test_of_a_backup_of_another_engine(self, server: Server, backup: Backup) -> None:
        text = (backup.folder / MANIFEST).read_text()
        (backup.folder / MANIFEST).write_text(text.replace('"sqlite"', '"postgresql"'))

        with pytest.raises(Refused, match="is of postgresql, and the database is on sqlite"):
            restoring.restore(server.places, backups.find(server.places, backup.id))

    def test_where_the_databases_folder_is_gone(self, server: Server, backup: Backup) -> None:
        server.file.unlink()
        server.file.parent.rmdir()

        with pytest.raises(Refused, match="make it first"):
            restoring.restore(server.places, backup)


class TestStop:
    def test_stops_what_runs_and_starts_it_again(self, server: Server, backup: Backup, systemd: Systemd) -> None:
        systemd.runs(SERVICE, SOCKET)

        restoring.restore(server.places, backup, stop=True, units=systemd.units)

        assert systemd.told == [f"stop {SOCKET} {SERVICE}", f"start {SOCKET} {SERVICE}"]
        assert server.notes() == ["kept"]
        assert not (server.places.backups / STOPPED).exists()

    @pytest.mark.thorough
    def test_starts_nothing_that_did_not_run(self, server: Server, backup: Backup, systemd: Systemd) -> None:
        restoring.restore(server.places, backup, stop=True, units=systemd.units)

        assert systemd.told == []

    @pytest.mark.thorough
    def test_starts_it_again_after_a_refusal(self, server: Server, backup: Backup, systemd: Systemd) -> None:
        systemd.runs(SERVICE)

        with server.held_open(), pytest.raises(Refused, match="in use by process"):
            restoring.restore(server.places, backup, stop=True, units=systemd.units)

        assert systemd.told == [f"stop {SERVICE}", f"start {SERVICE}"]

    @pytest.mark.thorough
    def test_starts_what_a_killed_one_had_stopped(self, server: Server, backup: Backup, systemd: Systemd) -> None:
        (server.places.backups / STOPPED).write_text(SERVICE)

        restoring.restore(server.places, backup, stop=True, units=systemd.units)

        assert systemd.told[-1] == f"start {SERVICE}"

    @pytest.mark.thorough
    def test_says_that_it_does_not_start(self, server: Server, backup: Backup, systemd: Systemd) -> None:
        systemd.runs(SERVICE)
        (systemd.folder / "broken").touch()

        with pytest.raises(
            Refused, match=r"the database is whole, but the service does not start: (.|\n)*it is broken"
        ):
            restoring.restore(server.places, backup, stop=True, units=systemd.units)
        assert not (server.places.backups / STOPPED).exists()

    def test_asks_no_systemd_in_a_trial(self, server: Server) -> None:
        assert Units.of(server.places).program is None


class TestPutBack:
    def test_stops_nothing_before_all_is_there_that_wants_disk(
        self, server: Server, backup: Backup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = shutil.disk_usage(server.file.parent)._replace(free=1024)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
        stopped: list[bool] = []

        with pytest.raises(NoSpace):
            restoring.put_back(server.places, backup, stop=lambda: stopped.append(True))
        assert stopped == []

    @pytest.mark.thorough
    def test_keeps_nothing_of_what_another_backup_holds(self, server: Server, backup: Backup) -> None:
        assert restoring.put_back(server.places, backup, keep=False) is None
        assert (server.notes(), server.names()) == (["kept"], [backup.id])


class TestOnRecord:
    def restore(self, server: Server, *words: str) -> Result:
        return CliRunner().invoke(commands, ["restore", "--yes", "--root", str(server.places.root), *words])

    @pytest.mark.thorough
    def test_is_who_restored_what_and_how_it_ended(self, server: Server, backup: Backup) -> None:
        server.places.deploy.mkdir(parents=True)

        assert self.restore(server, backup.id).exit_code == 0

        told = [(each["what"], each["of"], each.get("outcome")) for each in Journal(server.places).notes()]
        assert told == [("restore", backup.id, None), ("restore", backup.id, "done")]

    def test_is_why_it_was_refused(self, server: Server, backup: Backup) -> None:
        server.places.deploy.mkdir(parents=True)
        with server.held_open():
            self.restore(server, backup.id)

        assert "in use by process" in Journal(server.places).notes()[-1]["outcome"]

    def test_waits_for_no_deploy(self, server: Server, backup: Backup) -> None:
        server.places.deploy.mkdir(parents=True)
        with journal.locked(server.places, "deploy of x.pyz"):
            refused = self.restore(server, backup.id).exception

        assert "deploy of x.pyz" in str(refused)
        assert server.notes() == ["kept", "later"]


class TestFold:
    def test_puts_the_log_into_the_file(self, server: Server) -> None:
        server.leave_a_log("in the log")

        fold(server.file)

        assert not server.file.with_name("life_tracker.db-wal").exists()
        assert server.notes()[-1] == "in the log"

    def test_refuses_while_another_reads(self, server: Server) -> None:
        reader = server.open()
        reader.read_now(notes)

        with pytest.raises(Refused, match="locked"):
            fold(server.file)

        reader.close()


@pytest.mark.thorough
def test_the_database_survives_a_switch_with_its_log_full(server: Server, backup: Backup) -> None:
    """A log beside a file that it does not belong to is replayed into it: the worst that a restore can do."""
    server.leave_a_log(*(f"in the log {number}" for number in range(200)))

    restoring.restore(server.places, backup)

    database = Database(f"sqlite:///{server.file}")
    assert list(database.read_now(notes)) == ["kept"]
    database.close()
    with sqlite.driver.connect(server.file) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()
