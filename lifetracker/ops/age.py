"""When something began, and when something was changed last, on one scale: seconds since 1970."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

STARTED = 19  # of what stands behind a process's name in /proc/PID/stat: clock ticks from the machine's boot


def started(pid: int) -> float:
    """When a process began, or up to a hundredth of a second later; `OSError` where there is none of that id.

    Later, since what was written just before it began must not seem to be younger.
    """
    ticks = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[STARTED])
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted + (ticks + 1) / os.sysconf("SC_CLK_TCK")


def changed(path: Path) -> float:
    """When a file or folder was written, renamed, or given other rights; of a link also what it leads to. 0 for none.

    By the kernel's own mark, which a copy does not bring along as it does the time of the last writing.
    """
    found = [0.0]
    for look in (os.lstat, os.stat):
        with suppress(FileNotFoundError):
            found.append(look(path).st_ctime)
    return max(found)
