"""What a text in a source says, for the guards: pieces glued in any way, with holes where a value goes.

`"SEL" + "ECT id"`, `f"DELETE FROM {name}"`, `"… %s" % name`, `" ".join(parts)`, names that hold a text, `+=`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence

from lifetracker.core.guarding.changes import CASES, FOLDED, folded, sliced
from lifetracker.core.guarding.lists import Lists, kept_in
from lifetracker.core.guarding.pieces import HOLE, NOTHING, Text, joined
from lifetracker.core.guarding.tree import GIVING, GROWING, LOOPS, Tree, given_in, grown_in, pairs

DEEPEST = 10  # steps from a name to what it holds
WIDEST = 6  # alternatives of one expression that are looked at
LONGEST = 20_000  # steps from one expression to all that it may say; whoever needs more is not followed, but told of
OPENING = ("format", "format_map", "substitute", "safe_substitute")
ADDING = ("__add__", "add", "concat", "iconcat")
UNCHANGED = ("encode", "decode", "__str__", "getvalue")


class Texts:
    """The texts of one module, and every name that it gives a value, with the value (`given`).

    `elsewhere` tells what a name of another module holds.
    """

    def __init__(self, tree: Tree, elsewhere: Callable[[ast.AST], list[Text]]) -> None:
        self._elsewhere: Callable[[ast.AST], list[Text]] = lambda _: []
        self._held: dict[str, list[ast.expr]] = {}
        self._grown: dict[str, list[ast.expr]] = {}
        self._lists = Lists(self._held, self._grown, self.of)
        self._known: dict[int, list[Text]] | None = None
        self._open: list[str] = []  # names that are being followed
        self._steps = 0
        self.tangled: list[ast.AST] = []
        self.given: list[tuple[str, ast.expr]] = []
        given = [pair for node in tree.each(*GIVING) for pair in given_in(node)]
        self._learn(sorted(given, key=_place))
        for name, value in sorted((pair for node in tree.each(*GROWING) for pair in grown_in(node)), key=_place):
            self._grown.setdefault(name, []).append(value)
        for loop in tree.each(*LOOPS):
            self._learn(pair for each in self._lists.elements(loop.iter) or [] for pair in pairs(loop.target, each))
        self._elsewhere = elsewhere  # not before: another module may ask for what is here

    def _learn(self, given: Iterable[tuple[str, ast.expr]]) -> None:
        for name, value in given:
            self.given.append((name, value))
            self._held.setdefault(name, []).append(value)

    def settle(self) -> None:
        """From now on what was found is kept: every name of the house is known."""
        self._known = {}

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

    def is_glued(self, node: ast.AST) -> bool:
        """Whether it says more than the constants in it do by themselves."""
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            return name in GLUING or f"{name}()" in self._held
        return isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Subscript))

    def of(self, node: ast.AST, depth: int = 0) -> list[Text]:
        """All that an expression may say; nothing where it is no text, or only a hole."""
        if self._known and id(node) in self._known:
            return self._known[id(node)]
        if depth == 0:
            self._steps = 0
        self._steps += 1
        if depth > DEEPEST or self._is_tangled(node):
            return []
        found = self._of(node, depth + 1)[:WIDEST]
        if depth == 0 and self._known is not None:
            self._known[id(node)] = found
        return found

    def _is_tangled(self, node: ast.AST) -> bool:
        if self._steps == LONGEST:
            self.tangled.append(node)
        return self._steps >= LONGEST

    def _of(self, node: ast.AST, depth: int) -> list[Text]:
        match node:
            case ast.Constant(value=str(said)):
                return [Text((said,))]
            case ast.Constant(value=bytes(said)):
                return [Text((said.decode("latin-1"),))]
            case ast.JoinedStr(values=values):
                return joined([self._or_hole(value, depth) for value in values], NOTHING, WIDEST)
            case ast.Name(id=name):
                return self._of_name(node, name, depth)
            case ast.Attribute(value=ast.Attribute() as member, attr="value") if "value" not in self._held:
                return self.of(member, depth)  # of an Enum
            case ast.Attribute(attr=name):
                return self._of_name(node, name, depth)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._of_operation(left, operator, right, depth)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="str" | "bytes"), attr=name), args=[of, *args]):
                return self._of_method(of, name, args, node.keywords, depth)
            case ast.Call(func=ast.Attribute(value=of, attr=name), args=args):
                return self._of_method(of, name, args, node.keywords, depth) or self._of_call(node, depth)
            case ast.Call():
                return self._of_call(node, depth)
            case ast.Subscript(value=of, slice=key):
                return self._of_part(of, key, depth)
            case (
                ast.FormattedValue(value=value)
                | ast.NamedExpr(value=value)
                | ast.Await(value=value)
                | ast.Starred(value=value)
            ):
                return self.of(value, depth)
            case ast.IfExp(body=one, orelse=other):
                return [*self.of(one, depth), *self.of(other, depth)]
            case ast.BoolOp(values=values):
                return [text for value in values for text in self.of(value, depth)]
        return []

    def _of_name(self, node: ast.AST, name: str, depth: int) -> list[Text]:
        found = self._of_held(name, depth)
        return found or (self._elsewhere(node) if name not in self._held or isinstance(node, ast.Attribute) else [])

    def _of_held(self, name: str, depth: int) -> list[Text]:
        """What was given to a name, wherever; one that leads back to itself does so once."""
        if name not in self._held or self._open.count(name) > 1:
            return []
        self._open.append(name)
        found = [text for value in self._held[name][:WIDEST] for text in self.of(value, depth)]
        self._open.pop()
        return found

    def _of_operation(self, left: ast.expr, operator: ast.operator, right: ast.expr, depth: int) -> list[Text]:
        match operator, right:
            case ast.Add(), _:
                return self._added(left, right, depth)
            case ast.Mod(), ast.Tuple(elts=args):
                return self._opened(left, args, {}, depth)
            case ast.Mod(), _:
                return self._opened(left, [right], self._lists.mapping(right), depth)
            case ast.Mult(), _:
                return self.of(left, depth) or self.of(right, depth)
        return []

    def _of_method(
        self, of: ast.expr, name: str, args: Sequence[ast.expr], keywords: Sequence[ast.keyword], depth: int
    ) -> list[Text]:
        """What a method of a text answers: `" ".join(parts)`, `"{}".format(x)`, `"x".upper()`."""
        if name == "join" and args:
            return self._of_join(of, args[0], depth)
        if name in OPENING:
            named = {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
            for each in (*args, *(keyword.value for keyword in keywords if not keyword.arg)):
                named |= self._lists.mapping(each)
            return self._opened(of, args, named, depth)
        if name in ADDING and args:
            return self._of_two(of if len(args) == 1 else args[0], args[-1], depth)
        if name == "get" and args:
            return self._of_part(of, args[0], depth)
        if name in CASES:
            return [text.changed(lambda piece: getattr(piece, name)()) for text in self.of(of, depth)]
        if name in FOLDED:
            return [self._folded(text, name, args, depth) for text in self.of(of, depth)]
        return self.of(of, depth) if name in UNCHANGED else self._of_held(f"{name}()", depth)

    def _of_call(self, call: ast.Call, depth: int) -> list[Text]:
        match call.func, call.args:
            case ast.Name(id="chr"), [ast.Constant(value=int(number))]:
                return [Text((chr(number),))] if number < 0x110000 else []
            case ast.Name(id=name), _ if f"{name}()" in self._held:
                return self._of_held(f"{name}()", depth)
            case ast.Name(id=name), [one, other] if name in ADDING:
                return self._of_two(one, other, depth)
        # `str(x)`, `Template(x)`, `cast(str, x)`: whatever takes one text may well give it back.
        return [text for value in call.args for text in self.of(value, depth)] if len(call.args) < 3 else []

    def _folded(self, text: Text, name: str, args: Sequence[ast.expr], depth: int) -> Text:
        try:
            return folded(text, name, [self._lists.constant(each, depth) for each in args])
        except (ValueError, TypeError):  # not all that it is given is written out
            return text

    def _of_part(self, of: ast.expr, key: ast.expr, depth: int) -> list[Text]:
        """`parts[0]`, `words["verb"]`, `"sresu"[::-1]`."""
        if isinstance(key, ast.Slice):
            return sliced(self.of(of, depth), key)
        if not isinstance(key, (ast.Constant, ast.UnaryOp)):
            return []
        name = of.id if isinstance(of, ast.Name) else of.attr if isinstance(of, ast.Attribute) else ""
        values = self._held.get(name, [of])[:WIDEST]
        kept = (kept_in(self._lists.written(value, depth), key) for value in values)
        return [text for value in kept if value is not None for text in self.of(value, depth)]

    def _opened(self, node: ast.expr, args: Sequence[ast.expr], named: dict[str, ast.expr], depth: int) -> list[Text]:
        """`"%s FROM %s" % (verb, table)`, `"{} FROM {table}".format(verb, table=table)`."""
        known = {str(place): value for place, value in enumerate(args)} | named
        in_turn = iter(args)

        def given(name: str) -> Text | None:
            value = known.get(name) if name else next(in_turn, None)
            return self._first(value, depth) if value is not None else None

        return [text.opened(given) for text in self.of(node, depth)]

    def _of_join(self, glue: ast.expr, parts: ast.expr, depth: int) -> list[Text]:
        elements = self._lists.elements(parts, depth)
        if elements is None:
            return []
        alternatives = [self._or_hole(element, depth) for element in elements]
        return [whole for each in self.of(glue, depth) for whole in joined(alternatives, each, WIDEST)]

    def _added(self, left: ast.expr, right: ast.expr, depth: int) -> list[Text]:
        ours, theirs = self.of(left, depth), self.of(right, depth)
        if not ours and not theirs:
            return []
        return [one + other for one in ours or [HOLE] for other in theirs or [HOLE]][:WIDEST]

    def _of_two(self, left: ast.expr, right: ast.expr, depth: int) -> list[Text]:
        """What `add(a, b)` answers, where both are texts: else it is the `add` of something else."""
        return self._added(left, right, depth) if self.of(left, depth) and self.of(right, depth) else []

    def _or_hole(self, node: ast.AST, depth: int) -> list[Text]:
        return self.of(node, depth) or [HOLE]

    def _first(self, node: ast.AST, depth: int = 0) -> Text | None:
        return next(iter(self.of(node, depth)), None)


def _place(given: tuple[str, ast.expr]) -> tuple[int, int]:
    return given[1].lineno, given[1].col_offset


GLUING = frozenset((*OPENING, *ADDING, *CASES, *FOLDED, "join", "chr", "get"))
