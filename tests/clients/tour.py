"""The README's tour through the client that openapi-python-client made.

    python tour.py http://127.0.0.1:8000

It knows nothing of us but that client; its types are checked as strictly as the client's own.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import TypeVar

from life_tracker_client import AuthenticatedClient, Client
from life_tracker_client.api.challenges import change_challenge, show_challenge, start_challenge
from life_tracker_client.api.daily_log import add_to_day, log_day, show_stats, show_today
from life_tracker_client.api.service import show_health
from life_tracker_client.api.templates import list_templates
from life_tracker_client.api.users import change_me, delete_me, log_in, register_user, show_me
from life_tracker_client.models.category import Category
from life_tracker_client.models.challenge import Challenge
from life_tracker_client.models.challenge_create import ChallengeCreate
from life_tracker_client.models.challenge_patch import ChallengePatch
from life_tracker_client.models.direction import Direction
from life_tracker_client.models.entry_add import EntryAdd
from life_tracker_client.models.entry_logged import EntryLogged
from life_tracker_client.models.entry_write import EntryWrite
from life_tracker_client.models.health import Health
from life_tracker_client.models.interval import Interval
from life_tracker_client.models.kind import Kind
from life_tracker_client.models.login import Login
from life_tracker_client.models.login_form import LoginForm
from life_tracker_client.models.on_miss import OnMiss
from life_tracker_client.models.outcome import Outcome
from life_tracker_client.models.per import Per
from life_tracker_client.models.problem import Problem
from life_tracker_client.models.stats import Stats
from life_tracker_client.models.template_page import TemplatePage
from life_tracker_client.models.times import Times
from life_tracker_client.models.today import Today
from life_tracker_client.models.user import User
from life_tracker_client.models.user_create import UserCreate
from life_tracker_client.models.user_patch import UserPatch
from life_tracker_client.models.weekday import Weekday
from life_tracker_client.models.weekly import Weekly

T = TypeVar("T")
PASSWORD = "correct horse"


def main(address: str) -> None:
    client = an_account(address)
    a_challenge_from_the_catalogue(client)
    today = got(Today, show_today.sync(client=client)).date
    read, call, plants = two_weeks_of_log(client, today)
    today_in_amounts(client, read)
    how_it_goes(client, read, call, plants)
    one_field_alone(client, read)
    what_is_refused(address, client, read, today)
    left = delete_me.sync_detailed(client=client)
    assert left.status_code == 204
    sys.stdout.write("Python: the tour is done\n")


def got(kind: type[T], answer: object) -> T:
    assert isinstance(answer, kind), answer
    return answer


def an_account(address: str) -> AuthenticatedClient:
    visitor = Client(base_url=address)
    assert got(Health, show_health.sync(client=visitor)).status == "ok"
    new = UserCreate("anna@example.test", PASSWORD, time_zone="Europe/Moscow", day_starts_at="03:00")
    assert got(User, register_user.sync(client=visitor, body=new)).day_starts_at == "03:00"
    login = got(Login, log_in.sync(client=visitor, body=LoginForm("password", "anna@example.test", PASSWORD)))
    client = AuthenticatedClient(base_url=address, token=login.access_token)
    assert got(User, show_me.sync(client=client)).email == "anna@example.test"
    return client


def a_challenge_from_the_catalogue(client: AuthenticatedClient) -> None:
    shelf = got(TemplatePage, list_templates.sync(client=client, category=Category.FITNESS, limit=1))
    assert len(shelf.items) == 1
    hard = start(client, ChallengeCreate(template="75-hard"))
    assert (hard.title, hard.on_miss, hard.allowed_misses, hard.attempt) == ("75 Hard", OnMiss.RESTART, 0, 1)


def start(client: AuthenticatedClient, new: ChallengeCreate) -> Challenge:
    return got(Challenge, start_challenge.sync(client=client, body=new))


def two_weeks_of_log(client: AuthenticatedClient, today: date) -> tuple[int, int, int]:
    """Challenges of each schedule, kind and direction; the ids of three of them."""
    begun = today - timedelta(14)
    fortnight = [today - timedelta(days) for days in range(14, 0, -1)]
    pages = ChallengeCreate(title="Read", kind=Kind.MEASURE, target=20, unit="pages", start_date=begun)
    read = start(client, pages).id
    weekly = Weekly("weekly", [Weekday.MON, Weekday.THU])
    call = start(client, ChallengeCreate(title="Call home", schedule=weekly, start_date=begun)).id
    run = start(client, ChallengeCreate(title="Run", schedule=Times("times", Per.WEEK, 3), start_date=begun)).id
    plants = start(client, ChallengeCreate(title="Plants", schedule=Interval("interval", 2), start_date=begun)).id
    for day in fortnight:
        log(client, read, day, EntryWrite(value=25))
        log(client, run, day, EntryWrite())
    for day in fortnight[::2]:
        log(client, plants, day, EntryWrite())
    fell_asleep = log(client, read, today - timedelta(9), EntryWrite(value=12, note="fell asleep"))
    assert (fell_asleep.outcome, fell_asleep.note) == (Outcome.PARTIAL, "fell asleep")
    excused = log(client, read, today - timedelta(5), EntryWrite(skipped=True))
    assert (excused.outcome, excused.value, excused.progress.current_streak) == (Outcome.SKIPPED, None, 7)
    return read, call, plants


def log(client: AuthenticatedClient, challenge_id: int, day: date, entry: EntryWrite) -> EntryLogged:
    return got(EntryLogged, log_day.sync(challenge_id, day, client=client, body=entry))


def today_in_amounts(client: AuthenticatedClient, read: int) -> None:
    first = got(EntryLogged, add_to_day.sync(read, "today", client=client, body=EntryAdd(15)))
    assert (first.value, first.outcome, first.progress.current_streak) == (15, Outcome.PARTIAL, 7)
    second = got(EntryLogged, add_to_day.sync(read, "today", client=client, body=EntryAdd(10)))
    assert (second.value, second.outcome, second.progress.current_streak) == (25, Outcome.DONE, 8)
    limit = ChallengeCreate(title="Coffee", kind=Kind.MEASURE, direction=Direction.AT_MOST, target=2, unit="cups")
    coffee = start(client, limit).id
    third = got(EntryLogged, log_day.sync(coffee, "today", client=client, body=EntryWrite(value=3)))
    assert third.outcome == Outcome.MISSED
    today = got(Today, show_today.sync(client=client))
    assert today.time_zone == "Europe/Moscow"
    assert {item.challenge.id for item in today.items} >= {read, coffee}


def how_it_goes(client: AuthenticatedClient, read: int, call: int, plants: int) -> None:
    reading = got(Stats, show_stats.sync(read, client=client))
    assert (reading.due, reading.done, reading.partial, reading.missed, reading.skipped) == (15, 13, 1, 0, 1)
    assert round(reading.completion_rate or 0, 4) == 0.9286
    assert got(Stats, show_stats.sync(plants, client=client)).completion_rate == 1.0
    assert got(Stats, show_stats.sync(call, client=client)).missed == 4


def one_field_alone(client: AuthenticatedClient, read: int) -> None:
    """What was not set is not sent, and so stays."""
    before = got(Challenge, show_challenge.sync(read, client=client)).to_dict()
    after = got(Challenge, change_challenge.sync(read, client=client, body=ChallengePatch(title="Books"))).to_dict()
    assert {name for name in before if before[name] != after[name]} == {"title", "updated_at"}
    me = got(User, change_me.sync(client=client, body=UserPatch(display_name="A")))
    assert (me.display_name, me.time_zone, me.day_starts_at) == ("A", "Europe/Moscow", "03:00")


def what_is_refused(address: str, client: AuthenticatedClient, read: int, today: date) -> None:
    ahead = log_day.sync(read, today + timedelta(9), client=client, body=EntryWrite(value=1))
    assert got(Problem, ahead).code == "date_in_future"
    assert got(Problem, show_challenge.sync(999_999, client=client)).code == "challenge_not_found"
    stranger = AuthenticatedClient(base_url=address, token="dead")
    assert got(Problem, show_today.sync(client=stranger)).code == "unauthorized"


if __name__ == "__main__":
    main(sys.argv[1])
