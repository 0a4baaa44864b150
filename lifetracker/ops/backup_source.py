"""Which database a server has: a file of SQLite's, or one on a PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lifetracker.core.config import PREFIX, load_settings
from lifetracker.core.engines import SchemaRefused, url_of
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused

NAME = f"{PREFIX}DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Source:
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


def source_of(places: Places) -> Source:
    """What the server's environment file names, else this process's own settings; `Refused` when it cannot be read."""
    told = places.read_environment().get(NAME)
    try:
        url = url_of(told or load_settings().database_url)
    except SchemaRefused as refused:
        raise Refused(f"{places.environment}: {refused}" if told else str(refused)) from None
    if url.get_backend_name() != "sqlite":
        return Source(url.render_as_string(hide_password=False), None)
    if not url.database or url.database == ":memory:":
        raise Refused(f"{NAME} must name a file: sqlite:////absolute/path")
    file = Path(url.database).absolute()
    return Source(f"sqlite:///{file}", _below(places.root, file) if told else file)


def _below(root: Path, file: Path) -> Path:
    """A trial below another root must not reach the real database by the path that a server knows it by."""
    return file if file.is_relative_to(root.absolute()) else root / file.relative_to("/")
