"""A database file that is taken away from under the process, on SQLite whatever the suite runs on."""

from __future__ import annotations

import asyncio
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lifetracker.core.db import Database, Transaction, takes_long
from lifetracker.core.errors import Unavailable
from tests.core.units import note, notes
from tests.engines import make

REFUSED = "was deleted, renamed or replaced while the service had it open"


@takes_long
def note_at_length(tx: Transaction, what: str) -> str:
    return note(tx, what)


def in_place(db: Database) -> Any:
    return asyncio.run(db.write(note, "late"))


def together(db: Database) -> Any:
    async def write() -> Any:
        return await asyncio.gather(db.write(note, "late"), db.write(note, "later"))

    return asyncio.run(write())


def in_a_thread(db: Database) -> Any:
    return asyncio.run(db.write(note_at_length, "late"))


def at_once(db: Database) -> Any:
    return db.write_now(note, "late")


def deleted(file: Path) -> None:
    file.unlink()


def renamed(file: Path) -> None:
    file.rename(file.with_suffix(".old"))


def replaced(file: Path) -> None:
    """As a restore from a copy would, or an editor."""
    shutil.copy(file, file.with_suffix(".copy"))
    file.with_suffix(".copy").rename(file)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made") / "life_tracker.db"
    make(f"sqlite:///{made}")
    return made


@pytest.fixture
def file(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture
def own(file: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}", threads=2)
    yield database
    database.close()


@pytest.mark.parametrize("write", [in_place, together, in_a_thread, at_once], ids=lambda write: write.__name__)
class TestWrites:
    @pytest.mark.parametrize("taken", [deleted, renamed, replaced], ids=lambda taken: taken.__name__)
    def test_are_refused_into_a_file_that_its_path_no_longer_names(
        self, own: Database, file: Path, write: Callable[[Database], Any], taken: Callable[[Path], None]
    ) -> None:
        write(own)
        taken(file)

        with pytest.raises(Unavailable, match=REFUSED):
            write(own)

    def test_leave_nothing_where_they_are_refused(
        self, own: Database, file: Path, write: Callable[[Database], Any]
    ) -> None:
        own.write_now(note, "early")
        renamed(file)
        with pytest.raises(Unavailable):
            write(own)

        file.with_suffix(".old").rename(file)

        assert own.read_now(notes) == ["early"]

    def test_go_on_when_it_is_put_back(self, own: Database, file: Path, write: Callable[[Database], Any]) -> None:
        write(own)
        renamed(file)
        with pytest.raises(Unavailable):
            write(own)
        file.with_suffix(".old").rename(file)

        write(own)

    def test_are_told_to_come_back_when_the_disk_takes_no_more(
        self, own: Database, write: Callable[[Database], Any]
    ) -> None:
        """A limit on the size of files stands in for a full disk: SQLite meets it at the same place."""
        write(own)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        try:
            with pytest.raises(Unavailable) as refused:
                write(own)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        assert refused.value.headers == {"Retry-After": "2"}
        write(own)  # and it heals by itself


class TestReads:
    def test_go_on_without_the_file(self, own: Database, file: Path) -> None:
        asyncio.run(own.write(note, "early"))
        asyncio.run(own.read(notes))
        deleted(file)

        assert asyncio.run(own.read(notes)) == ["early"]

    def test_go_on_while_the_disk_takes_no_more(self, own: Database) -> None:
        asyncio.run(own.write(note, "early"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        try:
            assert asyncio.run(own.read(notes)) == ["early"]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
