"""The guard of the frozen core: each pinned file is the one that was pinned, by its SHA-256 in `core/frozen.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from lifetracker.core.guarding.rooms import PACKAGE
from lifetracker.core.guarding.source import House, Violation

PINS = "core/frozen.json"
FROZEN = ("guards.py", "smoke.py", "db_check_repository.py", "logging.py")
READERS = ("guarding/**/*.py", "db_checks/**/*.py")  # with what stands beside them


def changed_pins(house: House) -> Iterator[Violation]:
    """Frozen files that differ from their pins, have none, or are gone."""
    try:
        pins: dict[str, str] = dict(json.loads((house.folder / PINS).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        yield _violation(PINS, "the pins of the frozen core cannot be read")
        return
    for path in sorted({*frozen_files(house.folder), *pins}):
        file = house.folder / path
        if not file.is_file():
            yield _violation(path, "a frozen file is gone")
        elif path not in pins:
            yield _violation(path, "a file of the frozen core is not pinned")
        elif fingerprint(file) != pins[path]:
            yield _violation(path, "a frozen file differs from its pin")


def freeze(folder: Path, reason: str, today: date) -> list[str]:
    """Pin the frozen core as it is now, and write down when and why; the paths whose pin changed."""
    file = folder / PINS
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    before: dict[str, str] = known.get("files", {})
    files = {path: fingerprint(folder / path) for path in frozen_files(folder)}
    changed = sorted(path for path in {*files, *before} if files.get(path) != before.get(path))
    if changed:
        history = [*known.get("history", []), {"date": today.isoformat(), "reason": reason, "changed": changed}]
        file.write_text(json.dumps({"files": files, "history": history}, indent=2) + "\n", encoding="utf-8")
    return changed


def frozen_files(folder: Path) -> list[str]:
    core = folder / "core"
    readers = {file.relative_to(core).as_posix() for pattern in READERS for file in core.glob(pattern)}
    return sorted(f"core/{name}" for name in {*FROZEN, *readers})


def fingerprint(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _violation(path: str, message: str) -> Violation:
    return Violation(f"{PACKAGE}/{path}", 1, 1, "frozen", message)
