"""Whether it stays as fast as it grows: the same calls at ten thousand entries and at ten million.

    nox -s flat [-- --people 20000 --rounds 5 --seconds 5 --folder DIR --only calls,smoke,backup,person]

With a folder the databases stay there, and the next run uses them again. A run with fewer people than 20,000, fewer
rounds than five or a part of the parts only prints.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2

from benchmarks import machine, page
from benchmarks.flat_sides import CALLS, Keeps, Side, jobs_of, keepers, peers, seeded
from benchmarks.load import Failed, Job, Measured, Script, once, require_wrk, run, write_script
from benchmarks.ours import APP, FIRST, settle_in
from benchmarks.report import judged
from benchmarks.serving import WORKERS, app_served, lifetracker, plain
from benchmarks.world import SHAPES, Planned

FEW, MANY, FULL_RUN = 20, 20_000, 5
CONNECTIONS = 4
YEARS_10, DAYS_30, FIFTY = 3_650, 30, 50
BACKUP_RUNS = 30  # at most: on a busy machine a nice process takes its time
ASKED = 10  # times a round
HEAD = ["what", "small", "large", "ratio", "spread", "aim", "reached"]
PARTS = ("calls", "smoke", "backup", "person")
Pairs = list[tuple[Measured, Measured]]


@dataclass
class Flat:
    """All that was measured; pairs are small and large, quiet and disturbed, a month and ten years."""

    calls: dict[str, Pairs] = field(default_factory=lambda: {call: [] for call in CALLS})
    backup: Pairs = field(default_factory=list)
    person: Pairs = field(default_factory=list)
    smoke: list[float] = field(default_factory=list)
    sides: tuple[Side, ...] = ()
    keepers: tuple[list[Keeps], ...] = ()  # of each side


def main() -> None:
    options = _options()
    require_wrk()
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=options.folder) as folder:
            text = _told(_measure(Path(folder), options), options)
    except Failed as failed:
        sys.exit(str(failed))
    page.print_out(text)
    if options.people >= MANY and options.rounds >= FULL_RUN and options.only == list(PARTS):
        page.put("flat", text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=MANY, help="in the large database")
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--rounds", type=int, default=FULL_RUN)
    parser.add_argument("--folder", type=Path, help="where the databases are kept; a disk, no RAM disk")
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=f"some of {','.join(PARTS)}")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(unknown)}")
    return [part for part in PARTS if part in chosen]


def _measure(folder: Path, options: argparse.Namespace) -> Flat:
    flat = Flat()
    at = options.folder or folder
    page.say(f"seeding {FEW} and {options.people} people")
    flat.sides = seeded(at / "small.db", FEW), seeded(at / f"{options.people}.db", options.people)
    flat.keepers = tuple(keepers(side) for side in flat.sides)
    for part in options.only:
        MEASURING[part](flat, folder, options)
    return flat


def _call(flat: Flat, folder: Path, options: argparse.Namespace) -> None:
    """The same calls on both, in turns."""
    people = [each.user_id for each in flat.keepers[0]], peers(*flat.keepers)
    scripts = []
    with ExitStack() as servers:
        for side, chosen in zip(flat.sides, people, strict=True):
            server = servers.enter_context(app_served(APP, FIRST, folder, side.url))
            jobs = jobs_of(side, chosen)
            once(server.address, jobs["today"])
            scripts.append({call: _script(folder, side.file.stem, call, server.address, jobs[call]) for call in CALLS})
        for number in range(options.rounds):
            page.say(f"round {number + 1} of {options.rounds}")
            for call in CALLS:
                turn = 1 if number % 2 == 0 else -1  # who is first changes from round to round
                took = [run(side[call], options.seconds, CONNECTIONS, WORKERS) for side in scripts[::turn]]
                one, other = took[::turn]
                flat.calls[call].append((one, other))


def _smoke(flat: Flat, _folder: Path, options: argparse.Namespace) -> None:
    for _ in range(min(options.rounds, 3)):
        began = time.perf_counter()
        lifetracker(flat.sides[1].url, "smoke")
        flat.smoke.append(time.perf_counter() - began)


def _script(folder: Path, side: str, call: str, address: str, jobs: list[Job]) -> Script:
    script = write_script(folder / f"{side}-{call}.lua", address, jobs)
    run(script, 2, CONNECTIONS)  # once to warm up
    return script


def _back_up(flat: Flat, folder: Path, options: argparse.Namespace) -> None:
    """Ticks on the large database, quiet and while it is backed up, as the timer's unit does it: nice, and idle I/O."""
    large = flat.sides[1]
    with app_served(APP, FIRST, folder, large.url) as server:
        some = [each.user_id for each in flat.keepers[1][:: options.people // 500 or 1]]
        ticks = jobs_of(large, some)["tick"]
        script = _script(folder, "backup", "tick", server.address, ticks)
        for number in range(options.rounds):
            page.say(f"backup {number + 1} of {options.rounds}")
            quiet = run(script, options.seconds, CONNECTIONS, WORKERS)
            flat.backup.append((quiet, _while_backed_up(large, folder, script, options.seconds)))


def _while_backed_up(side: Side, folder: Path, script: Script, seconds: int) -> Measured:
    """The run in the middle, by its p99, of those that a backup takes."""
    words = ["nice", "-n", "10", "ionice", "-c", "3", sys.executable, "-m", "lifetracker", "backup", "--keep", "1"]
    command = [*words, "--to", str(folder / "backups"), "--root", str(folder)]
    backup = subprocess.Popen(command, env=plain(side.url), stdout=subprocess.DEVNULL)
    runs: list[Measured] = []
    try:
        while backup.poll() is None and len(runs) < BACKUP_RUNS:
            runs.append(run(script, seconds, CONNECTIONS, WORKERS))
    finally:
        if backup.wait() != 0:
            raise Failed("the backup failed")
    return sorted(runs, key=lambda measured: measured.p99)[len(runs) // 2]


def _look_at_one_person(flat: Flat, folder: Path, options: argparse.Namespace) -> None:
    """One keeps fifty challenges since ten years, another since thirty days."""
    database = f"sqlite:///{folder / 'persons.db'}"
    lifetracker(database, "db", "upgrade")
    spans = (DAYS_30, YEARS_10)
    plans = [
        Planned(person, place, SHAPES[place % len(SHAPES)], days)
        for person, days in enumerate(spans)
        for place in range(FIFTY)
    ]
    with app_served(APP, FIRST, folder, database) as server:
        tokens = {mine.plan.person: mine.token for mine in settle_in(server.address, database, plans)}
        for _ in range(options.rounds):
            month, decade = (_asked(f"{server.address}/today", tokens[person]) for person in range(len(spans)))
            flat.person.append((month, decade))


def _asked(url: str, token: str) -> Measured:
    """One after another: ten years may take longer than a run with wrk lasts."""
    took = []
    with httpx2.Client(headers={"Authorization": token}, timeout=60) as client:
        for _ in range(ASKED):
            began = time.perf_counter()
            client.get(url).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
    return Measured(1000 / median(took), median(took), max(took))


MEASURING = {"calls": _call, "smoke": _smoke, "backup": _back_up, "person": _look_at_one_person}


def _told(flat: Flat, options: argparse.Namespace) -> str:
    few, many = (sum(each.entries for each in side) for side in flat.keepers)
    about = f"{few:,} entries of {FEW} people, and {many:,} of {options.people:,}. {options.rounds} rounds of "
    about += f"{options.seconds} s, {CONNECTIONS} connections. {machine.described(machine.wrk_version())}"
    return f"{about}\n\n{page.table(HEAD, [*_of_calls(flat), *_of_the_rest(flat, many)])}"


def _of_calls(flat: Flat) -> Iterator[list[str]]:
    for call, pairs in flat.calls.items():
        yield from (_row(f"{call}, {of}", pairs, of, 1.3) for of in ("p50", "p99") if pairs)
    if flat.backup:
        yield _row("ticks while it is backed up (quiet, then during it), p99", flat.backup, "p99", 3.0)
    if flat.person:
        yield _row("`GET /today` of 50 challenges (30 days, then 10 years), p50", flat.person, "p50", 2.0)


def _of_the_rest(flat: Flat, entries: int) -> Iterator[list[str]]:
    large = flat.sides[1]
    size = large.file.stat().st_size
    if flat.smoke:
        yield ["`lifetracker smoke`", "", "", *judged(flat.smoke, 10.0, "s", most=True)]
    yield ["size of the file", "", f"{size / entries:.0f} bytes an entry", *judged([size / 1e6], 1000, "MB", most=True)]
    if large.seconds is not None:
        yield ["`lifetracker seed`", "", "", *judged([large.seconds], 180, "s", most=True)]


def _row(name: str, pairs: Pairs, of: str, aim: float) -> list[str]:
    took = [(getattr(one, of), getattr(other, of)) for one, other in pairs]
    times = [f"{median(side):.1f} ms" for side in zip(*took, strict=True)]
    return [name, *times, *judged([other / one for one, other in took], aim, "×", most=True)]


if __name__ == "__main__":
    main()
