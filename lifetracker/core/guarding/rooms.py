"""Which package a module is of, and what kind of room it is: both told by its name alone."""

from __future__ import annotations

PACKAGE = "lifetracker"
ROOMS = ("router", "dependencies", "service", "repository", "models", "schemas")
PLURALS = {"routers": "router", "services": "service", "repositories": "repository"}


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
