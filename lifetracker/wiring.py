"""The one place where packages are connected that may not import each other; `main` and `cli` call it at start-up."""

from __future__ import annotations

from lifetracker.challenges import service as challenges
from lifetracker.daily_log import service as daily_log


def connect() -> None:
    """A challenge's standing and its numbers are derived from the log, which stands to its left."""
    challenges.running_attempts.fill(daily_log.running_attempts)
    challenges.brief_stats.fill(daily_log.brief_stats)
