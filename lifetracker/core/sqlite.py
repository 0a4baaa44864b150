"""The one SQLite of this process: the newest at hand, and a warning when it is one that can lose data.

SQLite 3.7.0 to 3.51.2 can lose committed pages when one connection checkpoints while another resets the
write-ahead log (sqlite.org/wal.html#the_wal_reset_bug; mended in 3.51.3, and in 3.50.7 and 3.44.6). Debian 12 and
Ubuntu 22.04 ship affected libraries, so the `pysqlite3` wheel, which carries its own, goes first where it exists.
Two SQLites in one process would break each other's file locks, hence one door to the driver.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

if find_spec("pysqlite3"):
    import pysqlite3 as _driver
else:
    import sqlite3 as _driver

driver: Any = _driver
VERSION: tuple[int, ...] = tuple(int(part) for part in driver.sqlite_version.split("."))


def wal_reset_warning(version: tuple[int, ...] = VERSION) -> str | None:
    """A sentence for the log when `version` of SQLite has the WAL-reset bug, else None."""
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if mended or version < (3, 7):
        return None
    return (
        f"SQLite {'.'.join(map(str, version))} has the WAL-reset bug (sqlite.org/wal.html#the_wal_reset_bug), "
        "which can lose committed data; use a Python that pysqlite3 has wheels for, or SQLite 3.51.3 or later"
    )
