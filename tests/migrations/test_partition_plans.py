"""That every hot question about a partitioned table goes to one partition alone: as planned, and as asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Connection, Insert, text
from sqlalchemy.sql.compiler import SQLCompiler

from lifetracker.challenges import repository as challenges
from lifetracker.core.db import Database
from lifetracker.core.db.prepared import Prepared
from lifetracker.daily_log import repository as daily_log
from lifetracker.migrations.partition import partition
from lifetracker.users import token_repository as tokens
from tests.core.units import url_of
from tests.migrations.looks import fill
from tests.people import Client

VALUES: dict[type, Any] = {
    int: 1,
    str: "x",
    float: 1.0,
    bool: False,
    date: date(2026, 3, 11),
    object: datetime(2026, 3, 11, tzinfo=UTC),  # as an instant of ours is known to the engine
}
PARTITIONS = 8
SCHEMA = "lifetracker_partitions"
TOUCHED = f"SELECT relname FROM pg_stat_user_tables WHERE schemaname = '{SCHEMA}' AND idx_scan + seq_scan > 0"


def hot_questions() -> dict[str, Prepared]:
    """But for new rows: they go where their person's rows are, and no plan is made for that."""
    return {
        f"{module.__name__}.{name}": statement
        for module in (tokens, challenges, daily_log)
        for name, statement in vars(module).items()
        if isinstance(statement, Prepared) and not isinstance(statement._statement, Insert)
    }


@pytest.fixture
def divided(server: Database, vera: Client) -> Database:
    """By a connection that is gone: what it read, the server counts when it ends."""
    fill(vera)
    divider = Database(url_of(server), threads=1)
    partition(divider, PARTITIONS, lambda told: None)
    backend = divider.inspect_now(lambda connection: connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    divider.close()
    there = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    while server.inspect_now(lambda connection: connection.execute(there, {"pid": backend}).scalar_one()):
        sleep(0.01)
    return server


class TestHotQuestions:
    @pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
    def test_go_to_one_partition(self, divided: Database, plan: str) -> None:
        asked = hot_questions()

        def explain(connection: Connection) -> dict[str, set[str]]:
            return {name: partitions_in(connection, asked[name], plan) for name in asked}

        found = divided.inspect_now(explain)
        assert {name for name in asked if found[name]} == {name for name in asked if ".daily_log." in name}
        assert {name: of for name, of in found.items() if len(of) > len(tables_of(of))} == {}
        assert len(asked) > 5


def partitions_in(connection: Connection, statement: Prepared, plan: str) -> set[str]:
    """The partitions that a plan reads or writes."""
    compiled = statement._statement.compile(dialect=connection.dialect)
    assert isinstance(compiled, SQLCompiler)
    values = {name: VALUES[bind.type.python_type] for name, bind in compiled.binds.items()}
    said, kinds = str(compiled), []
    for place, (name, bind) in enumerate(compiled.binds.items(), 1):
        said = said.replace(f"%({name})s", f"${place}")
        kinds.append(bind.type.compile(connection.dialect))
    given = ", ".join(repr(str(values[name])) for name in compiled.binds)
    connection.execute(text(f"SET LOCAL plan_cache_mode = {plan}"))
    connection.exec_driver_sql(f"PREPARE asked ({', '.join(kinds)}) AS {said}")
    answer = connection.exec_driver_sql(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE asked ({given})").scalar_one()
    connection.exec_driver_sql("DEALLOCATE asked")
    return set(relations_of(answer[0]["Plan"]))


def tables_of(partitions: set[str]) -> set[str]:
    return {name.rpartition("_")[0] for name in partitions}


def relations_of(plan: dict[str, Any]) -> Iterator[str]:
    if plan.get("Schema") == SCHEMA:
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from relations_of(part)


class TestDay:
    def test_touches_one_partition(self, divided: Database, vera: Client) -> None:
        """Of whoever lives it, from the first look to the last, however its questions are put."""
        divided.migrate_now(lambda connection: connection.execute(text("SELECT pg_stat_reset()")))
        walk = vera.got("/challenges")["items"][0]["id"]
        vera.got("/today")
        vera.logged(walk, note="to the sea")
        vera.made(f"/challenges/{walk}/log/today/add", {"amount": 1})
        vera.got(f"/challenges/{walk}/stats")
        vera.got(f"/challenges/{walk}/log", **{"from": "2026-03-01"})
        vera.got("/daily-log", **{"from": "2026-03-01"})
        divided.close()

        touched = divided.inspect_now(lambda connection: connection.execute(text(TOUCHED)).scalars().all())

        assert len([name for name in touched if name.startswith("daily_log_")]) == 1
