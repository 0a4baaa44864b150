"""How a database is opened to be checked, what is refused with a sentence, and that neither leaves a trace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lifetracker.core import sqlite
from lifetracker.core.db import Database
from lifetracker.core.db_check_repository import check_database
from lifetracker.core.db_checks.open_repository import CannotCheck
from tests.core.checks import ATTEMPT, EXPECTED, broken, spoil, spoil_file, traces
from tests.core.units import note, url_of

NOBODY = 65534


class TestFile:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (None, "there is no database at"),
            (b"", "is empty"),
            (b"nothing of ours " * 100, "is not an SQLite database"),
            (b"SQLite format 3\0" + b"\xff" * 5000, "the file is damaged"),
            (b"SQLite format 3\0" + b"\x10\0\2\2", "ends within its header"),
        ],
    )
    def test_must_be_a_database(self, tmp_path: Path, content: bytes | None, sentence: str) -> None:
        file = tmp_path / "life.db"
        if content is not None:
            file.write_bytes(content)

        with pytest.raises(CannotCheck, match=sentence):
            check_database(f"sqlite:///{file}", EXPECTED)

        assert [each.name for each in tmp_path.iterdir()] == ([] if content is None else ["life.db"])

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_must_be_one(self, url: str) -> None:
        with pytest.raises(CannotCheck, match="names no file"):
            check_database(url, EXPECTED)

    def test_must_be_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(CannotCheck, match="cannot be read: Is a directory"):
            check_database(f"sqlite:///{tmp_path}", EXPECTED)

    def test_must_be_no_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        with pytest.raises(CannotCheck, match="is not a file"):
            check_database(f"sqlite:///{tmp_path / 'pipe'}", EXPECTED)

    def test_must_lie_in_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(CannotCheck, match="there is no database at"):
            check_database(f"sqlite:///{tmp_path / 'file' / 'life.db'}", EXPECTED)

    @pytest.mark.parametrize("closed", ["life.db", ".", "life.db-wal"])
    def test_must_be_readable(self, file: Path, closed: str) -> None:
        with TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            copy = Path(shutil.copy(file, Path(folder) / "life.db"))
            copy.with_name("life.db-wal").write_bytes(b"")
            (Path(folder) / closed).chmod(0)

            with a_stranger(), pytest.raises(CannotCheck, match="cannot be read: Permission denied"):
                check_database(f"sqlite:///{copy}", EXPECTED)

            Path(folder).chmod(0o755)

    def test_may_lie_where_nobody_may_write(self, file: Path) -> None:
        with TemporaryDirectory() as folder:
            copy = Path(shutil.copy(file, Path(folder) / "life.db"))
            Path(folder).chmod(0o555)
            with a_stranger():
                found = broken(f"sqlite:///{copy}")
            Path(folder).chmod(0o755)

        assert found == {}

    def test_may_be_written_in_the_old_way(self, file: Path) -> None:
        spoil_file(file, ["PRAGMA journal_mode = DELETE", "UPDATE alembic_version SET version_num = 'old'"])
        before = traces(file)

        assert broken(f"sqlite:///{file}")["schema at head"].keys[0].startswith("it is at old")
        assert traces(file) == before

    def test_is_not_read_before_a_write_that_was_broken_off_is_taken_back(self, file: Path, tmp_path: Path) -> None:
        left = tmp_path / "left" / file.name
        left.parent.mkdir()
        spoil_file(file, ["PRAGMA journal_mode = DELETE"])
        with closing(sqlite.driver.connect(file, isolation_level=None)) as other:
            other.execute("PRAGMA cache_size = 1")
            other.execute("BEGIN")
            other.execute("UPDATE challenge_templates SET created_at = 1")
            other.execute("UPDATE challenge_template_texts SET description = hex(randomblob(2000))")
            shutil.copy(file, left)
            shutil.copy(f"{file}-journal", f"{left}-journal")
        before = traces(left)

        with pytest.raises(CannotCheck, match="a write to it was broken off"):
            check_database(f"sqlite:///{left}", EXPECTED)

        assert traces(left) == before
        assert len(before) == 2

    def test_may_be_locked_for_a_while_only(self, file: Path) -> None:
        with held_by_another_process(file), pytest.raises(CannotCheck, match="another process holds the database"):
            check_database(f"sqlite:///{file}", EXPECTED)


class TestTrace:
    def test_is_none_beside_a_file_that_lies_still(self, file: Path) -> None:
        before = traces(file)
        check_database(f"sqlite:///{file}", EXPECTED)

        assert traces(file) == before
        assert len(before) == 1

    def test_is_none_while_somebody_has_it_open(self, file: Path) -> None:
        """Checked by another process, as in life: in one process SQLite shares what it has open."""
        with closing(sqlite.driver.connect(file, isolation_level=None)) as other:
            other.execute(ATTEMPT)
            before = traces(file)
            done = subprocess.run([sys.executable, "-c", CHECK, str(file)], check=False)

            assert traces(file) == before
            assert (len(before), done.returncode) == (3, 0)

    def test_is_none_beside_a_log_that_was_left_alone(self, file: Path, tmp_path: Path) -> None:
        left = tmp_path / "left" / file.name
        left.parent.mkdir()
        with closing(sqlite.driver.connect(file, isolation_level=None)) as other:
            other.execute("PRAGMA wal_autocheckpoint = 0")
            other.execute("UPDATE alembic_version SET version_num = 'from the log'")
            shutil.copy(file, left)
            shutil.copy(f"{file}-wal", f"{left}-wal")
        before = traces(left)

        found = broken(f"sqlite:///{left}")

        assert found["schema at head"].keys[0].startswith("it is at from the log, newer")
        assert traces(left) == before
        assert len(before) == 2

    def test_is_read_though_a_link_leads_to_the_file(self, file: Path, tmp_path: Path) -> None:
        link = tmp_path / "link.db"
        link.symlink_to(file)
        with closing(sqlite.driver.connect(file, isolation_level=None)) as other:
            other.execute("PRAGMA wal_autocheckpoint = 0")
            other.execute("UPDATE alembic_version SET version_num = 'from the log'")

            done = subprocess.run([sys.executable, "-c", CHECK, str(link)], check=False)

        assert done.returncode == 1

    def test_sees_what_was_written_a_moment_ago(self, db: Database) -> None:
        db.write_now(note)
        spoil(db, ["UPDATE alembic_version SET version_num = 'now'"])

        assert broken(url_of(db))["schema at head"].keys[0].startswith("it is at now")


class TestUrl:
    @pytest.mark.parametrize("url", ["nonsense", "mysql://me:hunter2@host/name", ""])
    def test_is_refused_without_repeating_it(self, url: str) -> None:
        with pytest.raises(CannotCheck, match="must begin with sqlite") as refused:
            check_database(url, EXPECTED)

        assert "hunter2" not in str(refused.value)

    def test_may_lead_to_a_server_that_is_away(self) -> None:
        with pytest.raises(CannotCheck, match="the database cannot be read: ") as refused:
            check_database("postgresql+psycopg://me:hunter2@127.0.0.1:1/nothing", EXPECTED)

        assert "hunter2" not in str(refused.value)


@contextmanager
def a_stranger() -> Iterator[None]:
    """As somebody who may read only what all may: root reads everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


CHECK = """
import json, sys
from lifetracker.core import db_check_repository as checks, smoke
expected = checks.Expected.of(json.loads(smoke.HEAD.read_text()))
sys.exit(sum(each.count for each in checks.check_database("sqlite:///" + sys.argv[1], expected)))
"""
HOLD = """
import sys
from lifetracker.core import sqlite
connection = sqlite.driver.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read(1)
"""


@contextmanager
def held_by_another_process(file: Path) -> Iterator[None]:
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate("x")
