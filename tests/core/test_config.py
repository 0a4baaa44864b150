"""Settings from the environment, and how a wrong one is told."""

from __future__ import annotations

import pytest

from lifetracker.core.config import Settings, SettingsRefused, load_settings, unknown_settings


class TestLoadSettings:
    def test_needs_nothing_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in Settings.model_fields:
            monkeypatch.delenv(f"LIFETRACKER_{name.upper()}", raising=False)

        settings = load_settings()

        assert settings.database_url == "sqlite:///life_tracker.db"
        assert settings.cors_origins == ()
        assert (settings.registration, settings.limits) == ("open", "on")
        assert (settings.failed_logins_per_account, settings.failed_logins_per_address) == (10, 50)
        assert settings.registrations_per_address == 20

    @pytest.mark.parametrize(
        ("given", "origins"),
        [
            ("", ()),
            ("https://app.example", ("https://app.example",)),
            (" https://a.example , http://localhost:5173,", ("https://a.example", "http://localhost:5173")),
        ],
    )
    def test_splits_a_list_at_its_commas(
        self, monkeypatch: pytest.MonkeyPatch, given: str, origins: tuple[str, ...]
    ) -> None:
        monkeypatch.setenv("LIFETRACKER_CORS_ORIGINS", given)

        assert load_settings().cors_origins == origins

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("REGISTRATION", "maybe"),
            ("LIMITS", "no"),
            ("LOG_FORMAT", "xml"),
            ("LOG_LEVEL", "LOUD"),
            ("LOGIN_DAYS", "0"),
            ("LOGIN_DAYS", "3651"),
            ("DATABASE_THREADS", "many"),
            ("FAILED_LOGINS_PER_ACCOUNT", "0"),
            ("FAILED_LOGINS_PER_ADDRESS", "-1"),
            ("REGISTRATIONS_PER_ADDRESS", "1.5"),
        ],
    )
    def test_names_a_setting_that_cannot_be(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(f"LIFETRACKER_{name}", value)

        with pytest.raises(SettingsRefused, match=f"^LIFETRACKER_{name}: ") as refused:
            load_settings()

        assert "\n" not in str(refused.value)

    def test_names_all_that_are_wrong_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIFETRACKER_LIMITS", "no")
        monkeypatch.setenv("LIFETRACKER_REGISTRATION", "maybe")

        with pytest.raises(SettingsRefused, match=r"LIFETRACKER_REGISTRATION: .*; LIFETRACKER_LIMITS: "):
            load_settings()


class TestUnknownSettings:
    def test_names_what_begins_like_a_setting_and_is_none(self) -> None:
        names = ["LIFETRACKER_REGISTRATON", "lifetracker_nope", "PATH", "LIFETRACKER", "LIFETRACKER_LIMITS"]

        assert unknown_settings(names) == ["LIFETRACKER_REGISTRATON", "lifetracker_nope"]

    def test_knows_every_setting(self) -> None:
        assert unknown_settings(f"lifetracker_{name}" for name in Settings.model_fields) == []
