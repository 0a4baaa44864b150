"""The same jobs by PocketBase, by us, and by an empty endpoint: rates side by side, ratios round by round.

    nox -s bench [-- --only tick,today --rounds 3 --seconds 3 --skip-peer]

Rounds alternate between the servers, so that a noisy minute hits all of them alike; what counts is the median of the
ratios of single rounds. The load comes from wrk on the same machine, and takes its share of the cores. A whole run of
five rounds or more writes docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import page
from benchmarks.load import Failed, Job, Request, Script, require_wrk, run, write_script
from benchmarks.ours import APP, FIRST, ours_served
from benchmarks.pocketbase import pocketbase_served
from benchmarks.report import AIMS, Results, called_there, told
from benchmarks.serving import WORKERS, Server, app_served, lifetracker

FULL_RUN = 5  # rounds
CONNECTIONS, MIXED_CONNECTIONS = 16, 64
JOBS = ("tick", "today", "stats", "view", "mixed")
CHOICE = (*JOBS, "late")  # the last only when it is asked for


@dataclass
class Bench:
    options: argparse.Namespace
    folder: Path
    servers: dict[str, Server] = field(default_factory=dict)
    scripts: dict[tuple[str, str], Script] = field(default_factory=dict)
    results: Results = field(default_factory=Results)


def main() -> None:
    options = _options()
    require_wrk()
    try:
        results = _measure(options)
    except Failed as failed:
        sys.exit(str(failed))
    table = told(results, options)
    page.print_out(table)
    if options.rounds >= FULL_RUN and options.only == list(JOBS) and not options.skip_peer:
        page.put("bench", table)


def _measure(options: argparse.Namespace) -> Results:
    with TemporaryDirectory(dir=options.folder) as folder, ExitStack() as servers:
        bench = Bench(options, Path(folder))
        _start(bench, servers)
        for number in range(options.rounds):
            page.say(f"round {number + 1} of {options.rounds}")
            _round(bench)
    return bench.results


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=_jobs, default=list(JOBS), help=f"some of {','.join(CHOICE)}")
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--rounds", type=int, default=FULL_RUN)
    parser.add_argument("--skip-peer", action="store_true", help="only us beside our floor")
    parser.add_argument("--folder", type=Path, help="where the databases lie meanwhile; a disk, no RAM disk")
    return parser.parse_args()


def _jobs(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - set(CHOICE):
        raise argparse.ArgumentTypeError(f"no such job: {', '.join(unknown)}")
    return [job for job in CHOICE if job in chosen]


def _start(bench: Bench, servers: ExitStack) -> None:
    if not bench.options.skip_peer:
        page.say("filling PocketBase, through its own interface")
        _add(bench, "peer", *servers.enter_context(pocketbase_served(bench.folder)))
    page.say("filling ours")
    _add(bench, "ours", *servers.enter_context(ours_served(bench.folder)))
    floor = servers.enter_context(app_served("benchmarks.empty:app", "/empty", bench.folder))
    _add(bench, "floor", floor, {"empty": [[Request("GET", "/empty")]]})


def _add(bench: Bench, side: str, server: Server, jobs: dict[str, list[Job]]) -> None:
    bench.servers[side] = server
    for name, requests in jobs.items():
        file = bench.folder / f"{side}-{name}.lua"
        bench.scripts[side, name] = write_script(file, server.address, requests)
        if name in _wanted(bench, side):
            run(bench.scripts[side, name], 1, _connections(name))  # once to warm up


def _round(bench: Bench) -> None:
    for job in bench.options.only:
        for side in bench.servers:
            for name in _called(side, job):
                workers = 1 if side == "peer" else WORKERS
                measured = run(bench.scripts[side, name], bench.options.seconds, _connections(job), workers)
                bench.results.measured[side, job].setdefault(name, []).append(measured)
            if job == "mixed" and side != "floor":
                bench.results.memory[side].append(bench.servers[side].memory())
    bench.results.startup.append(_seconds_to_start(bench.folder))


def _called(side: str, job: str) -> Sequence[str]:
    if side == "floor":
        return ("empty",) if job in AIMS.of_floor else ()
    return called_there(job) if side == "peer" else (job,)


def _wanted(bench: Bench, side: str) -> set[str]:
    return {name for job in bench.options.only for name in _called(side, job)}


def _connections(job: str) -> int:
    return MIXED_CONNECTIONS if job == "mixed" else CONNECTIONS


def _seconds_to_start(folder: Path) -> float:
    database = f"sqlite:///{folder / 'fresh.db'}"
    lifetracker(database, "db", "upgrade")
    with app_served(APP, FIRST, folder, database) as server:
        return server.took


if __name__ == "__main__":
    main()
