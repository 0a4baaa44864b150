"""The guards of imports: none is hidden from those who read the source, and no two modules need each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lifetracker.core.guarding.rooms import PACKAGE
from lifetracker.core.guarding.source import House, Module, Violation


def hidden_imports(house: House) -> Iterator[Violation]:
    """Imports inside functions, and code that is made while it runs: no reader sees where they lead."""
    for module in house.modules.values():
        for node in module.tree.each(ast.FunctionDef, ast.AsyncFunctionDef):
            inner = [each for each in _body(node) if isinstance(each, (ast.Import, ast.ImportFrom))]
            yield from (module.violation("hidden", each, "an import inside a function") for each in inner)
        for use in module.uses:
            if use.origin in RUNTIME and isinstance(use.node, (ast.Name, ast.Attribute, ast.ImportFrom, ast.Subscript)):
                yield module.violation("hidden", use.node, f"{use.origin} leads where no reader sees")


def _body(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below a node; not its expressions, which are most of it."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.stmt):
            yield each
        if isinstance(each, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _body(each)


RUNTIME = frozenset(
    (
        *("builtins.exec", "builtins.eval", "builtins.compile", "builtins.__import__", "sys.modules"),
        *("importlib.import_module", "importlib.util.spec_from_file_location", "importlib.util.module_from_spec"),
        *("importlib.__import__", "importlib.reload", "importlib.machinery.SourceFileLoader", "pkgutil.resolve_name"),
        *("sys.path", "sys.meta_path", "sys.path_hooks", "site.addsitedir"),
        *("runpy.run_module", "runpy.run_path", "code.InteractiveInterpreter", "types.FunctionType"),
    )
)


def cycles(house: House) -> Iterator[Violation]:
    """Modules that need each other before either is there; what only a type checker sees does not count."""
    needs = {module.dotted: needed(module) for module in house.modules.values()}
    for dotted, module in house.modules.items():
        for node, target in needs[dotted]:
            if target != dotted and dotted in reached(target, needs):
                yield module.violation("cycle", node, f"{dotted} and {target} need each other")


def needed(module: Module) -> list[tuple[ast.AST, str]]:
    """What a module imports, at the statement that does it."""
    hidden = {id(inner) for node in module.tree.each(ast.If) if _is_for_types(node) for inner in ast.walk(node)}
    found: list[tuple[ast.AST, str]] = []
    for use in module.uses:
        if isinstance(use.node, (ast.Import, ast.ImportFrom)) and id(use.node) not in hidden:
            target = module.house.module_of(use.origin) if use.comes_from(PACKAGE) else None
            if target is not None and target.dotted != PACKAGE:
                found.append((use.node, target.dotted))
    return found


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def reached(start: str, needs: dict[str, list[tuple[ast.AST, str]]]) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            ahead += [target for _, target in needs.get(here, [])]
    return seen
