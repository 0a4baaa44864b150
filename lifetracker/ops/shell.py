"""Programs of the system, run to their end: what they said, or a refusal with the last lines of it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lifetracker.ops.refusal import Refused

LINES_SHOWN = 8
# Handles that our programs get, too: a lock among them is held until the last of them has ended, so that what a killed
# deploy had begun cannot go on beside the next one.
inherited: set[int] = set()


class ProgramFailed(Refused):
    """A program ended with another code than 0, or not in time."""


def run(
    command: Sequence[str | Path],
    *,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: str | None = None,
    seconds: float = 60.0,
) -> str:
    """What the program printed on stdout; `ProgramFailed` with the end of what it said when it failed.

    `user` is who it runs as, where there is such a user and we may choose, and what it makes is that user's alone;
    `environment` comes on top of ours.
    """
    words = [str(word) for word in command]
    options: dict[str, Any] = {"cwd": folder, "env": {**os.environ, **(environment or {})}}
    options |= {"pass_fds": tuple(inherited), **as_user(user)}
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603  every command is ours
            words, input=stdin or "", capture_output=True, text=True, check=False, timeout=seconds, **options
        )
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"`{' '.join(words)}` was not done after {seconds:.0f} seconds") from None
    except OSError as error:
        raise ProgramFailed(f"`{words[0]}` cannot be run: {error.strerror or error}") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-LINES_SHOWN:]
        raise ProgramFailed("\n".join([f"`{' '.join(words)}` failed with code {done.returncode}", *said]))
    return done.stdout


def has(program: str) -> bool:
    return shutil.which(program) is not None


def as_user(name: str | None) -> dict[str, Any]:
    """Options for a subprocess that make it run as `name`; none where we may not, or nobody is called so."""
    if name is None or os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "umask": 0o077}
