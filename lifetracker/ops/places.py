"""Where everything lies on a server, and what the operator decided about it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lifetracker.core.validation import message_of
from lifetracker.ops.refusal import Refused

SERVICE = "lifetracker-api.service"
BACKUP, TIMER = "lifetracker-backup.service", "lifetracker-backup.timer"
USER = "lifetracker"


class ServerConfig(BaseModel):
    """What `server.toml` may say; every line has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: str = "api.lifetracker.site"
    url: str = "http://127.0.0.1:8000"  # where the service itself answers
    public_url: str | None = None  # where the world reaches it; None for https://SITE/api, "" for nowhere
    keep_releases: Annotated[int, Field(ge=2, le=100)] = 5
    keep_backups: Annotated[int, Field(ge=1, le=1000)] = 14
    backup_age_hours: Annotated[int, Field(ge=1)] = 26

    @property
    def outside(self) -> str | None:
        """The address that clients use, None where there is none to ask."""
        return f"https://{self.site}/api" if self.public_url is None else self.public_url or None


@dataclass(frozen=True, slots=True)
class Places:
    """Every path, below `root`: `/` on a server, a temporary folder in a trial."""

    root: Path = field(default_factory=lambda: Path("/"))

    @property
    def home(self) -> Path:
        return self.root / "opt/lifetracker"

    @property
    def new(self) -> Path:
        """Where an archive is unpacked and judged; renamed to a release when whole."""
        return self.home / "app_NEW"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def venvs(self) -> Path:
        return self.home / "venvs"

    @property
    def live(self) -> Path:
        """The link to the release that is served."""
        return self.home / "api"

    @property
    def deploy(self) -> Path:
        """The lock and the journal."""
        return self.home / "deploy"

    @property
    def data(self) -> Path:
        """The one folder that the service may write to."""
        return self.root / "var/lib/lifetracker"

    @property
    def backups(self) -> Path:
        return self.root / "var/backups/lifetracker"

    @property
    def etc(self) -> Path:
        return self.root / "etc/lifetracker"

    @property
    def environment(self) -> Path:
        """The service's settings, as systemd's EnvironmentFile reads them."""
        return self.etc / "lifetracker.env"

    @property
    def config(self) -> Path:
        return self.etc / "server.toml"

    @property
    def units(self) -> Path:
        return self.root / "etc/systemd/system"

    @property
    def nginx(self) -> Path:
        return self.root / "etc/nginx"

    def read_config(self) -> ServerConfig:
        """What `server.toml` says, or the defaults where there is none; `Refused` when a line of it cannot be."""
        try:
            return ServerConfig.model_validate(tomllib.loads(self.config.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return ServerConfig()
        except tomllib.TOMLDecodeError as error:
            raise Refused(f"{self.config} is not TOML: {error}") from None
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {message_of(each)}" for each in error.errors())
            raise Refused(f"{self.config}: {wrong}") from None

    def read_environment(self) -> dict[str, str]:
        """The service's settings: lines of NAME=VALUE, `#` for a remark, quotes around a value taken off."""
        try:
            lines = self.environment.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        pairs = (line.partition("=") for line in map(str.strip, lines) if "=" in line and not line.startswith("#"))
        return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}
