"""Processes of their own beside the test's: how one is begun unmeasured, and how one is ended."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import psutil


def unmeasured(**more: str) -> dict[str, str]:
    """The environment for a process whose coverage is not asked for: measuring makes it twice as slow."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")} | more


def kill(pid: int) -> None:
    """End it by force, and return when it has ended; one that is not there has.

    A process stays in the table until its parent asks after it, and where nobody does, for good: such a one has ended.
    """
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.kill()
        for _ in range(1000):
            if process.status() == psutil.STATUS_ZOMBIE:
                return
            time.sleep(0.005)
        raise AssertionError(f"process {pid} did not end within 5 s")
