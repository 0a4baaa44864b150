"""What was called and what was answered, and whether that is enough."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Tally = dict[str, Counter[int]]

METHODS = {"get", "put", "post", "patch", "delete"}


def count_calls(document: dict[str, Any], calls: Path) -> Tally:
    """How often each operation of the document answered which status."""
    tally: Tally = {name: Counter() for name in operations_of(document)}
    for line in calls.read_text("utf-8").splitlines():
        call = json.loads(line)
        if call["operation"] in tally:  # else a method that the document does not name
            tally[call["operation"]][call["status"]] += 1
    return tally


def operations_of(document: dict[str, Any]) -> Iterable[str]:
    for path, operations in document["paths"].items():
        yield from (f"{method.upper()} {path}" for method in operations if method in METHODS)


def never_succeeded(tally: Tally) -> list[str]:
    return [name for name, statuses in tally.items() if not any(200 <= status < 300 for status in statuses)]


def table(tally: Tally) -> str:
    width = max(map(len, tally))
    rows = [f"{name:{width}}  {statuses.total():6,}  {_statuses(statuses)}" for name, statuses in sorted(tally.items())]
    return "\n".join((f"{'operation':{width}}  {'calls':>6}  statuses", *rows))


def _statuses(statuses: Counter[int]) -> str:
    return "  ".join(f"{status} x {number:,}" for status, number in sorted(statuses.items()))


def closing_line(tally: Tally, *, failed: bool) -> str:
    calls = sum(statuses.total() for statuses in tally.values())
    verdict = "FAILED" if failed else "all answered 2xx at least once, nothing found"
    return f"fuzz: {len(tally)} operations, {calls:,} calls, {verdict}"
