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
from lifetracker.core.guard_layers import FEATURES
from lifetracker.core.guard_source import House, Module, Use, Violation
from lifetracker.core.guard_text import Text

# Constructs that take SQL as text, by their last name.
TEXTS = frozenset(
    ("text", "literal_column", "TextClause", "TextualSelect", "exec_driver_sql", "DDL", "ExecutableDDLElement")
)
TOOLKITS = ("sqlalchemy", "sqlmodel")
DRIVERS = (
    *("sqlite3", "_sqlite3", "pysqlite3", "apsw", "aiosqlite", "sqlean", "libsql", "duckdb"),
    *("psycopg", "psycopg2", "psycopg_pool", "asyncpg", "pg8000", "pymysql", "MySQLdb", "mysql", "pyodbc", "oracledb"),
    *(
        "sqlite_utils",
        "sqlalchemy_utils",
        "ormar",
        "peewee",
        "pony",
        "tortoise",
        "records",
        "dataset",
        "databases",
        "sqlobject",
        "pypika",
        "alembic",
    ),
)
SHAPES = ("sqlmodel.SQLModel", "sqlmodel.Field")  # what a schema may be made of
OPENING = tuple(f"lifetracker.core.{name}" for name in ("engines", "prepared", "sqlite"))  # not for features
# Modules of core that units of work, tables and the one driver are made in; `guard_sql` asks its parser.
DOORS = tuple(f"lifetracker.core.{name}" for name in ("db", "engines", "prepared", "models", "sqlite", "guard_sql"))
DENY, TRANSACTION = sqlite.driver.SQLITE_DENY, sqlite.driver.SQLITE_TRANSACTION
NOT_SQL = re.compile(r"syntax error|incomplete input|unrecognized token|embedded null", re.IGNORECASE)
COMMENT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|$)", re.DOTALL)
FILLS = ("x", "", "x=x", "(x)")  # a name, nothing, what `SET` wants, a row
MOST_HOLES = 8  # filled in every way; more of them all alike
PAST_THE_TOOLKIT = ("raw_connection", "driver_connection", "dbapi_connection", "executescript")


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
        for node in module.nodes:
            name = module.attribute(node) if isinstance(node, (ast.Attribute, ast.Call)) else None
            if name == "exec_driver_sql" or (name in PAST_THE_TOOLKIT and module.dotted not in DOORS):
                yield module.violation("sql-text", node, f"{name} outside a repository")


def machinery(house: House) -> Iterator[Violation]:
    """SQLAlchemy, SQLModel and database drivers where rules and HTTP are."""
    for module in house.modules.values():
        if may_hold_sql(module) or module.room == "models" or module.dotted in DOORS:
            continue
        for use in module.uses:
            is_shape = module.room == "schemas" and use.origin in SHAPES
            is_door = module.package in FEATURES and use.comes_from(*OPENING)
            if (use.comes_from(*TOOLKITS, *DRIVERS) and not is_shape) or is_door:
                yield module.violation("sql-machinery", use.node, f"{use.origin} outside a repository")


def raw_sql(house: House) -> Iterator[Violation]:
    """SQL as text, whole or glued."""
    for module in house.modules.values():
        if not may_hold_sql(module):
            yield from _raw_sql_in(module)


def _raw_sql_in(module: Module) -> Iterator[Violation]:
    prose = _docstrings(module)
    for node in module.nodes:
        if isinstance(node, ast.expr) and node not in prose and _may_be_text(node):
            for text in module.texts.of(node):
                if is_sql(text):
                    yield module.violation("raw-sql", node, f"SQL outside a repository: {_shown(text)}")
                    break
    for place, text in module.texts.grown():
        if is_sql(text):
            yield module.violation("raw-sql", place, f"SQL outside a repository: {_shown(text)}")


def _may_be_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes))
    return isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Call, ast.Subscript))


def _docstrings(module: Module) -> set[ast.AST]:
    found: set[ast.AST] = set()
    for node in module.nodes:
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str()) as said), *_]:
                    found.add(said)
    return found


def is_sql(text: Text) -> bool:
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
    return any(_is_statement(part) for part in {said, *said.split(";")} if len(re.findall(r"\w+", _bare(part))) > 1)


def _bare(said: str) -> str:
    return COMMENT.sub(" ", said)


def _is_statement(said: str) -> bool:
    """As a question about it, which runs nothing; what begins with that word itself is asked as it stands."""
    return _is_prepared(f"EXPLAIN {said}") or ("explain" in said.lower() and _is_prepared(said))


def _is_prepared(statement: str) -> bool:
    try:
        _parser().execute(statement.replace("\0", " "))
    except UnicodeEncodeError:
        return False
    except sqlite.driver.Error as error:
        return NOT_SQL.search(str(error)) is None
    return True


@lru_cache(maxsize=256)
def ends_a_unit(said: str) -> bool:
    """Whether it is a COMMIT or a ROLLBACK to SQLite, by what that asks leave for; nothing is run."""
    asked: list[str | None] = []

    def refuse(action: int, what: str | None, *_: Any) -> Any:
        asked.append(what if action == TRANSACTION else None)
        return DENY

    connection = sqlite.driver.connect(":memory:", isolation_level=None)
    connection.set_authorizer(refuse)
    with suppress(sqlite.driver.Error):
        connection.execute(f"EXPLAIN {said}")
    connection.close()
    return "COMMIT" in asked or "ROLLBACK" in asked


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
