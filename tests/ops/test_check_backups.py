"""Checks of the backups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.ops.installation import FORMS, Installation, back_up, verify


def age(server: Installation, *, hours: float) -> None:
    """Let the first release be so old."""
    release = server.places.releases
    for folder in list(release.iterdir()):
        folder.rename(release / f"{datetime.now(UTC) - timedelta(hours=hours):%Y%m%dT%H%M%SZ}-0123456789ab")


class TestBackup:
    @pytest.mark.parametrize("form", FORMS)
    def test_holds_when_the_newest_is_young_enough(self, server: Installation, form: str) -> None:
        back_up(server, hours=80)
        name = back_up(server, hours=25, form=form)

        found = server.check("backup")

        assert (found.state, found.says) == ("ok", f"{name} is 25.0 hours old, of 2")

    def test_fails_when_it_is_older_than_it_may_be(self, server: Installation) -> None:
        name = back_up(server, hours=27)

        found = server.check("backup")

        assert (found.state, found.says) == ("failed", f"{name} is 27.0 hours old, of 1; it may be 26")

    def test_may_be_as_old_as_the_operator_says(self, server: Installation) -> None:
        server.configure(backup_age_hours=48)
        back_up(server, hours=27)

        assert server.check("backup").state == "ok"

    def test_does_not_count_one_that_is_not_whole(self, server: Installation) -> None:
        back_up(server, hours=80)
        back_up(server, hours=1, form="{}-1a2b3c.partial")
        (server.places.backups / "20991123T081500Z-ffffff").mkdir()
        (server.places.backups / "notes").mkdir()

        assert server.check("backup").state == "failed"

    def test_does_not_count_one_that_was_kept_to_be_looked_at(self, server: Installation) -> None:
        back_up(server, hours=80)
        back_up(server, hours=1, problem="integrity")

        assert server.check("backup").state == "failed"

    def test_holds_without_one_on_a_new_installation(self, server: Installation) -> None:
        found = server.check("backup")

        assert found.state == "ok"
        assert found.says.startswith("none yet; the first release is 1.")

    def test_fails_without_one_on_an_old_installation(self, server: Installation) -> None:
        age(server, hours=30)

        assert server.check("backup").says == f"there is no whole backup in {server.places.backups}"

    def test_fails_without_one_where_nothing_was_deployed(self, server: Installation) -> None:
        server.places.live.unlink()
        server.release.rename(server.places.home / "app_NEW")

        assert server.check("backup").state == "failed"


class TestRestoreDrill:
    def test_holds_when_one_passed_lately(self, server: Installation) -> None:
        name = back_up(server, hours=80)
        back_up(server, hours=1)
        verify(server, name, days=3)

        found = server.check("restore drill")

        assert (found.state, found.says) == ("ok", f"{name} was verified 3 days ago")

    def test_warns_when_there_was_none(self, server: Installation) -> None:
        back_up(server, hours=1)

        found = server.check("restore drill")

        assert (found.state, found.says) == ("warning", "none of 1 backup(s) was ever verified")

    def test_warns_when_it_was_long_ago(self, server: Installation) -> None:
        verify(server, back_up(server, hours=900), days=36)

        assert server.check("restore drill").state == "warning"

    def test_fails_when_the_last_one_failed(self, server: Installation) -> None:
        verify(server, back_up(server, hours=80), days=3)
        bad = back_up(server, hours=30)
        verify(server, bad, days=1, problem="life_tracker.db is not the file that was written")

        found = server.check("restore drill")

        assert found.state == "failed"
        assert found.says.startswith(f"{bad} was found unsound 1 days ago: life_tracker.db")

    def test_holds_when_one_passed_since(self, server: Installation) -> None:
        bad, good = back_up(server, hours=80), back_up(server, hours=30)
        verify(server, bad, days=3, problem="cut")
        verify(server, good, days=1)

        assert server.check("restore drill").state == "ok"

    def test_warns_when_what_was_noted_cannot_be_read(self, server: Installation) -> None:
        name = back_up(server, hours=1)
        (server.places.backups / name / "VERIFIED.json").write_text("[", encoding="utf-8")

        assert server.check("restore drill").state == "warning"

    def test_is_skipped_without_a_backup(self, server: Installation) -> None:
        assert server.check("restore drill").state == "skipped"
