"""`lifetracker users …`: accounts, by e-mail address."""

from __future__ import annotations

from typing import Annotated

import typer

from lifetracker.cli.opened import on_a_terminal, opened
from lifetracker.core.auth import hash_password_now
from lifetracker.users import service as users
from lifetracker.users.schemas import UserCreate

commands = typer.Typer(no_args_is_help=True, help="Accounts, by e-mail address.")

TWINS = "addresses with more than one account: {}"
Email = Annotated[str, typer.Argument(help="The account's e-mail address.")]


@commands.command("list")
def list_users() -> None:
    """Print every account: id, address, name, state."""
    with opened() as db:
        for user, disabled in db.read_now(users.list_users):
            words = (str(user.id), user.email, user.display_name, "disabled" if disabled else "active")
            typer.echo("\t".join(map(on_a_terminal, words)))


@commands.command("twins")
def list_twins() -> None:
    """Print accounts that share one address: two to an earlier release, each opened by the address as it was typed.

    They stay as they are. Ask their owner which to keep, and delete or readdress the other.
    """
    with opened() as db:
        found = db.read_now(users.list_twins)
    for twins in found:
        typer.echo("\t".join(f"{user_id} {on_a_terminal(email)}" for user_id, email in twins))
    typer.echo(TWINS.format(len(found)), err=True)


@commands.command("create")
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
    with opened() as db:
        user = db.write_now(users.add_user, new, hash_password_now(password))
    typer.echo(f"account {user.id} created")


@commands.command("disable")
def disable_user(email: Email) -> None:
    """End every token of an account and let it log in no more."""
    with opened() as db:
        db.write_now(users.disable, email)
    typer.echo("disabled: no token of theirs works any more")


@commands.command("enable")
def enable_user(email: Email) -> None:
    """Let a disabled account log in again."""
    with opened() as db:
        db.write_now(users.enable, email)
    typer.echo("enabled")


@commands.command("reset-password")
def reset_password(email: Email) -> None:
    """Print a one-time code with which the account sets a new password."""
    with opened() as db:
        code = db.write_now(users.issue_reset_code, email)
    typer.echo(code)
    typer.echo("good once, for 24 hours: POST /auth/password-reset with this code and the new_password", err=True)


@commands.command("delete")
def delete_user(email: Email, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete an account and every row of theirs, for good."""
    with opened() as db:
        person = db.read_now(users.find_person, email)
        if not yes:
            typer.confirm(f"Delete account {person.id} with all that it logged?", abort=True)
        db.write_now(users.delete_user, person.id)
    typer.echo("deleted")
