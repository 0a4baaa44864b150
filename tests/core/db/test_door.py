"""Units of work: what they see, what they keep, and where they run."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from lifetracker.core.db import Database, Transaction, takes_long
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.errors import Busy, Conflict, Unavailable
from lifetracker.core.health import check_deeply
from lifetracker.core.release import Trial, mark_of_trial
from lifetracker.users import repository
from lifetracker.users.models import TOKENS, USERS
from tests.core.units import another, note, notes, url_of
from tests.people import FrozenClock, join


class TestWrite:
    def test_is_there_for_others_when_it_returns(self, db: Database) -> None:
        async def write_and_look() -> None:
            assert await db.write(note) == "a note"
            with another(db) as other:
                assert other.read_now(notes) == ["a note"]

        asyncio.run(write_and_look())

    def test_is_not_there_for_others_before(self, db: Database) -> None:
        def look_meanwhile(tx: Transaction) -> None:
            note(tx)
            with another(db) as other:
                assert other.read_now(notes) == []

        asyncio.run(db.write(look_meanwhile))

    def test_keeps_nothing_of_a_work_that_raises(self, db: Database) -> None:
        def fail(tx: Transaction) -> None:
            note(tx)
            raise LookupError

        with pytest.raises(LookupError):
            asyncio.run(db.write(fail))

        assert db.read_now(notes) == []

    def test_goes_on_after_a_work_that_raised(self, db: Database) -> None:
        async def fail_then_write() -> None:
            with pytest.raises(IntegrityError):
                await db.write(break_a_foreign_key)
            await db.write(note)

        asyncio.run(fail_then_write())

        assert db.read_now(notes) == ["a note"]

    def test_answers_but_keeps_nothing_once_discarded(self, db: Database) -> None:
        def dry_run(tx: Transaction) -> str:
            tx.discard()
            return note(tx)

        assert asyncio.run(db.write(dry_run)) == "a note"
        assert db.read_now(notes) == []

    def test_happens_at_one_instant(self, db: Database, clock: FrozenClock) -> None:
        def look_twice(tx: Transaction) -> bool:
            before = tx.now
            clock.pass_(hours=1)
            return tx.now == before

        assert db.write_now(look_twice)
        assert db.write_now(lambda tx: tx.now) == clock.now

    def test_counts_exactly_under_parallel_calls(self, db: Database) -> None:
        """On PostgreSQL two of these collide all the time: the door repeats the one that lost."""
        join(db, "0")

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: db.write_now(count_up), range(20)))

        assert db.read_now(lambda tx: repository.list_users(tx)[0].display_name) == "20"


class TestRead:
    def test_cannot_write(self, db: Database) -> None:
        with pytest.raises((DBAPIError, Unavailable)):
            asyncio.run(db.read(note))
        with pytest.raises((DBAPIError, Unavailable)):
            db.read_now(note)

        assert db.read_now(notes) == []

    def test_sees_one_state_whoever_writes_meanwhile(self, db: Database) -> None:
        def look_twice(tx: Transaction) -> None:
            before = notes(tx)
            with another(db) as other:
                other.write_now(note)
            assert notes(tx) == before

        asyncio.run(db.read(look_twice))

        assert db.read_now(notes) == ["a note"]


class TestWhereUnitsRun:
    def test_is_in_place_for_a_short_one_on_an_embedded_database(self, db: Database) -> None:
        in_place = asyncio.run(db.read(lambda tx: threading.current_thread())) is threading.current_thread()

        assert in_place == db.embedded

    @pytest.mark.parametrize("door", ["read", "write"])
    def test_is_off_the_loop_for_what_takes_long(self, db: Database, door: str) -> None:
        @takes_long
        def work(tx: Transaction) -> str:
            return threading.current_thread().name

        assert asyncio.run(getattr(db, door)(work)).startswith("unit")

    def test_takes_the_context_along(self, db: Database) -> None:
        whose: ContextVar[str] = ContextVar("whose", default="nobody's")

        @takes_long
        def work(tx: Transaction) -> str:
            return whose.get()

        async def call() -> str:
            whose.set("mine")
            return await db.read(work)

        assert asyncio.run(call()) == "mine"

    def test_leaves_the_loop_free_for_others(self, db: Database) -> None:
        go_on = threading.Event()

        @takes_long
        def wait(tx: Transaction) -> bool:
            return go_on.wait(5)

        async def call() -> bool:
            waiting = asyncio.create_task(db.read(wait))
            await db.read(notes)
            go_on.set()
            return await waiting

        assert asyncio.run(call())


class TestDatabaseErrors:
    def test_is_a_conflict_where_something_must_be_unique(self, db: Database) -> None:
        def take_twice(tx: Transaction) -> None:
            for _ in range(2):
                repository.add_user(tx, account())

        with pytest.raises(Conflict) as refused:
            db.write_now(take_twice)

        assert (refused.value.status, refused.value.code) == (409, "conflict")
        assert db.read_now(repository.list_users) == []

    def test_is_looked_at_again_when_another_unit_took_the_key_first(self, db: Database) -> None:
        """The rule finds what is there now; only on PostgreSQL can two units be between look and write at once."""
        both_looked = threading.Barrier(2)

        def take_unless_taken(tx: Transaction) -> bool:
            if repository.find_by_address(tx, "a@b", ["a@b"]):
                return False
            if not db.embedded and both_looked.n_waiting < 2:
                wait_once(both_looked)
            repository.add_user(tx, account())
            return True

        with ThreadPoolExecutor(2) as threads:
            took = list(threads.map(lambda _: db.write_now(take_unless_taken), range(2)))

        assert sorted(took) == [False, True]

    def test_is_our_bug_where_a_foreign_key_breaks(self, db: Database) -> None:
        with pytest.raises(IntegrityError):
            db.write_now(break_a_foreign_key)

    def test_is_our_bug_where_a_value_is_missing(self, db: Database) -> None:
        join(db, "anna")

        with pytest.raises(IntegrityError):
            db.write_now(lambda tx: tx.exec(update(USERS).values(email=None)))

    def test_is_our_bug_where_a_statement_is_wrong(self, db: Database) -> None:
        with pytest.raises(DBAPIError):
            db.read_now(lambda tx: tx.exec(text("SELECT * FROM no_such_table")))

    def test_tells_the_reason_to_the_log_but_not_in_the_answer(self, tmp_path: Path) -> None:
        missing = Database(f"sqlite:///{tmp_path / 'missing.db'}")

        with pytest.raises(Unavailable) as refused:
            missing.read_now(notes)

        assert (refused.value.status, refused.value.code) == (503, "database_unavailable")
        assert refused.value.detail == "the database cannot do this now"
        assert str(refused.value) == "the database cannot do this now: unable to open database file"

    def test_hides_what_a_statement_carried(self, db: Database) -> None:
        with pytest.raises(IntegrityError) as failed:
            db.write_now(lambda tx: tx.exec(insert(TOKENS).values(token_of_nobody(tx, digest="a secret"))))

        assert "a secret" not in str(failed.value)


class TestOnTrial:
    """While a deploy may still put back what was before this release."""

    @pytest.fixture
    def mark(self, tmp_path: Path) -> Path:
        mark = mark_of_trial(tmp_path / "release")
        mark.touch()
        return mark

    @pytest.fixture
    def trying(self, db: Database, mark: Path, tmp_path: Path) -> Iterator[Database]:
        with another(db, trial=Trial(tmp_path / "release")) as made:
            yield made

    def test_refuses_every_write_at_once_and_says_when_to_come_back(self, trying: Database) -> None:
        with pytest.raises(Busy) as refused:
            asyncio.run(trying.write(note))
        with pytest.raises(Busy, match="`lifetracker deploy --recover` ends it"):
            trying.write_now(note)

        assert (refused.value.code, refused.value.headers) == ("busy", {"Retry-After": "2"})
        assert trying.read_now(notes) == []

    def test_skips_what_may_as_well_be_written_another_time(self, trying: Database) -> None:
        asyncio.run(trying.write_or_skip(note))

        assert trying.read_now(notes) == []

    def test_goes_on_reading(self, trying: Database) -> None:
        asyncio.run(trying.ping())

    def test_is_told_to_who_looks_deeper(self, trying: Database) -> None:
        assert "`lifetracker deploy --recover` ends it" in asyncio.run(check_deeply(trying)).write

    def test_ends_with_its_mark(self, trying: Database, mark: Path) -> None:
        mark.unlink()

        assert asyncio.run(trying.write(note)) == "a note"


class TestUrl:
    @pytest.mark.parametrize("url", ["nonsense", "mysql://me:hunter2@host/name", "://hunter2", ""])
    def test_is_refused_without_repeating_it(self, url: str) -> None:
        with pytest.raises(SchemaRefused, match="LIFETRACKER_DATABASE_URL must begin with sqlite") as refused:
            Database(url)

        assert "hunter2" not in str(refused.value)

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_must_name_a_file(self, url: str) -> None:
        with pytest.raises(SchemaRefused, match="must name a file"):
            Database(url)

    def test_asks_for_the_driver_of_a_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)

        with pytest.raises(SchemaRefused, match="PostgreSQL needs the extra: pip install"):
            Database("postgresql+psycopg://me@host/name")

    @pytest.mark.parametrize(
        ("written", "name"),
        [("a%20b.db", "a b.db"), ("a%23b%3F.db", "a#b?.db"), ("a b.db", "a b.db"), ("é.db", "é.db")],
    )
    def test_reads_its_path_as_every_url(self, tmp_path: Path, written: str, name: str) -> None:
        made = Database(f"sqlite:///{tmp_path}/{written}", create=True)
        made.write_now(lambda tx: None)
        made.close()

        assert [path.name for path in tmp_path.iterdir()] == [name]

    @pytest.mark.parametrize("url", ["postgres://me@host/name", "postgresql://me@host/name"])
    def test_calls_a_server_as_others_do(self, url: str) -> None:
        assert Database(url).url.get_backend_name() == "postgresql"

    def test_knows_its_file(self, db: Database) -> None:
        assert (db.file is not None) == db.embedded
        assert db.file is None or url_of(db).endswith(db.file)


def break_a_foreign_key(tx: Transaction) -> None:
    tx.exec(insert(TOKENS).values(token_of_nobody(tx)))


def token_of_nobody(tx: Transaction, digest: str = "d") -> dict[str, object]:
    login = {"is_login": True, "name": "login", "scope": "write", "created_at": tx.now}
    return {"user_id": 404, "digest": digest, **login}


def account() -> dict[str, object]:
    fields = ("email", "email_key", "password_hash", "display_name", "time_zone", "day_starts_at", "week_starts_on")
    return dict.fromkeys((*fields, "locale"), "a@b")


def count_up(tx: Transaction) -> None:
    (user,) = repository.list_users(tx)
    repository.change_user(tx, user.id, {"display_name": str(int(user.display_name) + 1)})


def wait_once(barrier: threading.Barrier) -> None:
    try:
        barrier.wait(2)
    except threading.BrokenBarrierError:
        return  # the second look of the unit that lost
