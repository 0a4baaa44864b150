"""What was sent and acknowledged, what failed, how long anybody waited; and whether all of it is still there."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import Any

from .connection import Connection

FAILURES_TOLD = 50
Json = dict[str, Any]


class Account:
    """Kept by all threads of a run together. Status 0 stands for no answer."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.days: dict[str, Json] = {}  # "challenge/date": the last number acknowledged, and those of unknown end
        self.added = {"acked": 0, "unknown": 0}
        self.stale_reads = 0
        self._lock = threading.Lock()
        self._statuses: Counter[str] = Counter()
        self._failures: list[Json] = []
        self._acked = 0
        self._waits: list[tuple[float, float]] = []  # (seconds, since when), the ten longest

    def count(self, method: str, path: str, status: int, error: str, began: float) -> None:
        waited, at = time.monotonic() - began, round(began - self.began, 3)
        with self._lock:
            self._statuses[str(status)] += 1
            self._waits = sorted([*self._waits, (round(waited, 3), at)], reverse=True)[:10]
            if error:
                told = {"at": at, "after": round(waited, 3), "method": method, "path": path}
                self._failures.append({**told, "status": status, "error": error})

    def logged(self, where: str, number: int, status: int) -> None:
        with self._lock:
            known = self.days.setdefault(where, {"acked": 0, "unknown": []})
            if status in (200, 201):
                self._acked += 1
                known["acked"] = max(known["acked"], number)
            elif is_unknown(status):
                known["unknown"].append(number)

    def added_one(self, status: int) -> None:
        with self._lock:
            if status in (200, 201):
                self._acked += 1
                self.added["acked"] += 1
            elif is_unknown(status):
                self.added["unknown"] += 1

    def known(self, back: int) -> tuple[str, int]:
        """A day that was logged a while ago, and the number that it holds at least; 0 when there is none."""
        with self._lock:
            if len(self.days) <= back:
                return "", 0
            where = list(self.days)[-1 - back]
            return where, self.days[where]["acked"]

    def summary(self) -> Json:
        """For people and for assertions; times in seconds, `worst` as pairs of (waited, since when)."""
        lasted, requests = time.monotonic() - self.began, sum(self._statuses.values())
        waited, at = self._waits[0] if self._waits else (0.0, 0.0)
        return {
            "seconds": round(lasted, 2), "requests": requests, "rate": round(requests / lasted, 1),
            "acked": self._acked, "statuses": dict(self._statuses), "failed_requests": len(self._failures),
            "failures": self._failures[:FAILURES_TOLD], "worst_wait": waited, "worst_at": at, "worst": self._waits,
            "stale_reads": self.stale_reads, "own_cpu": round(time.process_time(), 2),
        }  # fmt: skip


def is_unknown(status: int) -> bool:
    """Whether such an answer leaves open if the request was carried out."""
    return status == 0 or status >= 500


def verify(record: Json) -> Json:
    """The summary, and beside it how what the API gives now compares with what it acknowledged."""
    connection = Connection(record["base"], record["ca"], record["token"])
    held = {}
    for challenge in record["challenges"]:
        for entry in _listed(connection, f"/challenges/{challenge}/log?limit=200"):
            held[f"{challenge}/{entry['date']}"] = entry["value"]
    connection.close()
    return {**record["summary"], **compared(record, held)}


def compared(record: Json, held: dict[str, float]) -> Json:
    """`held` is what is there by "challenge/date": what is missing of it, and what nobody has written."""
    added, total = record["added"], held.get(record["added"]["where"], 0)
    days = {**record["days"], added["where"]: None}
    return {
        "missing": sorted(where for where, known in record["days"].items() if _is_lost(known, held.get(where, 0))),
        "unasked": sorted(where for where in held if where not in days),
        "additions_missing": max(0, added["acked"] - total),
        "additions_doubled": max(0, total - added["acked"] - added["unknown"]),
    }


def _is_lost(known: Json, value: float) -> bool:
    """The last number acknowledged has to be there, or one sent after it of which nobody knows."""
    return value != known["acked"] and not (value > known["acked"] and value in known["unknown"])


def _listed(connection: Connection, path: str) -> list[Json]:
    items: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        status, content = connection.ask("GET", path + (f"&cursor={cursor}" if cursor else ""))
        if status != 200:
            raise SystemExit(f"load: GET {path} was answered {status}: {content.decode(errors='replace')}")
        page = json.loads(content)
        items, cursor = items + page["items"], page["next_cursor"]
    return items
