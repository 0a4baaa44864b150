"""Tick, today and stats on PostgreSQL with ten thousand entries and with ten million, whole and partitioned.

    python -m benchmarks.partitions [--people 20000] [--requests 400] [--rounds 5] [--partitions 16]

One served process a database, all on one server of its own, asked in turn and one request at a time, by people chosen
by chance: what counts are the ratios within one run. Ten million entries take some 5 GB of disk while it runs.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from benchmarks.postgres import CHALLENGES, run, seed, server, url
from benchmarks.processes import served
from lifetracker.core.db import Database
from lifetracker.migrations.partition import partition

FEW_PEOPLE, DAYS = 20, 50
CALLS = ("tick", "today", "stats")


@dataclass
class Subject:
    """A database that is served, and what it took to ask it, in milliseconds by call."""

    name: str
    people: int
    connection: HTTPConnection
    took: dict[str, list[float]] = field(default_factory=lambda: {call: [] for call in CALLS})

    def ask(self, call: str, number: int) -> None:
        person = random.randint(1, self.people)
        challenge = (person - 1) * CHALLENGES + random.randint(1, CHALLENGES)
        method, path, body = {
            "tick": ("PUT", f"/challenges/{challenge}/log/today", json.dumps({"value": number})),
            "today": ("GET", "/today", None),
            "stats": ("GET", f"/challenges/{challenge}/stats", None),
        }[call]
        headers = {"Authorization": f"Bearer lt_{person}", "Content-Type": "application/json"}
        began = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        self.took[call].append(1000 * (time.perf_counter() - began))
        if answer.status >= 300:
            raise SystemExit(f"{self.name}: {call} was refused: {said!r}")


def main() -> None:
    options = _options()
    with server() as postgres, ExitStack() as stack:
        names = _databases(postgres, options)
        subjects = [
            stack.enter_context(_subject(name, url(postgres, database), people))
            for name, (database, people) in names.items()
        ]
        _measure(subjects, options)
        _print(subjects)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--partitions", type=int, default=16)
    return parser.parse_args()


def _databases(postgres: Any, options: argparse.Namespace) -> dict[str, tuple[str, int]]:
    """Name as shown, database and people of each."""
    found = {}
    for size, people in (("few", FEW_PEOPLE), ("many", options.people)):
        began = time.monotonic()
        seed(postgres, size, people, DAYS)
        entries = people * CHALLENGES * DAYS
        print(f"{entries} entries seeded in {time.monotonic() - began:.0f} s", flush=True)
        run(postgres, f"CREATE DATABASE {size}_parted TEMPLATE {size}")
        _partition(url(postgres, f"{size}_parted"), options.partitions)
        for database in (size, f"{size}_parted"):
            share = run(postgres, f"SELECT pg_database_size('{database}')") / 1e6
            how = "partitioned" if database.endswith("parted") else "whole"
            print(f"{entries} entries, {how}: {share:.0f} MB", flush=True)
            found[f"{entries} {how}"] = (database, people)
    return found


def _partition(address: str, partitions: int) -> None:
    database = Database(address, threads=1)
    began = time.monotonic()
    done = partition(database, partitions, lambda told: print(f"  {told}", flush=True))
    database.close()
    locked = 1000 * (done.locked or 0)
    print(f"partitioned {done.rows} rows in {time.monotonic() - began:.1f} s, locked for {locked:.0f} ms", flush=True)


@contextmanager
def _subject(name: str, address: str, people: int) -> Iterator[Subject]:
    with served(address) as (host, port):
        yield Subject(name, people, HTTPConnection(host, port, timeout=60))


def _measure(subjects: list[Subject], options: argparse.Namespace) -> None:
    """Call by call in turn, so that a noisy moment meets them all; the first round warms, and does not count."""
    for number in range((options.rounds + 1) * options.requests):
        if number == options.requests:
            for subject in subjects:
                subject.took = {call: [] for call in CALLS}
        for call in CALLS:
            for subject in random.sample(subjects, len(subjects)):
                subject.ask(call, number)


def _print(subjects: list[Subject]) -> None:
    """Beside the times, their ratios to those of the same with few entries, and to those of the whole with as many."""
    print("| call | entries | p50 ms | p99 ms | of few: p50 | p99 | of whole: p50 | p99 |")
    print(f"| --- | --- |{' ---: |' * 6}")
    few_whole, few_parted, many_whole, many_parted = subjects
    beside = [(few_whole, few_whole), (few_parted, few_whole), (few_whole, many_whole), (few_parted, many_whole)]
    for call in CALLS:
        for subject, (few, whole) in zip((few_whole, few_parted, many_whole, many_parted), beside, strict=True):
            p50, p99 = _points(subject.took[call])
            ratios = [
                mine / other
                for each in (few, whole)
                for mine, other in zip((p50, p99), _points(each.took[call]), strict=True)
            ]
            told = " | ".join(f"{value:.2f}" for value in (p50, p99, *ratios))
            print(f"| {call} | {subject.name} | {told} |")


def _points(took: list[float]) -> tuple[float, float]:
    return statistics.median(took), statistics.quantiles(took, n=100)[98]


if __name__ == "__main__":
    main()
