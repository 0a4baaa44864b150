"""`lifetracker ops-check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lifetracker.ops.checks import ops_check
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused

commands = typer.Typer(add_completion=False)


@commands.command("ops-check")
def check_operations(
    as_json: Annotated[bool, typer.Option("--json", help="Tell it to programs.")] = False,
    root: Annotated[Path, typer.Option(hidden=True, help="Where the installation's paths begin.")] = Path("/"),
) -> None:
    """Check the whole installation, from systemd to the last backup; exit code 1 when anything failed."""
    if root == Path("/") and os.geteuid() != 0:
        raise Refused("ops-check looks at processes and files of others: run it as root (sudo lifetracker ops-check)")
    outcomes = ops_check.run(Places(root))
    typer.echo(ops_check.as_json(outcomes) if as_json else ops_check.told(outcomes))
    if ops_check.failures(outcomes):
        raise typer.Exit(1)
