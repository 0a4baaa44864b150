"""The command as it is installed on a server: with the service's settings, and as its user wherever root is not needed.

What opens the database as root would leave files beside it that the service cannot write. What changes its schema is
root's to write down, and is done by a child as that user.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from lifetracker.ops import by_hand, shell
from lifetracker.ops.places import USER, Places
from lifetracker.ops.refusal import Refused

NEED_ROOT = ("server", "deploy", "rollback", "backup", "restore", "ops-check")
ON_RECORD = (["db", "upgrade"], ["db", "partition"], ["db", "copy"])


def main() -> None:
    try:
        settings = Places().read_environment()
    except PermissionError as error:
        sys.exit(f"lifetracker: {error.filename} is root's and the service's alone: run it with sudo")
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    command = [sys.executable, "-P", "-m", "lifetracker", *sys.argv[1:]]
    if os.geteuid() == 0 and sys.argv[1:3] in ON_RECORD:
        sys.exit(run_on_record(Places(), command))
    if os.geteuid() == 0 and sys.argv[1:2] and sys.argv[1] not in NEED_ROOT:
        _become(USER)
    os.execv(sys.executable, command)  # noqa: S606


def run_on_record(places: Places, command: list[str], run: Callable[..., Any] = subprocess.run) -> int | str:
    """Under the lock and in the journal; the exit code, or why it was not done."""
    what = " ".join(command[4:6])
    try:
        with by_hand.on_record(places, what):
            code: int = run(command, check=False, pass_fds=tuple(shell.inherited), **shell.as_user(USER)).returncode
            if code:
                raise _Ended(code)
    except _Ended as ended:
        return ended.code
    except Refused as refused:
        return f"lifetracker: {refused}"
    return 0


class _Ended(Exception):
    """It ended with another code than 0, and has said why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"failed with code {code}")
        self.code = code


def _become(name: str) -> None:
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


if __name__ == "__main__":
    main()
