"""Copies or partitions a database in a fork that is killed at its k-th step: `python -m tests.migrations.killed`.

A step is the beginning or the end of a unit of work. Each line on stdin is `k copy SOURCE TARGET` or
`k partition DATABASE NUMBER`; each on stdout the exit code, or minus the signal, that it ended with. Pages are small,
so that there are many.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from lifetracker.core.db import Database
from lifetracker.migrations import copy_repository, partition_repository
from lifetracker.migrations.copying import copy_database
from lifetracker.migrations.partition import partition

ROWS_A_PAGE = 15
UNITS = (Database.migrate_now.__code__, Database.write_now.__code__)


def main() -> None:
    copy_repository.PAGE = partition_repository.ROWS_A_PIECE = ROWS_A_PAGE
    for line in sys.stdin:
        last, *command = line.split()
        print(_end_of(command, int(last)), flush=True)  # noqa: T201  it is the answer


def _end_of(command: list[str], last: int) -> int:
    """The exit code, or minus the signal."""
    child = os.fork()
    if not child:
        code = 1
        try:
            _die_at(last)
            _run(*command)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(what: str, database: str, other: str) -> None:
    if what == "copy":
        copy_database(database, other, lambda told: None)
    else:
        partition(Database(database, threads=1), int(other), lambda told: None)


def _die_at(last: int) -> None:
    steps = 0

    def see(frame: Any, event: str, _: object) -> None:
        nonlocal steps
        if event in ("call", "return") and frame.f_code in UNITS:
            steps += 1
            if steps == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(see)


if __name__ == "__main__":
    main()
