"""What an account may hold."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from pydantic import ValidationError

from lifetracker.users.schemas import Person, UserCreate, UserPatch
from tests.users.accounts import registration


class TestUserCreate:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "a@b"),
            ("email", "root@localhost"),
            ("email", "o'brien+habits@sub.example.test"),
            ("email", "анна@пример.рф"),
            ("email", "x" * 64 + "@example.test"),
            ("day_starts_at", "00:00"),
            ("day_starts_at", "09:59"),
            ("day_starts_at", "12:00"),
            ("time_zone", "America/Argentina/Buenos_Aires"),
            ("time_zone", "Etc/GMT+12"),
            ("time_zone", "UTC"),
            ("locale", "en"),
            ("locale", "zh-Hant-TW"),
            ("locale", "sr-Latn"),
            ("display_name", ""),
            ("display_name", "x" * 100),
            ("display_name", "'; DROP TABLE users; --"),
        ],
    )
    def test_keeps_to_the_letter_what_can_be(self, field: str, value: str) -> None:
        assert getattr(UserCreate.model_validate(registration(**{field: value})), field) == value

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "anna"),
            ("email", "@example.test"),
            ("email", "anna@"),
            ("email", "an na@example.test"),
            ("email", "anna@example.test\n"),
            ("email", "a@b@c"),
            ("email", "an\0na@example.test"),
            ("email", "x" * 65 + "@example.test"),
            ("email", "a@" + "x" * 253),
            ("email", None),
            ("password", None),
            ("password", 12345678),
            ("display_name", "x" * 101),
            ("display_name", "a\0b"),
            ("display_name", None),
            ("display_name", 7),
            ("time_zone", "Mars/Base"),
            ("time_zone", "localtime"),
            ("time_zone", "utc"),
            ("time_zone", "../../etc/passwd"),
            ("time_zone", "+03:00"),
            ("time_zone", ""),
            ("day_starts_at", "12:01"),
            ("day_starts_at", "24:00"),
            ("day_starts_at", "4:30"),
            ("day_starts_at", "04:60"),
            ("day_starts_at", "04:30:00"),
            ("day_starts_at", "04:30\n"),
            ("day_starts_at", "-1:00"),
            ("day_starts_at", 4),
            ("week_starts_on", "fri"),
            ("week_starts_on", "Mon"),
            ("week_starts_on", 1),
            ("locale", "russian"),
            ("locale", "ru_RU"),
            ("locale", ""),
            ("locale", "en-" + "a" * 40),
            ("id", 7),
        ],
    )
    def test_refuses_what_cannot_be(self, field: str, value: object) -> None:
        with pytest.raises(ValidationError) as refused:
            UserCreate.model_validate(registration(**{field: value}))

        assert [error["loc"] for error in refused.value.errors()] == [(field,)]

    def test_does_not_show_its_password(self) -> None:
        new = UserCreate.model_validate(registration(password="hunter2 hunter2"))

        assert "hunter2" not in f"{new!r} {new} {new.model_dump_json()}"


class TestUserPatch:
    @pytest.mark.parametrize("field", ["email", "time_zone", "day_starts_at", "week_starts_on", "locale"])
    def test_clears_nothing_that_must_be(self, field: str) -> None:
        with pytest.raises(ValidationError):
            UserPatch.model_validate({field: None})

    def test_remembers_what_was_sent(self) -> None:
        assert UserPatch.model_validate({"display_name": None}).model_fields_set == {"display_name"}


class TestPerson:
    def test_knows_their_today(self) -> None:
        night_owl = Person(1, "Europe/Moscow", time(4), "mon", "ru")

        assert night_owl.today(datetime(2026, 3, 11, 0, 59, tzinfo=UTC)).isoformat() == "2026-03-10"
        assert night_owl.today(datetime(2026, 3, 11, 1, 0, tzinfo=UTC)).isoformat() == "2026-03-11"
