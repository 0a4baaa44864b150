"""Settings, read from the environment: every name begins with `LIFETRACKER_`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lifetracker.core import database_url, origins, setting_values

PREFIX = "LIFETRACKER_"
ROOT_PATH = "UVICORN_ROOT_PATH"  # the server's, which takes any text for it
MANY = 1_000_000_000


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
    failed_logins_per_account: Annotated[int, Field(ge=1, le=MANY)] = 10
    failed_logins_per_address: Annotated[int, Field(ge=1, le=MANY)] = 50
    registrations_per_address: Annotated[int, Field(ge=1, le=MANY)] = 20
    login_days: Annotated[int, Field(ge=1, le=3650)] = 90
    min_client_version: str = "0.1.0"
    contact: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, given: object, info: ValidationInfo) -> object:
        """What the environment says, in our words where it cannot be; what code says is of its type already."""
        return _read_text(given, str(info.field_name)) if isinstance(given, str) else given


def _read_text(given: str, name: str) -> object:
    """The value of the setting `name`, or `ValueError` with what would be right."""
    match name:
        case "database_url":
            database_url.judge(given)
            return given.strip()
        case "cors_origins":
            return origins.parse(given)
        case "min_client_version":
            return setting_values.version(given)
        case "contact":
            return setting_values.line(given)
    field = Settings.model_fields[name]
    if field.annotation is int:
        first, last = _bounds(field.metadata)
        return setting_values.whole_number(given, first, last)
    return setting_values.word(given, get_args(field.annotation))


def _bounds(metadata: Iterable[Any]) -> tuple[int, int]:
    given = {name: value for each in metadata for name in ("ge", "le") if (value := getattr(each, name, None))}
    return given["ge"], given["le"]


def load_settings() -> Settings:
    """The settings of this process, or `SettingsRefused` with a sentence for each that is wrong."""
    wrong: list[str] = []
    try:
        refuse_no_root_path(os.environ)
    except ValueError as refused:
        wrong.append(str(refused))
    try:
        settings = Settings()
    except ValidationError as refused:
        wrong[:0] = _sentences(refused)
    if wrong:
        raise SettingsRefused("; ".join(wrong))
    return settings


def refuse_no_root_path(environment: Mapping[str, str]) -> None:
    """Raise `ValueError` where the environment names a root path that cannot be."""
    try:
        setting_values.root_path(environment.get(ROOT_PATH, ""))
    except ValueError as wrong:
        raise ValueError(f"{ROOT_PATH}: {wrong}") from None


def _sentences(refused: ValidationError) -> Iterator[str]:
    for error in refused.errors():
        name = f"{PREFIX}{str(error['loc'][0]).upper()}"
        cause = error.get("ctx", {}).get("error", error["msg"])
        yield f"{name} {cause}" if isinstance(cause, database_url.AddressRefused) else f"{name}: {cause}"


def unknown_settings(environment: Iterable[str]) -> list[str]:
    """Names in the environment that look like settings and are none: a typo would otherwise be ignored in silence."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(name for name in environment if name.upper().startswith(PREFIX) and name.upper() not in known)
