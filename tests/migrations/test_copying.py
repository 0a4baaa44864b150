"""Copying an installation to the other engine and back, whole, in pieces, and against all odds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from lifetracker.core.db import Database, Transaction
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.errors import Conflict
from lifetracker.daily_log.models import DAILY_LOG
from lifetracker.migrations import HEAD, UNFINISHED, copy_repository
from lifetracker.migrations.copying import Copied, copy_database
from lifetracker.migrations.original import CopyRefused
from lifetracker.migrations.schema import current, require_servable
from lifetracker.migrations.tables import METADATA
from lifetracker.migrations.upgrade import differences, upgrade
from lifetracker.users.models import TRIES
from tests.core.units import note, url_of
from tests.engines import Engine
from tests.migrations.conftest import Killed
from tests.migrations.looks import fill
from tests.people import Client, join

Rows = dict[str, list[tuple[Any, ...]]]
INSTANT = datetime(2026, 3, 11, 11, 59, 59, 999999, tzinfo=UTC)
AWKWARD = [
    (date(1970, 1, 1), 0.1 + 0.2, 'two\nlines\t"quoted" \\N \\. 🏃 ü'),
    (date(2100, 12, 31), 1e-7, ""),
    (date(2026, 1, 1), -0.0, None),
    (date(2026, 1, 2), None, "a note alone"),
    (date(2026, 1, 3), 123456789.123457, "'; --"),
]


@pytest.fixture
def source(db: Database, anna: Client) -> str:
    """The address of a database with everything in it that a copy could stumble over."""
    fill(anna)
    gone = anna.starts("Gone")
    anna.delete(f"/challenges/{gone}", params={"forever": True})
    anna.post("/challenges", json={"title": "Once"}, headers={"Idempotency-Key": "once"})
    owner = anna.got("/users/me")["id"]
    db.write_now(add_awkward, owner, anna.starts("Awkward", kind="measure", target=1, start_date="2026-01-01"))
    db.close()
    return url_of(db)


@pytest.fixture
def there(other_engine: Engine) -> Iterator[str]:
    """The address of an empty database on the other engine."""
    with other_engine.fresh_database(migrated=False) as url:
        yield url


@pytest.fixture
def back(engine: Engine) -> Iterator[str]:
    """One more on the engine of the source."""
    with engine.fresh_database(migrated=False) as url:
        yield url


def add_awkward(tx: Transaction, user_id: int, challenge_id: int) -> None:
    kept = {"user_id": user_id, "challenge_id": challenge_id, "created_at": INSTANT, "updated_at": INSTANT}
    rows = [
        kept | {"date": day, "value": value, "note": said, "skipped": value is None} for day, value, said in AWKWARD
    ]
    tx.exec(insert(DAILY_LOG), rows)


def copy(source: str, target: str, **options: Any) -> list[Copied]:
    return copy_database(source, target, lambda told: None, **options)


@contextmanager
def at(url: str, **options: Any) -> Iterator[Database]:
    database = Database(url, **options)
    try:
        yield database
    finally:
        database.close()


def rows(url: str) -> Rows:
    """Every row of every table, as the application reads them, in the order of the keys."""

    def read(tx: Transaction) -> Rows:
        found = {table: tx.exec(select(table)).all() for table in METADATA.sorted_tables}
        return {table.name: sorted(map(tuple, found[table]), key=repr) for table in found}

    with at(url) as database:
        return database.read_now(read)


class TestCopy:
    def test_holds_every_row_there_and_back(self, source: str, there: str, back: str) -> None:
        before = rows(source)

        copy(source, there)
        copy(there, back)

        assert rows(there) == before
        assert rows(back) == before
        assert len(before["daily_log"]) == 17

    def test_is_at_head_and_can_be_served(self, source: str, there: str) -> None:
        copy(source, there)

        with at(there) as copied:
            require_servable(copied)
            assert differences(copied) == []
            assert not copied.inspect_now(lambda connection: copy_repository.under_way(connection)[1])

    def test_tells_rows_and_checksum_of_every_table(self, source: str, there: str, back: str) -> None:
        told = {each.table: each for each in copy(source, there)}

        assert told["users"].rows == 1
        assert told["daily_log"].rows == 17
        assert {each.table: each for each in copy(there, back)} == told

    def test_goes_on_counting_ids_where_they_stood(self, source: str, there: str, back: str) -> None:
        """An id that was given once is never given again, though its row is gone."""
        copy(source, there)
        copy(there, back)

        assert next_ids(there) == next_ids(back) == next_ids(source)

    def test_leaves_a_file_as_it_was(self, engine: Engine, source: str, there: str) -> None:
        if engine.name != "sqlite":
            pytest.skip("SQLite only: a server's files are its own")
        file = Path(source.removeprefix("sqlite:///"))
        before = file.read_bytes(), sorted(file.parent.glob(f"{file.name}*"))

        copy(source, there)

        assert (file.read_bytes(), sorted(file.parent.glob(f"{file.name}*"))) == before

    def test_takes_a_target_that_was_upgraded_before(self, source: str, other_engine: Engine) -> None:
        """Its catalogue gives way to the one that is copied."""
        with other_engine.fresh_database() as target:
            copy(source, target)

            assert rows(target) == rows(source)

    def test_says_how_far_it_is(self, source: str, there: str) -> None:
        told: list[str] = []

        copy_database(source, there, told.append)

        assert any(each.startswith("daily_log: 17 rows in ") for each in told)


def next_ids(url: str) -> dict[str, int]:
    """The id that the next challenge, person and token would get, by making them."""

    def ask(tx: Transaction) -> dict[str, int]:
        tx.discard()
        given = {}
        for name in ("users", "challenge_templates", "challenges", "tokens"):
            table = METADATA.tables[name]
            one = dict(tx.exec(select(table).limit(1)).mappings().one())
            new = one | {"id": None, "email_key": "new", "digest": "new", "slug": "new"}
            values = {key: value for key, value in new.items() if key in table.c and key != "id"}
            given[name] = tx.exec(insert(table).values(**values).returning(table.c.id)).scalar_one()
        return given

    with at(url) as database:
        return database.write_now(ask)


class TestUnfinishedCopy:
    @pytest.fixture
    def half(self, source: str, there: str, killed: Killed) -> str:
        """A target whose copy was killed on its way."""
        assert killed(20, "copy", source, there) == -9
        return there

    def test_is_refused_by_the_application(self, half: str) -> None:
        with (
            at(half) as database,
            pytest.raises(SchemaRefused, match="not finished: run the same `lifetracker db copy"),
        ):
            require_servable(database)

    def test_is_refused_by_an_upgrade(self, half: str) -> None:
        with at(half) as database, pytest.raises(SchemaRefused, match="not finished"):
            upgrade(database)

    def test_is_gone_on_with(self, source: str, half: str) -> None:
        told: list[str] = []

        copy_database(source, half, told.append)

        assert told[0].startswith("going on after ")
        assert rows(half) == rows(source)

    def test_is_not_gone_on_with_from_elsewhere(self, source: str, half: str, back: str) -> None:
        with at(back, create=True) as database:
            upgrade(database)

        with pytest.raises(CopyRefused, match=rf"unfinished copy of .* at {HEAD}: --anew throws it away"):
            copy(back, half)

    def test_is_thrown_away_when_asked(self, source: str, half: str) -> None:
        told: list[str] = []

        copy_database(source, half, told.append, anew=True)

        assert not any(each.startswith("going on") for each in told)
        assert rows(half) == rows(source)

    def test_is_never_called_whole_when_it_differs(self, source: str, half: str) -> None:
        with at(half) as database:
            database.write_now(lambda tx: tx.exec(text("UPDATE users SET display_name = 'Somebody'")))

        with pytest.raises(CopyRefused, match=r"differ in users \(rows 1 and 1, checksums"):
            copy(source, half)

        with at(half) as database:
            assert current(database) == UNFINISHED

    def test_ends_alike_however_often_it_is_killed(self, source: str, there: str, killed: Killed) -> None:
        ends = [killed(12, "copy", source, there)]
        while ends[-1] == -9:
            ends.append(killed(12, "copy", source, there))

        assert ends[-1] == 0
        assert len(ends) > 2
        assert rows(there) == rows(source)

    @pytest.mark.slow
    @pytest.mark.parametrize("first", range(1, 5))
    def test_ends_alike_wherever_it_is_killed(
        self, source: str, other_engine: Engine, killed: Killed, first: int
    ) -> None:
        whole = rows(source)
        for step in range(first, 1000, 4):
            with other_engine.fresh_database(migrated=False) as target:
                end = killed(step, "copy", source, target)
                assert end == 0 or not is_servable(target) or rows(target) == whole
                assert end == 0 or killed(0, "copy", source, target) == 0
                assert rows(target) == whole
            if end == 0:
                break

        assert step > 20


def is_servable(url: str) -> bool:
    try:
        with at(url) as database:
            require_servable(database)
    except SchemaRefused:
        return False
    return True


class TestRefusal:
    def test_names_who_uses_the_source(self, source: str, there: str, used: Callable[[str], Any]) -> None:
        with used(source), pytest.raises(CopyRefused, match="has the database open: stop the service first"):
            copy(source, there)

    def test_says_that_the_source_was_written_since(
        self, source: str, there: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was written then moves what follows: a row that was copied comes once more."""

        def comes_twice(*_: object) -> None:
            raise Conflict("another request took this place first")

        monkeypatch.setattr(copy_repository, "put_page", comes_twice)
        monkeypatch.setattr(copy_repository, "put_page_embedded", comes_twice)

        with pytest.raises(CopyRefused, match="the source was written since this copy began; --anew begins again"):
            copy(source, there)

    def test_is_none_for_a_copy_that_is_whole(self, source: str, there: str) -> None:
        first = copy(source, there)

        assert copy(source, there) == first

    def test_spares_people(self, source: str, other_engine: Engine) -> None:
        with other_engine.fresh_database() as target:
            with at(target) as database:
                join(database, "boris")
            before = rows(target)

            with pytest.raises(CopyRefused, match="holds people already"):
                copy(source, target, anew=True)

            assert rows(target) == before

    def test_spares_tables_that_are_not_ours(self, source: str, there: str) -> None:
        with at(there, create=True) as database:
            database.migrate_now(lambda connection: connection.execute(text("CREATE TABLE notes (id INTEGER)")))

        with pytest.raises(CopyRefused, match="at revision None"):
            copy(source, there)

    def test_meets_itself(self, source: str) -> None:
        with pytest.raises(CopyRefused, match="source and target are the same"):
            copy(source, source)

    def test_asks_for_the_schema_of_this_release(self, db: Database, there: str) -> None:
        db.write_now(lambda tx: tx.exec(text("UPDATE alembic_version SET version_num = '7777'")))
        db.close()

        with pytest.raises(CopyRefused, match=f"at revision 7777; this release copies {HEAD} alone"):
            copy(url_of(db), there)

    def test_is_a_sentence_for_an_address_that_is_none(self, source: str) -> None:
        with pytest.raises(CopyRefused, match="the target's address must begin with"):
            copy(source, "mysql://somewhere/else")

    def test_notices_a_source_that_was_written_meanwhile(self, engine: Engine, source: str, there: str) -> None:
        if engine.name != "sqlite":
            pytest.skip("SQLite only: PostgreSQL lets nobody write while it is copied")

        def write_meanwhile(told: str) -> None:
            if told.startswith("daily_log: "):
                with at(source) as database:
                    database.write_now(note)

        with pytest.raises(CopyRefused, match="was used while it was copied"):
            copy_database(source, there, write_meanwhile)

        assert not is_servable(there)

    def test_holds_writers_off_a_server(self, engine: Engine, source: str, there: str) -> None:
        if engine.name != "postgres":
            pytest.skip("PostgreSQL only: of a file it is seen afterwards")
        refused: list[str] = []

        def write_meanwhile(told: str) -> None:
            with at(source) as database:
                try:
                    database.write_now(write_at_once)
                except Exception as error:
                    refused.append(str(error))

        copy_database(source, there, write_meanwhile)

        assert refused
        assert rows(there) == rows(source)

    def test_names_the_table_that_a_target_does_not_take(self, db: Database, source: str, there: str) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: PostgreSQL holds none of it")
        with at(source) as database:
            database.write_now(lambda tx: tx.exec(insert(TRIES).values(subject="a\0b", at=INSTANT)))

        with pytest.raises(CopyRefused, match=r"attempts: the target does not take what the source holds: .*NUL"):
            copy(source, there)

        assert not is_servable(there)


def write_at_once(tx: Transaction) -> None:
    tx.exec(text("SET LOCAL lock_timeout = 10"))
    note(tx)


@pytest.fixture
def used() -> Callable[[str], Any]:
    """While another process has a database open, and does nothing with it."""

    @contextmanager
    def use(url: str) -> Iterator[None]:
        code = (
            "import sys; from lifetracker.core.db import Database; from lifetracker.migrations.schema import current; "
            "db = Database(sys.argv[1]); current(db); print('open', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", code, url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield
            process.communicate()

    return use
