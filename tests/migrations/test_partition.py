"""Partitioning on PostgreSQL, while people write and while it is killed; and that the rest of the house takes it."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, text

from lifetracker.core import smoke
from lifetracker.core.db import Database
from lifetracker.core.db_check_repository import check_database
from lifetracker.core.db_checks.look_repository import Expected
from lifetracker.migrations import HEAD, describe
from lifetracker.migrations import partition_repository as repository
from lifetracker.migrations.copying import copy_database
from lifetracker.migrations.partition import Partitioned, PartitionRefused, partition
from lifetracker.migrations.schema import current
from lifetracker.migrations.tables import METADATA
from lifetracker.migrations.upgrade import differences, upgrade
from tests.core.units import url_of
from tests.engines import Engine
from tests.migrations.conftest import Killed
from tests.migrations.looks import counts, ddl, fill
from tests.migrations.steps import CONTRACT, EXPAND, REBUILD, write_step
from tests.people import Client, join

PARTITIONED = {"daily_log", "idempotency_keys", "standings"}
LEFTOVERS = """
    SELECT (SELECT count(*) FROM pg_namespace WHERE nspname IN ('lifetracker_building', 'lifetracker_replaced'))
        + (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE '%forget%standing')
"""


def partitioned(db: Database, into: int = 4) -> Partitioned:
    return partition(db, into, lambda told: None)


def parts(db: Database) -> dict[str, int]:
    """The number of partitions of each table, 1 where it is whole."""

    def read(connection: Any) -> dict[str, int]:
        return {name: repository.partitions_of(connection, table) for name, table in METADATA.tables.items()}

    return db.inspect_now(read)


def leftovers(db: Database) -> int:
    found: int = db.inspect_now(lambda connection: connection.execute(text(LEFTOVERS)).scalar_one())
    return found


def wholes(db: Database) -> set[str]:
    return {name for name, number in parts(db).items() if number == 1}


class TestPartition:
    def test_divides_what_grows_with_the_days(self, server: Database) -> None:
        partitioned(server, 4)

        assert {name: number for name, number in parts(server).items() if number > 1} == dict.fromkeys(PARTITIONED, 4)

    def test_keeps_every_row_and_the_schema(self, server: Database, vera: Client) -> None:
        fill(vera)
        before = counts(server), ddl(server), vera.got("/today"), vera.got("/daily-log", **{"from": "2026-01-01"})

        done = partitioned(server)

        assert (counts(server), ddl(server)) == before[:2]
        assert (vera.got("/today"), vera.got("/daily-log", **{"from": "2026-01-01"})) == before[2:]
        assert done.rows == sum(counts(server)[name] for name in PARTITIONED) > 12

    def test_tells_how_long_it_locked(self, server: Database, vera: Client) -> None:
        fill(vera)
        done = partitioned(server)

        assert done.locked is not None
        assert 0 < done.locked < 10

    def test_has_nothing_to_do_the_second_time(self, server: Database) -> None:
        partitioned(server)

        assert partitioned(server) == Partitioned((), 0, None)

    def test_divides_anew_into_another_number(self, server: Database, vera: Client) -> None:
        fill(vera)
        before = counts(server)
        partitioned(server, 2)

        partitioned(server, 3)

        assert {number for number in parts(server).values() if number > 1} == {3}
        assert counts(server) == before

    def test_makes_tables_whole_again(self, server: Database, vera: Client) -> None:
        fill(vera)
        before = counts(server), ddl(server)
        partitioned(server, 2)

        partitioned(server, 1)

        assert wholes(server) == set(METADATA.tables)
        assert (counts(server), ddl(server)) == before

    def test_leaves_nothing_behind(self, server: Database) -> None:
        partitioned(server)

        assert leftovers(server) == 0

    def test_leaves_readers_their_rights(self, server: Database, postgres: Engine) -> None:
        with reader(server) as name:
            server.migrate_now(lambda connection: connection.execute(text(f"GRANT SELECT ON daily_log TO {name}")))

            partitioned(server)

            question = text(f"SELECT has_table_privilege('{name}', 'daily_log', 'SELECT')")
            assert server.inspect_now(lambda connection: connection.execute(question).scalar_one())
            server.migrate_now(lambda connection: connection.execute(text(f"DROP OWNED BY {name}")))

    def test_takes_along_who_went_for_good_before_the_keys_stood(self, server: Database, vera: Client) -> None:
        fill(vera)

        def leave(told: str) -> None:
            if told.startswith("daily_log: ") and " rows in " in told:
                vera.delete("/users/me")

        partition(server, 2, leave)

        assert counts(server)["users"] == counts(server)["daily_log"] == 0
        assert set(METADATA.tables) - wholes(server) == PARTITIONED

    def test_still_deletes_with_the_parents(self, server: Database, vera: Client) -> None:
        fill(vera)
        partitioned(server)

        vera.delete("/users/me")

        assert (counts(server)["daily_log"], counts(server)["idempotency_keys"]) == (0, 0)

    def test_loses_no_write_of_those_who_go_on(self, server: Database, vera: Client, app: FastAPI) -> None:
        """Also of those who erase, and of one who leaves: what was answered is what stands there afterwards."""
        challenge = vera.starts("Walk", kind="measure", target=1, start_date="2020-01-01")
        other = Client(app, join(server, "other"))
        theirs = other.starts("Run", start_date="2020-01-01")
        stored: dict[str, float] = {}
        with writing(vera, challenge, stored) as rounds:
            other.logged(theirs, "2020-01-02")
            for number in (3, 5, 1, 4):
                partitioned(server, number)
            other.delete("/users/me")
            rounds.wait(30)

        found = vera.got(f"/challenges/{challenge}/log", **{"from": "2020-01-01", "limit": 200})["items"]
        assert {item["date"]: item["value"] for item in found} == stored
        assert counts(server)["daily_log"] == len(stored)


@contextmanager
def writing(person: Client, challenge: int, stored: dict[str, float]) -> Iterator[threading.Event]:
    """Somebody who logs and erases meanwhile; `stored` is what was answered. Yields what tells that it is enough."""
    ends, enough = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            day = str(date(2020, 1, 1) + timedelta(days=number * 7 % 100))
            if number % 3 == 0 and day in stored:
                assert person.delete(f"/challenges/{challenge}/log/{day}").status_code == 204
                del stored[day]
            else:
                person.logged(challenge, day, value=number)
                stored[day] = number
            if number > 100:
                enough.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield enough
    finally:
        ends.set()
        thread.join()


def at_revision(connection: Connection, revision: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def own(connection: Connection, role: str) -> None:
    connection.execute(text(f"ALTER TABLE daily_log OWNER TO {role}"))


@contextmanager
def reader(db: Database) -> Iterator[str]:
    """A role of the server."""
    name = "somebody_who_reads"
    db.migrate_now(lambda connection: connection.execute(text(f"CREATE ROLE {name}")))
    try:
        yield name
    finally:
        db.migrate_now(lambda connection: connection.execute(text(f"DROP OWNED BY {name}")))
        db.migrate_now(lambda connection: connection.execute(text(f"DROP ROLE {name}")))


class TestKilled:
    @pytest.mark.parametrize("step", [6, 10, 22])
    def test_leaves_what_the_next_run_clears_away(
        self, server: Database, vera: Client, killed: Killed, step: int
    ) -> None:
        fill(vera)
        before = counts(server)
        assert killed(step, "partition", url_of(server), "2") == -signal.SIGKILL

        assert wholes(server) == set(METADATA.tables)
        vera.starts("In between")
        assert counts(server)["daily_log"] == before["daily_log"]

        partitioned(server)

        assert leftovers(server) == 0
        assert counts(server) == before | {"challenges": before["challenges"] + 1}

    def test_clears_away_itself_what_it_could_not_finish(self, server: Database, vera: Client) -> None:
        def stop(told: str) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            partition(server, 4, stop)

        assert (leftovers(server), wholes(server)) == (0, set(METADATA.tables))

    @pytest.mark.slow
    def test_is_whole_or_as_it_was_wherever(self, server: Database, vera: Client, killed: Killed) -> None:
        fill(vera)
        before = counts(server)
        for step in range(1, 200):
            end = killed(step, "partition", url_of(server), "2")
            assert counts(server) == before
            assert wholes(server) in (set(METADATA.tables), set(METADATA.tables) - PARTITIONED)
            if end == 0:
                break
            partitioned(server, 1)
            assert leftovers(server) == 0

        assert step > 30


class TestPartitionedDatabase:
    @pytest.fixture(autouse=True)
    def _partitioned(self, server: Database, vera: Client) -> None:
        fill(vera)
        partitioned(server)

    def test_passes_every_check(self, server: Database) -> None:
        expected = Expected.of(json.loads(smoke.HEAD.read_text(encoding="utf-8")))

        assert [str(each) for each in check_database(url_of(server), expected, deep=True) if each.count] == []

    def test_is_described_as_every_other(self, server: Database) -> None:
        assert differences(server) == []
        described = json.loads(json.dumps(server.inspect_now(describe.describe)))
        assert described == json.loads(smoke.HEAD.read_text(encoding="utf-8"))

    def test_takes_the_steps_of_releases_to_come(self, server: Database, vera: Client, steps: Path) -> None:
        index = 'op.create_index("ix_daily_log_note", "daily_log", ["user_id", "note"])'
        change = (
            'with op.batch_alter_table("daily_log") as table:',
            '    table.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))',
            '    table.drop_constraint("fk_daily_log_challenge_id", type_="foreignkey")',
            '    table.create_foreign_key("fk_again", "challenges", ["challenge_id"], ["id"], ondelete="CASCADE")',
            'op.drop_index("ix_daily_log_challenge_id_date", "daily_log")',
        )
        before = counts(server)["daily_log"]
        write_step(steps, "9001", HEAD, *EXPAND, *CONTRACT, *REBUILD)
        write_step(steps, "9002", "9001", index.replace("note", "value"), *change)

        upgrade(server, "9002", steps)

        assert current(server) == "9002"
        assert counts(server)["daily_log"] == before

    def test_is_copied_like_every_other(self, server: Database, tmp_path: Path) -> None:
        before = counts(server)
        server.close()

        copy_database(url_of(server), f"sqlite:///{tmp_path}/copy.db", lambda told: None)

        with_copy = Database(f"sqlite:///{tmp_path}/copy.db")
        assert counts(with_copy) == before
        with_copy.close()

    def test_is_copied_into(self, server: Database, postgres: Engine) -> None:
        before = counts(server)
        server.close()
        with postgres.fresh_database() as url:
            target = Database(url)
            partitioned(target, 3)

            copy_database(url_of(server), url, lambda told: None)

            assert counts(target) == before
            assert parts(target)["daily_log"] == 3
            target.close()


@contextmanager
def operators(db: Database, made: str, undone: str) -> Iterator[None]:
    """While there is something that an operator made."""
    db.migrate_now(lambda connection: connection.execute(text(made)))
    try:
        yield
    finally:
        db.migrate_now(lambda connection: connection.execute(text(undone)))


class TestRefusal:
    def test_tells_an_embedded_database_where_partitions_are(self, tmp_path: Path) -> None:
        db = Database(f"sqlite:///{tmp_path}/one.db", create=True)

        with pytest.raises(PartitionRefused, match="only PostgreSQL has partitions"):
            partitioned(db)

    def test_lets_one_run_at_a_time(self, server: Database) -> None:
        meetings: list[str] = []

        def meet(told: str) -> None:
            if meetings:
                return
            meetings.append(told)
            other = Database(url_of(server), threads=1)
            try:
                with pytest.raises(PartitionRefused, match="another `lifetracker db partition` is under way"):
                    partitioned(other)
            finally:
                other.close()

        partition(server, 2, meet)

        assert meetings

    def test_notices_an_upgrade_meanwhile(self, server: Database) -> None:
        def upgraded(told: str) -> None:
            server.migrate_now(lambda connection: at_revision(connection, "a later one"))

        before = server.inspect_now(repository.revision)
        with pytest.raises(PartitionRefused, match="the schema was upgraded meanwhile"):
            partition(server, 2, upgraded)
        server.migrate_now(lambda connection: at_revision(connection, before))

        assert (leftovers(server), wholes(server)) == (0, set(METADATA.tables))

    def test_spares_tables_of_another_owner(self, server: Database) -> None:
        with reader(server) as name:
            server.migrate_now(lambda connection: own(connection, name))
            try:
                with pytest.raises(PartitionRefused, match=f"daily_log belongs to {name}"):
                    partitioned(server)
            finally:
                server.migrate_now(lambda connection: own(connection, "CURRENT_USER"))

    @pytest.mark.parametrize(
        ("kind", "made"),
        [
            ("view", "CREATE VIEW theirs AS SELECT user_id FROM daily_log"),
            ("policy", "CREATE POLICY theirs ON daily_log USING (true)"),
            ("publication", "CREATE PUBLICATION theirs FOR TABLE daily_log"),
        ],
    )
    def test_spares_what_an_operator_hung_on_a_table(self, server: Database, kind: str, made: str) -> None:
        undone = f"DROP {kind} theirs{' ON daily_log' if kind == 'policy' else ''}"
        refused = pytest.raises(PartitionRefused, match=f"there is {kind} theirs: drop it")
        with operators(server, made, undone), refused:
            partitioned(server)

    def test_is_a_sentence_where_the_server_refuses(self, server: Database) -> None:
        """Here because somebody's table has the name of a partition."""
        schema = "CREATE SCHEMA IF NOT EXISTS lifetracker_partitions"
        made = f"{schema}; CREATE TABLE lifetracker_partitions.daily_log_4_0 (id int)"
        with operators(server, made, "DROP SCHEMA lifetracker_partitions CASCADE"):
            with pytest.raises(PartitionRefused, match='PostgreSQL refuses: relation "daily_log_4_0" already exists'):
                partitioned(server)

            assert leftovers(server) == 0

    def test_gives_up_where_a_table_is_never_free(self, server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lifetracker.migrations.partition.TRIES", 1)
        holder = Database(url_of(server), threads=1)

        def hold(connection: Any) -> None:
            connection.execute(text("LOCK TABLE daily_log IN ROW EXCLUSIVE MODE"))
            with pytest.raises(PartitionRefused, match="in use whenever"):
                partitioned(server)

        holder.migrate_now(hold)
        holder.close()

        assert wholes(server) == set(METADATA.tables)
        assert leftovers(server) == 0
