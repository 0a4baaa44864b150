"""What is done to a database on PostgreSQL, in a process of its own: with `pg_dump` and `pg_restore`.

Runs and answers as `backup_copy` does. The database's address comes in the environment, and its password goes on in
the environment: what stands in a command line, every user of the machine can read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifetracker.core.engines import url_of
from lifetracker.ops import backup_server_repository as repository
from lifetracker.ops import shell
from lifetracker.ops.backup_copy import answer
from lifetracker.ops.backup_source import NAME
from lifetracker.ops.refusal import Refused

URL = url_of(os.environ.get(NAME, "sqlite:///none.db"))
LINES_SHOWN = 5
WITHOUT_OWNERS = ("--no-owner", "--no-privileges")


def dump(to: Path) -> dict[str, Any]:
    """Dump and counts of one instant, whoever writes meanwhile."""
    with repository.held_still(URL) as connection:
        facts = repository.facts_of(connection)
        name = repository.snapshot(connection)
        _run("pg_dump", URL, "--format=custom", f"--snapshot={name}", *WITHOUT_OWNERS, f"--file={to}")
    _run("pg_restore", None, "--list", str(to))
    return facts


def count() -> dict[str, Any]:
    with repository.held_still(URL) as connection:
        return repository.facts_of(connection)


def users() -> list[str]:
    with repository.held_still(URL) as connection:
        return repository.users(connection)


def try_out() -> dict[str, Any]:
    """The dump on stdin, restored into a database of its own."""
    with repository.database_aside(URL, f"{URL.database}_drill") as aside:
        _run("pg_restore", aside, "--exit-on-error", *WITHOUT_OWNERS)
        with repository.held_still(aside) as connection:
            return repository.facts_of(connection)


def load() -> None:
    """The dump on stdin in the place of what is there, in one transaction: all of it, or nothing."""
    if who := users():
        raise Refused(f"the database is in use by {', '.join(who)}: end that first")
    with repository.held_still(URL) as connection:
        divided = repository.partitioned(connection)
    if divided:
        raise Refused(
            f"{' and '.join(divided)} are partitioned, and pg_restore cannot put anything in their place: "
            "`lifetracker db partition --partitions 1` makes them whole; or restore into an empty database and use that"
        )
    _run("pg_restore", URL, "--clean", "--if-exists", "--single-transaction", "--exit-on-error", *WITHOUT_OWNERS)


def _run(program: str, url: Any, *options: str) -> None:
    if not shell.has(program):
        raise Refused(f"{program} is not there: install PostgreSQL's client programs (apt install postgresql-client)")
    whole = [program, *options, *([] if url is None else [f"--dbname={url.database}"])]
    environment = {**os.environ, **({} if url is None else _environment(url))}
    done = subprocess.run(  # noqa: S603  the command is ours
        whole, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-LINES_SHOWN:])
        raise Refused(f"{program} failed with code {done.returncode}: {said}")


def _environment(url: Any) -> dict[str, str]:
    """As libpq reads it."""
    query = {name: each if isinstance(each, str) else each[0] for name, each in url.query.items()}
    given = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": url.port or query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGSSLMODE": query.get("sslmode"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
    }
    return {name: str(value) for name, value in given.items() if value}


WORKS: dict[str, Callable[..., Any]] = {"dump": dump, "count": count, "users": users, "try": try_out, "load": load}


if __name__ == "__main__":
    answer(WORKS, *sys.argv[1:])
