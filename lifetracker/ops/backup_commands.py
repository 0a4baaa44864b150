"""`lifetracker backup` and `lifetracker restore`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from lifetracker.ops import by_hand
from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import restore as restoring
from lifetracker.ops.backups.manifest import Backup, Record, clock
from lifetracker.ops.places import Places
from lifetracker.ops.telling import Teller

commands = typer.Typer(no_args_is_help=True, add_completion=False)

MINUTE = "%Y-%m-%d %H:%MZ"
Root = Annotated[Path, typer.Option(metavar="DIR", help="Another root than /, for a trial.", hidden=True)]


@commands.command("backup")
def back_up(
    backup: Annotated[str | None, typer.Argument(help="With --verify: its id, else the newest of every day.")] = None,
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="Another folder than the server's.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="How many to keep; else what server.toml says.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Restore one into a temporary place, and check it.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Tell which there are.")] = False,
    root: Root = Path("/"),
) -> None:
    """Back up the database while the service writes; or --verify a backup, or --list them."""
    places = Places(root)
    if verify:
        _verify(places, backup, to)
    elif listing:
        for line in _lines(to or places.backups):
            typer.echo(line)
    elif backup is not None:
        raise typer.BadParameter("a backup is named with --verify only", param_hint="BACKUP")
    else:
        made = backups.make(places, to=to, keep=keep or places.read_config().keep_backups)
        typer.echo(f"{made.id}: {_told(made)}, in {made.folder}")


def _verify(places: Places, name: str | None, folder: Path | None) -> None:
    backup = backups.find(places, name, folder)
    backups.verify(places, backup)
    typer.echo(f"{backup.id}: verified: restored into a temporary place, {_told(backup)}")


def _told(backup: Backup) -> str:
    rows = sum(backup.manifest.tables.values())
    size = sum(each.size for each in backup.manifest.files.values())
    return f"{rows} rows in {len(backup.manifest.tables)} tables, {size / 1e6:.1f} MB"


def _lines(folder: Path) -> Iterator[str]:
    now = clock()
    for each in backups.in_folder(folder):
        ahead = ", from the future: a clock was ahead" if each.is_ahead(now) else ""
        yield f"{each.id}\t{_told(each)}\t{each.manifest.problem or _state(each.record)}{ahead}"
    for name, why in backups.unreadable(folder).items():
        yield f"{name}\tno backup\t{why}"


def _state(record: Record) -> str:
    if record.failed:
        return f"unsound since {record.failed.at:{MINUTE}}: {record.failed.why}"
    state = f"verified {record.verified:{MINUTE}}" if record.verified else "not verified yet"
    untried = record.untried
    return f"{state}; drill not done {untried.at:{MINUTE}}: {untried.why}" if untried else state


@commands.command("restore")
def restore(
    backup: Annotated[str, typer.Argument(help="Its id, or the path of its folder.")],
    stop: Annotated[bool, typer.Option("--stop", help="Stop the service for it, and start it afterwards.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    root: Root = Path("/"),
) -> None:
    """Put a backup in the place of the database; what was there is kept as a backup of its own."""
    places = Places(root)

    def agree(plan: restoring.Plan) -> None:
        _tell(plan)
        if not yes:
            typer.confirm("Restore it?", abort=True)

    found, tell = backups.find(places, backup), Teller()
    with by_hand.on_record(places, "restore", of=found.id):
        failing = by_hand.look(places, tell)
        kept = restoring.restore(places, found, stop=stop, agree=agree)
        what = f"backup {kept.id}" if kept else "nothing: there was no database"
        typer.echo(f"restored {backup}; what was there is {what}")
        by_hand.look_again(places, tell, failing)


def _tell(plan: restoring.Plan) -> None:
    if plan.losses is None:
        typer.echo("the database that is there cannot be read: its bytes will be kept")
        return
    for table, (now, then, lost) in plan.losses.items():
        typer.echo(f"  {table}: {now} rows now, {then} in the backup; {lost} of now will be gone or as they were")
    total = sum(lost for _, _, lost in plan.losses.values())
    typer.echo(f"{total} rows will be lost or changed" if plan.losses else "nothing will change: they are the same")
    if plan.running:
        typer.echo(f"will be stopped meanwhile: {' '.join(plan.running)}")
