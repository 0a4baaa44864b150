"""Puts together what texts in a source say, for the guards: pieces glued in any way, with holes where a value goes.

`"SEL" + "ECT id"`, `f"DELETE FROM {name}"`, `"… %s" % name`, `" ".join(parts)`, names that hold a text, `+=`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from textwrap import dedent

DEEPEST = 10  # steps from a name to what it holds
WIDEST = 6  # alternatives of one expression that are looked at
PLACEHOLDER = re.compile(
    r"%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifcxaeg]"
    r"|\{(?P<field>\w*)[^{}]*\}"
    r"|\$\{?(?P<name>[A-Za-z_]\w*)\}?"  # string.Template
)
ASSIGNING = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.arguments, ast.For, ast.comprehension, ast.withitem)
GROWING = (ast.AugAssign, ast.Call)
UNCHANGED = ("encode", "decode", "format_map", "expandtabs", "replace", "substitute", "safe_substitute", "__str__")
METHODS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "capitalize": str.capitalize,
    "casefold": str.casefold,
    "swapcase": str.swapcase,
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text in pieces: between each two of them is a hole, where a value goes that cannot be told from the source."""

    pieces: tuple[str, ...]

    @property
    def plain(self) -> str:
        return "".join(self.pieces)

    @property
    def is_plain(self) -> bool:
        return len(self.pieces) == 1

    def __add__(self, other: Text) -> Text:
        return Text((*self.pieces[:-1], self.pieces[-1] + other.pieces[0], *other.pieces[1:]))

    def changed(self, change: Callable[[str], str]) -> Text:
        return Text(tuple(change(piece) for piece in self.pieces))

    def opened(self, given: Callable[[str], Text | None] = lambda _: None) -> Text:
        """With what is given for each `%s`, `{}` and `$name` that is still written out, by its name, or a hole."""
        if not any(map(PLACEHOLDER.search, self.pieces)):
            return self
        return glued([_opened(piece, given) for piece in self.pieces], HOLE)


HOLE = Text(("", ""))


def _opened(piece: str, given: Callable[[str], Text | None]) -> Text:
    text, end = Text(("",)), 0
    for found in PLACEHOLDER.finditer(piece):
        name = found[found.lastgroup] if found.lastgroup else ""
        text = text + Text((piece[end : found.start()],)) + (given(name) or HOLE)
        end = found.end()
    return text + Text((piece[end:],))


def glued(texts: Sequence[Text], glue: Text) -> Text:
    whole = texts[0] if texts else Text(("",))
    for text in texts[1:]:
        whole = whole + glue + text
    return whole


class Texts:
    """The texts of one module, and every name that it gives a value, with the value (`given`).

    `elsewhere` tells what a name of another module holds.
    """

    def __init__(self, nodes: Sequence[ast.AST], elsewhere: Callable[[ast.AST], list[Text]]) -> None:
        self._elsewhere = elsewhere
        self.given = [pair for node in nodes if isinstance(node, ASSIGNING) for pair in _assignments(node)]
        self._held: dict[str, list[ast.expr]] = {}
        self._grown: dict[str, list[ast.expr]] = {}
        for name, value in self.given:
            self._held.setdefault(name, []).append(value)
        for node in nodes:
            if isinstance(node, GROWING):
                for name, value in _growth(node):
                    self._grown.setdefault(name, []).append(value)

    @property
    def names(self) -> set[str]:
        return set(self._held)

    def named(self, name: str) -> list[Text]:
        return [text for value in self._held.get(name, []) for text in self.of(value)]

    def grown(self) -> Iterator[tuple[ast.expr, Text]]:
        """Every state of the texts that grow by `+=`, at the place where it is reached."""
        for name, pieces in self._grown.items():
            for start in self._held.get(name, []):
                for text in self.of(start):
                    for piece in pieces:
                        text = text + (self._first(piece) or HOLE)
                        yield piece, text

    def of(self, node: ast.AST, depth: int = 0) -> list[Text]:
        """All that an expression may say; nothing where it is no text, or only a hole."""
        if depth > DEEPEST:
            return []
        return self._of(node, depth + 1)[:WIDEST]

    def _of(self, node: ast.AST, depth: int) -> list[Text]:
        match node:
            case ast.Constant(value=str(said)):
                return [Text((said,))]
            case ast.Constant(value=bytes(said)):
                return [Text((said.decode("latin-1"),))]
            case ast.JoinedStr(values=values):
                return self._joined([self._or_hole(value, depth) for value in values], Text(("",)))
            case ast.FormattedValue(value=value):
                return self.of(value, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._added(left, right, depth)
            case ast.BinOp(left=left, op=ast.Mod(), right=ast.Tuple(elts=args)):
                return self._opened(left, args, [], depth)
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return self._opened(left, [right], [], depth)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.of(left, depth) or self.of(right, depth)
            case ast.Call():
                return self._of_call(node, depth)
            case ast.Name(id=name):
                return [text for value in self._held.get(name, [])[:WIDEST] for text in self.of(value, depth)] or (
                    self._elsewhere(node) if name not in self._held else []
                )
            case ast.Attribute(value=ast.Attribute() as member, attr="value") if "value" not in self._held:
                return self.of(member, depth)  # of an Enum
            case ast.Attribute(attr=name):
                return [text for value in self._held.get(name, [])[:WIDEST] for text in self.of(value, depth)] or (
                    self._elsewhere(node)
                )
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self.of(value, depth)
            case ast.IfExp(body=one, orelse=other):
                return [*self.of(one, depth), *self.of(other, depth)]
            case ast.BoolOp(values=values):
                return [text for value in values for text in self.of(value, depth)]
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=key)):
                kept = (_kept(value, key) for value in self._held.get(name, [])[:WIDEST])
                return [text for value in kept if value is not None for text in self.of(value, depth)]
            case ast.Subscript(value=value, slice=ast.Slice(step=ast.UnaryOp(op=ast.USub()))):
                return [text.changed(lambda piece: piece[::-1]) for text in self.of(value, depth) if text.is_plain]
        return []

    def _of_call(self, call: ast.Call, depth: int) -> list[Text]:
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="str"), attr="join"), args=[glue, parts]):
                return self._of_join(glue, parts, depth)
            case ast.Call(func=ast.Attribute(value=glue, attr="join"), args=[parts]):
                return self._of_join(glue, parts, depth)
            case ast.Call(func=ast.Attribute(value=value, attr="format"), args=args, keywords=keywords):
                return self._opened(value, args, keywords, depth)
            case ast.Call(func=ast.Attribute(value=value, attr="replace"), args=[old, new]):
                return [self._replaced(text, old, new, depth) for text in self.of(value, depth)]
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in METHODS:
                return [text.changed(METHODS[name]) for text in self.of(value, depth)]
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in UNCHANGED:
                return self.of(value, depth)
            case ast.Call(func=ast.Name(id="chr"), args=[ast.Constant(value=int(number))]):
                return [Text((chr(number),))] if number < 0x110000 else []
            case ast.Call(func=ast.Name(id="dedent") | ast.Attribute(attr="dedent"), args=[value]):
                return [text.changed(dedent) for text in self.of(value, depth)]
            case ast.Call(args=args):
                # `str(x)`, `Template(x)`, `cast(str, x)`: whatever takes one text may well give it back.
                return [text for value in args for text in self.of(value, depth)] if len(args) < 3 else []
        return []

    def _opened(
        self, node: ast.expr, args: Sequence[ast.expr], keywords: Sequence[ast.keyword], depth: int
    ) -> list[Text]:
        """`"%s FROM %s" % (verb, table)`, `"{} FROM {table}".format(verb, table=table)`."""
        named = {keyword.arg or "": keyword.value for keyword in keywords}
        return [text.opened(partial(self._given, iter(args), named, depth)) for text in self.of(node, depth)]

    def _given(self, in_turn: Iterator[ast.expr], named: dict[str, ast.expr], depth: int, name: str) -> Text | None:
        value = named.get(name) if name else next(in_turn, None)
        return next(iter(self.of(value, depth)), None) if value is not None else None

    def _of_join(self, glue: ast.expr, parts: ast.expr, depth: int) -> list[Text]:
        elements = self._elements(parts)
        if elements is None:
            return []
        alternatives = [self._or_hole(element, depth) for element in elements]
        return [whole for each in self.of(glue, depth) for whole in self._joined(alternatives, each)]

    def _elements(self, node: ast.expr, depth: int = 0) -> list[ast.expr] | None:
        """What a list is made of, as far as that is written out."""
        if depth > DEEPEST:
            return None
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return [each for element in elements for each in self._spread(element, depth + 1)]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                ours, theirs = self._elements(left, depth + 1), self._elements(right, depth + 1)
                return None if ours is None and theirs is None else [*(ours or [left]), *(theirs or [right])]
            case ast.ListComp(elt=ast.Name(id=name), generators=[ast.comprehension(target=ast.Name(id=each), iter=of)]):
                return self._elements(of, depth + 1) if name == each else None
            case ast.GeneratorExp(elt=element, generators=generators):
                return self._elements(ast.ListComp(elt=element, generators=generators), depth + 1)
            case ast.Call(func=ast.Name(id="map" | "filter" | "list" | "tuple"), args=[*_, parts]):
                return self._elements(parts, depth + 1)
            case ast.Name(id=name) if name in self._held:
                start = self._elements(self._held[name][0], depth + 1)
                return None if start is None else [*start, *self._grown.get(name, [])]
        return None

    def _spread(self, element: ast.expr, depth: int) -> list[ast.expr]:
        """`*columns` as what it is made of."""
        if isinstance(element, ast.Starred):
            return self._elements(element.value, depth) or [element]
        return [element]

    def _added(self, left: ast.expr, right: ast.expr, depth: int) -> list[Text]:
        ours, theirs = self.of(left, depth), self.of(right, depth)
        if not ours and not theirs:
            return []
        return [one + other for one in ours or [HOLE] for other in theirs or [HOLE]]

    def _joined(self, alternatives: Sequence[list[Text]], glue: Text) -> list[Text]:
        first = [glued(choice, glue) for choice, _ in zip(product(*alternatives), range(WIDEST), strict=False)]
        return first if alternatives else []

    def _replaced(self, text: Text, old: ast.expr, new: ast.expr, depth: int) -> Text:
        from_, to = self.of(old, depth), self.of(new, depth)
        if not (from_ and to and from_[0].is_plain and to[0].is_plain):
            return text
        return text.changed(lambda piece: piece.replace(from_[0].plain, to[0].plain))

    def _or_hole(self, node: ast.AST, depth: int) -> list[Text]:
        return self.of(node, depth) or [HOLE]

    def _first(self, node: ast.AST) -> Text | None:
        return next(iter(self.of(node)), None)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a node gives a value: `a = x`, `a, b = x, y`, `(a := x)`, `self.a = x`, defaults, loops, `with`."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _pairs(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield from _pairs(target, value)
        case ast.arguments():
            positional = [*node.posonlyargs, *node.args]
            yield from zip((each.arg for each in positional[::-1]), node.defaults[::-1], strict=False)
            named = zip(node.kwonlyargs, node.kw_defaults, strict=True)
            yield from ((each.arg, value) for each, value in named if value)
        case ast.For(target=target, iter=ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values)):
            for value in values:
                yield from _pairs(target, value)
        case ast.comprehension(target=target, iter=ast.Tuple(elts=values) | ast.List(elts=values)):
            for value in values:
                yield from _pairs(target, value)
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from _pairs(target, value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Attribute(attr=name), _:
            yield name, value
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), (ast.Tuple(elts=values) | ast.List(elts=values))):
            for one, other in zip(targets, values, strict=False):
                yield from _pairs(one, other)


def _kept(node: ast.expr, key: object) -> ast.expr | None:
    """What a written-out dict, list or tuple has at a key."""
    match node:
        case ast.Dict(keys=keys, values=values):
            return next((value for each, value in zip(keys, values, strict=True) if _is(each, key)), None)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if isinstance(key, int) and key < len(elements):
            return elements[key]
    return None


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _growth(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """`q += x`, `parts.append(x)`, `parts.extend([x, y])`."""
    match node:
        case ast.AugAssign(
            target=ast.Name(id=name) | ast.Attribute(attr=name), value=ast.List(elts=values) | ast.Tuple(elts=values)
        ):
            yield from ((name, value) for value in values)
        case ast.AugAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), op=ast.Add(), value=value):
            yield name, value
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value]):
            yield name, value
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name), attr="extend"),
            args=[ast.List(elts=values) | ast.Tuple(elts=values)],
        ):
            yield from ((name, value) for value in values)
