"""How the database answers each hot call: by a key or an index, from the first row of a person to their last.

Whatever a call asks on its way, in whichever package, is overheard and explained by the engine it was asked of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from lifetracker.core.db import Database
from tests.people import Client

Statement = tuple[str, Any]  # as the driver was given it, with what it was given for its parameters
ASKS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")


@dataclass(frozen=True)
class Call:
    """One request of a client; `{id}` stands for their challenge."""

    method: str
    path: str
    body: dict[str, Any] | None = None


HOT = {
    "today": Call("GET", "/today"),
    "tick": Call("PUT", "/challenges/{id}/log/today", {"value": 2}),
    "tick of a new day": Call("PUT", "/challenges/{id}/log/2026-03-08", {"value": 2}),
    "add": Call("POST", "/challenges/{id}/log/today/add", {"amount": 1}),
    "stats": Call("GET", "/challenges/{id}/stats"),
    "view": Call("GET", "/challenges/{id}"),
    "entry": Call("GET", "/challenges/{id}/log/today"),
    "log of one": Call("GET", "/challenges/{id}/log?from=2026-03-01"),
    "list": Call("GET", "/challenges"),
    "list with stats": Call("GET", "/challenges?include=stats"),
}
# These sort what they found: days of several challenges, each of which lies in its own order.
SORTED = {"log of all": Call("GET", "/daily-log?from=2026-03-01")}


@pytest.fixture(autouse=True)
def heard() -> Iterator[list[Statement]]:
    """Every statement that a driver runs, on connections that are opened from now on."""
    said: list[Statement] = []

    def listen(connection: Any, _record: object) -> None:
        if hasattr(connection, "set_trace_callback"):
            connection.set_trace_callback(lambda statement: said.append((statement, None)))
        else:
            connection.cursor_factory = _overheard(connection.cursor_factory, said)

    event.listen(Engine, "connect", listen)
    yield said
    event.remove(Engine, "connect", listen)


def _overheard(cursor: type[Any], said: list[Statement]) -> type[Any]:
    """psycopg has no tracing: its connections make cursors of the class they are told to."""

    class Overheard(cursor):  # type: ignore[misc]
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            said.append((str(query), params))
            return super().execute(query, params, **options)

    return Overheard


@pytest.fixture
def asked(heard: list[Statement], people: Callable[..., Client]) -> Callable[[Call], list[Statement]]:
    """What a call asks, of a person who keeps several challenges beside another who does."""
    for name in ("boris", "anna"):
        client = people(name)
        ids = [client.starts(start_date="2026-03-01", on_miss=miss) for miss in ("continue", "fail", "restart")]
        for challenge_id in ids:
            client.logged(challenge_id)
        client.made(f"/challenges/{ids[0]}/pause", {"from": "2026-03-05"})
        client.made(f"/challenges/{ids[0]}/resume", {"on": "2026-03-07"})

    def ask(call: Call) -> list[Statement]:
        heard.clear()
        answer = client.request(call.method, call.path.format(id=ids[0]), json=call.body)
        assert answer.is_success, answer.text
        return [each for each in heard if ASKS.match(each[0])]

    return ask


def plan_of(db: Database, statement: Statement) -> list[str]:
    """Its steps, as SQLite tells them; PostgreSQL's are brought into the same words."""
    return db.inspect_now(lambda connection: _explained(connection, *statement))


def _explained(connection: Connection, statement: str, parameters: Any) -> list[str]:
    driver: Any = connection.connection.driver_connection
    if parameters is None:
        return [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")]
    driver.execute("SET LOCAL enable_seqscan = off")  # a table of a few rows it would always read whole
    (answer,) = driver.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()
    (plan,) = json.loads(answer) if isinstance(answer, str) else answer
    return [_in_words(node) for node in _nodes(plan["Plan"])]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def _in_words(node: dict[str, Any]) -> str:
    kind = node["Node Type"]
    where = node.get("Relation Name") or node.get("Index Name", "")
    if "Scan" not in kind or kind == "Bitmap Heap Scan":
        return str(kind).upper()
    return f"SEARCH {where} ({node['Index Cond']})" if "Index Cond" in node else f"SCAN {where}"


class TestHotCalls:
    @pytest.mark.parametrize("call", [*HOT, *SORTED])
    def test_read_no_table_whole(self, db: Database, asked: Callable[[Call], list[Statement]], call: str) -> None:
        statements = asked({**HOT, **SORTED}[call])

        plans = {statement: plan_of(db, (statement, given)) for statement, given in statements}
        assert statements
        assert not {statement: plan for statement, plan in plans.items() if any(_scans(step) for step in plan)}

    @pytest.mark.parametrize("call", HOT)
    def test_sort_nothing(self, db: Database, asked: Callable[[Call], list[Statement]], call: str) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: PostgreSQL prefers to sort a handful of rows")

        plans = {statement: plan_of(db, (statement, given)) for statement, given in asked(HOT[call])}
        assert not {statement: plan for statement, plan in plans.items() if any("TEMP B-TREE" in step for step in plan)}

    @pytest.mark.parametrize("call", HOT)
    def test_ask_of_one_person_only(self, asked: Callable[[Call], list[Statement]], call: str) -> None:
        statements = [statement for statement, _ in asked(HOT[call])]

        assert [each for each in statements if "daily_log" in each or "challenges" in each]
        assert not [each for each in statements if "token" not in each and "user_id" not in each]


class TestPlan:
    """That the tests above can fail."""

    @pytest.mark.parametrize(
        "statement", ["SELECT * FROM daily_log WHERE note = 'x'", "SELECT count(*) FROM challenges WHERE title = 'x'"]
    )
    def test_of_a_question_without_an_index_is_a_scan(self, db: Database, statement: str) -> None:
        assert any(_scans(step) for step in plan_of(db, (statement, None if db.embedded else {})))

    def test_of_a_question_by_key_is_a_search(self, db: Database) -> None:
        plan = plan_of(db, ("SELECT * FROM users WHERE id = 7", None if db.embedded else {}))

        assert [step for step in plan if step.startswith("SEARCH users")]


def _scans(step: str) -> bool:
    """`SCAN CONSTANT ROW` is SQLite's word for a question without a table."""
    return step.startswith("SCAN") and step != "SCAN CONSTANT ROW"
