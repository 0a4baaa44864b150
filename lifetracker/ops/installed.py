"""The command as it is installed on a server: with the service's settings, and as its user wherever root is not needed.

What opens the database as root would leave files beside it that the service cannot write.
"""

from __future__ import annotations

import os
import pwd
import sys

from lifetracker.ops.places import USER, Places

NEED_ROOT = ("server", "deploy", "rollback", "backup", "restore", "ops-check")


def main() -> None:
    try:
        settings = Places().read_environment()
    except PermissionError as error:
        sys.exit(f"lifetracker: {error.filename} is root's and the service's alone: run it with sudo")
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    if os.geteuid() == 0 and sys.argv[1:2] and sys.argv[1] not in NEED_ROOT:
        _become(USER)
    os.execv(sys.executable, [sys.executable, "-P", "-m", "lifetracker", *sys.argv[1:]])  # noqa: S606


def _become(name: str) -> None:
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


if __name__ == "__main__":
    main()
