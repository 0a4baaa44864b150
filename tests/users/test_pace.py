"""How often may be tried: failed logins by account and address, registrations by address."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from lifetracker.core.db import Database
from lifetracker.core.errors import Problem
from lifetracker.users import login_service, service
from lifetracker.users.login_service import Pace, network
from lifetracker.users.models import TRIES
from lifetracker.users.schemas import LoginForm
from tests.core.units import another
from tests.people import PASSWORD, Client, FrozenClock, refusal
from tests.users.accounts import ANNA, coming_from, everything, log_in, registration

Decide = Callable[..., None]
WRONG = (401, "invalid_credentials")
STOPPED = (429, "too_many_attempts")


class TestFailedLoginsOfAnAccount:
    def test_are_ten_in_ten_minutes(self, app: FastAPI, anna: Client, boris: Client, decide: Decide) -> None:
        decide()
        for number in range(10):
            assert refusal(log_in(coming_from(app, f"10.0.0.{number}"), password="wrong")) == WRONG

        answer = log_in(coming_from(app, "10.0.0.99"))

        assert refusal(answer) == STOPPED
        assert answer.headers["Retry-After"] == "600"
        assert log_in(coming_from(app, "10.0.0.1"), "boris@example.test").status_code == 200

    def test_are_forgotten_when_the_answer_says_so(
        self, app: FastAPI, anna: Client, clock: FrozenClock, decide: Decide
    ) -> None:
        decide(failed_logins_per_account=2)
        log_in(anna, password="wrong")
        clock.pass_(minutes=4)
        log_in(anna, password="wrong")
        clock.pass_(seconds=59.5)
        assert log_in(anna).headers["Retry-After"] == "301"

        clock.pass_(seconds=300)
        assert refusal(log_in(anna)) == STOPPED

        clock.pass_(seconds=1)
        assert log_in(anna).status_code == 200

    def test_go_on_counting_once_the_first_is_forgotten(self, anna: Client, clock: FrozenClock, decide: Decide) -> None:
        decide(failed_logins_per_account=2)
        for _ in range(2):
            log_in(anna, password="wrong")
            clock.pass_(minutes=5)

        assert refusal(log_in(anna, password="wrong")) == WRONG
        assert refusal(log_in(anna, password="wrong")) == STOPPED

    def test_are_counted_whatever_case_the_address_is_written_in(self, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_account=2)
        for written in ("anna@example.test", "ANNA@example.test"):
            log_in(anna, written, "wrong")

        assert refusal(log_in(anna, "Anna@Example.Test")) == STOPPED

    def test_are_counted_however_the_address_is_typed(self, visitor: Client, decide: Decide) -> None:
        decide(failed_logins_per_account=3)
        for written in (
            "zo\u00eb@b\u00fccher.example",
            "zoe\u0308@xn--bcher-kva.example",
            "ZO\u00cb@B\u00dcCHER.example.",
        ):
            assert refusal(log_in(visitor, written, "wrong")) == WRONG

        assert refusal(log_in(visitor, "zo\u00eb@bu\u0308cher.example", "wrong")) == STOPPED

    def test_are_counted_of_an_unknown_one_alike(self, visitor: Client, decide: Decide) -> None:
        decide(failed_logins_per_account=2)
        for _ in range(2):
            assert refusal(log_in(visitor, "nobody@example.test")) == WRONG

        assert refusal(log_in(visitor, "nobody@example.test")) == STOPPED

    def test_do_not_include_those_that_succeed(self, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_account=1, failed_logins_per_address=1)

        assert [log_in(anna).status_code for _ in range(3)] == [200] * 3

    def test_are_not_forgiven_by_one_that_succeeds(self, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_account=3)
        for password in ("wrong", PASSWORD, "wrong", "wrong"):
            log_in(anna, password=password)

        assert refusal(log_in(anna)) == STOPPED

    def test_include_wrong_passwords_of_who_is_logged_in(self, anna: Client, decide: Decide) -> None:
        """A stolen token must not try passwords faster than a stranger."""
        decide(failed_logins_per_account=2)
        change = {"current_password": "wrong", "new_password": "a new password"}
        assert refusal(anna.post("/users/me/password", json=change)) == (403, "wrong_password")
        email = {"email": "anya@example.test", "current_password": "wrong"}
        assert refusal(anna.patch("/users/me", json=email)) == (403, "wrong_password")

        for answer in (
            anna.post("/users/me/password", json=change | {"current_password": PASSWORD}),
            anna.patch("/users/me", json=email | {"current_password": PASSWORD}),
            log_in(anna),
        ):
            assert refusal(answer) == STOPPED

    def test_do_not_include_right_passwords_of_who_is_logged_in(self, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_account=1)
        for name in ("a@b", "c@d"):
            sent = {"email": name, "current_password": PASSWORD}
            assert anna.patch("/users/me", json=sent).status_code == 200

    def test_are_as_many_when_all_come_at_once(self, app: FastAPI, anna: Client, decide: Decide) -> None:
        decide()

        assert asyncio.run(all_at_once(app, [form_of(ANNA)] * 20, "10.0.0.1")) == {401: 10, 429: 10}

    def test_are_as_many_when_they_come_to_several_workers(self, db: Database, anna: Client) -> None:
        pace = Pace(5, 50, 20)

        def worker(_: int) -> list[str]:
            with another(db, clock=lambda: db.read_now(lambda tx: tx.now)) as own:
                return [asyncio.run(wrong_login(own, pace)) for _ in range(4)]

        with ThreadPoolExecutor(3) as workers:
            codes = [code for codes in workers.map(worker, range(3)) for code in codes]

        assert Counter(codes) == {"invalid_credentials": 5, "too_many_attempts": 7}


class TestFailedLoginsOfAnAddress:
    def test_are_as_many_as_the_operator_decides(self, app: FastAPI, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_address=4)
        forms = [form_of(f"{number}@example.test") for number in range(4)]
        assert asyncio.run(all_at_once(app, forms, "203.0.113.7")) == {401: 4}

        attacker = coming_from(app, "203.0.113.7")
        answer = log_in(attacker, ANNA)

        assert refusal(answer) == STOPPED
        assert answer.headers["Retry-After"] == "600"
        assert log_in(coming_from(app, "203.0.113.8"), ANNA).status_code == 200

    def test_are_forgotten_after_ten_minutes(self, anna: Client, clock: FrozenClock, decide: Decide) -> None:
        decide(failed_logins_per_address=1)
        log_in(anna, "nobody@example.test")
        assert refusal(log_in(anna)) == STOPPED

        clock.pass_(minutes=10)

        assert log_in(anna).status_code == 200

    def test_tell_the_longer_wait_of_the_two(
        self, app: FastAPI, anna: Client, clock: FrozenClock, decide: Decide
    ) -> None:
        decide(failed_logins_per_account=1, failed_logins_per_address=1)
        log_in(coming_from(app, "10.0.0.1"), ANNA, "wrong")
        clock.pass_(minutes=5)
        log_in(coming_from(app, "10.0.0.2"), "nobody@example.test", "wrong")

        assert log_in(coming_from(app, "10.0.0.2"), ANNA).headers["Retry-After"] == "600"

    def test_are_those_of_a_household_with_ipv6(self, app: FastAPI, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_address=2)
        for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"):
            log_in(coming_from(app, address), f"{address}@example.test", "wrong")

        assert refusal(log_in(coming_from(app, "2001:db8:1:2:3::4"))) == STOPPED
        assert log_in(coming_from(app, "2001:db8:1:3::1")).status_code == 200


class TestWrongCodes:
    def test_are_counted_with_the_failed_logins_of_their_address(
        self, app: FastAPI, db: Database, anna: Client, clock: FrozenClock, decide: Decide
    ) -> None:
        decide(failed_logins_per_address=3)
        attacker, code = coming_from(app, "203.0.113.7"), db.write_now(service.issue_reset_code, ANNA)
        log_in(attacker, password="wrong")
        for _ in range(2):
            assert refusal(reset(attacker, "AAAAA-AAAAA-AAAAA-AAAAA")) == (403, "invalid_code")

        answer = reset(attacker, code)

        assert refusal(answer) == refusal(log_in(attacker)) == STOPPED
        assert answer.headers["Retry-After"] == "600"
        clock.pass_(minutes=10)
        assert reset(attacker, code).status_code == 204

    def test_do_not_stop_another_address(self, app: FastAPI, db: Database, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_address=1)
        code = db.write_now(service.issue_reset_code, ANNA)
        reset(coming_from(app, "203.0.113.7"), "wrong")

        assert reset(coming_from(app, "203.0.113.8"), code).status_code == 204

    def test_do_not_include_a_right_one(self, db: Database, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_address=1)

        for _ in range(3):
            assert reset(anna, db.write_now(service.issue_reset_code, ANNA)).status_code == 204

    def test_are_as_many_when_all_come_at_once(self, app: FastAPI, anna: Client, decide: Decide) -> None:
        decide(failed_logins_per_address=4)

        async def guesses() -> Counter[int]:
            transport = httpx2.ASGITransport(app=app, client=("10.0.0.1", 50_000))
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
                body = {"code": "wrong", "new_password": PASSWORD}
                answers = await asyncio.gather(*(client.post("/auth/password-reset", json=body) for _ in range(7)))
            return Counter(answer.status_code for answer in answers)

        assert asyncio.run(guesses()) == {403: 4, 429: 3}

    def test_are_not_counted_where_limits_are_off(self, anna: Client, decide: Decide) -> None:
        decide(limits="off", failed_logins_per_address=1)

        assert [reset(anna, "wrong").status_code for _ in range(3)] == [403] * 3


class TestRegistrations:
    def test_are_so_many_an_hour(self, app: FastAPI, clock: FrozenClock, decide: Decide) -> None:
        decide(registrations_per_address=3)
        school = coming_from(app, "198.51.100.1")
        for number in range(3):
            body = registration(email=f"{number}@example.test")
            assert school.post("/users", json=body).status_code == 201
        one_more = registration(email="one.more@example.test")

        clock.pass_(minutes=15)
        answer = school.post("/users", json=one_more)

        assert refusal(answer) == STOPPED
        assert answer.headers["Retry-After"] == "2700"
        assert coming_from(app, "198.51.100.2").post("/users", json=one_more).status_code == 201

        clock.pass_(minutes=45)
        assert school.post("/users", json=registration(email="late@example.test")).status_code == 201

    def test_are_counted_where_they_ask_for_a_taken_address(self, anna: Client, decide: Decide) -> None:
        """Or a stranger could ask without end who has an account."""
        decide(registrations_per_address=1)
        assert refusal(anna.post("/users", json=registration())) == (409, "email_taken")

        assert refusal(anna.post("/users", json=registration())) == STOPPED

    def test_are_not_counted_where_a_field_is_wrong(self, visitor: Client, decide: Decide) -> None:
        decide(registrations_per_address=1)
        visitor.post("/users", json=registration(password="short"))

        assert visitor.post("/users", json=registration()).status_code == 201

    def test_do_not_slow_down_logins(self, visitor: Client, decide: Decide) -> None:
        decide(registrations_per_address=1, failed_logins_per_address=1)
        visitor.made("/users", registration())

        assert log_in(visitor).status_code == 200


class TestLimitsOff:
    def test_lets_everything_be_tried(self, visitor: Client, db: Database, decide: Decide) -> None:
        decide(limits="off", failed_logins_per_account=1, failed_logins_per_address=1, registrations_per_address=1)

        for number in range(3):
            visitor.made("/users", registration(email=f"{number}@example.test"))
            assert refusal(log_in(visitor, password="wrong")) == WRONG

        assert db.read_now(lambda tx: tx.exec(select(func.count()).select_from(TRIES)).scalar()) == 0


class TestAttempts:
    def test_name_nobody(self, app: FastAPI, db: Database, decide: Decide) -> None:
        decide()
        log_in(coming_from(app, "203.0.113.7"), "zachary@example.test", "hunter2")

        assert not [word for word in ("203.0.113", "zachary", "hunter2") if word in everything(db)]

    def test_are_pruned_by_those_that_come_later(
        self, anna: Client, db: Database, clock: FrozenClock, decide: Decide
    ) -> None:
        decide()
        for _ in range(3):
            log_in(anna, password="wrong")
        clock.pass_(hours=1, seconds=1)

        log_in(anna, password="wrong")

        assert db.read_now(lambda tx: tx.exec(select(func.count()).select_from(TRIES)).scalar()) == 2


class TestNetwork:
    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8::1", "2001:db8::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("testclient", "testclient"),
            ("", ""),
        ],
    )
    def test_is_a_household(self, address: str, counted: str) -> None:
        assert network(address) == counted


def reset(client: Client, code: str) -> httpx2.Response:
    return client.post("/auth/password-reset", json={"code": code, "new_password": PASSWORD})


def form_of(email: str) -> dict[str, str]:
    return {"grant_type": "password", "username": email, "password": "wrong"}


async def all_at_once(app: FastAPI, forms: list[dict[str, str]], address: str) -> Counter[int]:
    """How many logins got which status."""
    transport = httpx2.ASGITransport(app=app, client=(address, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = await asyncio.gather(*(client.post("/auth/token", data=form) for form in forms))
    return Counter(answer.status_code for answer in answers)


async def wrong_login(db: Database, pace: Pace) -> str:
    """The code of its refusal."""
    form = LoginForm.model_validate(form_of(ANNA))
    with pytest.raises(Problem) as refused:
        await login_service.log_in(db, form, "10.0.0.1", pace, 1)
    return refused.value.code
