"""The guards of the house: which room may use which, which package another, and who may know the web framework."""

from __future__ import annotations

from collections.abc import Iterator

from lifetracker.core.guarding.imports import needed, reached
from lifetracker.core.guarding.rooms import PACKAGE, package_of, room_of
from lifetracker.core.guarding.source import House, Module, Use, Violation

# From left to right: each may use those to its right. Names that share a place may use each other.
ORDER = (
    ("__main__", "main", "application", "about", "cli", "wiring", "migrations"),
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
    *("db", "db.door", "db.units", "db.statements_repository", "http.route", "errors", "logging", "auth", "guards"),
    *("day", "config"),
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
AT_THE_TOP = {
    "main": SHARED,
    "application": (*SHARED, "router", "dependencies"),
    "about": SHARED,
    "migrations": (*SHARED, "models"),
}
HTTP = ("fastapi", "starlette", "uvicorn")
# Who may know the web framework: a room of core, some rooms of each feature, and modules at the top.
HTTP_IN_CORE = f"{PACKAGE}.core.http"
HTTP_IN_FEATURES = ("router", "dependencies")
HTTP_AT_THE_TOP = ("main", "application", "about")


def unreadable(house: House) -> Iterator[Violation]:
    """Files that cannot be judged."""
    yield from house.unreadable


def missing_rooms(house: House) -> Iterator[Violation]:
    """Rooms that the rules are about and that are not there: a rule without its room guards nothing."""
    wanted = [f"{PACKAGE}.core.{room}" for room in CORE_ROOMS]
    wanted += [f"{PACKAGE}.{feature}.{room}" for feature in FEATURES for room in FEATURE_ROOMS]
    wanted += [f"{PACKAGE}.{name}" for name in ("main", "application", "cli", "wiring", "migrations")]
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
    """The web framework, or what loads it, anywhere but in the rooms that may know it."""
    loading = _loading_the_framework(house)
    for module in house.modules.values():
        if _may_know_http(module):
            continue
        for use in module.uses:
            if _is_framework(use):
                yield module.violation("http", use.node, f"{use.origin} below the router")
            elif use.comes_from(HTTP_IN_CORE) and (target := house.module_of(use.origin)) and target.dotted in loading:
                yield module.violation("http", use.node, f"{target.dotted} loads the web framework")


def _may_know_http(module: Module) -> bool:
    if module.package == "core":
        return _is_room_for_http(module.dotted)
    return module.package in HTTP_AT_THE_TOP or (module.package in FEATURES and module.room in HTTP_IN_FEATURES)


def _is_room_for_http(dotted: str) -> bool:
    return dotted == HTTP_IN_CORE or dotted.startswith(f"{HTTP_IN_CORE}.")


def _loading_the_framework(house: House) -> set[str]:
    """Modules of core's room for HTTP that import the framework, or one of each other that does."""
    needs = {dotted: needed(module) for dotted, module in house.modules.items() if _is_room_for_http(dotted)}
    knowing = {dotted for dotted in needs if any(map(_is_framework, house.modules[dotted].uses))}
    return {dotted for dotted in needs if reached(dotted, needs) & knowing}


def _is_framework(use: Use) -> bool:
    return use.comes_from(*HTTP) or _is_kin(use)


def _is_kin(use: Use) -> bool:
    """What is made for the web framework: `sse_starlette`, `fastapi_users`."""
    package = use.origin.partition(".")[0].split("_")
    return "fastapi" in package or "starlette" in package
