"""Reads the source of the package for the guards: its modules and rooms, and every use of what comes from elsewhere.

On `ast` alone: nothing that is judged is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.machinery import all_suffixes
from pathlib import Path

from lifetracker.core.guarding.names import GETTERS, Names, Origins
from lifetracker.core.guarding.pieces import Text
from lifetracker.core.guarding.rooms import PACKAGE, package_of, room_of
from lifetracker.core.guarding.text import Texts
from lifetracker.core.guarding.tree import Tree

# What Python, or a tool that builds for it, takes for code and this reader cannot. SQL has no file outside migrations.
BUILT = (".pyw", ".pyx", ".pxd", ".pyi", ".pyd", ".pth", ".pyz", ".egg", ".whl", ".zip")
CODE = {*all_suffixes(), *BUILT} - {".py"}
DEEPEST = 12  # modules that a name is passed on by, and rounds in which names learn of each other


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
    tree: Tree
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
        made = {node.name for node in self.tree.each(ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)}
        return made | self.texts.names | self.names.all

    @cached_property
    def names(self) -> Names:
        return Names(self.tree, self.texts, self.resolve, self.house.follow)

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.tree, self._elsewhere)

    def _elsewhere(self, node: ast.AST) -> list[Text]:
        """What a constant of another module of ours says; nothing where the way leads in a circle."""
        if id(node) in self._asked:
            return []
        self._asked.add(id(node))
        found: list[Text] = []
        for origin in self.names.origins(node):
            module = self.house.module_of(origin) if origin.startswith(f"{PACKAGE}.") else None
            if module is not None and module is not self and module.dotted != origin:
                found += module.texts.named(origin.removeprefix(f"{module.dotted}."))
        self._asked.remove(id(node))
        return found

    @cached_property
    def uses(self) -> list[Use]:
        return list(_uses(self))

    def settle(self) -> None:
        """Every name of the house is known: what is found out from now on is kept."""
        self.texts.settle()
        self.names.settle()

    def attribute(self, node: ast.AST) -> str | None:
        """The name that is taken of a value, written as one or as a text: `tx.commit`, `getattr(tx, "commit")`."""
        match node:
            case ast.Attribute(attr=name):
                return name
            case ast.Call(func=ast.Name(id="getattr" | "setattr"), args=[_, name, *_]):
                return self._said(name)
            case ast.Call(func=ast.Attribute(attr="__getattribute__" | "__getattr__"), args=[*_, name]):
                return self._said(name)
            case ast.Call(func=ast.Name(id=getter) | ast.Attribute(attr=getter), args=[name, *_]):
                is_one = f"operator.{getter}" in GETTERS or self.names.origins(node.func) & GETTERS
                return self._said(name) if is_one else None
            case ast.Subscript(value=ast.Attribute(attr="__dict__") | ast.Call(func=ast.Name(id="vars")), slice=name):
                return self._said(name)
        return None

    def _said(self, name: ast.AST) -> str | None:
        return next((text.plain.rpartition(".")[2] for text in self.texts.of(name) if text.is_plain), None)

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


class House:
    """The package as found below a folder; `unreadable` are files that cannot be judged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: dict[str, Module] = {}
        self.unreadable: list[Violation] = []
        self._lies_in: dict[str, Module | None] = {}
        self._followed: dict[str, Origins] | None = None
        for file in sorted(folder.rglob("*")):
            if "__pycache__" not in file.parts or file.suffix == ".py":
                self._take(file)
        self._learn()

    def _learn(self) -> None:
        """What each name stands for, until nothing new comes of it: one may lead to another in any module."""
        for _ in range(DEEPEST):
            if not sum(module.names.learn() for module in self.modules.values()):
                break
        self._followed = {}
        for module in self.modules.values():
            module.settle()

    def _take(self, file: Path) -> None:
        path = f"{PACKAGE}/{file.relative_to(self.folder).as_posix()}"
        if file.is_symlink():
            self._refuse(path, "a link may lead anywhere: put the file itself")
        elif file.is_file() and file.suffix == ".py":
            self._parse(file, path)
        elif file.is_file() and (file.suffix.lower() in CODE or _is_stray_sql(path)):
            self._refuse(path, "no Python source, so it cannot be judged")

    def _parse(self, file: Path, path: str) -> None:
        dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        try:
            tree = ast.parse(file.read_bytes(), path)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
            self._refuse(path, f"cannot be parsed: {error.args[0]}", getattr(error, "lineno", None) or 1)
            return
        if dotted in self.modules or "__pycache__" in file.parts:
            self._refuse(path, "another file hides it, or its place does")
        self.modules[dotted] = Module(path, dotted, Tree(tree), self)

    def _refuse(self, path: str, message: str, line: int = 1) -> None:
        self.unreadable.append(Violation(path, line, 1, "unreadable", message))

    def module_of(self, origin: str) -> Module | None:
        """The module that a full name lies in, or is."""
        if origin not in self._lies_in:
            parts = origin.split(".")
            above = (self.modules.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
            self._lies_in[origin] = next((module for module in above if module is not None), None)
        return self._lies_in[origin]

    def follow(self, origin: str) -> Origins:
        """Where a name of our own comes from in the end: a module may pass on what it imported."""
        if not origin.startswith(f"{PACKAGE}."):
            return frozenset({origin})
        if self._followed is None:
            return self._follow(origin, 0)
        found = self._followed.get(origin)
        if found is None:
            found = self._followed[origin] = self._follow(origin, 0)
        return found

    def _follow(self, origin: str, depth: int) -> Origins:
        module = self.module_of(origin) if origin.startswith(f"{PACKAGE}.") and depth < DEEPEST else None
        if module is None or module.dotted == origin:
            return frozenset({origin})
        name, _, rest = origin.removeprefix(f"{module.dotted}.").partition(".")
        found = {f"{start}.{rest}" if rest else start for start in module.names.bound(name)}
        followed = {end for start in found if start != origin for end in self._follow(start, depth + 1)}
        return frozenset(followed | {origin})


def _is_stray_sql(path: str) -> bool:
    return path.lower().endswith(".sql") and not path.startswith(f"{PACKAGE}/migrations/")


def _uses(module: Module) -> Iterator[Use]:
    for alias, imported in ((alias, node) for node in module.tree.each(ast.Import) for alias in node.names):
        yield Use(alias.name, imported)
    for taken in module.tree.each(ast.ImportFrom):
        base = module.resolve(taken.level, taken.module)
        origins = (origin for alias in taken.names for origin in module.house.follow(f"{base}.{alias.name}"))
        yield from (Use(origin, taken) for origin in origins)
    # From the inside out: each is made of what is known already. A name is asked for what it gives, not for `x: int`.
    read = [name for name in module.tree.each(ast.Name) if isinstance(name.ctx, ast.Load)]
    for node in (*read, *reversed(module.tree.each(ast.Attribute, ast.Call, ast.Subscript))):
        yield from (Use(origin, node) for origin in module.names.origins(node))
