"""What crosses the API about people and their tokens."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from lifetracker.core.day import day_at, is_time_zone
from lifetracker.core.schemas import (
    CREATED_AT,
    ID,
    Instant,
    PageQuery,
    Sent,
    SentInstant,
    Shown,
    Spelled,
    Text,
    example,
)
from lifetracker.core.texts import composed

WeekStart = TypeAliasType(
    "WeekStart",
    Annotated[Literal["mon", "sun"], Field(description="The day that a week starts on; `mon` unless said.")],
)
Scope = TypeAliasType(
    "Scope", Annotated[Literal["read", "write"], Field(description="Whether the token may only read, or write too.")]
)

EMAIL = Field(description="The e-mail address that the account logs in with.", examples=["anna@example.test"])
DISPLAY_NAME = Field(description="What others see of the person; empty for nothing.", examples=["Anna"])
TIME_ZONE = Field(description="An IANA time zone; `UTC` unless said.", examples=["Europe/Moscow"])
DAY_STARTS_AT = Field(
    description="`HH:MM` from `00:00`, which it is unless said, to `12:00`: until then it is still yesterday.",
    examples=["03:00"],
)
LOCALE = Field(description="The language that texts are wanted in, a BCP 47 tag; `en` unless said.", examples=["en"])
TOKEN_NAME = Field(description="What its owner calls it.", examples=["kitchen tablet"])
EXPIRES_AT = Field(description="The instant at which it dies; null for never.", examples=["2027-03-11T12:00:00Z"])


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
    if not re.fullmatch(r"[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,189}", composed(given)):
        raise PydanticCustomError("email", "This is not an e-mail address")
    return given


def _composed(given: object) -> object:
    """A password counts as long as it is composed; what is no text, is refused by what comes after."""
    return composed(given) if isinstance(given, str) else given


def _zone(given: str) -> str:
    if not is_time_zone(given):
        raise PydanticCustomError("time_zone", "This is not an IANA time zone such as Europe/Berlin")
    return given


def _day_start(given: str) -> str:
    if given > "12:00":
        raise PydanticCustomError("day_starts_at", "A day starts between 00:00 and 12:00")
    return given


Email = Annotated[Text, StringConstraints(min_length=3, max_length=254), AfterValidator(_email), EMAIL]
TimeZone = Annotated[Text, StringConstraints(max_length=64), AfterValidator(_zone), TIME_ZONE]
DayStart = Annotated[
    str,
    Spelled("(0[0-9]|1[0-2]):[0-5][0-9]", "A day's start is written HH:MM, from 00:00 to 12:00"),
    AfterValidator(_day_start),
    DAY_STARTS_AT,
]
Locale = Annotated[
    str,
    StringConstraints(max_length=35),
    Spelled("[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", "A language is written as in BCP 47, such as en or pt-BR"),
    LOCALE,
]
DisplayName = Annotated[Text, StringConstraints(max_length=100), DISPLAY_NAME]
NewPassword = Annotated[
    SecretStr,
    Field(min_length=8, max_length=256, description="The new password, 8 to 256 characters."),
    BeforeValidator(_composed),
]
Password = Annotated[
    SecretStr, Field(max_length=1024, description="The password that the account has.", examples=["correct horse"])
]


class UserCreate(Sent, json_schema_extra=example({"email": "anna@example.test", "password": "correct horse"})):
    """A new account; what is not said can be said later."""

    email: Email
    password: NewPassword
    display_name: DisplayName = ""
    time_zone: TimeZone = "UTC"
    day_starts_at: DayStart = "00:00"
    week_starts_on: WeekStart = "mon"
    locale: Locale = "en"


class UserPatch(Sent, json_schema_extra=example({"time_zone": "Europe/Moscow", "day_starts_at": "03:00"})):
    """Only the fields sent are changed; a new `email` needs `current_password` beside it."""

    email: Email = ""
    current_password: Password | None = None
    display_name: DisplayName | None = ""
    time_zone: TimeZone = "UTC"
    day_starts_at: DayStart = "00:00"
    week_starts_on: WeekStart = "mon"
    locale: Locale = "en"


class UserPublic(Shown):
    """A person's account."""

    id: Annotated[int, ID]
    email: Annotated[str, EMAIL]
    display_name: Annotated[str, DISPLAY_NAME]
    time_zone: Annotated[str, TIME_ZONE]
    day_starts_at: Annotated[str, DAY_STARTS_AT]
    week_starts_on: WeekStart
    locale: Annotated[str, LOCALE]
    created_at: Annotated[Instant, CREATED_AT]


class PasswordChange(
    Sent, json_schema_extra=example({"current_password": "correct horse", "new_password": "battery staple"})
):
    """The password of a login, and the one that it is to have."""

    current_password: Password
    new_password: NewPassword


class PasswordReset(
    Sent, json_schema_extra=example({"code": "ABCDE-FGHJK-LMNPQ-RSTUV", "new_password": "battery staple"})
):
    """A one-time code from the operator instead of the password."""

    code: Annotated[SecretStr, Field(max_length=100, description="The code, good once and for 24 hours.")]
    new_password: NewPassword


class LoginForm(
    BaseModel,
    json_schema_extra=example({"grant_type": "password", "username": "anna@example.test", "password": "correct horse"}),
):
    """A form as in OAuth 2; other fields of that standard are ignored."""

    model_config = ConfigDict(hide_input_in_errors=True)
    grant_type: Literal["password"] = Field(description="How one logs in: by password.")
    username: Annotated[Text, StringConstraints(max_length=254), Field(description="The account's e-mail address.")]
    password: Password


class Login(Shown):
    """`expires_in` counts seconds."""

    access_token: str = Field(
        description="The token to send as `Authorization: Bearer TOKEN`.", examples=["lt_Zx81kQ0J5uPn3bW7"]
    )
    token_type: Literal["bearer"] = Field("bearer", description="How the token is sent.")
    expires_in: int = Field(description="After how many seconds it dies.", examples=[7776000])


class TokenInUse(Shown):
    """The token that a request was sent with."""

    id: int = Field(description="The token's id, as in the list of tokens.", examples=[7])
    name: str = Field(
        description="What its owner calls it; `login` for one that came from logging in.", examples=["kitchen tablet"]
    )
    scope: Scope
    is_login: bool = Field(
        description="Whether it came from logging in: only then it may make and end other tokens, change the address "
        "or the password, and delete the account."
    )
    expires_at: Annotated[Instant | None, EXPIRES_AT]


class TokenQuery(PageQuery):
    """All that there can be, unless a part is asked for."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many at most, 1 to 200; 200 unless said.")] = 200


class TokenCreate(Sent, json_schema_extra=example({"name": "kitchen tablet", "scope": "read"})):
    """A token for a program, which can be ended without ending others."""

    name: Annotated[Text, StringConstraints(min_length=1, max_length=100), TOKEN_NAME]
    scope: Scope
    expires_at: Annotated[SentInstant | None, EXPIRES_AT] = None


class TokenPublic(Shown):
    """A login or a named token, without its secret."""

    id: Annotated[int, ID]
    name: Annotated[str, TOKEN_NAME]
    scope: Scope
    created_at: Annotated[Instant, CREATED_AT]
    expires_at: Annotated[Instant | None, EXPIRES_AT]
    last_used_at: Instant | None = Field(
        description="About when it was last used; null for never.", examples=["2026-03-11T12:00:00Z"]
    )


class TokenCreated(TokenPublic):
    """The only answer that ever holds the token itself."""

    token: str = Field(description="The token itself: keep it.", examples=["lt_Zx81kQ0J5uPn3bW7"])
