"""What crosses the API about people and their tokens."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from lifetracker.core.day import day_at, is_time_zone
from lifetracker.core.schemas import Instant, Sent, SentInstant, Shown, Text

WeekStart = Literal["mon", "sun"]
Scope = Literal["read", "write"]


class Person(NamedTuple):
    """Who a unit of work is done for, and all that decides what day it is for them."""

    id: int
    time_zone: str
    day_starts_at: time
    week_starts_on: WeekStart
    locale: str

    def today(self, now: datetime) -> date:
        return day_at(now, self.time_zone, self.day_starts_at)


class Caller(NamedTuple):
    """A person together with the token that they called with."""

    person: Person
    token_id: int
    is_login: bool
    may_write: bool


def _email(given: str) -> str:
    """One `@` with something on both sides; whether it can be delivered is for a mail to find out."""
    if not re.fullmatch(r"[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,189}", given):
        raise PydanticCustomError("email", "This is not an e-mail address")
    return given


def _zone(given: str) -> str:
    if not is_time_zone(given):
        raise PydanticCustomError("time_zone", "This is not an IANA time zone such as Europe/Berlin")
    return given


def _day_start(given: str) -> str:
    if given > "12:00":
        raise PydanticCustomError("day_starts_at", "A day starts between 00:00 and 12:00")
    return given


Email = Annotated[Text, StringConstraints(min_length=3, max_length=254), AfterValidator(_email)]
TimeZone = Annotated[Text, StringConstraints(max_length=64), AfterValidator(_zone)]
DayStart = Annotated[str, StringConstraints(pattern=r"^(0[0-9]|1[0-2]):[0-5][0-9]$"), AfterValidator(_day_start)]
Locale = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
DisplayName = Annotated[Text, StringConstraints(max_length=100)]
NewPassword = Annotated[SecretStr, Field(min_length=8, max_length=256)]
Password = Annotated[SecretStr, Field(max_length=1024)]


class UserCreate(Sent):
    email: Email
    password: NewPassword
    display_name: DisplayName = ""
    time_zone: TimeZone = "UTC"
    day_starts_at: DayStart = "00:00"
    week_starts_on: WeekStart = "mon"
    locale: Locale = "en"


class UserPatch(Sent):
    """Only the fields sent are changed; a new `email` needs `current_password` beside it."""

    email: Email = ""
    current_password: Password | None = None
    display_name: DisplayName | None = ""
    time_zone: TimeZone = "UTC"
    day_starts_at: DayStart = "00:00"
    week_starts_on: WeekStart = "mon"
    locale: Locale = "en"


class UserPublic(Shown):
    id: int
    email: str
    display_name: str
    time_zone: str
    day_starts_at: str
    week_starts_on: WeekStart
    locale: str
    created_at: Instant


class PasswordChange(Sent):
    current_password: Password
    new_password: NewPassword


class PasswordReset(Sent):
    code: Annotated[SecretStr, Field(max_length=100)]
    new_password: NewPassword


class LoginForm(BaseModel):
    """A form as in OAuth 2; other fields of that standard are ignored."""

    model_config = ConfigDict(hide_input_in_errors=True)
    grant_type: Literal["password"]
    username: Annotated[Text, StringConstraints(max_length=254)]
    password: Password


class Login(Shown):
    """`expires_in` counts seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int


class TokenCreate(Sent):
    name: Annotated[Text, StringConstraints(min_length=1, max_length=100)]
    scope: Scope
    expires_at: SentInstant | None = None


class TokenPublic(Shown):
    id: int
    name: str
    scope: Scope
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None


class TokenCreated(TokenPublic):
    """The only answer that ever holds the token itself."""

    token: str
