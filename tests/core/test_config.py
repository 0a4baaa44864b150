"""Settings from the environment: what each may say, what is mended, and how a wrong one is told."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lifetracker.core.config import PREFIX, Settings, SettingsRefused, load_settings, unknown_settings

SECRET = "hunter2"
UNSEEN = ("a\x00b", "a\nb", "a\tb", "a\x1b[31mb", "a\u200bb", "a\u2028b", "a\udcffb", "\x7f")  # \udcff: no UTF-8
NO_NUMBER = ("", " ", "many", "1.0", "1e3", "1_0", "0x1F", "-1", "+1", "١", "1 0", "1,5", "on", "None", "NaN", SECRET)
BEYOND_ALL = ("0", "00", "1000000001", "9" * 40, "9" * 5000)
NO_WORD = ("", "  ", "yes", "no", "true", "1", "0", "None", "onn", "'on'", "on,off", "on off", "о\u043f", SECRET)
WRONG: Mapping[str, tuple[str, ...]] = {
    "DATABASE_URL": (
        *("", " ", "life_tracker.db", "/data/life_tracker.db", "file:/data/l.db", "sqlite", "sqlite:", "sqlite:/l.db"),
        *("sqlite:///", "sqlite://", "sqlite:///:memory:", "sqlite:///file:l.db", "sqlite://data/l.db", "sqlite:////"),
        *("sqlite://localhost/l.db", f"sqlite://me:{SECRET}@/l.db", "sqlite:///l.db?mode=ro", "sqlite:///l.db?"),
        *(
            "sqlite:///l.db#x",
            "sqlite:///l#1.db",
            "sqlite:////tmp",
            "sqlite:////tmp/",
            "sqlite:///l.db/",
            "sqlite:///.",
        ),
        *("sqlite:///data/..", "sqlite:///~/l.db", "sqlite:////dev/null", "sqlite:///a%00b", "sqlite:///a%0Ab"),
        *(
            f"sqlite:///{'a' * 300}.db",
            f"sqlite:////{'a/' * 3000}l.db",
            *(f"sqlite:///{each}.db" for each in UNSEEN[1:]),
        ),
        *("mysql://me@host/name", "sqlite+aiosqlite:///l.db", "postgresql+asyncpg://host/name", "SQLITE:///l.db"),
        *("postgresql://host", "postgresql://host/", "postgresql://", "postgresql:///", "postgresql://host/a/b"),
        *(
            f"postgresql+psycopg://me:{SECRET}@host:{port}/name"
            for port in ("", "0", "-1", "65536", "x", "1.5", "5432x")
        ),
        *(f"postgresql+psycopg://me:{SECRET}@host", f"postgresql+psycopg://me:{SECRET}#@host/name"),
        *(f"postgresql+psycopg://me:a@{SECRET}@host/name", f"postgresql+psycopg://me:{SECRET} x@host/name"),
        *(f"postgresql+psycopg://{SECRET}:{SECRET}", f"mysql://me:{SECRET}@host/name", f"nonsense:{SECRET}"),
    ),
    "DATABASE_THREADS": (*NO_NUMBER, *BEYOND_ALL, "65", "1000"),
    "LOG_FORMAT": (*NO_WORD, "xml", "JSON lines", "on"),
    "LOG_LEVEL": (*NO_WORD, "LOUD", "warn", "TRACE", "10", "DEBUG,INFO"),
    "CORS_ORIGINS": (
        *("app.example", "localhost", "localhost:5173", "//app.example", "https//app.example", "http:/app.example"),
        *("https:app.example", "https:\\\\app.example", "https://", "https:///", "://app.example", "https://:443"),
        *("https://app.example/app", "https://app.example//", "https://app.example/?", "https://app.example/#"),
        *("https://app.example?x=1", "https://app.example#x", "https://app.example/*", "null", "NULL", "file://"),
        *("ftp://app.example", "ws://app.example", "htps://app.example", "capacitor://localhost:80", "*.app.example"),
        *(
            "https://*",
            "https://*.app.example",
            "*,https://app.example",
            "https://app.example:",
            "https://app.example:0",
        ),
        *("https://app.example:65536", "https://app.example:x", "https://app.example:-1", "https://app.example:4 43"),
        *(
            "https://app..example",
            "https://.app.example",
            "https://app.example.",
            "https://-app.example",
            "https://a b",
        ),
        *(
            "https://app-.example",
            "https://app%20.example",
            f"https://{'a' * 64}.example",
            f"https://{'a.' * 130}example",
        ),
        *("http://127.1", "http://256.1.1.1", "http://192.168.001.5", "http://[::1", "http://[::g]", "http://::1"),
        *("https://straße.example", "https://a\u200db.example", "https://\ud800.example", "https://app.example;x"),
        *(f"https://me:{SECRET}@app.example", f"https://{SECRET}@app.example", f"{SECRET}"),
        *('["https://app.example"', '{"a": "https://app.example"}', "[1]", "[[]]", "[null]", '[""]', "['https://a.b']"),
        *("https://app.example,app.example", "https://a.b\nnull", *(f"https://{each}" for each in UNSEEN[3:])),
    ),
    "REGISTRATION": (*NO_WORD, "opened", "on", "off", "invite"),
    "LIMITS": (*NO_WORD, "open", "of", "disabled"),
    "FAILED_LOGINS_PER_ACCOUNT": (*NO_NUMBER, *BEYOND_ALL),
    "FAILED_LOGINS_PER_ADDRESS": (*NO_NUMBER, *BEYOND_ALL),
    "REGISTRATIONS_PER_ADDRESS": (*NO_NUMBER, *BEYOND_ALL),
    "LOGIN_DAYS": (*NO_NUMBER, *BEYOND_ALL, "3651", "90d", "90 days"),
    "MIN_CLIENT_VERSION": (
        *("", " ", "1", "v1.2.0", "1.2.3.4", "1.", ".1", "1..2", "1.2.", "01.2.0", "1,2", "1.2 0", "latest", "1.x"),
        *(
            "1.2.0-",
            "1.2.0-a..b",
            "1.2.0+5",
            "-1.2",
            "1.-2",
            "١.٢.٠",
            "1.2.0\n1",
            "9" * 60,
            f"1.2.0-{'a' * 60}",
            SECRET,
        ),
    ),
    "CONTACT": (*UNSEEN, "a" * 201, "a\r\nb", "\ud800", "a\u202eb", "a\ue000b"),
}
MENDED: tuple[tuple[str, str, Any], ...] = (
    ("DATABASE_THREADS", " 08 ", 8),
    ("LOG_FORMAT", "JSON", "json"),
    ("LOG_LEVEL", "info", "INFO"),
    ("LOG_LEVEL", " Warning\t", "WARNING"),
    ("REGISTRATION", "Closed", "closed"),
    ("LIMITS", "OFF ", "off"),
    ("LOGIN_DAYS", "3650", 3650),
    ("FAILED_LOGINS_PER_ACCOUNT", "1000000000", 1_000_000_000),
    ("MIN_CLIENT_VERSION", " 1.4 ", "1.4"),
    ("MIN_CLIENT_VERSION", "1.4.0-beta.1", "1.4.0-beta.1"),
    ("DATABASE_URL", " sqlite:///l.db ", "sqlite:///l.db"),
    ("CONTACT", " Anna, anna@example.test ", "Anna, anna@example.test"),
    ("CONTACT", "спросите Анну", "спросите Анну"),
)
EMPTY_IS_NONE: Mapping[str, Any] = {"CONTACT": None, "CORS_ORIGINS": ()}


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(f"{PREFIX}{each}".upper() for each in Settings.model_fields), "UVICORN_ROOT_PATH"]:
        monkeypatch.delenv(name, raising=False)


def refusal(name: str, value: str) -> str:
    """What is told of a setting with this value; `os.environ` itself takes no NUL, another environment may."""
    environment = {**os.environ, name: value}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", environment)
        with pytest.raises(SettingsRefused) as refused:
            load_settings()
    return str(refused.value)


class TestLoadSettings:
    def test_needs_nothing_said(self) -> None:
        settings = load_settings()

        assert settings.database_url == "sqlite:///life_tracker.db"
        assert settings.cors_origins == ()
        assert (settings.registration, settings.limits) == ("open", "on")
        assert (settings.failed_logins_per_account, settings.failed_logins_per_address) == (10, 50)
        assert settings.registrations_per_address == 20
        assert settings.contact is None

    @pytest.mark.parametrize("name", WRONG)
    def test_refuses_what_cannot_be_by_a_sentence_of_its_own(self, name: str) -> None:
        """It names the setting, says what would be right in our words, and repeats nothing of what was said."""
        told = [refusal(f"LIFETRACKER_{name}", value) for value in WRONG[name]]

        assert len(told) >= 10
        for sentence, value in zip(told, WRONG[name], strict=True):
            assert re.match(f"LIFETRACKER_{name}:? [a-z]", sentence), value
            assert sentence.isprintable(), value
            assert 30 < len(sentence) < 250, value
            assert SECRET not in sentence, value
            assert not re.search(r"(?i)input|pydantic|value error|traceback|literal|errno", sentence), value

    def test_judges_every_setting(self) -> None:
        assert {name.lower() for name in WRONG} == set(Settings.model_fields)

    @pytest.mark.parametrize(("name", "value", "meant"), MENDED)
    def test_mends_what_is_plain(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, meant: Any) -> None:
        monkeypatch.setenv(f"LIFETRACKER_{name}", value)

        assert getattr(load_settings(), name.lower()) == meant

    @pytest.mark.parametrize("name", WRONG)
    @pytest.mark.parametrize("nothing", ["", "  "])
    def test_takes_nothing_for_none_where_none_is_a_value(
        self, monkeypatch: pytest.MonkeyPatch, name: str, nothing: str
    ) -> None:
        """And for a mistake elsewhere, as where a shell's variable was not set."""
        monkeypatch.setenv(f"LIFETRACKER_{name}", nothing)

        if name in EMPTY_IS_NONE:
            assert getattr(load_settings(), name.lower()) == EMPTY_IS_NONE[name]
        else:
            with pytest.raises(SettingsRefused, match=f"LIFETRACKER_{name}"):
                load_settings()

    def test_names_all_that_are_wrong_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIFETRACKER_LIMITS", "no")
        monkeypatch.setenv("LIFETRACKER_REGISTRATION", "maybe")
        monkeypatch.setenv("UVICORN_ROOT_PATH", "//api")

        told = r"LIFETRACKER_REGISTRATION: .*; LIFETRACKER_LIMITS: .*; UVICORN_ROOT_PATH: "
        with pytest.raises(SettingsRefused, match=told):
            load_settings()

    def test_refuses_a_file_that_is_a_pipe_before_it_waits_for_it(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        assert "names what is no file" in refusal("LIFETRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'pipe'}")


class TestUnknownSettings:
    def test_names_what_begins_like_a_setting_and_is_none(self) -> None:
        names = ["LIFETRACKER_REGISTRATON", "lifetracker_nope", "PATH", "LIFETRACKER", "LIFETRACKER_LIMITS"]

        assert unknown_settings(names) == ["LIFETRACKER_REGISTRATON", "lifetracker_nope"]

    def test_knows_every_setting(self) -> None:
        assert unknown_settings(f"lifetracker_{name}" for name in Settings.model_fields) == []
