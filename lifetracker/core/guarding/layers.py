"""The guards of the house: which room may use which, which package another, and that nothing is hidden from them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lifetracker.core.guarding.rooms import PACKAGE, package_of, room_of
from lifetracker.core.guarding.source import House, Module, Use, Violation

# From left to right: each may use those to its right. Names that share a place may use each other.
ORDER = (
    ("__main__", "main", "cli", "wiring", "migrations"),
    ("ops",),
    ("daily_log",),
    ("challenges",),
    ("templates",),
    ("users",),
    ("core",),
)
PLACE = {name: place for place, names in enumerate(ORDER) for name in names}
FEATURES = ("users", "templates", "challenges", "daily_log")
CORE_ROOMS = (
    "db",
    "db.door",
    "db.units",
    "db.statements_repository",
    "errors",
    "logging",
    "auth",
    "guards",
    "day",
    "config",
)
FEATURE_ROOMS = ("router", "service", "repository", "models", "schemas")
SHARED = ("service", "schemas", "pure")

# Which rooms of its own package a room may use, and which of others.
WITHIN = {
    "router": ("service", "schemas", "pure", "dependencies", "router"),
    "dependencies": ("service", "schemas", "pure", "dependencies"),
    "service": ("service", "repository", "schemas", "pure"),
    "repository": ("repository", "models", "schemas", "pure"),
    "models": ("models", "schemas", "pure"),
    "schemas": ("schemas", "pure"),
    "pure": ("schemas", "pure"),
}
ACROSS = {
    "router": (*SHARED, "dependencies"),
    "dependencies": (*SHARED, "dependencies"),
    "service": SHARED,
    "repository": ("schemas", "pure"),
    "models": ("schemas", "pure"),
    "schemas": ("schemas", "pure"),
    "pure": ("schemas", "pure"),
}
AT_THE_TOP = {"main": (*SHARED, "router", "dependencies"), "migrations": (*SHARED, "models")}
HTTP = ("fastapi", "starlette", "uvicorn")
HTTP_IN_CORE = ("errors", "auth", "db.door")


def unreadable(house: House) -> Iterator[Violation]:
    """Files that cannot be judged."""
    yield from house.unreadable


def missing_rooms(house: House) -> Iterator[Violation]:
    """Rooms that the rules are about and that are not there: a rule without its room guards nothing."""
    wanted = [f"{PACKAGE}.core.{room}" for room in CORE_ROOMS]
    wanted += [f"{PACKAGE}.{feature}.{room}" for feature in FEATURES for room in FEATURE_ROOMS]
    wanted += [f"{PACKAGE}.{name}" for name in ("main", "cli", "wiring", "migrations")]
    for dotted in wanted:
        if dotted not in house.modules:
            below = "/".join(dotted.split(".")[1:])
            path = f"{PACKAGE}/{below}{'/__init__.py' if (house.folder / below).is_dir() else '.py'}"
            yield Violation(path, 1, 1, "missing-room", "the guards look after this module and cannot find it")


def without_place(house: House) -> Iterator[Violation]:
    """Top-level modules and packages that the order does not name."""
    for module in house.modules.values():
        if module.package and module.package not in PLACE:
            yield module.violation(
                "no-place", module.tree.root, f"{module.package} has no place in the order of packages"
            )


def crossed_directions(house: House) -> Iterator[Violation]:
    """Packages that use one to their left."""
    for module, use, target in _steps(house):
        package = package_of(target)
        ours, theirs = PLACE.get(module.package, 0), PLACE.get(package, 0)
        if module.package and package != module.package and theirs < ours:
            message = f"{module.package} uses {target}, which stands to its left"
            yield module.violation("direction", use.node, message)


def crossed_layers(house: House) -> Iterator[Violation]:
    """Rooms that use one that is not theirs to use."""
    for module, use, target in _steps(house):
        if module.package == package_of(target) == "core":
            continue
        if room_of(target) not in _usable(module, package_of(target)):
            yield module.violation("layer", use.node, f"{_called(module)} uses {target}")


def _usable(module: Module, package: str) -> tuple[str, ...]:
    if package == "core":
        return (*SHARED, "models") if module.package not in ("migrations",) else (*SHARED, "models", "repository")
    if module.package not in FEATURES:
        return WITHIN["service"] if module.package == package else AT_THE_TOP.get(module.package, SHARED)
    return (WITHIN if module.package == package else ACROSS)[module.room]


def _called(module: Module) -> str:
    return f"the {module.room} {module.dotted}" if module.room != "pure" else module.dotted


def _steps(house: House) -> Iterator[tuple[Module, Use, str]]:
    """Every use of one module of ours in another: the module, the use, and the full name of what is used."""
    for module in house.modules.values():
        for use in module.uses:
            target = _target(house, use)
            if target is not None and target != module.dotted:
                yield module, use, target


def _target(house: House, use: Use) -> str | None:
    """The module of ours that is used. One that is named and not there counts by its name: rules fail closed."""
    module = house.module_of(use.origin) if use.comes_from(PACKAGE) else None
    if module is None:
        return None
    name = use.origin.removeprefix(module.dotted).lstrip(".").partition(".")[0]
    if module.is_package and name and name not in module.defined:
        return use.origin
    return module.dotted if module.dotted != PACKAGE else None


def http_below_router(house: House) -> Iterator[Violation]:
    """The web framework anywhere but in routers, their dependencies, `main`, and three modules of core."""
    for module in house.modules.values():
        if module.package == "main" or (module.package in FEATURES and module.room in ("router", "dependencies")):
            continue
        if module.package == "core" and module.dotted.split(".")[2:] in [[name] for name in HTTP_IN_CORE]:
            continue
        for use in module.uses:
            if use.comes_from(*HTTP) or _is_kin(use):
                yield module.violation("http", use.node, f"{use.origin} below the router")


def _is_kin(use: Use) -> bool:
    """What is made for the web framework: `sse_starlette`, `fastapi_users`."""
    package = use.origin.partition(".")[0].split("_")
    return "fastapi" in package or "starlette" in package


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
    needs = {module.dotted: _needed(module) for module in house.modules.values()}
    for dotted, module in house.modules.items():
        for node, target in needs[dotted]:
            if target != dotted and dotted in _reached(target, needs):
                yield module.violation("cycle", node, f"{dotted} and {target} need each other")


def _needed(module: Module) -> list[tuple[ast.AST, str]]:
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


def _reached(start: str, needs: dict[str, list[tuple[ast.AST, str]]]) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            ahead += [target for _, target in needs.get(here, [])]
    return seen
