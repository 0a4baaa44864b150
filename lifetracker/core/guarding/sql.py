"""The guards of SQL: where it may stand, as constructs and as text.

SQLite's own parser tells SQL from prose: what it prepares, or refuses for any other reason than its syntax, is SQL.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import product
from typing import Any

from lifetracker.core import sqlite
from lifetracker.core.guarding.layers import FEATURES
from lifetracker.core.guarding.pieces import Text
from lifetracker.core.guarding.rooms import PACKAGE
from lifetracker.core.guarding.source import House, Module, Use, Violation

# Constructs that take SQL as text, by their last name.
TEXTS = frozenset(
    (
        *("text", "literal_column", "TextClause", "TextualSelect", "TextAsFrom", "_textual_label_reference"),
        *("exec_driver_sql", "DDL", "ExecutableDDLElement"),
    )
)
# Methods that do, of whatever they are called on; and those that lead past the toolkit to the driver.
TAKERS = ("exec_driver_sql", "from_statement", "prefix_with", "suffix_with", "with_hint", "with_statement_hint")
PAST_THE_TOOLKIT = ("raw_connection", "driver_connection", "dbapi_connection", "executescript")
TOOLKITS = ("sqlalchemy", "sqlmodel")
# Drivers and their kin that tell of themselves by their name, and those that do not; other stores with them.
DRIVER = re.compile(
    r"sql|psycopg|postgres|alchemy|odbc|oracle|duckdb|mongo|(^|_|aio|async)pg(\d|_|db|$)", re.IGNORECASE
)
DRIVERS = (
    *("alembic", "apsw", "dataset", "databases", "records", "peewee", "pony", "tortoise", "ormar", "piccolo", "gino"),
    *("edgedb", "gel", "mariadb", "asyncmy", "fdb", "firebird", "ibm_db", "snowflake", "clickhouse_driver", "trino"),
    *("clickhouse_connect", "cassandra", "redis", "motor", "beanie", "tinydb", "lmdb", "dbm", "shelve", "connectorx"),
)
SHAPES = ("sqlmodel.SQLModel", "sqlmodel.Field")  # what a schema may be made of
OPENING = tuple(f"lifetracker.core.{name}" for name in ("db.engines", "db.prepared", "sqlite"))  # not for features
# Modules of core that units of work, tables, addresses and the one driver are made in; `guarding.sql` asks its parser.
_DOORS = (
    *("db.door", "db.transaction", "db.units", "db.engines", "db.prepared", "db.models", "database_url", "sqlite"),
    "guarding.sql",
)
DOORS = tuple(f"lifetracker.core.{name}" for name in _DOORS)
DENY, TRANSACTION = sqlite.driver.SQLITE_DENY, sqlite.driver.SQLITE_TRANSACTION
NOT_SQL = re.compile(r"syntax error|incomplete input|unrecognized token", re.IGNORECASE)
COMMENT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|$)", re.DOTALL)
GLUE: tuple[type[ast.expr], ...] = (ast.JoinedStr, ast.BinOp, ast.Call, ast.Subscript)
FILLS = ("x", "", "x=x", "(x)")  # a name, nothing, what `SET` wants, a row
MOST_HOLES = 8  # filled in every way; more of them all alike


def may_hold_sql(module: Module) -> bool:
    return module.room == "repository" or module.package == "migrations"


def text_constructs(house: House) -> Iterator[Violation]:
    """`text`, `literal_column`, `exec_driver_sql` and their kin, under whatever name."""
    for module in house.modules.values():
        if may_hold_sql(module):
            continue
        for use in module.uses:
            if use.comes_from(*TOOLKITS) and (use.last in TEXTS or _is_star(use)):
                yield module.violation("sql-text", use.node, f"{use.origin} outside a repository")
        for node in module.tree.each(ast.Attribute, ast.Call, ast.Subscript):
            name = module.attribute(node)
            if name in TAKERS or (name in PAST_THE_TOOLKIT and module.dotted not in DOORS):
                yield module.violation("sql-text", node, f"{name} outside a repository")
        for word in module.tree.each(ast.keyword):
            if word.arg == "is_literal":
                yield module.violation("sql-text", word, "a column that is a text outside a repository")


def machinery(house: House) -> Iterator[Violation]:
    """SQLAlchemy, SQLModel and database drivers where rules and HTTP are."""
    for module in house.modules.values():
        if may_hold_sql(module) or module.room == "models" or module.dotted in DOORS:
            continue
        for use in module.uses:
            is_shape = module.room == "schemas" and use.origin in SHAPES
            is_door = module.package in FEATURES and use.comes_from(*OPENING)
            if (_is_driver(use) and not is_shape) or is_door:
                yield module.violation("sql-machinery", use.node, f"{use.origin} outside a repository")


def _is_driver(use: Use) -> bool:
    package = use.origin.partition(".")[0]
    return package != PACKAGE and (package in DRIVERS or DRIVER.search(package) is not None)


def raw_sql(house: House) -> Iterator[Violation]:
    """SQL as text, whole or glued."""
    for module in house.modules.values():
        if not may_hold_sql(module):
            yield from _raw_sql_in(module)


def _raw_sql_in(module: Module) -> Iterator[Violation]:
    prose = _docstrings(module)
    said = [node for node in module.tree.each(ast.Constant) if isinstance(node.value, (str, bytes))]
    glued = [node for node in reversed(module.tree.each(*GLUE)) if module.texts.is_glued(node)]
    nodes: list[ast.expr] = [*said, *glued]  # from the inside out: each is made of what is known already
    for node in (each for each in nodes if each not in prose):
        text = next(filter(is_sql, module.texts.of(node)), None)
        if text is not None:
            yield module.violation("raw-sql", node, f"SQL outside a repository: {_shown(text)}")
    for place, text in module.texts.grown():
        if is_sql(text):
            yield module.violation("raw-sql", place, f"SQL outside a repository: {_shown(text)}")
    for tangle in module.texts.tangled:
        yield module.violation("raw-sql", tangle, "made of so many names that nobody can say what it is")


def _docstrings(module: Module) -> set[ast.AST]:
    found: set[ast.AST] = set()
    functions = module.tree.each(ast.FunctionDef, ast.AsyncFunctionDef)
    for node in (module.tree.root, *module.tree.each(ast.ClassDef), *functions):
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str()) as said), *_]:
                found.add(said)
    return found


def is_sql(text: Text) -> bool:
    if text.is_plain and text.plain.isidentifier():  # one word, as most texts in a source are
        return False
    return any(_parses(filled) for filled in {*_filled(text), *_filled(text.opened())})


def _filled(text: Text) -> Iterator[str]:
    """With an identifier in each hole, or nothing: a hole may stand for a whole clause."""
    holes = len(text.pieces) - 1
    ways = product(_fills(text, holes), repeat=holes) if holes <= MOST_HOLES else ((fill,) * holes for fill in FILLS)
    for way in ways:
        yield "".join(piece + fill for piece, fill in zip(text.pieces, (*way, ""), strict=True))


def _fills(text: Text, holes: int) -> tuple[str, ...]:
    """Fewer where they would be too many, or where one word stands alone, which is prose: "Values {}"."""
    alone = holes and len(re.findall(r"\w+", " ".join(text.pieces))) < 2
    return FILLS[:2] if alone or holes > MOST_HOLES // 2 else FILLS


@lru_cache(maxsize=4096)
def _parses(said: str) -> bool:
    if len(re.findall(r"\w+", _bare(said))) < 2:
        return False
    said = said.replace("\0", " ").encode("utf-8", "replace").decode()
    statements = _statements(said)
    if any(map(_is_sentence, {*statements, *said.split(";")})):
        return True
    return len(statements) > 1 and all(map(_is_statement, statements))


def _statements(said: str) -> list[str]:
    """One after the other: a semicolon in quotes or in a trigger's body ends none."""
    found: list[str] = []
    begun = ""
    for part in said.split(";"):
        begun += part
        if sqlite.driver.complete_statement(f"{begun};"):
            found, begun = [*found, begun], ""
        else:
            begun += ";"
    return [each for each in (*found, begun.removesuffix(";")) if _bare(each).strip()]


def _is_sentence(said: str) -> bool:
    """A statement of more than one word: one alone is prose."""
    return len(re.findall(r"\w+", _bare(said))) > 1 and _is_statement(said)


def _bare(said: str) -> str:
    return COMMENT.sub(" ", said)


def _is_statement(said: str) -> bool:
    """As a question about it, which runs nothing; what begins with that word itself is asked as it stands."""
    return _is_prepared(f"EXPLAIN {said}") or ("explain" in said.lower() and _is_prepared(said))


def _is_prepared(statement: str) -> bool:
    try:
        _parser().execute(statement)
    except sqlite.driver.Error as error:
        return NOT_SQL.search(str(error)) is None
    return True


@lru_cache(maxsize=256)
def asks_for(said: str) -> str | None:
    """Whether it is a BEGIN, COMMIT or ROLLBACK to SQLite, by what that asks leave for; nothing is run."""
    asked: list[str | None] = []

    def refuse(action: int, what: str | None, *_: Any) -> Any:
        asked.append(what if action == TRANSACTION else None)
        return DENY

    connection = sqlite.driver.connect(":memory:", isolation_level=None)
    connection.set_authorizer(refuse)
    with suppress(sqlite.driver.Error, ValueError):  # a NUL, half a letter
        connection.execute(f"EXPLAIN {said}")
    connection.close()
    return next((what for what in asked if what), None)


@lru_cache(maxsize=1)
def _parser() -> Any:
    """An empty database, which besides refuses to do anything: preparing is all that is wanted of it."""
    connection = sqlite.driver.connect(":memory:", isolation_level=None)
    connection.set_authorizer(lambda *_: DENY)
    return connection


def _is_star(use: Use) -> bool:
    return use.last == "*"


def _shown(text: Text) -> str:
    said = " ".join("…".join(text.pieces).split())
    return repr(said if len(said) <= 60 else f"{said[:57]}...")
