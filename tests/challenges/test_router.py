"""Challenges over HTTP."""

from __future__ import annotations

from tests.people import Client, refusal


class TestStartChallenge:
    def test_starts_one_of_my_own_today(self, anna: Client) -> None:
        challenge = anna.made("/challenges", {"title": "Walk"})

        assert challenge["start_date"] == "2026-03-11"
        assert challenge["status"] == "active"

    def test_hides_it_from_others(self, anna: Client, boris: Client) -> None:
        challenge_id = anna.starts()

        assert refusal(boris.get(f"/challenges/{challenge_id}")) == (404, "challenge_not_found")
