"""Where the names of a module come from, for the guards: imports, and whatever was given a second name.

Where a name may stand for several things, all of them count, so that a rule errs on the side of asking.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from lifetracker.core.guarding.text import Texts
from lifetracker.core.guarding.tree import Tree

# Of what is there without an import, what the rules ask about, and what leads to it.
BUILTINS = frozenset(
    ("print", "breakpoint", "exec", "eval", "compile", "__import__", "open", "getattr", "vars", "globals", "locals")
)
# Calls that answer a logger.
LOGGERS = {"logging.getLogger": "logging.root", "logging.root.getChild": "logging.root"} | {
    f"loguru.logger.{name}": "loguru.logger" for name in ("bind", "opt", "patch")
}
HERE = "<the names of this module>"  # what `globals()` answers
TABLES = {"builtins.vars", "builtins.globals", "builtins.locals"}
TAKING = ("get", "pop", "setdefault", "__getitem__")
GETTERS = {"operator.attrgetter", "operator.itemgetter", "operator.methodcaller"}
OWN = ("self", "cls")
DEEPEST = 12  # steps that a name is followed

Origins = frozenset[str]
NOWHERE: Origins = frozenset()


class Names:
    """What each name of a module may stand for: imports, and plain assignments of what was imported.

    `resolve` tells what `from …name import` means in that module, `follow` where a name of the house leads in the end.
    """

    def __init__(
        self,
        tree: Tree,
        texts: Texts,
        resolve: Callable[[int, str | None], str],
        follow: Callable[[str], Origins],
    ) -> None:
        self._texts = texts
        self._resolve = resolve
        self._follow = follow
        self._bindings: dict[str, set[str]] = {}
        self._stars: list[str] = []
        self._known: dict[int, Origins] | None = None
        self._classes = {node.name for node in tree.each(ast.ClassDef)}
        for node in tree.each(ast.Import, ast.ImportFrom):
            self._import(node)

    def learn(self) -> bool:
        """What the assignments say; whether any name learnt something new by it."""
        before = sum(map(len, self._bindings.values()))
        for target, value in self._texts.given:
            for origin in self.origins(value):
                self._bind(target, origin)
        return sum(map(len, self._bindings.values())) > before

    def settle(self) -> None:
        """From now on what was found is kept: every name of the house is known."""
        self._known = {}

    @property
    def all(self) -> set[str]:
        return set(self._bindings)

    def bound(self, name: str) -> set[str]:
        return self._bindings.get(name, set())

    def origins(self, node: ast.AST | None, depth: int = 0) -> Origins:
        """All that an expression may stand for, by its full names; nothing for what is made here."""
        if node is None or depth > DEEPEST:
            return NOWHERE
        if self._known is None:
            return self._origins(node, depth)
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = self._origins(node, depth)
        return found

    def _origins(self, node: ast.AST, depth: int) -> Origins:
        match node:
            case ast.Name(id=name):
                return self._of_name(name)
            case ast.Attribute(value=value, attr="__dict__"):
                return self.origins(value, depth + 1)
            case ast.Attribute(value=value, attr=name):
                return self._below(value, [name], depth) or self._of_own(value, name)
            case ast.Call():
                return self._of_call(node, depth)
            case ast.Subscript(value=value, slice=key):
                return self._below_words(value, key, depth)
            case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.origins(value, depth + 1)
            case ast.IfExp(body=body, orelse=other):
                return self.origins(body, depth + 1) | self.origins(other, depth + 1)
            case ast.BoolOp(values=values):
                return frozenset().union(*(self.origins(value, depth + 1) for value in values))
        return NOWHERE

    def _of_name(self, name: str) -> Origins:
        found = set(self.bound(name))
        if name == "__builtins__":
            found.add("builtins")
        elif name in BUILTINS:
            found.add(f"builtins.{name}")
        if not found:
            found = {f"{star}.{name}" for star in self._stars}
        return self._followed(found)

    def _of_own(self, value: ast.AST, name: str) -> Origins:
        """`self.log`, `Words.sa`: what was given to an attribute of a class that stands here."""
        is_own = isinstance(value, ast.Name) and (value.id in OWN or value.id in self._classes)
        return self._followed(self.bound(name)) if is_own else NOWHERE

    def _below(self, value: ast.AST, names: Sequence[str], depth: int) -> Origins:
        found: set[str] = set()
        for base in self.origins(value, depth + 1):
            for name in names:
                if base == HERE:
                    found |= self._of_name(name)
                else:
                    found.add(name if base == "sys.modules" else f"{base}.{name}")
        return self._followed(found) if found else NOWHERE

    def _below_words(self, value: ast.AST, key: ast.AST, depth: int) -> Origins:
        """`vars(sqlalchemy)["text"]`, `globals().get("print")`, `sys.modules["json"]`."""
        return self._below(value, self._words(key), depth) if self.origins(value, depth + 1) else NOWHERE

    def _followed(self, origins: Iterable[str]) -> Origins:
        return frozenset().union(*(self._follow(origin) for origin in origins))

    def _of_call(self, call: ast.Call, depth: int) -> Origins:
        """`getattr(sqlalchemy, "text")`, `import_module("sqlalchemy")` and the like."""
        functions = self.origins(call.func, depth + 1)
        if "builtins.getattr" in functions and len(call.args) > 1:
            return self._below_words(call.args[0], call.args[1], depth)
        if functions & {"importlib.import_module", "builtins.__import__"} and call.args:
            return frozenset(self._resolve(*_dots(word)) for word in self._words(call.args[0]))
        if functions & TABLES:
            return self.origins(call.args[0], depth + 1) if call.args else frozenset({HERE})
        if functions & LOGGERS.keys():
            return frozenset(LOGGERS[function] for function in functions & LOGGERS.keys())
        return self._of_getter(call, depth)

    def _of_getter(self, call: ast.Call, depth: int) -> Origins:
        match call:
            case ast.Call(func=ast.Call(func=getter, args=[key, *_]), args=[value, *_]):
                return self._below_words(value, key, depth) if self.origins(getter, depth + 1) & GETTERS else NOWHERE
            case ast.Call(func=ast.Attribute(value=value, attr="__getattribute__"), args=[*_, key]):
                return self._below_words(value if len(call.args) == 1 else call.args[0], key, depth)
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=[key, *_]) if name in TAKING:
                return self._below_words(value, key, depth)
            case ast.Call(func=ast.Name(id="dict"), args=[table]):
                return self.origins(table, depth + 1)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return self._followed(self.bound(f"{name}()"))
        return NOWHERE

    def _words(self, node: ast.AST) -> list[str]:
        """What a text that is no expression of ours says, put together where it is in pieces."""
        return [text.plain for text in self._texts.of(node) if text.is_plain]

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self._bind(bound, alias.name if alias.asname else bound)
        else:
            base = self._resolve(node.level, node.module)
            for alias in node.names:
                if alias.name == "*":
                    self._stars.append(base)
                else:
                    self._bind(alias.asname or alias.name, f"{base}.{alias.name}")

    def _bind(self, name: str, origin: str) -> None:
        self._bindings.setdefault(name, set()).add(origin)


def _dots(word: str) -> tuple[int, str]:
    name = word.lstrip(".")
    return len(word) - len(name), name
