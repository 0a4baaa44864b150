"""Whether it stays as fast as it grows: the same calls at ten thousand entries and at ten million.

    nox -s flat [-- --people 20000 --rounds 5 --seconds 5 --folder DIR]

With a folder the databases stay there, and the next run uses them again. A run with fewer people than 20,000 or fewer
rounds than five only prints.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2

from benchmarks import machine, page
from benchmarks.flat_sides import CALLS, Side, jobs_of, keepers, peers, seeded
from benchmarks.load import Failed, Job, Measured, Script, require_wrk, run, write_script
from benchmarks.ours import APP, FIRST, settle_in
from benchmarks.report import judged
from benchmarks.serving import app_served, lifetracker, plain
from benchmarks.world import SHAPES, Planned

FEW, MANY, FULL_RUN = 20, 20_000, 5
CONNECTIONS = 4
YEARS_10, DAYS_30, FIFTY = 3_650, 30, 50
BACKUP_RUNS = 30  # at most: on a busy machine a nice process takes its time
ASKED = 10  # times a round
HEAD = ["what", "small", "large", "ratio", "spread", "aim", "reached"]
Pairs = list[tuple[Measured, Measured]]


@dataclass
class Flat:
    """All that was measured; pairs are small and large, quiet and disturbed, a month and ten years."""

    calls: dict[str, Pairs] = field(default_factory=lambda: {call: [] for call in CALLS})
    backup: Pairs = field(default_factory=list)
    person: Pairs = field(default_factory=list)
    smoke: list[float] = field(default_factory=list)
    sides: tuple[Side, ...] = ()
    entries: tuple[int, ...] = ()


def main() -> None:
    options = _options()
    require_wrk()
    try:
        with TemporaryDirectory(dir=options.folder) as folder:
            measured = _measure(Path(folder), options)
    except Failed as failed:
        sys.exit(str(failed))
    text = _told(measured, options)
    page.print_out(text)
    if options.people >= MANY and options.rounds >= FULL_RUN:
        page.put("flat", text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=MANY, help="in the large database")
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--rounds", type=int, default=FULL_RUN)
    parser.add_argument("--folder", type=Path, help="where the databases are kept; a disk, no RAM disk")
    return parser.parse_args()


def _measure(folder: Path, options: argparse.Namespace) -> Flat:
    flat = Flat()
    _grow(flat, folder, options)
    _back_up(flat, folder, options)
    _look_at_one_person(flat, folder, options)
    return flat


def _grow(flat: Flat, folder: Path, options: argparse.Namespace) -> None:
    """The same calls on both, in turns; then what an operator does with the large one."""
    at = options.folder or folder
    page.say(f"seeding {FEW} and {options.people} people")
    small, large = flat.sides = seeded(at / "small.db", FEW), seeded(at / f"{options.people}.db", options.people)
    few, many = keepers(small), keepers(large)
    flat.entries = sum(each.entries for each in few), sum(each.entries for each in many)
    scripts = []
    with ExitStack() as servers:
        for side, people in ((small, [each.user_id for each in few]), (large, peers(few, many))):
            server = servers.enter_context(app_served(APP, FIRST, folder, side.url))
            jobs = jobs_of(side, people)
            scripts.append({call: _script(folder, side.file.stem, call, server.address, jobs[call]) for call in CALLS})
        for number in range(options.rounds):
            page.say(f"round {number + 1} of {options.rounds}")
            for call in CALLS:
                one, other = (run(side[call], options.seconds, CONNECTIONS) for side in scripts)
                flat.calls[call].append((one, other))
        flat.smoke = [_seconds_of_smoke(large) for _ in range(3)]


def _script(folder: Path, side: str, call: str, address: str, jobs: list[Job]) -> Script:
    script = write_script(folder / f"{side}-{call}.lua", address, jobs)
    run(script, 2, CONNECTIONS)  # once to warm up
    return script


def _seconds_of_smoke(side: Side) -> float:
    began = time.perf_counter()
    lifetracker(side.url, "smoke")
    return time.perf_counter() - began


def _back_up(flat: Flat, folder: Path, options: argparse.Namespace) -> None:
    """Ticks on the large database, quiet and while it is backed up, as the timer's unit does it: nice, and idle I/O."""
    large = flat.sides[1]
    with app_served(APP, FIRST, folder, large.url) as server:
        ticks = jobs_of(large, [each.user_id for each in keepers(large)[:: options.people // 500 or 1]])["tick"]
        script = _script(folder, "backup", "tick", server.address, ticks)
        for number in range(options.rounds):
            page.say(f"backup {number + 1} of {options.rounds}")
            quiet = run(script, options.seconds, CONNECTIONS)
            flat.backup.append((quiet, _while_backed_up(large, folder, script, options.seconds)))


def _while_backed_up(side: Side, folder: Path, script: Script, seconds: int) -> Measured:
    """The run in the middle, by its p99, of those that a backup takes."""
    words = ["nice", "-n", "10", "ionice", "-c", "3", sys.executable, "-m", "lifetracker", "backup", "--keep", "1"]
    command = [*words, "--to", str(folder / "backups"), "--root", str(folder)]
    backup = subprocess.Popen(command, env=plain(side.url), stdout=subprocess.DEVNULL)
    runs: list[Measured] = []
    try:
        while backup.poll() is None and len(runs) < BACKUP_RUNS:
            runs.append(run(script, seconds, CONNECTIONS))
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


def _told(flat: Flat, options: argparse.Namespace) -> str:
    few, many = flat.entries
    rows = [row for call in CALLS for row in _both(call, flat.calls[call], 1.3)]
    rows.append(_row("ticks while it is backed up (quiet, then during it), p99", flat.backup, "p99", 3.0))
    rows.append(_row("`GET /today` of 50 challenges (30 days, then 10 years), p50", flat.person, "p50", 2.0))
    rows.append(["smoke", "", f"{median(flat.smoke):.1f} s", *judged(flat.smoke, 10.0, "s", most=True)])
    size = flat.sides[1].file.stat().st_size
    mega = [size / 1e6]
    rows.append(["size of the file", "", f"{size / many:.0f} bytes an entry", *judged(mega, 1000, "MB", most=True)])
    if flat.sides[1].seconds is not None:
        rows.append(["`lifetracker seed`", "", "", *judged([flat.sides[1].seconds], 180, "s", most=True)])
    about = f"{few:,} entries of {FEW} people, and {many:,} of {options.people:,}. {options.rounds} rounds of "
    about += f"{options.seconds} s, {CONNECTIONS} connections. {machine.described(machine.wrk_version())}"
    return f"{about}\n\n{page.table(HEAD, rows)}"


def _both(call: str, pairs: Pairs, aim: float) -> list[list[str]]:
    return [_row(f"{call}, {of}", pairs, of, aim) for of in ("p50", "p99")]


def _row(name: str, pairs: Pairs, of: str, aim: float) -> list[str]:
    took = [(getattr(one, of), getattr(other, of)) for one, other in pairs]
    times = [f"{median(side):.1f} ms" for side in zip(*took, strict=True)]
    return [name, *times, *judged([other / one for one, other in took], aim, "×", most=True)]


if __name__ == "__main__":
    main()
