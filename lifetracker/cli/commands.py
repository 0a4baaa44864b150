"""`lifetracker …`: the command itself, and what of it belongs to no group; each command hands over to its room."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from lifetracker import __version__
from lifetracker.cli import database, templates, users
from lifetracker.cli.opened import opened
from lifetracker.core import guards, smoke
from lifetracker.core.config import SettingsRefused
from lifetracker.core.day import utc_now
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.errors import Problem
from lifetracker.core.guarding import pins
from lifetracker.core.validation import message_of
from lifetracker.daily_log import import_service
from lifetracker.daily_log.schemas import ImportQuery
from lifetracker.ops import commands as ops_commands
from lifetracker.ops.refusal import Refused
from lifetracker.ops.seeding import seed as seeding
from lifetracker.ops.seeding.people import Wanted
from lifetracker.ops.telling import complain
from lifetracker.users.service import find_person

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Runs and looks after a LifeTracker.")
app.add_typer(database.commands, name="db")
app.add_typer(users.commands, name="users")
app.add_typer(templates.commands, name="templates")
app.add_typer(smoke.commands)
app.add_typer(ops_commands.commands)


def main() -> None:
    """The entry point: a refusal is one sentence on stderr and exit code 1."""
    try:
        app(prog_name="lifetracker")
    except (Problem, Refused, SchemaRefused, SettingsRefused, smoke.Failed, ValueError, OSError) as refused:
        complain(f"lifetracker: {_sentence(refused)}")
        sys.exit(1)


def _sentence(refused: Exception) -> str:
    errors = getattr(refused, "errors", None)
    if callable(errors):  # pydantic's, of which only field and message may be told
        return "; ".join(f"{'.'.join(map(str, error['loc']))}: {message_of(error)}" for error in errors())
    return str(refused)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A Loop Habit Tracker backup (.db).", exists=True, dir_okay=False)],
    user: Annotated[str, typer.Option(help="Whose log it is: the account's e-mail address.")],
    dry_run: Annotated[bool, typer.Option(help="Tell what would happen, and keep nothing.")] = False,
) -> None:
    """Import another tracker's file into an account; the same file twice changes nothing."""
    with opened() as db:
        person = db.read_now(find_person, user)
        life = db.read_now(import_service.read_file, person, file.read_bytes())
        done = db.write_now(import_service.take_over, person, life, ImportQuery(dry_run=dry_run))
    typer.echo(
        f"{done.format}: {done.challenges_created} challenges created, {done.entries_created} entries created, "
        f"{done.entries_updated} updated, {len(done.rejected)} rejected"
    )
    for rejected in done.rejected:
        typer.echo(f"  {rejected.where}: {rejected.reason}", err=True)


@app.command("seed")
def seed_database(
    users: Annotated[int, typer.Option(min=1, help="How many people.")] = 20,
    days: Annotated[int, typer.Option(min=1, max=20_000, help="How far back their logs go.")] = 365,
    challenges: Annotated[int, typer.Option(min=1, max=100, help="How many each keeps at a time.")] = 5,
    seed: Annotated[int, typer.Option(help="Another number makes other people.")] = 1,
    beside: Annotated[bool, typer.Option("--beside", help="Add to a database that holds people.")] = False,
) -> None:
    """Fill a database with believable people, to look at, to try things on, and to measure."""
    wanted = Wanted(users, days, challenges, seed, utc_now().date())
    with opened() as db:
        made = seeding.seed(db, wanted, beside=beside, tell=lambda so_far: _tell_seeded(so_far, users))
        size = seeding.bytes_of(db)
    typer.echo(
        f"{made}{f', {size / 1e6:.1f} MB, {size / made.entries:.0f} bytes an entry' if size and made.entries else ''}"
    )
    typer.echo(f"log in as {made.login} with the password: {seeding.PASSWORD}")


def _tell_seeded(made: seeding.Made, of: int) -> None:
    typer.echo(f"\r{100 * made.people // of:3} %: {made}", nl=made.people == of, err=True)


@app.command("freeze")
def freeze_core(
    reason: Annotated[str, typer.Option(help="Why the frozen core had to change; it stays on record.")],
) -> None:
    """Pin the frozen core as it is now: a step of its own, after its change was read by somebody else."""
    if not reason.strip():
        raise ValueError("--reason must say why: it is what stays on record")
    changed = pins.freeze(guards.HERE, reason, date.today())  # noqa: DTZ011  the operator's own day
    for changed_path in changed:
        typer.echo(f"pinned {changed_path}")
    if not changed:
        typer.echo("nothing changed: the pins stay as they were")
