"""`lifetracker templates …`: the catalogue, and what people offer in it."""

from __future__ import annotations

from typing import Annotated

import typer

from lifetracker.cli.opened import on_a_terminal, opened
from lifetracker.templates import service as templates

commands = typer.Typer(no_args_is_help=True, help="The catalogue, and what people offer in it.")

TemplateSlug = Annotated[str, typer.Argument(metavar="SLUG", help="Which template, as `templates list` tells it.")]


@commands.command("list")
def list_templates() -> None:
    """Print what people made public, and all that is hidden: slug, title, author, times started, state."""
    with opened() as db:
        for each in db.read_now(templates.list_judged):
            state = "hidden" if each.is_hidden else "public"
            words = (each.slug, each.title, each.author or "catalogue", str(each.times_started), state)
            typer.echo("\t".join(map(on_a_terminal, words)))


@commands.command("hide")
def hide_template(slug: TemplateSlug) -> None:
    """Take a template out of everybody's list; its author keeps it, and what was started from it stays."""
    with opened() as db:
        db.write_now(templates.hide_template, slug)
    typer.echo("hidden: nobody but its author sees it any more")


@commands.command("show")
def show_template(slug: TemplateSlug) -> None:
    """Let a hidden template be seen again."""
    with opened() as db:
        db.write_now(templates.unhide_template, slug)
    typer.echo("shown again, unless its author made it private")
