"""Rows a second of `lifetracker db copy`, from PostgreSQL to SQLite and back, with a million entries.

python -m benchmarks.copying [--people 2000]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.postgres import run, seed, server, url
from lifetracker.migrations.copying import copy_database

DAYS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=2_000)
    options = parser.parse_args()
    with server() as postgres, TemporaryDirectory() as folder:
        source = seed(postgres, "seeded", options.people, DAYS)
        file = Path(folder, "copy.db")
        _copy("to SQLite", source, f"sqlite:///{file}")
        print(f"the file has {file.stat().st_size / 1e6:.0f} MB")
        run(postgres, "CREATE DATABASE back")
        _copy("to PostgreSQL", f"sqlite:///{file}", url(postgres, "back"))
        size = run(postgres, "SELECT pg_database_size('back')")
        print(f"the database has {size / 1e6:.0f} MB")


def _copy(direction: str, source: str, target: str) -> None:
    began = time.monotonic()
    copied = copy_database(source, target, lambda told: None)
    seconds, rows = time.monotonic() - began, sum(each.rows for each in copied)
    print(f"{direction}: {rows} rows in {seconds:.1f} s, {rows / seconds:.0f} a second, compared on both sides")


if __name__ == "__main__":
    main()
