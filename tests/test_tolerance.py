"""What a release after this one may have stored: it is shown as it is, asks for nothing, and never is a 500."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from lifetracker.challenges.models import CHALLENGES
from lifetracker.core.db import Database, Transaction
from lifetracker.templates.models import TEMPLATES
from tests.people import JSON, Client

TO_COME = {"type": "lunar", "phases": ["full"], "per": "month"}
TODAY = "2026-03-11"


@pytest.fixture
def lunar(db: Database, anna: Client) -> int:
    """A challenge with a schedule that this release knows nothing of, and a day of log."""
    challenge = anna.starts("Watch the moon", start_date="2026-03-01", on_miss="fail")
    anna.logged(challenge, "2026-03-03")
    store(db, challenge)
    return challenge


def store(db: Database, challenge: int, schedule: JSON = TO_COME) -> None:
    _write(db, update(CHALLENGES).where(CHALLENGES.c.id == challenge).values(schedule=schedule))


def _write(db: Database, statement: Any) -> None:
    def write(tx: Transaction) -> None:
        tx.exec(statement)

    db.write_now(write)


class TestUnknownSchedule:
    def test_is_shown_as_it_is(self, anna: Client, lunar: int) -> None:
        assert anna.got(f"/challenges/{lunar}")["schedule"] == TO_COME
        assert [each["schedule"] for each in anna.got("/challenges", include="stats")["items"]] == [TO_COME]

    def test_rests(self, anna: Client, lunar: int) -> None:
        (item,) = anna.got("/today")["items"]
        stats = anna.got(f"/challenges/{lunar}/stats")

        assert (item["outcome"], item["due"], item["challenge"]["status"]) == ("rest", False, "active")
        assert (stats["due"], stats["missed"], stats["current_streak"]) == (0, 0, 0)
        assert (stats["total_value"], stats["last_done"]) == (1, "2026-03-03")

    @pytest.mark.parametrize(
        "schedule",
        [TO_COME, {"type": "weekly", "days": ["mon"], "but": "holidays"}, {"type": "times", "per": "year", "count": 3}],
    )
    def test_keeps_nobody_from_logging_and_changing(
        self, db: Database, anna: Client, lunar: int, schedule: dict[str, Any]
    ) -> None:
        store(db, lunar, schedule)

        assert anna.logged(lunar)["outcome"] == "done"
        assert anna.changed(f"/challenges/{lunar}", {"title": "Look up"})["schedule"] == schedule
        assert anna.made(f"/challenges/{lunar}/pause")["status"] == "paused"
        assert anna.changed(f"/challenges/{lunar}", {"schedule": {"type": "daily"}})["schedule"] == {"type": "daily"}

    def test_of_a_template_is_shown_and_taken_over(self, db: Database, anna: Client) -> None:
        slug = anna.made("/templates", {"title": "Moon", "category": "health", "visibility": "private"})["slug"]
        _write(db, update(TEMPLATES).where(TEMPLATES.c.slug == slug).values(schedule=TO_COME))

        assert anna.got(f"/templates/{slug}")["schedule"] == TO_COME
        assert anna.made("/challenges", {"template": slug})["schedule"] == TO_COME
