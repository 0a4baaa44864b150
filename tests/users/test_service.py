"""Passwords and their reset, and what the operator does with accounts."""

from __future__ import annotations

import asyncio
import re

import httpx2
import pytest
from fastapi import FastAPI

from lifetracker.core.auth import digest
from lifetracker.core.db import Database
from lifetracker.users import repository, service
from lifetracker.users.schemas import Person
from tests.people import PASSWORD, Client, FrozenClock, join, refusal
from tests.users.accounts import ANNA, everything, log_in, logged_in, named_token

NEW = "a new password"


def change(current: str = PASSWORD, new: str = NEW) -> dict[str, str]:
    return {"current_password": current, "new_password": new}


class TestChangePassword:
    def test_sets_the_new_one(self, anna: Client) -> None:
        assert anna.post("/users/me/password", json=change()).status_code == 204
        assert refusal(log_in(anna)) == (401, "invalid_credentials")
        assert log_in(anna, password=NEW).status_code == 200

    def test_ends_every_other_token_and_keeps_this_one(self, app: FastAPI, anna: Client, boris: Client) -> None:
        others = [logged_in(app), named_token(anna, app, "read"), named_token(anna, app)]

        anna.post("/users/me/password", json=change())

        for other in others:
            assert refusal(other.get("/users/me")) == (401, "unauthorized")
        assert anna.get("/users/me").status_code == 200
        assert boris.get("/users/me").status_code == 200

    def test_ends_a_code_that_is_still_out(self, anna: Client, db: Database) -> None:
        code = db.write_now(service.issue_reset_code, ANNA)
        anna.post("/users/me/password", json=change())

        answer = anna.post("/auth/password-reset", json={"code": code, "new_password": "another one"})

        assert refusal(answer) == (403, "invalid_code")

    def test_refuses_a_wrong_one(self, app: FastAPI, anna: Client) -> None:
        other = logged_in(app)

        assert refusal(anna.post("/users/me/password", json=change("wrong"))) == (403, "wrong_password")
        assert log_in(anna).status_code == 200
        assert other.get("/users/me").status_code == 200

    @pytest.mark.parametrize("new", ["hunter2", "hunter2" * 37])
    def test_refuses_a_new_one_that_cannot_be(self, anna: Client, new: str) -> None:
        answer = anna.post("/users/me/password", json=change(new=new))

        assert refusal(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == "new_password"
        assert "hunter2" not in answer.text
        assert log_in(anna).status_code == 200

    def test_needs_a_login(self, app: FastAPI, anna: Client) -> None:
        answer = named_token(anna, app).post("/users/me/password", json=change())

        assert refusal(answer) == (403, "login_required")


class TestResetPassword:
    def test_sets_the_new_one_and_ends_every_token(self, app: FastAPI, anna: Client, db: Database) -> None:
        tokens = [anna, logged_in(app), named_token(anna, app)]

        assert reset(anna, code_for(db)).status_code == 204

        for token in tokens:
            assert refusal(token.get("/users/me")) == (401, "unauthorized")
        assert log_in(anna, password=NEW).status_code == 200
        assert refusal(log_in(anna)) == (401, "invalid_credentials")

    def test_needs_no_token(self, anna: Client, visitor: Client, db: Database) -> None:
        assert reset(visitor, code_for(db)).status_code == 204

    def test_is_done_once(self, anna: Client, db: Database) -> None:
        code = code_for(db)
        reset(anna, code)

        assert refusal(reset(anna, code, "another one")) == (403, "invalid_code")
        assert log_in(anna, password=NEW).status_code == 200

    def test_is_done_once_when_two_come_at_once(self, app: FastAPI, anna: Client, db: Database) -> None:
        body = {"code": code_for(db), "new_password": NEW}

        async def both() -> list[int]:
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
                calls = [client.post("/auth/password-reset", json=body) for _ in range(2)]
                return [answer.status_code for answer in await asyncio.gather(*calls)]

        assert sorted(asyncio.run(both())) == [204, 403]

    def test_takes_a_code_as_people_type_it(self, anna: Client, db: Database) -> None:
        assert reset(anna, f"  {code_for(db).lower()}\n").status_code == 204
        assert reset(anna, code_for(db).replace("-", "\u2013")).status_code == 204
        assert reset(anna, code_for(db).replace("-", "")).status_code == 204

    @pytest.mark.parametrize(("hours", "status"), [(23.99, 204), (24, 403)])
    def test_takes_a_code_for_24_hours(
        self, anna: Client, db: Database, clock: FrozenClock, hours: float, status: int
    ) -> None:
        code = code_for(db)
        clock.pass_(hours=hours)

        assert reset(anna, code).status_code == status

    def test_takes_the_latest_code_alone(self, anna: Client, db: Database) -> None:
        first, second = code_for(db), code_for(db)

        assert refusal(reset(anna, first)) == (403, "invalid_code")
        assert reset(anna, second).status_code == 204

    @pytest.mark.parametrize("code", ["", "AAAAA-AAAAA-AAAAA-AAAAA", "\0"])
    def test_refuses_any_other(self, anna: Client, db: Database, code: str) -> None:
        code_for(db)

        assert refusal(reset(anna, code)) == (403, "invalid_code")
        assert anna.get("/users/me").status_code == 200

    def test_does_not_spend_the_code_on_a_password_that_cannot_be(self, anna: Client, db: Database) -> None:
        code = code_for(db)
        assert refusal(reset(anna, code, "short")) == (422, "invalid")

        assert reset(anna, code).status_code == 204

    def test_lets_no_disabled_account_in(self, anna: Client, db: Database) -> None:
        code = code_for(db)
        db.write_now(service.disable, ANNA)
        reset(anna, code)

        assert refusal(log_in(anna, password=NEW)) == (403, "account_disabled")

    def test_keeps_neither_code_nor_password(self, anna: Client, db: Database) -> None:
        code = code_for(db)
        assert code not in everything(db)
        assert digest(code) in everything(db)

        reset(anna, code, "hunter2 hunter2")

        assert "hunter2" not in everything(db)


class TestIssueResetCode:
    def test_can_be_read_out(self, anna: Client, db: Database) -> None:
        assert re.fullmatch("([A-Z2-9]{5}-){3}[A-Z2-9]{5}", code_for(db))


class TestDisable:
    def test_ends_every_token_and_lets_nobody_in(self, app: FastAPI, anna: Client, db: Database) -> None:
        tokens = [anna, named_token(anna, app)]

        db.write_now(service.disable, "ANNA@example.test")

        for token in tokens:
            assert refusal(token.get("/users/me")) == (401, "unauthorized")
        assert refusal(log_in(anna)) == (403, "account_disabled")

    def test_lets_no_token_in_however_it_came_to_be(self, anna: Client, db: Database, clock: FrozenClock) -> None:
        db.write_now(repository.change_user, 1, {"disabled_at": clock.now})

        assert refusal(anna.get("/users/me")) == (401, "unauthorized")

    def test_is_undone_for_new_logins(self, app: FastAPI, anna: Client, db: Database) -> None:
        db.write_now(service.disable, ANNA)
        db.write_now(service.enable, ANNA)

        assert logged_in(app).got("/users/me")["email"] == ANNA
        assert refusal(anna.get("/users/me")) == (401, "unauthorized")

    def test_is_told_in_the_list(self, anna: Client, boris: Client, db: Database) -> None:
        db.write_now(service.disable, ANNA)

        listed = db.read_now(service.list_users)

        assert [(user.email, disabled) for user, disabled in listed] == [(ANNA, True), ("boris@example.test", False)]


class TestFindPerson:
    def test_knows_what_decides_their_day(self, db: Database) -> None:
        join(db, "anna", time_zone="Asia/Kathmandu", day_starts_at="04:30", week_starts_on="sun", locale="ru")

        person = db.read_now(service.find_person, " ANNA@example.test ")

        assert isinstance(person, Person)
        assert (person.time_zone, person.day_starts_at.isoformat("minutes")) == ("Asia/Kathmandu", "04:30")
        assert (person.week_starts_on, person.locale) == ("sun", "ru")

    @pytest.mark.parametrize("name", ["find_person", "disable", "enable", "issue_reset_code"])
    def test_is_refused_for_an_unknown_address(self, db: Database, name: str) -> None:
        with pytest.raises(service.UserUnknown, match="there is no account with this e-mail address"):
            db.write_now(getattr(service, name), ANNA)


class TestShowUser:
    def test_is_refused_for_an_account_that_is_gone(self, db: Database) -> None:
        with pytest.raises(service.UserUnknown):
            db.read_now(service.show_user, 1)


def code_for(db: Database) -> str:
    return db.write_now(service.issue_reset_code, ANNA)


def reset(client: Client, code: str, new: str = NEW) -> httpx2.Response:
    return client.post("/auth/password-reset", json={"code": code, "new_password": new})
