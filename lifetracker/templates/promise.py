"""What templates and challenges promise alike, and how changes fall in with it. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Any

from lifetracker.core.errors import Invalid
from lifetracker.templates.goal import contradictions

Promise = dict[str, Any]

FIELDS = (
    "title",
    "description",
    "kind",
    "direction",
    "target",
    "unit",
    "schedule",
    "duration_days",
    "on_miss",
    "allowed_misses",
    "tags",
    "color",
    "icon",
)


def overlaid(promise: Promise, changes: Promise) -> Promise:
    """The promise under these changes, completed; `Invalid` when it then contradicts itself.

    What goes with an old kind or an old `on_miss` goes away with it.
    """
    stays = dict(promise)
    if changes.get("on_miss") == "continue":
        stays["allowed_misses"] = None
    if changes.get("kind", promise["kind"]) != promise["kind"]:
        stays |= {"target": None, "unit": None, "direction": "at_least"}
    return completed(stays | changes)


def completed(promise: Promise) -> Promise:
    """The promise with what follows from it filled in; `Invalid` when it contradicts itself."""
    judged = ("kind", "direction", "target", "unit", "on_miss", "allowed_misses")
    if wrong := list(contradictions(*(promise[name] for name in judged))):
        raise Invalid(wrong)
    counts = promise["on_miss"] != "continue"
    return promise | {
        "target": 1.0 if promise["kind"] == "check" else promise["target"],
        "allowed_misses": (promise["allowed_misses"] or 0) if counts else None,
        "description": promise["description"] or "",
        "tags": promise["tags"] or [],
    }
