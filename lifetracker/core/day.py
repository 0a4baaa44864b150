"""What day it is for a person, and the clock that everything else is handed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

Clock = Callable[[], datetime]

ONE_DAY = timedelta(days=1)
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2999, 12, 31)


def utc_now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def day_at(instant: datetime, time_zone: str, day_starts_at: time) -> date:
    """The person's own day at `instant`.

    It is the date on the wall clock in `time_zone`, one day earlier while that clock shows less than `day_starts_at`.
    """
    wall = instant.astimezone(zone(time_zone))
    return wall.date() - ONE_DAY if wall.time() < day_starts_at else wall.date()


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def is_time_zone(name: str) -> bool:
    """Whether `name` is an IANA zone; `localtime` and the like, which mean the server's, are not."""
    return name in _zone_names()


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})
