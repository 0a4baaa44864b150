"""Reads the source of the package for the guards: its modules and rooms, and where every name in them comes from.

On `ast` alone: nothing that is judged is imported. Where a name may stand for several things, all of them count, so
that a rule errs on the side of asking.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.machinery import all_suffixes
from pathlib import Path

from lifetracker.core.guard_text import Text, Texts

PACKAGE = "lifetracker"
ROOMS = ("router", "dependencies", "service", "repository", "models", "schemas")
PLURALS = {"routers": "router", "services": "service", "repositories": "repository"}
# Of what is there without an import, what the rules ask about, and what leads to it.
BUILTINS = frozenset(
    ("print", "breakpoint", "exec", "eval", "compile", "__import__", "open", "getattr", "vars", "globals", "locals")
)
# Calls that answer a logger.
LOGGERS = {"logging.getLogger": "logging.root", "logging.root.getChild": "logging.root"} | {
    f"loguru.logger.{name}": "loguru.logger" for name in ("bind", "opt", "patch")
}
DEEPEST = 12  # steps that a name is followed

Origins = frozenset[str]
NOWHERE: Origins = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One sentence on one place: `path` begins with `lifetracker/`, `line` and `column` with 1."""

    path: str
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column} {self.rule} {self.message}"


@dataclass(frozen=True, slots=True)
class Use:
    """An expression or an import, and the full name of what it stands for: `sqlalchemy.text`."""

    origin: str
    node: ast.AST

    def comes_from(self, *names: str) -> bool:
        """Whether it is one of these, or below one."""
        return self.origin in names or self.origin.startswith(_above(names))

    @property
    def last(self) -> str:
        return self.origin.rpartition(".")[2]


@lru_cache
def _above(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}." for name in names)


@dataclass(eq=False)
class Module:
    """One file. `dotted` is its full name; `room` what kind of module it is, `pure` where its name tells no other."""

    path: str
    dotted: str
    tree: ast.Module
    house: House = field(repr=False)
    _asked: set[int] = field(default_factory=set, repr=False)

    @property
    def package(self) -> str:
        """The first name below `lifetracker`: a package, or a module of its own such as `cli`."""
        return package_of(self.dotted)

    @property
    def room(self) -> str:
        return room_of(self.dotted)

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @cached_property
    def defined(self) -> set[str]:
        """Names that it gives a meaning itself."""
        made = {
            node.name for node in self.nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
        }
        return made | self.texts.names | self.names.all

    @cached_property
    def names(self) -> Names:
        self.__dict__["names"] = names = Names(self)  # there already while it learns: a name may lead back here
        names.learn()
        return names

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.nodes, self._elsewhere)

    def _elsewhere(self, node: ast.AST) -> list[Text]:
        """What a constant of another module of ours says; nothing where the way leads in a circle."""
        if id(node) in self._asked:
            return []
        self._asked.add(id(node))
        found: list[Text] = []
        for origin in self.names.origins(node):
            module = self.house.module_of(origin)
            if module not in (None, self) and module is not None and module.dotted != origin:
                found += module.texts.named(origin.removeprefix(f"{module.dotted}."))
        self._asked.remove(id(node))
        return found

    @cached_property
    def uses(self) -> list[Use]:
        return list(_uses(self))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    def attribute(self, node: ast.AST) -> str | None:
        """The name that is taken of a value, written as one or as a text: `tx.commit`, `getattr(tx, "commit")`."""
        match node:
            case ast.Attribute(attr=name):
                return name
            case (
                ast.Call(func=ast.Name(id="getattr"), args=[_, name, *_])
                | ast.Call(func=ast.Name(id="methodcaller" | "attrgetter"), args=[name, *_])
                | ast.Call(func=ast.Attribute(attr="methodcaller" | "attrgetter"), args=[name, *_])
                | ast.Call(func=ast.Attribute(attr="__getattribute__" | "__getattr__"), args=[name, *_])
            ):
                return next((text.plain.rpartition(".")[2] for text in self.texts.of(name) if text.is_plain), None)
        return None

    def violation(self, rule: str, node: ast.AST, message: str) -> Violation:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        return Violation(self.path, line, column, rule, message)

    def resolve(self, level: int, name: str | None) -> str:
        """The full name that `from …name import` means, `level` dots up from here."""
        if level == 0:
            return name or ""
        parts = self.dotted.split(".")
        if not self.is_package:
            parts = parts[:-1]
        base = parts[: len(parts) - (level - 1)] if level > 1 else parts
        return ".".join([*base, name] if name else base)


def package_of(dotted: str) -> str:
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 else ""


def room_of(dotted: str) -> str:
    """Told by any part of the name below the package: `daily_log.import_service`, `users.repositories.extra`."""
    for part in dotted.split(".")[2:]:
        part = PLURALS.get(part, part)
        for room in ROOMS:
            if part == room or part.endswith(f"_{room}"):
                return room
    return "pure"


class House:
    """The package as found below a folder; `unreadable` are files that cannot be judged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: dict[str, Module] = {}
        self.unreadable: list[Violation] = []
        for file in sorted(folder.rglob("*")):
            if "__pycache__" not in file.parts or file.suffix == ".py":
                self._take(file)

    def _take(self, file: Path) -> None:
        path = f"{PACKAGE}/{file.relative_to(self.folder).as_posix()}"
        if file.is_symlink():
            self.unreadable.append(Violation(path, 1, 1, "unreadable", "a link may lead anywhere: put the file itself"))
        elif file.is_file() and file.suffix == ".py":
            self._parse(file, path)
        elif file.is_file() and (file.suffix in all_suffixes() or file.suffix in (".pyx", ".pth", ".pyi")):
            self.unreadable.append(Violation(path, 1, 1, "unreadable", "no Python source, so it cannot be judged"))

    def _parse(self, file: Path, path: str) -> None:
        dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        try:
            tree = ast.parse(file.read_bytes(), path)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
            line = getattr(error, "lineno", None) or 1
            self.unreadable.append(Violation(path, line, 1, "unreadable", f"cannot be parsed: {error.args[0]}"))
            return
        if dotted in self.modules or "__pycache__" in file.parts:
            self.unreadable.append(Violation(path, 1, 1, "unreadable", "another file hides it, or its place does"))
        self.modules[dotted] = Module(path, dotted, tree, self)

    def module_of(self, origin: str) -> Module | None:
        """The module that a full name lies in, or is."""
        parts = origin.split(".")
        for length in range(len(parts), 0, -1):
            module = self.modules.get(".".join(parts[:length]))
            if module is not None:
                return module
        return None

    def follow(self, origin: str, depth: int = 0) -> Origins:
        """Where a name of our own comes from in the end: a module may pass on what it imported."""
        module = self.module_of(origin) if origin.startswith(f"{PACKAGE}.") and depth < DEEPEST else None
        if module is None or module.dotted == origin:
            return frozenset({origin})
        name, _, rest = origin.removeprefix(f"{module.dotted}.").partition(".")
        found = {f"{start}.{rest}" if rest else start for start in module.names.bound(name)}
        followed = {end for start in found if start != origin for end in self.follow(start, depth + 1)}
        return frozenset(followed | {origin})


class Names:
    """What each name of a module may stand for: imports, and plain assignments of what was imported."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._bindings: dict[str, set[str]] = {}
        self._stars: list[str] = []
        for node in module.nodes:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node)

    def learn(self) -> None:
        """What the assignments say, until nothing new comes of it."""
        for _ in range(DEEPEST):
            if not self._assign_all(self._module.texts.given):
                break

    @property
    def all(self) -> set[str]:
        return set(self._bindings)

    def bound(self, name: str) -> set[str]:
        return self._bindings.get(name, set())

    def origins(self, node: ast.AST | None, depth: int = 0) -> Origins:
        """All that an expression may stand for, by its full names; nothing for what is made here."""
        if node is None or depth > DEEPEST:
            return NOWHERE
        match node:
            case ast.Name(id=name):
                return self._of_name(name)
            case ast.Attribute(value=value, attr=name):
                return self._below(value, [name], depth)
            case ast.Call():
                return self._of_call(node, depth)
            case ast.Subscript(value=ast.Attribute(value=value, attr="__dict__"), slice=key):
                return self._below(value, self._words(key), depth)
            case ast.Subscript(value=ast.Name(id="__builtins__"), slice=key):
                return frozenset(f"builtins.{word}" for word in self._words(key))
            case ast.Subscript(value=ast.Call(func=function, args=args), slice=key):
                return self._of_table(function, args, key, depth)
            case ast.Subscript(value=value, slice=key) if "sys.modules" in self.origins(value, depth + 1):
                return frozenset(self._words(key))
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

    def _below(self, value: ast.AST, names: Sequence[str], depth: int) -> Origins:
        return self._followed(f"{base}.{name}" for base in self.origins(value, depth + 1) for name in names)

    def _followed(self, origins: Iterable[str]) -> Origins:
        return frozenset().union(*(self._module.house.follow(origin) for origin in origins))

    def _of_call(self, call: ast.Call, depth: int) -> Origins:
        """`getattr(sqlalchemy, "text")`, `import_module("sqlalchemy")` and the like."""
        functions = self.origins(call.func, depth + 1)
        if "builtins.getattr" in functions and len(call.args) > 1:
            return self._below(call.args[0], self._words(call.args[1]), depth)
        if functions & {"importlib.import_module", "builtins.__import__"} and call.args:
            return frozenset(self._module.resolve(*_dots(word)) for word in self._words(call.args[0]))
        if isinstance(call.func, ast.Attribute) and call.func.attr == "__getattribute__" and call.args:
            return self._below(call.func.value, self._words(call.args[0]), depth)
        if functions & LOGGERS.keys():
            return frozenset(LOGGERS[function] for function in functions & LOGGERS.keys())
        if isinstance(call.func, ast.Call) and call.args:
            getters = self.origins(call.func.func, depth + 1)
            if getters & {"operator.attrgetter", "operator.itemgetter"} and call.func.args:
                return self._below(call.args[0], self._words(call.func.args[0]), depth)
        return NOWHERE

    def _of_table(self, function: ast.AST, args: Sequence[ast.AST], key: ast.AST, depth: int) -> Origins:
        """`vars(sqlalchemy)["text"]`, `globals()["print"]`."""
        functions = self.origins(function, depth + 1)
        if "builtins.vars" in functions and args:
            return self._below(args[0], self._words(key), depth)
        if functions & {"builtins.vars", "builtins.globals", "builtins.locals"}:
            return frozenset().union(*(self._of_name(word) for word in self._words(key)))
        return NOWHERE

    def _words(self, node: ast.AST) -> list[str]:
        """What a text that is no expression of ours says, put together where it is in pieces."""
        return [text.plain for text in self._module.texts.of(node) if text.is_plain]

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self._bind(bound, alias.name if alias.asname else bound)
        else:
            base = self._module.resolve(node.level, node.module)
            for alias in node.names:
                if alias.name == "*":
                    self._stars.append(base)
                else:
                    self._bind(alias.asname or alias.name, f"{base}.{alias.name}")

    def _assign_all(self, given: Iterable[tuple[str, ast.expr]]) -> bool:
        """Whether any name learnt something new."""
        before = sum(map(len, self._bindings.values()))
        for target, value in given:
            for origin in self.origins(value):
                self._bind(target, origin)
        return sum(map(len, self._bindings.values())) > before

    def _bind(self, name: str, origin: str) -> None:
        self._bindings.setdefault(name, set()).add(origin)


def _uses(module: Module) -> Iterator[Use]:
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from (Use(alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.resolve(node.level, node.module)
            for alias in node.names:
                yield from (Use(origin, node) for origin in module.house.follow(f"{base}.{alias.name}"))
        elif isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
            yield from (Use(origin, node) for origin in module.names.origins(node))


def _dots(word: str) -> tuple[int, str]:
    name = word.lstrip(".")
    return len(word) - len(name), name
