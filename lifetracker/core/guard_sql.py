"""The guards of SQL: where it may stand, as constructs and as text.

SQLite's own parser tells SQL from prose: what it prepares, or refuses for any other reason than its syntax, is SQL.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Any

from lifetracker.core import sqlite
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
    *("peewee", "pony", "tortoise", "records", "dataset", "databases", "sqlobject", "pypika", "alembic"),
)
SHAPES = ("sqlmodel.SQLModel", "sqlmodel.Field")  # what a schema may be made of
# Modules of core that units of work, tables and the one driver are made in; `guard_sql` asks its parser.
DOORS = tuple(f"lifetracker.core.{name}" for name in ("db", "engines", "prepared", "models", "sqlite", "guard_sql"))
NOT_SQL = re.compile(r"syntax error|incomplete input|unrecognized token|embedded null", re.IGNORECASE)
COMMENT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|$)", re.DOTALL)
MOST_HOLES = 4  # filled in every way; more of them all alike


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
            if isinstance(node, ast.Attribute) and node.attr == "exec_driver_sql":
                yield module.violation("sql-text", node, "exec_driver_sql outside a repository")


def machinery(house: House) -> Iterator[Violation]:
    """SQLAlchemy, SQLModel and database drivers where rules and HTTP are."""
    for module in house.modules.values():
        if may_hold_sql(module) or module.room == "models" or module.dotted in DOORS:
            continue
        for use in module.uses:
            is_shape = module.room == "schemas" and use.origin in SHAPES
            if use.comes_from(*TOOLKITS, *DRIVERS) and not is_shape:
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
    ways = product(("x", ""), repeat=holes) if holes <= MOST_HOLES else ((fill,) * holes for fill in ("x", "", "1"))
    for way in ways:
        yield "".join(piece + fill for piece, fill in zip(text.pieces, (*way, ""), strict=True))


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


@lru_cache(maxsize=1)
def _parser() -> Any:
    """An empty database, which besides refuses to do anything: preparing is all that is wanted of it."""
    connection = sqlite.driver.connect(":memory:", isolation_level=None)
    connection.set_authorizer(lambda *_: sqlite.driver.SQLITE_DENY)
    return connection


def _is_star(use: Use) -> bool:
    return use.last == "*"


def _shown(text: Text) -> str:
    said = " ".join("…".join(text.pieces).split())
    return repr(said if len(said) <= 60 else f"{said[:57]}...")
