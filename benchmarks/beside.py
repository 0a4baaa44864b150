"""Whether everybody else waits while one person who keeps very much asks for all of it.

    nox -s beside [-- --rounds 3 --seconds 5]

One worker serves all: the one with fifty challenges since ten years asks, again and again, and meanwhile `/health` is
asked fifty times a second. How long it took is counted from when it should have been asked, so that nobody's
waiting is left out. A run with fewer rounds than three only prints.
"""

from __future__ import annotations

import argparse
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import delete

from benchmarks import machine, page
from benchmarks.ours import APP, FIRST, Mine, settle_in
from benchmarks.report import judged
from benchmarks.serving import app_served, lifetracker
from benchmarks.world import SHAPES, Planned
from lifetracker.core.db import Database
from lifetracker.daily_log.models import STANDINGS

FIFTY, YEARS_10, FULL_RUN = 50, 3_650, 3
EVERY = 0.02  # seconds between two looks at /health
AIM = 50.0  # milliseconds
SPARE = 6  # challenges to delete in each round
HEAD = ["beside", "it takes", "`/health`, p50", "p99", "spread", "aim", "reached"]
Ask = Callable[[], None]


class Beside(NamedTuple):
    """How long `/health` took beside a call, in ms, and how long the call itself did in the middle."""

    p50: float
    p99: float
    call: float


class Worst:
    """The one who keeps very much, and what they ask for."""

    def __init__(self, client: httpx2.Client, db: Database, kept: list[Mine], spare: list[Mine]) -> None:
        self._client, self._db, self._spare = client, db, spare
        self._ids = [mine.id for mine in kept]
        self._turn = 0

    def calls(self) -> dict[str, Ask]:
        one, before = self._ids[1], "2018-06-01"
        return {
            "nothing": lambda: time.sleep(0.05),
            "`GET /challenges?include=stats`": lambda: self._ask("GET", "/challenges?include=stats"),
            "`GET /today`": lambda: self._ask("GET", "/today"),
            "the same, with no standing kept": self._today_anew,
            "`GET /today` of a year ago": lambda: self._ask("GET", "/today?date=2025-11-01"),
            "`GET /challenges/{id}/stats`": lambda: self._ask("GET", f"/challenges/{one}/stats"),
            "a tick": lambda: self._ask("PUT", f"/challenges/{one}/log/today", {"value": 20}),
            "`PUT` of a day years ago": lambda: self._ask("PUT", f"/challenges/{one}/log/{before}", {"value": 20}),
            "`GET /daily-log`, 200 a page": lambda: self._ask("GET", "/daily-log?from=2000-01-01&limit=200"),
            "`PUT /challenges/order`": self._reorder,
            "`PATCH` of a schedule": self._reschedule,
            "`DELETE` and `restore`": self._delete_and_restore,
            "`DELETE` forever": self._delete_forever,
        }

    def _ask(self, method: str, path: str, body: Any = None) -> None:
        self._client.request(method, path, json=body).raise_for_status()

    def _today_anew(self) -> None:
        self._db.write_now(lambda tx: tx.exec(delete(STANDINGS)))
        self._ask("GET", "/today")

    def _reorder(self) -> None:
        self._ids.reverse()
        self._ask("PUT", "/challenges/order", {"ids": self._ids})

    def _reschedule(self) -> None:
        self._turn += 1
        schedule = {"type": "interval", "days": 1 + self._turn % 2}
        self._ask("PATCH", f"/challenges/{self._ids[2]}", {"schedule": schedule, "on_miss": "restart"})

    def _delete_and_restore(self) -> None:
        self._ask("DELETE", f"/challenges/{self._ids[3]}")
        self._ask("POST", f"/challenges/{self._ids[3]}/restore")

    def _delete_forever(self) -> None:
        """While there are any to spare."""
        if not self._spare:
            time.sleep(EVERY)
            return
        mine = self._spare.pop()
        headers = {"Authorization": mine.token}
        self._client.request("DELETE", f"/challenges/{mine.id}?forever=true", headers=headers).raise_for_status()


def main() -> None:
    options = _options()
    with TemporaryDirectory(dir=options.folder) as folder:
        found = _measure(Path(folder), options)
    text = _told(found, options)
    page.print_out(text)
    if options.rounds >= FULL_RUN:
        page.put("beside", text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--rounds", type=int, default=FULL_RUN)
    parser.add_argument("--folder", type=Path, help="where the database is made; a disk, no RAM disk")
    return parser.parse_args()


def _measure(folder: Path, options: argparse.Namespace) -> dict[str, list[Beside]]:
    database = f"sqlite:///{folder / 'worst.db'}"
    lifetracker(database, "db", "upgrade")
    plans = [
        Planned(person, place, SHAPES[place % len(SHAPES)], YEARS_10)
        for person, number in enumerate((FIFTY, SPARE * options.rounds))
        for place in range(number)
    ]
    found: dict[str, list[Beside]] = {}
    with app_served(APP, FIRST, folder, database, workers=1) as server, _opened(database) as db:
        page.say(f"making {len(plans)} challenges of ten years")
        made = settle_in(server.address, database, plans)
        kept, spare = ([mine for mine in made if mine.plan.person == person] for person in range(2))
        for number in range(options.rounds):
            page.say(f"round {number + 1} of {options.rounds}")
            some = spare[number * SPARE : (number + 1) * SPARE]
            with httpx2.Client(base_url=server.address, headers={"Authorization": kept[0].token}, timeout=60) as client:
                for name, ask in Worst(client, db, kept, some).calls().items():
                    found.setdefault(name, []).append(_beside(server.address, ask, options.seconds))
    return found


@contextmanager
def _opened(database: str) -> Iterator[Database]:
    db = Database(database, threads=1)
    yield db
    db.close()


def _beside(address: str, ask: Ask, seconds: float) -> Beside:
    """Ask again and again in a thread, and look at `/health` meanwhile."""
    ask()
    calls: list[float] = []
    failed: list[Exception] = []
    over = threading.Event()

    def ask_on() -> None:
        while not over.is_set() and not failed:
            began = time.perf_counter()
            try:
                ask()
            except httpx2.HTTPError as error:
                failed.append(error)
            calls.append(1000 * (time.perf_counter() - began))

    asking = threading.Thread(target=ask_on)
    asking.start()
    looks = list(_looks(address, seconds))
    over.set()
    asking.join()
    if failed:
        raise failed[0]
    return Beside(median(looks), quantiles(looks, n=100)[98], median(calls))


def _looks(address: str, seconds: float) -> Iterator[float]:
    """How long each took in ms, from when it should have begun."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    began = time.perf_counter()
    for number in range(int(seconds / EVERY)):
        due = began + number * EVERY
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == http.client.OK
        yield 1000 * (time.perf_counter() - due)


def _told(found: dict[str, list[Beside]], options: argparse.Namespace) -> str:
    about = f"One worker, {options.rounds} rounds of {options.seconds} s. {machine.described()}"
    rows = [
        [
            name,
            f"{median(each.call for each in rounds):.1f} ms" if name != "nothing" else "",
            f"{median(each.p50 for each in rounds):.1f} ms",
            *judged([each.p99 for each in rounds], AIM, "ms", most=True),
        ]
        for name, rounds in found.items()
    ]
    return f"{about}\n\n{page.table(HEAD, rows)}"


if __name__ == "__main__":
    main()
