"""The guard of who commits: the door to the database begins, commits and rolls back, and nobody else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lifetracker.core.guarding.rooms import PACKAGE
from lifetracker.core.guarding.source import House, Module, Violation
from lifetracker.core.guarding.sql import DOORS, asks_for, may_hold_sql

COMMITS = (f"{PACKAGE}.core.db.units",)
STATEMENTS = f"{PACKAGE}.core.db.statements_repository"  # what the door says to the database
ENDINGS = ("commit", "rollback", "tpc_commit", "tpc_rollback", "commit_prepared", "rollback_prepared")
ENDS = ("COMMIT", "ROLLBACK")  # as SQLite calls them; a repository with a connection of its own may begin
RUNNING = ("run", "query", "sql")
BEGINNINGS = ("begin", "begin_nested", "begin_twophase", "transaction")
# What a name, or the type that is written beside it, calls a database: a release has a `commit` too, and an end.
DATABASE = re.compile(
    r"(?:^|_|\b)(?:tx|txn|transaction|session|conn|connection|db|database|cur|cursor|engine|unit|uow)s?(?:$|_|\b|\d)",
    re.IGNORECASE,
)
TYPES = re.compile(r"transaction|session|connection|database|cursor|engine|\bany\b|\bobject\b", re.IGNORECASE)
OUTSIDE = "outside the door to the database"


def commits(house: House) -> Iterator[Violation]:
    """`commit` and `rollback` called, or taken to be called, outside the door to the database."""
    for module in house.modules.values():
        if module.dotted not in COMMITS:
            yield from _ends_in(module)
            yield from _begins_in(module)
            yield from _by_itself(module)


def _ends_in(module: Module) -> Iterator[Violation]:
    later = _called_later(module)
    calls = module.tree.each(ast.Call)
    called = {id(call.func) for call in calls} | {id(value) for value in later}
    for node in module.tree.each(ast.Attribute):
        if node.attr in ENDINGS and (id(node) in called or (_is_read(node) and _is_database(module, node.value))):
            yield module.violation("commit", node, f"{node.attr} {OUTSIDE}")
    for call in (*calls, *module.tree.each(ast.Subscript)):
        if module.attribute(call) in ENDINGS and not _is_field_of_another(module, call):
            yield module.violation("commit", call, f"commit or rollback {OUTSIDE}")


def _called_later(module: Module) -> list[ast.expr]:
    """What was put under a name that is called: `end = release.commit; end()`."""
    names = {call.func.id for call in module.tree.each(ast.Call) if isinstance(call.func, ast.Name)}
    return [value for name, value in module.texts.given if name in names]


def _is_read(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load)


def _is_field_of_another(module: Module, node: ast.expr) -> bool:
    """`getattr(release, "commit", None)`; without something else to answer it is a call in disguise."""
    match node:
        case (
            ast.Call(func=ast.Name(id="getattr" | "setattr"), args=[value, _, _])
            | ast.Subscript(value=ast.Attribute(value=value) | ast.Call(args=[value]))
        ):
            return not _is_database(module, value)
    return False


def _is_database(module: Module, node: ast.expr) -> bool:
    """Whether a value may be one that commits, by the type that is written beside its name, else by the name."""
    match node:
        case ast.Name(id=name):
            types = _types_of(module, name)
            return any(map(TYPES.search, types)) if types else DATABASE.search(name) is not None
        case ast.Attribute(value=value, attr="__class__"):
            return _is_database(module, value)
        case ast.Attribute(attr=name):
            return (DATABASE.search(name) or TYPES.search(name)) is not None
        case ast.Call(func=ast.Name(id="type"), args=[value]):
            return _is_database(module, value)
        case ast.Call(func=function):
            return _is_database(module, function)
    return True


def _types_of(module: Module, name: str) -> list[str]:
    """What is written beside a parameter; anything may be in one of a single letter that has no type."""
    found = []
    for function in module.tree.each(ast.FunctionDef, ast.AsyncFunctionDef):
        taken = function.args
        for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs):
            if each.arg == name and (each.annotation or len(name) == 1):
                found.append(ast.unparse(each.annotation) if each.annotation else "Any")
    return found


def _begins_in(module: Module) -> Iterator[Violation]:
    for call in module.tree.each(ast.Call):
        match call.func:
            case ast.Attribute(value=value, attr=name) if name in BEGINNINGS and _is_database(module, value):
                yield module.violation("commit", call, f"{name} {OUTSIDE}")
        if _says_so(module, call):
            yield module.violation("commit", call, f"the beginning or end of a unit {OUTSIDE}")
    for item in module.tree.each(ast.withitem):
        match item.context_expr:
            case ast.Call(func=ast.Attribute(attr="begin")) as begun:
                yield module.violation("commit", begun, "begin() commits at the end of its block")


def _says_so(module: Module, call: ast.Call) -> bool:
    """`execute("COMMIT")`, `exec(text("ROLLBACK"))`: one word alone is no SQL until it is handed to what runs it."""
    if module.dotted == STATEMENTS:
        return False
    match call.func:
        case ast.Name(id=name):
            runs = name == "text" or name.startswith("exec")
        case ast.Attribute(value=value, attr=name):
            runs = name == "text" or name.startswith("exec") or (name in RUNNING and _is_database(module, value))
        case _:
            runs = False
    given = [*call.args[:1], *(word.value for word in call.keywords)] if runs else []
    words = ENDS if may_hold_sql(module) else (*ENDS, "BEGIN")
    said = (text.plain for each in given for text in module.texts.of(each))
    return any(asks_for(each) in words for each in said)


def _by_itself(module: Module) -> Iterator[Violation]:
    """Connections that commit after each statement."""
    kept = ("autocommit",) if module.dotted in DOORS else ("autocommit", "isolation_level")
    for node in module.tree.each(ast.Attribute):
        if node.attr in kept and isinstance(node.ctx, ast.Store):
            yield module.violation("commit", node, "a connection that commits by itself")
    for call in module.tree.each(ast.Call):
        if module.attribute(call) == "autocommit":
            yield module.violation("commit", call, "a connection that commits by itself")
    for place, name, value in _named(module):
        if _commits_by_itself(name, value):
            yield module.violation("commit", place, "a connection that commits by itself")


def _named(module: Module) -> Iterator[tuple[ast.AST, object, ast.expr]]:
    for word in module.tree.each(ast.keyword):
        yield word.value, word.arg, word.value
    for written in module.tree.each(ast.Dict):
        for key, value in zip(written.keys, written.values, strict=True):
            if isinstance(key, ast.Constant):
                yield value, key.value, value


def _commits_by_itself(name: object, value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=str(level)):
            return name == "isolation_level" and level.lower() == "autocommit"
        case ast.Constant(value=True):
            return name == "autocommit"
    return False
