"""The turns of a challenge's life, and which days they take out. Today is Wednesday, 11 March 2026."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.people import JSON, Client, FrozenClock, refusal

START = "2026-03-02"
TURNS = ("pause", "resume", "archive", "unarchive", "restart")


class TestPauseChallenge:
    def test_begins_today_unless_told(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)

        assert take(anna, challenge_id, "pause")["status"] == "paused"

        clock.pass_(days=3)
        assert missed(anna, challenge_id) == days(2, 10)

    def test_begins_on_the_persons_own_today(self, people: Callable[..., Client], clock: FrozenClock) -> None:
        early = people("nina", time_zone="Pacific/Kiritimati")
        challenge_id = runs(early)
        clock.set("2026-03-11T10:00")  # midnight there

        take(early, challenge_id, "pause")

        clock.pass_(days=3)
        assert missed(early, challenge_id) == days(2, 11)

    def test_may_have_begun_in_the_past(self, anna: Client) -> None:
        challenge_id = runs(anna)

        assert take(anna, challenge_id, "pause", {"from": march(5)})["status"] == "paused"
        assert missed(anna, challenge_id) == days(2, 4)

    def test_may_have_begun_before_the_start(self, anna: Client) -> None:
        challenge_id = runs(anna)

        take(anna, challenge_id, "pause", {"from": "2026-01-01"})

        assert missed(anna, challenge_id) == 0

    def test_may_be_planned(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)

        assert take(anna, challenge_id, "pause", {"from": march(14)})["status"] == "active"

        clock.set("2026-03-13T12:00")
        assert anna.got(f"/challenges/{challenge_id}")["status"] == "active"
        clock.set("2026-03-16T12:00")
        assert anna.got(f"/challenges/{challenge_id}")["status"] == "paused"
        assert missed(anna, challenge_id) == days(2, 13)

    @pytest.mark.parametrize("first", [5, 11, 20])
    def test_is_refused_while_another_is_not_over(self, anna: Client, first: int) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(first)})

        assert turn(anna, challenge_id, "pause") == (409, "already_paused")

    def test_is_refused_while_another_has_its_end_ahead(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause")
        take(anna, challenge_id, "resume", {"on": march(12)})

        assert turn(anna, challenge_id, "pause") == (409, "already_paused")

    def test_may_follow_another(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(3)})
        take(anna, challenge_id, "resume", {"on": march(5)})

        assert take(anna, challenge_id, "pause", {"from": march(8)})["status"] == "paused"

        clock.pass_(days=1)
        assert missed(anna, challenge_id) == days(2, 2) + days(5, 7)

    def test_may_be_taken_before_the_start_and_after_the_end(self, anna: Client) -> None:
        upcoming = anna.starts(start_date="2026-04-01")
        over = anna.starts(start_date=START, duration_days=3)

        assert take(anna, upcoming, "pause")["status"] == "upcoming"
        assert take(anna, over, "pause", {"from": march(3)})["status"] == "completed"
        assert missed(anna, over) == 1

    def test_shows_in_the_list_and_in_today(self, anna: Client) -> None:
        challenge_id = runs(anna)

        paused = take(anna, challenge_id, "pause")

        assert anna.got("/challenges", status="paused")["items"] == [paused]
        assert anna.got("/today")["items"][0]["outcome"] == "paused"

    def test_lengthens_a_streak_by_nothing_and_breaks_none(self, anna: Client) -> None:
        challenge_id = runs(anna)
        for number in (2, 3, 8, 9, 10):
            anna.logged(challenge_id, march(number))

        take(anna, challenge_id, "pause", {"from": march(4)})
        take(anna, challenge_id, "resume", {"on": march(8)})

        assert anna.got(f"/challenges/{challenge_id}/stats")["current_streak"] == 5


class TestResumeChallenge:
    def test_lets_today_count_again_unless_told(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(5)})

        assert take(anna, challenge_id, "resume")["status"] == "active"

        clock.pass_(days=1)
        assert missed(anna, challenge_id) == days(2, 4) + days(11, 11)

    def test_lets_days_gone_by_count_again(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(5)})

        take(anna, challenge_id, "resume", {"on": march(8)})

        assert missed(anna, challenge_id) == days(2, 4) + days(8, 10)

    def test_may_be_planned(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause")

        assert take(anna, challenge_id, "resume", {"on": march(14)})["status"] == "paused"

        clock.set("2026-03-13T12:00")
        assert anna.got(f"/challenges/{challenge_id}")["status"] == "paused"
        clock.set("2026-03-15T12:00")
        assert anna.got(f"/challenges/{challenge_id}")["status"] == "active"
        assert missed(anna, challenge_id) == days(2, 10) + days(14, 14)

    def test_may_be_planned_anew(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause")
        take(anna, challenge_id, "resume", {"on": march(20)})

        take(anna, challenge_id, "resume", {"on": march(13)})

        clock.set("2026-03-14T12:00")
        assert missed(anna, challenge_id) == days(2, 10) + days(13, 13)

    @pytest.mark.parametrize("on", ["2026-03-05", "2026-03-04", "1999-12-31"])
    def test_undoes_a_pause_of_which_no_day_is_left(self, anna: Client, on: str) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(5)})

        assert take(anna, challenge_id, "resume", {"on": on})["status"] == "active"

        assert missed(anna, challenge_id) == days(2, 10)
        assert turn(anna, challenge_id, "resume") == (409, "not_paused")

    @pytest.mark.parametrize("first", [11, 20])
    def test_undoes_a_pause_that_has_not_taken_a_day(self, anna: Client, clock: FrozenClock, first: int) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(first)})

        take(anna, challenge_id, "resume")

        clock.set("2026-03-25T12:00")
        assert missed(anna, challenge_id) == days(2, 24)

    def test_undoes_no_other_pause_that_began_on_the_same_day(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(5)})
        take(anna, challenge_id, "resume", {"on": march(7)})

        take(anna, challenge_id, "pause", {"from": march(5)})
        take(anna, challenge_id, "resume", {"on": march(5)})

        assert missed(anna, challenge_id) == days(2, 4) + days(7, 10)

    def test_leaves_a_longer_pause_that_began_on_the_same_day(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(5)})
        take(anna, challenge_id, "resume", {"on": march(10)})

        take(anna, challenge_id, "pause", {"from": march(5)})
        take(anna, challenge_id, "resume", {"on": march(7)})

        assert missed(anna, challenge_id) == days(2, 4) + days(10, 10)

    def test_is_refused_where_nothing_is_paused(self, anna: Client) -> None:
        challenge_id = runs(anna)
        assert turn(anna, challenge_id, "resume") == (409, "not_paused")

        take(anna, challenge_id, "pause", {"from": march(5)})
        take(anna, challenge_id, "resume")

        assert turn(anna, challenge_id, "resume") == (409, "not_paused")


class TestArchiveChallenge:
    def test_puts_it_away(self, anna: Client) -> None:
        challenge_id = runs(anna)

        archived = take(anna, challenge_id, "archive")

        assert archived["status"] == "archived"
        assert anna.got("/challenges")["items"] == []
        assert anna.got("/challenges", status="archived")["items"] == [archived]
        assert anna.got("/today")["items"] == []

    def test_is_refused_the_second_time(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "archive")

        assert turn(anna, challenge_id, "archive") == (409, "already_archived")

    @pytest.mark.parametrize("taken", ["pause", "resume", "restart"])
    def test_leaves_no_other_turn_to_take(self, anna: Client, taken: str) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "archive")

        assert turn(anna, challenge_id, taken) == (409, "archived")

    def test_keeps_the_log_and_takes_no_more(self, anna: Client) -> None:
        challenge_id = runs(anna)
        entry = anna.logged(challenge_id, march(10))

        take(anna, challenge_id, "archive")

        assert anna.got(f"/challenges/{challenge_id}/log/{march(10)}")["updated_at"] == entry["updated_at"]
        assert refusal(anna.put(f"/challenges/{challenge_id}/log/today", json={})) == (409, "archived")


class TestUnarchiveChallenge:
    def test_takes_it_out_of_the_archive(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "archive")

        shown = take(anna, challenge_id, "unarchive")

        assert shown["status"] == "active"
        assert anna.got("/challenges")["items"] == [shown]

    def test_is_refused_where_nothing_is_archived(self, anna: Client) -> None:
        challenge_id = runs(anna)
        assert turn(anna, challenge_id, "unarchive") == (409, "not_archived")

        take(anna, challenge_id, "archive")
        take(anna, challenge_id, "unarchive")

        assert turn(anna, challenge_id, "unarchive") == (409, "not_archived")

    def test_counts_the_days_in_the_archive_as_paused(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "archive")
        clock.set("2026-03-14T12:00")

        take(anna, challenge_id, "unarchive")

        clock.set("2026-03-16T12:00")
        assert missed(anna, challenge_id) == days(2, 10) + days(14, 15)

    def test_counts_each_time_in_the_archive(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)
        for number in (12, 16):
            take(anna, challenge_id, "archive")
            clock.set(f"{march(number)}T12:00")
            take(anna, challenge_id, "unarchive")
            clock.pass_(days=2)

        assert missed(anna, challenge_id) == days(2, 10) + days(12, 13) + days(16, 17)

    def test_leaves_no_trace_on_the_same_day(self, anna: Client, clock: FrozenClock) -> None:
        challenge_id = runs(anna)
        for taken in ("archive", "unarchive", "archive", "unarchive"):
            take(anna, challenge_id, taken)

        clock.pass_(days=1)
        assert missed(anna, challenge_id) == days(2, 11)

    def test_finds_a_pause_as_it_was(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause")
        take(anna, challenge_id, "archive")

        assert take(anna, challenge_id, "unarchive")["status"] == "paused"
        assert take(anna, challenge_id, "resume")["status"] == "active"

    def test_finds_a_failed_one_failed(self, anna: Client) -> None:
        challenge_id = runs(anna, on_miss="fail")
        take(anna, challenge_id, "archive")

        assert take(anna, challenge_id, "unarchive")["status"] == "failed"


class TestRestartChallenge:
    def test_begins_a_new_attempt_today_unless_told(self, anna: Client) -> None:
        challenge_id = runs(anna, duration_days=10)

        begun = take(anna, challenge_id, "restart")

        assert (begun["attempt"], begun["start_date"], begun["end_date"]) == (2, "2026-03-11", "2026-03-20")
        assert begun["first_start_date"] == START

    def test_begins_on_the_persons_own_today(self, people: Callable[..., Client], clock: FrozenClock) -> None:
        late = people("nina", time_zone="America/New_York", day_starts_at="03:00")
        challenge_id = runs(late)
        clock.set("2026-03-12T06:59")  # a minute before three at night

        assert take(late, challenge_id, "restart")["start_date"] == "2026-03-11"

    def test_may_begin_on_a_day_gone_by(self, anna: Client) -> None:
        challenge_id = runs(anna)
        for number in (2, 3, 8, 9):
            anna.logged(challenge_id, march(number))

        assert take(anna, challenge_id, "restart", {"start_date": march(8)})["start_date"] == march(8)

        stats = anna.got(f"/challenges/{challenge_id}/stats")
        assert (stats["due"], stats["done"], stats["missed"], stats["best_streak"]) == (3, 2, 1, 2)

    @pytest.mark.parametrize("day", [2, 11])
    def test_may_begin_on_the_first_day_and_the_last(self, anna: Client, day: int) -> None:
        challenge_id = runs(anna)

        begun = take(anna, challenge_id, "restart", {"start_date": march(day)})

        assert (begun["attempt"], begun["start_date"]) == (2, march(day))

    def test_counts_every_attempt(self, anna: Client) -> None:
        challenge_id = runs(anna)

        numbers = [
            take(anna, challenge_id, "restart", {"start_date": march(day)})["attempt"] for day in (4, 6, 6, 9, 11)
        ]

        assert numbers == [2, 3, 4, 5, 6]

    @pytest.mark.parametrize("day", [12, 20])
    def test_is_refused_in_the_future(self, anna: Client, day: int) -> None:
        challenge_id = runs(anna)

        response = anna.post(f"/challenges/{challenge_id}/restart", json={"start_date": march(day)})

        assert refusal(response) == (422, "date_in_future")
        assert response.json()["today"] == "2026-03-11"
        assert [error["field"] for error in response.json()["errors"]] == ["start_date"]

    def test_is_refused_before_the_first_start(self, anna: Client) -> None:
        challenge_id = runs(anna)

        response = anna.post(f"/challenges/{challenge_id}/restart", json={"start_date": march(1)})

        assert refusal(response) == (422, "before_start")
        assert [error["field"] for error in response.json()["errors"]] == ["start_date"]

    def test_is_refused_before_the_last_beginning(self, anna: Client) -> None:
        challenge_id = runs(anna)
        for day in (4, 8):
            take(anna, challenge_id, "restart", {"start_date": march(day)})

        assert turn(anna, challenge_id, "restart", {"start_date": march(7)}) == (422, "before_start")
        assert take(anna, challenge_id, "restart", {"start_date": march(8)})["attempt"] == 4

    def test_is_refused_while_it_has_not_begun(self, anna: Client) -> None:
        challenge_id = anna.starts(start_date="2026-04-01")

        assert turn(anna, challenge_id, "restart") == (422, "before_start")

    @pytest.mark.parametrize(
        ("fields", "status"),
        [({"on_miss": "fail"}, "failed"), ({"duration_days": 3}, "completed"), ({"on_miss": "restart"}, "active")],
    )
    def test_gives_another_chance_whatever_came_of_it(self, anna: Client, fields: JSON, status: str) -> None:
        challenge_id = runs(anna, **fields)
        assert anna.got(f"/challenges/{challenge_id}")["status"] == status

        begun = take(anna, challenge_id, "restart")

        assert (begun["status"], begun["attempt"], begun["start_date"]) == ("active", 2, "2026-03-11")

    def test_goes_on_from_attempts_that_began_by_themselves(self, anna: Client) -> None:
        challenge_id = runs(anna, on_miss="restart")
        for number in (2, 4, 5):
            anna.logged(challenge_id, march(number))
        assert anna.got(f"/challenges/{challenge_id}")["attempt"] == 3

        assert take(anna, challenge_id, "restart")["attempt"] == 4

    def test_leaves_the_log_and_what_it_amounts_to_over_all(self, anna: Client) -> None:
        challenge_id = runs(anna)
        for number in (2, 3, 4):
            anna.logged(challenge_id, march(number))

        take(anna, challenge_id, "restart")

        stats = anna.got(f"/challenges/{challenge_id}/stats")
        assert (stats["best_streak"], stats["total_value"], stats["done"]) == (3, 3, 0)
        assert len(anna.got(f"/challenges/{challenge_id}/log")["items"]) == 3

    def test_leaves_a_pause_that_runs(self, anna: Client) -> None:
        challenge_id = runs(anna)
        take(anna, challenge_id, "pause", {"from": march(5)})

        assert take(anna, challenge_id, "restart")["status"] == "paused"


class TestEveryTurn:
    @pytest.mark.parametrize("taken", TURNS)
    def test_writes_its_instant(self, anna: Client, clock: FrozenClock, taken: str) -> None:
        challenge_id = runs(anna)
        before = [{"resume": "pause", "unarchive": "archive"}[taken]] if taken in ("resume", "unarchive") else []
        for earlier in before:
            take(anna, challenge_id, earlier)
        clock.pass_(hours=1)

        assert take(anna, challenge_id, taken)["updated_at"] == "2026-03-11T13:00:00Z"

    def test_is_not_for_what_is_deleted(self, anna: Client) -> None:
        challenge_id = runs(anna)
        anna.delete(f"/challenges/{challenge_id}")

        assert {turn(anna, challenge_id, taken) for taken in TURNS} == {(404, "challenge_not_found")}


@pytest.mark.parametrize(("taken", "field"), [("pause", "from"), ("resume", "on"), ("restart", "start_date")])
class TestDateOfATurn:
    def test_is_a_day_of_the_calendar(self, anna: Client, taken: str, field: str) -> None:
        challenge_id = runs(anna)

        for body in ({field: "2026-02-30"}, {field: "today"}, {"day": "2026-03-09"}, {field: "2026-03-09", "x": 1}):
            assert turn(anna, challenge_id, taken, body) == (422, "invalid")

    def test_may_be_left_out(self, anna: Client, taken: str, field: str) -> None:
        for body in (None, {}, {field: None}):
            challenge_id = runs(anna)
            if taken == "resume":
                take(anna, challenge_id, "pause", {"from": march(5)})

            assert anna.post(f"/challenges/{challenge_id}/{taken}", json=body).status_code == 200


def march(number: int) -> str:
    return f"2026-03-{number:02}"


def days(first: int, last: int) -> int:
    """How many days from one of March to another, both in."""
    return last - first + 1


def runs(person: Client, **fields: Any) -> int:
    """A daily challenge since Monday, 2 March."""
    return person.starts(start_date=START, **fields)


def take(person: Client, challenge_id: int, taken: str, body: JSON | None = None) -> JSON:
    return person.made(f"/challenges/{challenge_id}/{taken}", body)


def turn(person: Client, challenge_id: int, taken: str, body: JSON | None = None) -> tuple[int, str]:
    """Status and code of a turn that is refused."""
    return refusal(person.post(f"/challenges/{challenge_id}/{taken}", json=body))


def missed(person: Client, challenge_id: int) -> int:
    """How many days were missed until yesterday."""
    count: int = person.got(f"/challenges/{challenge_id}/stats")["missed"]
    return count
