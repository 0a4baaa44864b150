"""Which names a source gives a value, for the guards: assignments, defaults, loops, captures, and what grows later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeVar, overload

A = TypeVar("A", bound=ast.AST)
B = TypeVar("B", bound=ast.AST)
C = TypeVar("C", bound=ast.AST)
Bindings = Iterator[tuple[str, ast.expr]]
GIVING = (
    *(ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.arguments, ast.withitem, ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef),
)
GROWING = (ast.Assign, ast.AugAssign, ast.Call)
LOOPS = (ast.For, ast.AsyncFor, ast.comprehension)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
SILENT = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)  # nodes that say nothing by themselves


class Tree:
    """All nodes of one source, from the outside in, and those of each kind."""

    def __init__(self, root: ast.Module) -> None:
        self.root = root

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """As `ast.walk` finds them, in half its time."""
        found: list[ast.AST] = [self.root]
        for node in found:  # which grows meanwhile
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    found += [each for each in value if isinstance(each, ast.AST)]
                elif isinstance(value, ast.AST) and not isinstance(value, SILENT):
                    found.append(value)
        return found

    @cached_property
    def _kinds(self) -> dict[type[ast.AST], list[ast.AST]]:
        kinds: dict[type[ast.AST], list[ast.AST]] = {}
        for node in self.nodes:
            kinds.setdefault(type(node), []).append(node)
        return kinds

    @overload
    def each(self, one: type[A], /) -> list[A]: ...
    @overload
    def each(self, one: type[A], two: type[B], /) -> list[A | B]: ...
    @overload
    def each(self, one: type[A], two: type[B], three: type[C], /) -> list[A | B | C]: ...
    @overload
    def each(self, *kinds: type[A]) -> list[A]: ...
    def each(self, *kinds: type[ast.AST]) -> list[Any]:
        """Those of some kinds."""
        return [node for kind in kinds for node in self._kinds.get(kind, ())]


def given_in(node: ast.AST) -> Bindings:
    """Names that a node gives a value: `a = x`, `a, b = x, y`, `(a := x)`, `self.a = x`, defaults, `with`, `case`.

    What a function answers is given to its name with `()` behind.
    """
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from pairs(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield from pairs(target, value)
        case ast.arguments():
            yield from _defaults(node)
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from pairs(target, value)
        case ast.Match(subject=subject, cases=cases):
            names = [case.pattern.name for case in cases if isinstance(case.pattern, ast.MatchAs)]
            yield from ((name, subject) for name in names if name)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            answers = [each.value for each in statements(node) if isinstance(each, ast.Return)]
            yield from ((f"{name}()", value) for value in answers if value is not None)


def _defaults(node: ast.arguments) -> Bindings:
    positional = [*node.posonlyargs, *node.args]
    yield from zip((each.arg for each in positional[::-1]), node.defaults[::-1], strict=False)
    named = zip(node.kwonlyargs, node.kw_defaults, strict=True)
    yield from ((each.arg, value) for each, value in named if value)


def pairs(target: ast.expr, value: ast.expr) -> Bindings:
    """Each name of a target with its part of the value."""
    match target, value:
        case ((ast.Name(id=name) | ast.Attribute(attr=name)), ast.Lambda(body=body)):
            yield name, value
            yield f"{name}()", body
        case ((ast.Name(id=name) | ast.Attribute(attr=name)), _):
            yield name, value
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), (ast.Tuple(elts=values) | ast.List(elts=values))):
            for one, other in zip(targets, values, strict=False):
                yield from pairs(one, other)


def grown_in(node: ast.AST) -> Bindings:
    """What comes to a name that has a value: `q += x`, `q = q + x`, `parts.append(x)`, `self.parts.extend([x, y])`."""
    match node:
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name(id=same), op=ast.Add(), right=value)
        ):
            yield from [(name, value)] if name == same else []
        case ast.AugAssign(
            target=ast.Name(id=name) | ast.Attribute(attr=name), value=ast.List(elts=values) | ast.Tuple(elts=values)
        ):
            yield from ((name, value) for value in values)
        case ast.AugAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), op=ast.Add(), value=value):
            yield name, value
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr="append" | "insert"),
            args=[*_, value],
        ):
            yield name, value
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr="extend"),
            args=[ast.List(elts=values) | ast.Tuple(elts=values)],
        ):
            yield from ((name, value) for value in values)


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement of a function's own below a node; not its expressions, which are most of it."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.stmt):
            yield each
        if isinstance(each, (ast.stmt, ast.ExceptHandler, ast.match_case)) and not isinstance(each, SCOPES):
            yield from statements(each)
