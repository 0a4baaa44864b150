"""Lists, tuples and dicts that a source writes out, for the guards: what is in them, though by a name or in pieces."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lifetracker.core.guarding.pieces import Text

DEEPEST = 10  # lists in lists, and steps from a name to what it holds


class Lists:
    """Those of one module: what its names hold, what comes to them later, and what its texts say."""

    def __init__(
        self,
        held: Mapping[str, list[ast.expr]],
        grown: Mapping[str, list[ast.expr]],
        of: Callable[[ast.AST, int], list[Text]],
    ) -> None:
        self._held = held
        self._grown = grown
        self._of = of

    def mapping(self, node: ast.expr) -> dict[str, ast.expr]:
        written = self.written(node)
        if not isinstance(written, ast.Dict):
            return {}
        return {
            key.value: value
            for key, value in zip(written.keys, written.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }

    def written(self, node: ast.expr, depth: int = 0) -> ast.expr:
        """A dict or list as it is written out, though by a name or in pieces."""
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in self._held and depth <= DEEPEST:
                return self.written(self._held[name][0], depth + 1)
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words):
                named = [(ast.Constant(word.arg), word.value) for word in words if word.arg]
                return ast.Dict([key for key, _ in named], [value for _, value in named])
            case ast.Call():
                elements = self.elements(node, depth)
                return node if elements is None else ast.List(elements)
        return node

    def elements(self, node: ast.expr, depth: int = 0) -> list[ast.expr] | None:
        """What a list is made of, as far as that is written out."""
        if depth > DEEPEST:
            return None
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr="split" | "rsplit" | "splitlines" | "partition" as name)):
                return self._split(of, name, node.args, depth + 1)
            case ast.Call(func=ast.Attribute(value=of, attr="values")):
                written = self.written(of, depth + 1)
                return written.values if isinstance(written, ast.Dict) else None
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in self._held:
                start = self.elements(self._held[name][0], depth + 1)
                return None if start is None else [*start, *self._grown.get(name, [])]
        return elements_of(node, lambda inner: self.elements(inner, depth + 1))

    def _split(self, of: ast.expr, name: str, args: Sequence[ast.expr], depth: int) -> list[ast.expr] | None:
        for text in self._of(of, depth):
            try:
                parts = getattr(text.plain, name)(*(self.constant(each, depth) for each in args))
            except (ValueError, TypeError):
                return None
            return [ast.Constant(part) for part in parts] if text.is_plain else None
        return None

    def constant(self, node: ast.expr, depth: int) -> Any:
        plain = [text.plain for text in self._of(node, depth) if text.is_plain]
        return plain[0] if plain else ast.literal_eval(node)


def elements_of(node: ast.expr, inner: Callable[[ast.expr], list[ast.expr] | None]) -> list[ast.expr] | None:
    """What a list is made of, where it is written out; `inner` tells of one list in another."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return [each for element in elements for each in _spread(element, inner)]
        case ast.Dict(keys=keys):
            return [key for key in keys if key is not None]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            ours, theirs = inner(left), inner(right)
            return None if ours is None and theirs is None else [*(ours or [left]), *(theirs or [right])]
        case (
            ast.ListComp(elt=element, generators=[ast.comprehension(target=ast.Name(id=each), iter=of)])
            | ast.GeneratorExp(elt=element, generators=[ast.comprehension(target=ast.Name(id=each), iter=of)])
        ):
            return inner(of) if _is_of(element, each) else None
        case ast.Call(func=ast.Name(id="map" | "filter" | "list" | "tuple" | "sorted" | "set"), args=[*_, parts]):
            return inner(parts)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "set"), args=[]):
            return []
        case ast.Call(func=ast.Name(id="reversed"), args=[parts]):
            return (inner(parts) or [])[::-1]
        case ast.Call(func=ast.Name(id="chain") | ast.Attribute(attr="chain"), args=parts):
            return [each for part in parts for each in inner(part) or [part]]
    return None


def _is_of(element: ast.expr, name: str) -> bool:
    """`word`, `str(word)` or `word.strip()` for each word."""
    match element:
        case ast.Name(id=same):
            return same == name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=same))) | ast.Call(args=[ast.Name(id=same)]):
            return same == name
    return False


def _spread(element: ast.expr, inner: Callable[[ast.expr], list[ast.expr] | None]) -> Sequence[ast.expr]:
    """`*columns` as what it is made of."""
    return (inner(element.value) or [element]) if isinstance(element, ast.Starred) else [element]


def kept_in(node: ast.expr, key: ast.expr) -> ast.expr | None:
    """What a written-out dict, list or tuple has at a key."""
    try:
        wanted = ast.literal_eval(key)
        match node:
            case ast.Dict(keys=keys, values=values):
                return next((value for each, value in zip(keys, values, strict=True) if _is(each, wanted)), None)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                found: ast.expr = elements[wanted]
                return found
    except (ValueError, TypeError, IndexError):
        return None
    return None


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value
