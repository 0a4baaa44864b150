"""Settings, read from the environment: every name begins with `LIFETRACKER_`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "LIFETRACKER_"


class SettingsRefused(Exception):
    """A setting has a value that cannot be; the text names it."""


class Settings(BaseSettings):
    """What the operator decides. `docs/settings.md` lists each with its default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", hide_input_in_errors=True)

    database_url: str = "sqlite:///life_tracker.db"
    database_threads: Annotated[int, Field(ge=1, le=64)] = 8
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    registration: Literal["open", "closed"] = "open"
    limits: Literal["on", "off"] = "on"
    failed_logins_per_account: Annotated[int, Field(ge=1)] = 10
    failed_logins_per_address: Annotated[int, Field(ge=1)] = 50
    registrations_per_address: Annotated[int, Field(ge=1)] = 20
    login_days: Annotated[int, Field(ge=1, le=3650)] = 90
    min_client_version: str = "0.1.0"

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        if isinstance(given, str):
            return tuple(origin.strip() for origin in given.split(",") if origin.strip())
        return given


def load_settings() -> Settings:
    """The settings of this process, or `SettingsRefused` with one line for each that is wrong."""
    try:
        return Settings()
    except ValidationError as refused:
        wrong = [f"{PREFIX}{str(error['loc'][0]).upper()}: {error['msg']}" for error in refused.errors()]
        raise SettingsRefused("; ".join(wrong)) from None


def unknown_settings(environment: Iterable[str]) -> list[str]:
    """Names in the environment that look like settings and are none: a typo would otherwise be ignored in silence."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(name for name in environment if name.upper().startswith(PREFIX) and name.upper() not in known)
