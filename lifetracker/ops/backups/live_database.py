"""Which database a server has: a file of SQLite's, or one on a PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from lifetracker.core.config import PREFIX, load_settings
from lifetracker.core.db.engines import SchemaRefused, url_of
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused

NAME = f"{PREFIX}DATABASE_URL"


@dataclass(frozen=True, slots=True)
class LiveDatabase:
    """`file` is None on PostgreSQL; `url` may hold a password, so it goes into environments only."""

    url: str
    file: Path | None

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return "postgresql" if self.file is None else "sqlite"

    @property
    def size(self) -> int:
        """Bytes of a file and its log; 0 where they are not ours to see."""
        files = [] if self.file is None else [self.file, self.file.with_name(f"{self.file.name}-wal")]
        return sum(file.stat().st_size for file in files if file.exists())


def live_database(places: Places) -> LiveDatabase:
    """What the server's environment file names, else this process's own settings; `Refused` when it cannot be read."""
    told = places.read_environment().get(NAME)
    live = _live_database(told or load_settings().database_url, places.environment if told else None)
    return replace(live, file=_below(places.root, live.file)) if told and live.file else live


def told_file(places: Places) -> Path | None:
    """The file that the server's environment names, or the usual one where it names none; None on PostgreSQL."""
    told = places.read_environment().get(NAME)
    return _live_database(told, places.environment).file if told else places.data / "life_tracker.db"


def _live_database(address: str, stands_in: Path | None) -> LiveDatabase:
    try:
        url = url_of(address)
    except SchemaRefused as refused:
        raise Refused(f"{stands_in}: {refused}" if stands_in else str(refused)) from None
    if url.get_backend_name() != "sqlite":
        return LiveDatabase(url.render_as_string(hide_password=False), None)
    file = Path(url.database or "").absolute()
    return LiveDatabase(url.set(database=str(file)).render_as_string(), file)


def is_there(live: LiveDatabase) -> bool:
    """A database is there; one on a server of its own always is."""
    return live.file is None or live.file.exists()


def _below(root: Path, file: Path) -> Path:
    """A trial below another root must not reach the real database by the path that a server knows it by."""
    return file if file.is_relative_to(root.absolute()) else root / file.relative_to("/")
