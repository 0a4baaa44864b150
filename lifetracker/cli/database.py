"""`lifetracker db …`: the schema of the database, its soundness, copies and partitions."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lifetracker.cli.opened import opened, settings
from lifetracker.cli.users import TWINS
from lifetracker.core import release, smoke
from lifetracker.core.config import load_settings
from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused, url_of
from lifetracker.daily_log import standing_service
from lifetracker.migrations import HEAD, copying, describe, partition, schema, upgrade
from lifetracker.templates import service as templates
from lifetracker.users import service as users

commands = typer.Typer(no_args_is_help=True, help="The schema of the database.")


@commands.command("upgrade")
def upgrade_database(
    leave_newer: Annotated[
        bool, typer.Option("--leave-newer", help="Leave alone what a newer release made and this code can serve.")
    ] = False,
) -> None:
    """Bring schema and catalogue to this release, in one transaction each; then what is compared, in small ones."""
    _refuse_lost_database()
    with opened(servable=False, create=True) as db:
        found = db.inspect_now(schema.state)
        if leave_newer and found.is_newer and found.is_servable:
            typer.echo(str(found))
            return
        before = upgrade.upgrade(db)
        count = db.write_now(templates.refresh_catalogue)
        _bring_up_what_is_compared(db)
        twins = db.read_now(users.list_twins) if before not in (None, HEAD) else []
    typer.echo(f"schema {before or 'new'} -> {HEAD}, {count} templates in the catalogue")
    if twins:
        typer.echo(f"{TWINS.format(len(twins))}; `lifetracker users twins` tells which", err=True)


def _bring_up_what_is_compared(db: Database) -> None:
    """The release before may have written meanwhile, and knows nothing of how this one compares."""
    while db.write_now(users.complete_addresses):
        pass
    last: int | None = 0
    while last is not None:
        last = db.write_now(templates.refresh_texts, last)


def _refuse_lost_database() -> None:
    """The release that is live had a database: an empty one in its place would hide that its disk is missing."""
    url = url_of(load_settings().database_url)
    if release.is_live() and url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise SchemaRefused(f"there is no database at {url.database}: {release.NO_DATABASE}")


@commands.command("current")
def print_current() -> None:
    """Print the revision that the database is at."""
    with opened(servable=False) as db:
        typer.echo(schema.current(db) or "none")


@commands.command("serves")
def tell_whether_served() -> None:
    """Tell whether this code can serve the database as it is; exit code 1, and why, when it cannot."""
    with opened(servable=False) as db:
        typer.echo(str(schema.require_servable(db)))


@commands.command("check")
def check_database(
    deep: Annotated[bool, typer.Option(help="Read every index against its table, too: slow on a large file.")] = False,
) -> None:
    """Hold the database against every invariant; exit code 1 when one is broken."""
    found = smoke.found_in_database(deep=deep)
    for finding in found:
        typer.echo(str(finding))
    if any(finding.count for finding in found):
        raise typer.Exit(1)


@commands.command("standings")
def check_standings(rebuild: Annotated[bool, typer.Option(help="Keep anew what differs.")] = False) -> None:
    """Hold how each challenge is kept to stand against its whole log; exit code 1 when one differs and is left so."""
    with opened() as db:
        wrong = 0
        for person in db.read_now(users.list_people):
            judge = db.write_now if rebuild else db.read_now
            wrong += judge(standing_service.rebuild if rebuild else standing_service.count_wrong, person)
    typer.echo(f"{wrong} standings differ from the log{', and were kept anew' if rebuild and wrong else ''}")
    if wrong and not rebuild:
        raise typer.Exit(1)


@commands.command("describe")
def describe_database() -> None:
    """Print the schema as `migrations/head.json` holds it; exit code 1 when models and tables differ."""
    with opened() as db:
        if found := upgrade.differences(db):
            raise SchemaRefused(f"the tables are not what the models say: {found}")
        typer.echo(json.dumps(db.inspect_now(describe.describe), indent=1))


@commands.command("copy")
def copy_database(
    to: Annotated[str, typer.Option(help="The target's address; ~/.pgpass or PGPASSWORD can hold its password.")],
    anew: Annotated[
        bool, typer.Option("--anew", help="Throw away what an unfinished copy left in the target.")
    ] = False,
) -> None:
    """Copy the whole installation into another database, SQLite or PostgreSQL; stop the service first.

    Killed at any point, the same command again goes on where it was. The source is only read.
    """
    for copied in copying.copy_database(settings().database_url, to, partial(typer.echo, err=True), anew=anew):
        typer.echo(str(copied))
    typer.echo("the copy is whole: give the service its address in LIFETRACKER_DATABASE_URL")


@commands.command("partition")
def partition_database(
    partitions: Annotated[int, typer.Option(min=1, max=128, help="How many; with 1 tables are whole again.")] = 16,
) -> None:
    """Partition by person what grows with every day, on PostgreSQL, while the service goes on."""
    with opened() as db:
        typer.echo(str(partition.partition(db, partitions, partial(typer.echo, err=True))))
