"""What is done to a database on PostgreSQL, in a process of its own: with `pg_dump` and `pg_restore`.

Runs and answers as `copy` does. The database's address comes in the environment, and its password goes on in
the environment: what stands in a command line, every user of the machine can read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from lifetracker.core.db.engines import url_of
from lifetracker.ops import shell
from lifetracker.ops.backups import server_repository as repository
from lifetracker.ops.backups.copy import answer
from lifetracker.ops.backups.file_repository import Damaged
from lifetracker.ops.backups.live_database import NAME
from lifetracker.ops.refusal import Refused

URL = url_of(os.environ.get(NAME, "sqlite:///none.db"))
LINES_SHOWN = 5
OVER_WHAT_IS_THERE = ("--clean", "--if-exists", "--no-owner", "--no-privileges")
QUIET = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
WITHOUT_OWNERS = ("--no-owner", "--no-privileges")
NOT_THE_DUMPS = ("No space left", "onnection", "shutting down")  # what befalls the server while it takes one


class PostgresFailed(Refused):
    """One of PostgreSQL's programs ended with another code than 0."""


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
    """The dump on stdin, restored into a database of its own; `Damaged` when it cannot be."""
    with repository.database_aside(URL, f"{URL.database}_drill") as aside:
        try:
            _run("pg_restore", aside, "--exit-on-error", *WITHOUT_OWNERS)
        except PostgresFailed as failed:
            if any(word in str(failed) for word in NOT_THE_DUMPS):
                raise
            raise Damaged(f"it cannot be restored: {failed}") from None
        with repository.held_still(aside) as connection:
            return repository.facts_of(connection)


def keep(to: Path) -> None:
    """What can be dumped of a database that is not sound."""
    _run("pg_dump", URL, "--format=custom", *WITHOUT_OWNERS, f"--file={to}")


def load() -> None:
    """The dump on stdin in the place of what is there, in one transaction: all of it, or nothing.

    Not by `pg_restore` alone: it drops what the dump holds, and fails where a newer schema's tables refer to that.
    The transaction is ended by us, and only after the whole of the dump: who is killed leaves all as it was.
    """
    if who := users():
        raise Refused(f"the database is in use by {', '.join(who)}: end that first")
    with repository.held_still(URL) as connection:
        first = ["BEGIN", "SET LOCAL client_min_messages = warning", *repository.drops(connection)]
    with TemporaryFile() as said_there, TemporaryFile() as said_here:
        psql = _begin("psql", URL, *QUIET, stdin=subprocess.PIPE, stderr=said_there)
        restore = _begin("pg_restore", None, "--file=-", *OVER_WHAT_IS_THERE, stdout=subprocess.PIPE, stderr=said_here)
        assert psql.stdin
        assert restore.stdout
        with suppress(BrokenPipeError), psql.stdin:  # psql has met an error: its own exit code tells
            psql.stdin.write("".join(f"{each};\n" for each in first).encode())
            shutil.copyfileobj(restore.stdout, psql.stdin)
            if restore.wait() == 0:
                psql.stdin.write(b"COMMIT;\n")
        psql.wait()
        restore.stdout.close()
        restore.wait()
        for program, done, said in (("psql", psql, said_there), ("pg_restore", restore, said_here)):
            said.seek(0)
            _require_well(program, done.returncode, said.read().decode(errors="replace"))


def _begin(program: str, url: Any, *options: str, **pipes: Any) -> subprocess.Popen[bytes]:
    command, environment = _command(program, url, options)
    return subprocess.Popen(command, env=environment, **{"stdout": subprocess.DEVNULL, **pipes})  # noqa: S603


def _run(program: str, url: Any, *options: str) -> None:
    command, environment = _command(program, url, options)
    done = subprocess.run(  # noqa: S603  the command is ours
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    _require_well(program, done.returncode, done.stderr)


def _command(program: str, url: Any, options: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """And the environment that it wants."""
    if not shell.has(program):
        raise Refused(f"{program} is not there: install PostgreSQL's client programs (apt install postgresql-client)")
    whole = [program, *options, *([] if url is None else [f"--dbname={url.database}"])]
    return whole, {**os.environ, **({} if url is None else _environment(url))}


def _require_well(program: str, code: int, said: str) -> None:
    if code:
        raise PostgresFailed(f"{program} failed with code {code}: {' '.join(said.strip().splitlines()[-LINES_SHOWN:])}")


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


WORKS: dict[str, Callable[..., Any]] = {
    "dump": dump,
    "count": count,
    "users": users,
    "try": try_out,
    "load": load,
    "keep": keep,
}


if __name__ == "__main__":
    answer(WORKS, *sys.argv[1:])
