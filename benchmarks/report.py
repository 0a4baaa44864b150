"""From what was measured to a table with what was aimed at."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from benchmarks import machine, page
from benchmarks.load import Measured
from benchmarks.pocketbase import version
from benchmarks.serving import WORKERS


@dataclass
class Results:
    """Each a list with one figure a round. `measured` by side and job, and then by what the side calls it; memory in
    MB by side; start-up in seconds."""

    measured: dict[tuple[str, str], dict[str, list[Measured]]] = field(default_factory=lambda: defaultdict(dict))
    memory: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    startup: list[float] = field(default_factory=list)

    def best(self, side: str, job: str) -> list[Measured]:
        """Round by round the faster one, where a side does a job in two ways; empty where it did not do it."""
        ways = self.measured[side, job].values()
        return [max(each, key=lambda measured: measured.rate) for each in zip(*ways, strict=True)]


def called_there(job: str) -> tuple[str, ...]:
    """What the peer calls a job of ours; of several the better one counts."""
    return ("create", "update") if job in ("tick", "late") else (job,)


class Aims(NamedTuple):
    """Ratios: at least to the peer's rate and the empty endpoint's, at most to its memory and p99; seconds."""

    of_peer: dict[str, float]
    of_floor: dict[str, float]
    memory: float
    p99: float
    startup: float


AIMS = Aims(
    {"tick": 1.25, "late": 1.25, "today": 2.0, "stats": 4.0, "view": 1.1, "mixed": 1.5},
    {"tick": 0.30, "today": 0.30, "view": 0.50},
    memory=1.5,
    p99=1.0,
    startup=1.2,
)
NAMES = {
    "tick": "tick a day: `PUT` of an entry, against a record's create or update",
    "late": "tick any day of the last week",
    "today": "open the app: `GET /today`, 10 challenges and a year of log, against two lists",
    "stats": "stats of 3 years of log, against its entries in pages of 500",
    "view": "read one challenge, against a record's view",
    "mixed": "mixed day: 60 % today, 30 % tick, 10 % stats; 64 connections",
}
HEAD = ["the same job", "PocketBase", "ours", "ratio", "spread", "aim", "reached"]


def told(results: Results, options: argparse.Namespace) -> str:
    """The whole of it, as Markdown."""
    rows = [row for job in options.only for row in _beside_peer(results, job)]
    rows += _memory(results)
    floor = [row for job in options.only if job in AIMS.of_floor for row in _beside_floor(results, job)]
    floor.append(_row("start of the process to its first answer", "", results.startup, AIMS.startup, "s", most=True))
    runs = f"{options.rounds} rounds of {options.seconds} s, {WORKERS} workers of ours, 16 connections unless said."
    peer = [] if options.skip_peer else [f"PocketBase {version()}"]
    about = f"{machine.described(*peer, machine.wrk_version())} {runs}"
    parts = [
        about,
        page.table(HEAD, rows) if rows else "",
        page.table(["beside our own floor", "jobs a second", *HEAD[3:]], floor),
    ]
    return "\n\n".join(part for part in parts if part)


def _beside_peer(results: Results, job: str) -> list[list[str]]:
    ours, theirs = results.best("ours", job), results.best("peer", job)
    if not theirs:
        return []
    ratios = [mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True)]
    rates = [f"{median(each.rate for each in side):.0f}/s" for side in (theirs, ours)]
    rows = [[NAMES[job], *rates, *judged(ratios, AIMS.of_peer[job], "×")]]
    if job == "mixed":
        tails = [mine.p99 / other.p99 for mine, other in zip(ours, theirs, strict=True)]
        p99s = [f"{median(each.p99 for each in side):.0f} ms" for side in (theirs, ours)]
        rows.append(["its p99, of single requests", *p99s, *judged(tails, AIMS.p99, "×", most=True)])
    return rows


def _memory(results: Results) -> list[list[str]]:
    theirs, ours = results.memory["peer"], results.memory["ours"]
    if not theirs:
        return []
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    sizes = [f"{median(side):.0f} MB" for side in (theirs, ours)]
    return [["memory under that mix (PSS of all processes)", *sizes, *judged(ratios, AIMS.memory, "×", most=True)]]


def _beside_floor(results: Results, job: str) -> list[list[str]]:
    floor, ours = results.best("floor", job), results.best("ours", job)
    ratios = [100 * mine.rate / other.rate for mine, other in zip(ours, floor, strict=True)]
    beside = f"{median(each.rate for each in ours):.0f} of {median(each.rate for each in floor):.0f}/s"
    return [_row(f"{job}, of an empty endpoint", beside, ratios, 100 * AIMS.of_floor[job], "%")]


def _row(name: str, beside: str, figures: Sequence[float], aim: float, unit: str, *, most: bool = False) -> list[str]:
    return [name, beside, *judged(figures, aim, unit, most=most)]


def judged(figures: Sequence[float], aim: float, unit: str, *, most: bool = False) -> list[str]:
    """Median, spread, aim and whether it was reached, as cells; with `most` the aim is not to be exceeded."""
    middle = median(figures)
    reached = middle <= aim if most else middle >= aim
    digits = 0 if unit == "%" else 2
    shown = [f"{each:.{digits}f} {unit}" for each in (middle, min(figures), max(figures))]
    return [shown[0], f"{shown[1]} to {shown[2]}", f"{'≤' if most else '≥'} {aim:g} {unit}", "yes" if reached else "no"]
