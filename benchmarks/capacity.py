"""What so many daily users ask of a server, a calculation from named assumptions; `docs/scaling.md` holds its tables.

python -m benchmarks.capacity [--assume entries_a_day=10 …]
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import ceil, log2
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
HOUR = 3_600  # seconds
STEPS = (1_000, 10_000, 100_000, 300_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Everything that the tables rest on."""

    entries_a_day: float = 6  # entries that somebody writes on a day on which they come at all
    looks_a_day: float = 5  # times that they open the app, each a GET /today
    other_reads_a_day: float = 3  # statistics, one challenge, a list
    busiest_hour: float = 0.12  # the share of a day's requests that falls into it
    burst: float = 10  # the busiest second beside the mean of that hour: a reminder comes to many at once
    challenges: float = 8  # that run at a time
    challenge_age: float = 180  # days that a running challenge has been logged
    starts_new_year: float = 0.2  # challenges of the one most popular template that a daily user starts in that hour
    years: float = 3  # of log
    headroom: float = 0.5  # the share of a limit that is used at the peak

    bytes_sqlite: float = 80  # an entry with its share of everything else
    bytes_postgres: float = 165
    core_sqlite: float = 2_500  # requests a second of one worker that has a core, SQLite in its own process
    core_postgres: float = 600  # the same where every unit of work goes through a thread and a network
    cores_of_a_server: float = 16
    writes_sqlite: float = 3_000  # durable writes a second, committed together
    writes_postgres: float = 10_000  # durable transactions a second of one primary
    rows_postgres: float = 5_000_000  # rows a second that one primary reads by an index, from memory
    connections_a_process: float = 8  # LIFETRACKER_DATABASE_THREADS; a process has a core
    connections_postgres: float = 400  # that a server holds well without a pooler
    rows_a_table: float = 1_000_000_000  # beyond it a vacuum or a new index takes hours
    rows_a_partition: float = 100_000_000
    starts_a_row: float = 200  # transactions a second that can change one and the same row, one after the other
    backup_hours: float = 1  # that a daily copy of a file may take
    backup_speed: float = 100e6  # bytes a second


@dataclass(frozen=True, slots=True)
class Load:
    """What `users` daily users ask for; `second` is the busiest one."""

    users: float
    given: Assumptions

    @property
    def second(self) -> float:
        """Of all a daily user's requests of one day, the share that falls into the busiest second."""
        return self.given.busiest_hour * self.given.burst / HOUR

    @property
    def writes(self) -> float:
        return self.users * self.given.entries_a_day * self.second

    @property
    def requests(self) -> float:
        a = self.given
        return self.users * (a.entries_a_day + a.looks_a_day + a.other_reads_a_day) * self.second

    @property
    def rows_read(self) -> float:
        """A look reads the log of every running challenge, a tick or a statistic that of one."""
        a = self.given
        challenges = a.looks_a_day * a.challenges + a.entries_a_day + a.other_reads_a_day
        return self.users * challenges * a.challenge_age * self.second

    @property
    def entries_a_year(self) -> float:
        return self.users * self.given.entries_a_day * 365

    @property
    def entries(self) -> float:
        return self.entries_a_year * self.given.years

    def cores(self, each: float) -> int:
        return ceil(self.requests / each / self.given.headroom)

    @property
    def connections(self) -> float:
        return self.cores(self.given.core_postgres) * self.given.connections_a_process

    @property
    def partitions(self) -> int:
        """A power of two, 1 where the table may stay whole."""
        if self.entries <= self.given.rows_a_table:
            return 1
        return int(2 ** ceil(log2(self.entries / self.given.rows_a_partition)))


def steps(given: Assumptions) -> Iterator[Sequence[str]]:
    yield (
        "daily users",
        "requests/s",
        "writes/s",
        "log rows read/s",
        "cores on SQLite",
        "cores on PostgreSQL",
        "connections",
        "entries a year",
        "GB a year on SQLite",
        "on PostgreSQL",
        "partitions",
    )
    for users in STEPS:
        load = Load(users, given)
        yield (
            _number(users),
            _number(load.requests),
            _number(load.writes),
            _number(load.rows_read),
            _number(load.cores(given.core_sqlite)),
            _number(load.cores(given.core_postgres)),
            _number(load.connections),
            _number(load.entries_a_year),
            _number(load.entries_a_year * given.bytes_sqlite / 1e9),
            _number(load.entries_a_year * given.bytes_postgres / 1e9),
            _number(load.partitions),
        )


def limits(given: Assumptions) -> Iterator[Sequence[str]]:
    """What ends where, the first to end first."""
    yield "what ends", "its limit", "daily users"
    one, room = Load(1, given), given.headroom
    server = given.cores_of_a_server * given.core_sqlite
    backup = given.backup_hours * HOUR * given.backup_speed
    direct = given.connections_postgres / given.connections_a_process * given.core_postgres
    new_year = given.starts_new_year * given.burst / HOUR
    found = [
        ("SQLite: durable writes", f"{_number(given.writes_sqlite)} a second", room * given.writes_sqlite / one.writes),
        ("SQLite: cores of one server", f"{_number(server)} requests a second", room * server / one.requests),
        (
            f"SQLite: a daily copy of {_number(given.years)} years within {_number(given.backup_hours)} h",
            f"{_number(backup / 1e9)} GB",
            backup / (one.entries * given.bytes_sqlite),
        ),
        (
            "PostgreSQL: connections without a pooler",
            f"{_number(given.connections_postgres)}",
            room * direct / one.requests,
        ),
        (
            f"PostgreSQL: `daily_log` in one piece, {_number(given.years)} years",
            f"{_number(given.rows_a_table)} rows",
            given.rows_a_table / one.entries,
        ),
        (
            "PostgreSQL: log rows read to derive what is shown",
            f"{_number(given.rows_postgres)} a second",
            room * given.rows_postgres / one.rows_read,
        ),
        (
            "PostgreSQL: durable writes of one primary",
            f"{_number(given.writes_postgres)} a second",
            room * given.writes_postgres / one.writes,
        ),
        (
            "both: one template started by everybody at New Year",
            f"{_number(given.starts_a_row)} a second",
            given.starts_a_row / new_year,
        ),
    ]
    for what, limit, users in sorted(found, key=lambda each: each[2]):
        yield what, limit, _number(users)


def tables(given: Assumptions) -> dict[str, str]:
    """Steps, limits and assumptions, as Markdown."""
    found = {"steps": steps(given), "limits": limits(given), "assumptions": _assumed(given)}
    return {name: _table(list(rows)) for name, rows in found.items()}


def _assumed(given: Assumptions) -> Iterator[Sequence[str]]:
    yield "assumption", "value"
    for name, value in asdict(given).items():
        yield f"`{name}`", _number(value)


def written(page: str, tables: dict[str, str]) -> str:
    """The page with each table between `<!-- name -->` and `<!-- end -->`."""
    for name, table in tables.items():
        page = re.sub(
            rf"<!-- {name} -->.*?<!-- end -->", f"<!-- {name} -->\n{table}\n<!-- end -->", page, flags=re.DOTALL
        )
    return page


def _table(rows: list[Sequence[str]]) -> str:
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---", *["---:"] * (len(head) - 1)], *rest))


def _number(value: float) -> str:
    """Two digits that count, and no more precision than an assumption has."""
    if value >= 1e9:
        return f"{value / 1e9:.3g} billion"
    if value >= 1e6:
        return f"{value / 1e6:.3g} million"
    return f"{round(float(f'{value:.3g}')):,}" if value >= 10 else f"{float(f'{value:.2g}'):g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assume", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--write", action="store_true", help="Put the tables into docs/scaling.md.")
    options = parser.parse_args()
    known = {field.name for field in fields(Assumptions)}
    given = dict(each.split("=") for each in options.assume)
    if unknown := given.keys() - known:
        parser.error(f"there is no assumption {', '.join(unknown)}: there are {', '.join(sorted(known))}")
    found = tables(replace(Assumptions(), **{name: float(value) for name, value in given.items()}))
    if options.write:
        PAGE.write_text(written(PAGE.read_text("utf-8"), found), "utf-8")
    else:
        print("\n\n".join(found.values()))


if __name__ == "__main__":
    main()
