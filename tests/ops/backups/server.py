"""A server below a temporary root, with a database that has rows, and what may happen to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from lifetracker.core import sqlite
from lifetracker.core.db import Database
from lifetracker.ops.places import Places
from tests.core.units import note
from tests.engines import Engine

HOLD = "import sys; f = open(sys.argv[1], 'rb'); sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"


class Server:
    """On SQLite; its environment file names the database as a real one does, by the path below `/`."""

    def __init__(self, root: Path, made: Path) -> None:
        self.places = Places(root)
        self.file = self.places.data / "life_tracker.db"
        self.places.data.mkdir(parents=True)
        self.places.etc.mkdir(parents=True)
        self.places.environment.write_text("LIFETRACKER_DATABASE_URL=sqlite:////var/lib/lifetracker/life_tracker.db\n")
        shutil.copy(made, self.file)

    def open(self) -> Database:
        return Database(f"sqlite:///{self.file}")

    def write(self, *whats: str) -> None:
        database = self.open()
        for what in whats:
            database.write_now(note, what)
        database.close()

    def notes(self) -> list[str]:
        return notes_in(self.file)

    def fingerprint(self) -> dict[str, str]:
        """The database, and whatever lies beside it."""
        return {each.name: sha256(each.read_bytes()).hexdigest() for each in self.file.parent.iterdir()}

    def names(self) -> list[str]:
        """What is in the folder of backups, but for the lock."""
        return sorted(each.name for each in self.places.backups.iterdir() if not each.name.startswith("."))

    def leave_a_log(self, *whats: str) -> None:
        """As a service does that was killed: rows that were acknowledged, and are in the log alone."""
        database = self.open()
        for what in whats:
            database.write_now(note, what)
        aside = [Path(shutil.copy(each, each.with_name(f"aside-{each.name}"))) for each in self.parts()]
        database.close()
        for each in aside:
            each.replace(each.with_name(each.name.removeprefix("aside-")))

    def parts(self) -> list[Path]:
        return sorted(self.file.parent.glob(f"{self.file.name}*"))

    @contextmanager
    def held_open(self) -> Iterator[int]:
        """By another process, which does nothing with it; its id."""
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, self.file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout
        process.stdout.read(1)
        try:
            yield process.pid
        finally:
            process.communicate()


def server_of(engine: Engine, root: Path) -> Server:
    if engine.name != "sqlite":
        pytest.skip("SQLite only: a PostgreSQL has no file")
    with engine.fresh_database() as url:
        return Server(root, Path(url.removeprefix("sqlite:///")))


def notes_in(file: Path) -> list[str]:
    """Read so that the file stays as it is, as long as no log is beside it."""
    database = sqlite.driver.connect(f"file:{file}?mode=ro", uri=True)
    found = [str(row[0]) for row in database.execute("SELECT subject FROM attempts ORDER BY id")]
    database.close()
    return found


def spoil_page(file: Path) -> None:
    """Zeroes in the middle of the table that has the most rows: what a disk does that forgets."""
    with sqlite.driver.connect(file) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'challenge_templates'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    with file.open("r+b") as content:
        content.seek((page - 1) * size)
        content.write(bytes(size))


def spoil_header(file: Path) -> None:
    with file.open("r+b") as content:
        content.write(b"no database\0")


def spoil_index(file: Path) -> None:
    """An index at odds with its table: every page by itself is sound."""
    database = sqlite.driver.connect(file)
    columns = [row[1] for row in database.execute("PRAGMA table_info(challenge_templates)")][:2]
    database.execute(f"CREATE INDEX spoilt ON challenge_templates ({columns[0]})")
    database.execute("PRAGMA writable_schema = ON")
    wrong = f"CREATE INDEX spoilt ON challenge_templates ({columns[1]})"
    database.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'spoilt'", [wrong])
    database.commit()
    database.close()


def lose_parents(file: Path) -> None:
    database = sqlite.driver.connect(file)
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute("DELETE FROM challenge_templates")
    database.commit()
    database.close()


def empty(file: Path) -> None:
    file.write_bytes(b"")
