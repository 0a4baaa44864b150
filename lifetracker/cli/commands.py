"""`lifetracker …`: the operator's commands; each hands over to its room."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lifetracker import __version__, wiring
from lifetracker.core import guards, logging, release, smoke
from lifetracker.core.auth import hash_password_now
from lifetracker.core.config import Settings, SettingsRefused, load_settings
from lifetracker.core.day import utc_now
from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused, url_of
from lifetracker.core.errors import Problem
from lifetracker.core.guarding import pins
from lifetracker.core.release import TRIAL, Trial
from lifetracker.core.validation import message_of
from lifetracker.daily_log import import_service, standing_service
from lifetracker.daily_log.schemas import ImportQuery
from lifetracker.migrations import HEAD, copying, describe, partition, schema, upgrade
from lifetracker.ops import commands as ops_commands
from lifetracker.ops.refusal import Refused
from lifetracker.ops.seeding import seed as seeding
from lifetracker.ops.seeding.people import Wanted
from lifetracker.ops.telling import complain
from lifetracker.templates import service as templates
from lifetracker.users import service as users
from lifetracker.users.schemas import UserCreate

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Runs and looks after a LifeTracker.")
database_app = typer.Typer(no_args_is_help=True, help="The schema of the database.")
users_app = typer.Typer(no_args_is_help=True, help="Accounts, by e-mail address.")
templates_app = typer.Typer(no_args_is_help=True, help="The catalogue, and what people offer in it.")
app.add_typer(database_app, name="db")
app.add_typer(users_app, name="users")
app.add_typer(templates_app, name="templates")
app.add_typer(smoke.commands)
app.add_typer(ops_commands.commands)

TWINS = "addresses with more than one account: {}"
Email = Annotated[str, typer.Argument(help="The account's e-mail address.")]
TemplateSlug = Annotated[str, typer.Argument(metavar="SLUG", help="Which template, as `templates list` tells it.")]


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


@contextmanager
def _database(*, servable: bool = True, create: bool = False) -> Iterator[Database]:
    """`create` is for a migration, which a release runs before it is on trial, and on copies."""
    settings = _settings()
    db = Database(settings.database_url, threads=1, create=create, trial=Trial(None) if create else TRIAL)
    try:
        if servable:
            schema.require_servable(db)
        yield db
    finally:
        db.close()


def _settings() -> Settings:
    settings = load_settings()
    logging.set_up("WARNING", settings.log_format)
    wiring.connect()
    return settings


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
    with _database() as db:
        person = db.read_now(users.find_person, user)
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
    with _database() as db:
        made = seeding.seed(db, wanted, beside=beside, tell=lambda so_far: _tell_seeded(so_far, users))
        size = seeding.bytes_of(db)
    typer.echo(
        f"{made}{f', {size / 1e6:.1f} MB, {size / made.entries:.0f} bytes an entry' if size and made.entries else ''}"
    )
    typer.echo(f"log in as {made.login} with the password: {seeding.PASSWORD}")


def _tell_seeded(made: seeding.Made, of: int) -> None:
    typer.echo(f"\r{100 * made.people // of:3} %: {made}", nl=made.people == of, err=True)


@database_app.command("upgrade")
def upgrade_database(
    leave_newer: Annotated[
        bool, typer.Option("--leave-newer", help="Leave alone what a newer release made and this code can serve.")
    ] = False,
) -> None:
    """Bring schema and catalogue to this release, in one transaction each; then what is compared, in small ones."""
    _refuse_lost_database()
    with _database(servable=False, create=True) as db:
        found = db.inspect_now(schema.standing)
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


@database_app.command("current")
def print_current() -> None:
    """Print the revision that the database is at."""
    with _database(servable=False) as db:
        typer.echo(schema.current(db) or "none")


@database_app.command("serves")
def tell_whether_served() -> None:
    """Tell whether this code can serve the database as it is; exit code 1, and why, when it cannot."""
    with _database(servable=False) as db:
        typer.echo(str(schema.require_servable(db)))


@database_app.command("check")
def check_database(
    deep: Annotated[bool, typer.Option(help="Read every index against its table, too: slow on a large file.")] = False,
) -> None:
    """Hold the database against every invariant; exit code 1 when one is broken."""
    found = smoke.found_in_database(deep=deep)
    for finding in found:
        typer.echo(str(finding))
    if any(finding.count for finding in found):
        raise typer.Exit(1)


@database_app.command("standings")
def check_standings(rebuild: Annotated[bool, typer.Option(help="Keep anew what differs.")] = False) -> None:
    """Hold how each challenge is kept to stand against its whole log; exit code 1 when one differs and is left so."""
    with _database() as db:
        wrong = 0
        for person in db.read_now(users.list_people):
            judge = db.write_now if rebuild else db.read_now
            wrong += judge(standing_service.rebuild if rebuild else standing_service.count_wrong, person)
    typer.echo(f"{wrong} standings differ from the log{', and were kept anew' if rebuild and wrong else ''}")
    if wrong and not rebuild:
        raise typer.Exit(1)


@database_app.command("describe")
def describe_database() -> None:
    """Print the schema as `migrations/head.json` holds it; exit code 1 when models and tables differ."""
    with _database() as db:
        if found := upgrade.differences(db):
            raise SchemaRefused(f"the tables are not what the models say: {found}")
        typer.echo(json.dumps(db.inspect_now(describe.describe), indent=1))


@database_app.command("copy")
def copy_database(
    to: Annotated[str, typer.Option(help="The target's address; ~/.pgpass or PGPASSWORD can hold its password.")],
    anew: Annotated[
        bool, typer.Option("--anew", help="Throw away what an unfinished copy left in the target.")
    ] = False,
) -> None:
    """Copy the whole installation into another database, SQLite or PostgreSQL; stop the service first.

    Killed at any point, the same command again goes on where it was. The source is only read.
    """
    for copied in copying.copy_database(_settings().database_url, to, partial(typer.echo, err=True), anew=anew):
        typer.echo(str(copied))
    typer.echo("the copy is whole: give the service its address in LIFETRACKER_DATABASE_URL")


@database_app.command("partition")
def partition_database(
    partitions: Annotated[int, typer.Option(min=1, max=128, help="How many; with 1 tables are whole again.")] = 16,
) -> None:
    """Partition by person what grows with every day, on PostgreSQL, while the service goes on."""
    with _database() as db:
        typer.echo(str(partition.partition(db, partitions, partial(typer.echo, err=True))))


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


@users_app.command("list")
def list_users() -> None:
    """Print every account: id, address, name, state."""
    with _database() as db:
        for user, disabled in db.read_now(users.list_users):
            words = (str(user.id), user.email, user.display_name, "disabled" if disabled else "active")
            typer.echo("\t".join(map(_on_a_terminal, words)))


@users_app.command("twins")
def list_twins() -> None:
    """Print accounts that share one address: two to an earlier release, each opened by the address as it was typed.

    They stay as they are. Ask their owner which to keep, and delete or readdress the other.
    """
    with _database() as db:
        found = db.read_now(users.list_twins)
    for twins in found:
        typer.echo("\t".join(f"{user_id} {_on_a_terminal(email)}" for user_id, email in twins))
    typer.echo(TWINS.format(len(found)), err=True)


@users_app.command("create")
def create_user(
    email: Email,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    display_name: str = "",
    time_zone: str = "UTC",
    locale: str = "en",
) -> None:
    """Open an account, also where registration is closed."""
    fields = {"display_name": display_name, "time_zone": time_zone, "locale": locale}
    new = UserCreate.model_validate({"email": email, "password": password, **fields}, strict=False)
    with _database() as db:
        user = db.write_now(users.add_user, new, hash_password_now(password))
    typer.echo(f"account {user.id} created")


@users_app.command("disable")
def disable_user(email: Email) -> None:
    """End every token of an account and let it log in no more."""
    with _database() as db:
        db.write_now(users.disable, email)
    typer.echo("disabled: no token of theirs works any more")


@users_app.command("enable")
def enable_user(email: Email) -> None:
    """Let a disabled account log in again."""
    with _database() as db:
        db.write_now(users.enable, email)
    typer.echo("enabled")


@users_app.command("reset-password")
def reset_password(email: Email) -> None:
    """Print a one-time code with which the account sets a new password."""
    with _database() as db:
        code = db.write_now(users.issue_reset_code, email)
    typer.echo(code)
    typer.echo("good once, for 24 hours: POST /auth/password-reset with this code and the new_password", err=True)


@users_app.command("delete")
def delete_user(email: Email, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete an account and every row of theirs, for good."""
    with _database() as db:
        person = db.read_now(users.find_person, email)
        if not yes:
            typer.confirm(f"Delete account {person.id} with all that it logged?", abort=True)
        db.write_now(users.delete_user, person.id)
    typer.echo("deleted")


@templates_app.command("list")
def list_templates() -> None:
    """Print what people made public, and all that is hidden: slug, title, author, times started, state."""
    with _database() as db:
        for each in db.read_now(templates.list_judged):
            state = "hidden" if each.is_hidden else "public"
            words = (each.slug, each.title, each.author or "catalogue", str(each.times_started), state)
            typer.echo("\t".join(map(_on_a_terminal, words)))


@templates_app.command("hide")
def hide_template(slug: TemplateSlug) -> None:
    """Take a template out of everybody's list; its author keeps it, and what was started from it stays."""
    with _database() as db:
        db.write_now(templates.hide_template, slug)
    typer.echo("hidden: nobody but its author sees it any more")


@templates_app.command("show")
def show_template(slug: TemplateSlug) -> None:
    """Let a hidden template be seen again."""
    with _database() as db:
        db.write_now(templates.unhide_template, slug)
    typer.echo("shown again, unless its author made it private")


def _on_a_terminal(text: str) -> str:
    """What strangers wrote, on one line, and without what would move the cursor or colour the rest."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
