"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from lifetracker import __version__
from lifetracker.core import sqlite


def described(*also: str) -> str:
    """Date, machine and versions, as one paragraph; `also` are names and versions of what else took part."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    libraries = [f"{name} {version(name)}" for name in ("fastapi", "uvicorn", "pydantic")]
    ours = [f"LifeTracker {__version__}{_commit()}", python, f"SQLite {sqlite.driver.sqlite_version}", *libraries]
    return f"{today}, on {machine}; {', '.join([*ours, *also])}."


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _commit() -> str:
    """Which commit, where the source is a checkout."""
    command: Sequence[str] = ("git", "describe", "--always", "--dirty")
    here = Path(__file__).parent
    try:
        said = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f" ({said})"


def wrk_version() -> str:
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout.split()
    return f"wrk {said[said.index('[epoll]') - 1] if '[epoll]' in said else said[1]}"
