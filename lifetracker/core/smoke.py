"""The smoke check: guards, database, import of the application. Before and after every change, here and in production.

`lifetracker smoke`, or `python -m lifetracker.core.smoke`: three lines and exit 0, or what failed and exit 1. The last
line is the verdict of all three.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from lifetracker.core import guards
from lifetracker.core.config import SettingsRefused, load_settings
from lifetracker.core.db_check_repository import check_database
from lifetracker.core.db_checks.look_repository import Expected, Finding
from lifetracker.core.db_checks.open_repository import CannotCheck

HEAD = guards.HERE / "migrations" / "head.json"
IMPORT_TAKES_AT_MOST = 60.0
LINES_SHOWN = 5


class Failed(Exception):
    """A check failed; each argument is a line that says what."""


# What must work whatever state the rest is in: nothing of a feature is imported for them.
commands = typer.Typer(no_args_is_help=True, add_completion=False)


def run() -> None:
    """The commands of this module alone."""
    commands()


@commands.command("guards")
def judge_source(
    path: Annotated[Path, typer.Option(help="The package, or the folder that holds it.")] = guards.HERE,
    form: Annotated[guards.Form, typer.Option("--format", help="How to tell it.")] = guards.Form.text,
    explain: Annotated[str | None, typer.Option(metavar="RULE", help="Tell why a rule is, and the way out.")] = None,
) -> None:
    """Hold the source against the rules of the architecture; exit code 1 when one is broken."""
    try:
        violations = [] if explain else guards.run(path)
        typer.echo(guards.explained(explain) if explain else guards.told(violations, form))
    except guards.NothingThere as unknown:
        typer.echo(f"lifetracker: {unknown}", err=True)
        raise typer.Exit(1) from None
    if violations:
        raise typer.Exit(1)


@commands.command("smoke")
def main() -> None:
    """Check guards, database and the import of the application: three lines, or what failed and exit code 1."""
    importing = _begin_import()
    passed = [_passes("GUARDS", check_guards), _passes("DB CHECK", check_data)]
    passed.append(_found_sound(lambda: check_import(importing)))  # each is tried: who mends a server wants to know all
    _tell("SMOKE", all(passed))
    if not all(passed):
        sys.exit(1)


def _passes(name: str, check: Callable[[], None]) -> bool:
    passed = _found_sound(check)
    _tell(name, passed)
    return passed


def _tell(name: str, passed: bool) -> None:
    typer.echo(f"{name} {'OK' if passed else 'FAILED'}")


def _found_sound(check: Callable[[], None]) -> bool:
    """Whether a check passed; else what failed was told. One that cannot end its work has failed, too."""
    try:
        check()
    except Failed as failed:
        wrong = failed.args
    except Exception as bug:
        wrong = (f"the check itself failed: {type(bug).__name__}: {bug}",)
    else:
        return True
    for line in wrong:
        typer.echo(line)
    return False


def check_guards() -> None:
    if violations := guards.run():
        raise Failed(*map(str, violations))


def check_data() -> None:
    if broken := [finding for finding in found_in_database() if finding.count]:
        raise Failed(*map(str, broken))


def found_in_database(*, deep: bool = False) -> list[Finding]:
    """What each check of the database that the settings name found; `Failed` when it cannot be looked at."""
    try:
        settings = load_settings()
        expected = Expected.of(json.loads(HEAD.read_text(encoding="utf-8")))
        return check_database(settings.database_url, expected, deep=deep)
    except (CannotCheck, SettingsRefused) as refused:
        raise Failed(str(refused)) from None


def check_import(importing: subprocess.Popen[str]) -> None:
    """That the application can be imported, as the process found that has been at it meanwhile."""
    try:
        said, complained = importing.communicate(timeout=IMPORT_TAKES_AT_MOST)
    except subprocess.TimeoutExpired:
        importing.kill()
        raise Failed(f"the application is not imported after {IMPORT_TAKES_AT_MOST:.0f} seconds") from None
    if importing.returncode:
        raise Failed("the application cannot be imported:", *(complained or said).strip().splitlines()[-LINES_SHOWN:])


def _begin_import() -> subprocess.Popen[str]:
    """In a process of its own: what an import does must not stay behind in this one."""
    here = {**os.environ, "PYTHONPATH": str(guards.HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", "import gc; gc.disable(); import lifetracker.main"]
    return subprocess.Popen(command, env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


if __name__ == "__main__":
    main()
