"""`lifetracker server init`: a bare server brought to where `deploy` works, by commands that could be typed as well.

Each step knows whether it is so already, and what makes it so; twice is once. What the operator wrote is never
overwritten: settings stay, an edited site stays with the new one beside it. Unit files are ours, drop-ins are theirs.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from lifetracker.ops import shell, started_from
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.server.steps import SITE, Need, steps
from lifetracker.ops.started_from import TREE

HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def init(places: Places, site: str | None, say: Callable[[str], None], *, only_print: bool = False) -> None:
    """Make `places` a server for `site`, telling each step; with `only_print`, every command, and nothing changes.

    Below another root than `/`, what belongs to the machine (its users, systemd, nginx) is left out.
    """
    started_from.require(
        "systemd", "nginx", of=TREE, do="start it from an archive, `python3 lifetracker-1.2.3.pyz server init`"
    )
    real = places.root == Path("/")
    if real and not only_print:
        _refuse_what_lacks()
    name = _site_name(places, site)
    for step in [*steps(places, name, real)]:  # all of them first: what is refused is refused before the first is done
        if step.is_so():
            say(f"# as it should be: {step.what}")
        else:
            say(f"# {step.what}")
            if only_print:
                for line in step.told():
                    say(line)
            else:
                _run(step)
    say(f"# next: {_next(places)}")


def _next(places: Places) -> str:
    """`lifetracker` itself is of the live release: the first one is brought by its archive."""
    if places.live.exists():
        return "lifetracker ops-check"
    return f"{os.path.basename(sys.executable)} {shlex.quote(str(started_from.archive() or 'ARCHIVE'))} deploy"


def _run(step: Need) -> None:
    for command in step.commands:
        shell.run(command, stdin=step.stdin if command is step.commands[-1] else None)


def _site_name(places: Places, given: str | None) -> str:
    """The one that is given, or that stands in the operator's file.

    They must not differ: two sites of ours in one nginx name the same limits, and it would refuse to load either.
    """
    written = places.read_config().site
    name = written if given is None else given
    if not HOST.fullmatch(name):
        empty = "; is SITE set in this shell?" if not name else ""
        raise Refused(f"{name!r} is no name of a site: it wants one as {SITE}, in small letters{empty}")
    if name != written and places.config.exists():
        raise Refused(
            f"{places.config} says that this server is {written}, not {name}: to give it another name change that "
            f"line, remove {places.nginx}/sites-enabled/{written}.conf, and run `server init` without --site"
        )
    return name


def _refuse_what_lacks() -> None:
    if os.geteuid() != 0:
        raise Refused("a server is prepared by root: run it with sudo")
    if importlib.util.find_spec("ensurepip") is None:
        raise Refused("this Python cannot make virtual environments: apt-get install python3-venv (of its version)")
    for program in ("systemctl", "nginx", "openssl"):
        if not shell.has(program):
            package = {"systemctl": "systemd"}.get(program, program)
            raise Refused(f"there is no {program} here: apt-get install {package}")
    if not Path("/run/systemd/system").is_dir():
        raise Refused("systemd does not run this machine: the service needs it")
