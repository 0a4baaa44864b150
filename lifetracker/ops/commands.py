"""The operator's commands on a server; each hands over to its module."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from lifetracker.core.config import SettingsRefused
from lifetracker.ops import backup_commands, journal, started_from
from lifetracker.ops.checks import commands as check_commands
from lifetracker.ops.deploying import deploy as deploying
from lifetracker.ops.deploying import recover, remote, rollback, status
from lifetracker.ops.deploying.interrupts import interruptible
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import build as release_build
from lifetracker.ops.release import releases
from lifetracker.ops.server import init as server_init
from lifetracker.ops.telling import Teller, complain, is_journal

commands = typer.Typer(no_args_is_help=True, add_completion=False)
commands.add_typer(backup_commands.commands)
commands.add_typer(check_commands.commands)
release_app = typer.Typer(no_args_is_help=True, help="Archives to deploy.")
commands.add_typer(release_app, name="release")
server_app = typer.Typer(no_args_is_help=True, help="The server itself.")
commands.add_typer(server_app, name="server")

Root = Annotated[Path, typer.Option(help="The root of the server's tree; another one for a trial.")]


def run() -> None:
    """These commands alone, without the features: a refusal is one sentence on stderr and exit code 1."""
    try:
        commands(prog_name="lifetracker")
    except (Refused, SettingsRefused, OSError) as refused:
        complain(f"lifetracker: {_sentence(refused)}")
        sys.exit(1)
    except Exception:  # a bug: by night nobody watches a terminal, and what the interpreter prints would be no error
        if not is_journal(2):
            raise
        complain(traceback.format_exc())
        sys.exit(1)


def _sentence(refused: Exception) -> str:
    if isinstance(refused, PermissionError) and os.geteuid() != 0:
        return f"{refused.filename or 'this'} is root's to read and write: run it with sudo"
    return str(refused)


@release_app.command("build")
def build_release(
    to: Annotated[Path, typer.Option(help="The folder for the archive.")] = Path("dist"),
    python: Annotated[list[str] | None, typer.Option(help="A Python of the server, as 3.11; may be repeated.")] = None,
    machine: Annotated[str, typer.Option(help="The server's processor, as `uname -m` names it.")] = "x86_64",
) -> None:
    """Make one archive with the source, its libraries and a manifest; it starts itself on the server."""
    archive = release_build.build(to, python or (), machine)
    typer.echo(f"{archive} ({archive.stat().st_size / 1e6:.1f} MB)")


@server_app.command("init")
def prepare_server(
    site: Annotated[str | None, typer.Option(help="The name that clients know the server by.")] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Tell every command, and change nothing.")] = False,
    root: Root = Path("/"),
) -> None:
    """Bring a bare server to where `deploy` works: user, folders, units, site, settings. Twice is once."""
    server_init.init(Places(root), site, typer.echo, only_print=only_print)


@commands.command("deploy")
def deploy(
    archive: Annotated[Path | None, typer.Argument(help="The archive; by default the one that this runs from.")] = None,
    host: Annotated[str | None, typer.Option(help="Deploy on that server, over ssh.")] = None,
    sudo: Annotated[bool, typer.Option(help="With --host: become root there with sudo.")] = False,
    despite_ops_check: Annotated[
        str | None, typer.Option(metavar="REASON", help="Go on though ops-check fails; the reason stays on record.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge everything, and change nothing.")] = False,
    show_status: Annotated[bool, typer.Option("--status", help="Tell what is live, and deploy nothing.")] = False,
    recover_only: Annotated[bool, typer.Option("--recover", help="End one that was cut short, and no more.")] = False,
    restore_database: Annotated[
        bool, typer.Option("--restore-database", help="With --recover: put back the database, and lose what it says.")
    ] = False,
    root: Root = Path("/"),
) -> None:
    """Bring a release live: old or new at every moment, and whole."""
    places, tell = Places(root), Teller()
    if host is not None and (show_status or recover_only):
        lose = ["--restore-database"] if restore_database else []
        raise typer.Exit(remote.ask(host, ["--status"] if show_status else ["--recover", *lose], sudo=sudo))
    if show_status:
        for line in status.told(places):
            typer.echo(line)
    elif recover_only:
        _recover(places, tell, lose=restore_database)
    elif host is not None:
        words = [*(["--dry-run"] if dry_run else [])]
        words += ["--despite-ops-check", despite_ops_check] if despite_ops_check is not None else []
        raise typer.Exit(remote.deploy(host, _archive(archive), words, tell, sudo=sudo))
    else:
        deployed = deploying.deploy(
            places, _archive(archive), tell, despite_ops_check=despite_ops_check, dry_run=dry_run
        )
        typer.echo(f"DEPLOY OK: {deployed}" if not dry_run else "DRY RUN OK: nothing was changed")


def _archive(given: Path | None) -> Path:
    found = given or started_from.archive()
    if found is None:
        raise Refused("which archive? `lifetracker deploy ARCHIVE`")
    return found


def _recover(places: Places, tell: Teller, *, lose: bool) -> None:
    with journal.locked(places, "deploy --recover"), interruptible():
        done = recover.recover(places, tell, lose=lose)
        current = releases.live(places)
    if done is None:
        typer.echo("nothing was cut short: all is as it should be")
    else:
        typer.echo(f"{current.id if current else 'nothing'} is live\nRECOVERED")


@commands.command("rollback")
def roll_back(
    release: Annotated[str | None, typer.Argument(help="The release; by default the last good one before.")] = None,
    restore_database: Annotated[
        bool, typer.Option("--restore-database", help="Put back the database of then, where its code needs that.")
    ] = False,
    root: Root = Path("/"),
) -> None:
    """Go back to a release that was live before."""
    gone_to = rollback.roll_back(Places(root), release, Teller(), restore_database=restore_database)
    typer.echo(f"ROLLBACK OK: {gone_to}")
