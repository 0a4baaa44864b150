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
    for name, value in Places().read_environment().items():
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
