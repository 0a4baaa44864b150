"""`/users` over HTTP: opening, reading, changing and deleting an account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import Table, func, select

from lifetracker.core.db import Database, Transaction
from lifetracker.migrations.tables import METADATA
from lifetracker.users import service
from tests.people import PASSWORD, Client, refusal
from tests.users.accounts import ANNA, everything, log_in, logged_in, named_token, registration

Decide = Callable[..., None]
NOTHING_SAID = {
    "id": 1,
    "email": ANNA,
    "display_name": "",
    "time_zone": "UTC",
    "day_starts_at": "00:00",
    "week_starts_on": "mon",
    "locale": "en",
    "created_at": "2026-03-11T12:00:00Z",
}


class TestRegister:
    def test_opens_an_account_with_what_is_usual(self, visitor: Client) -> None:
        answer = visitor.post("/users", json=registration())

        assert answer.status_code == 201
        assert answer.headers["Location"] == "/users/me"
        assert answer.json() == NOTHING_SAID

    def test_takes_every_field(self, visitor: Client, app: FastAPI) -> None:
        said = {
            "display_name": "Анна 🏃",
            "time_zone": "Asia/Kathmandu",
            "day_starts_at": "04:30",
            "week_starts_on": "sun",
            "locale": "ru-RU",
        }

        assert visitor.made("/users", registration(**said)) == NOTHING_SAID | said
        assert logged_in(app).got("/users/me") == NOTHING_SAID | said

    def test_refuses_an_address_that_is_taken_whatever_its_case(self, visitor: Client) -> None:
        visitor.made("/users", registration())

        answer = visitor.post("/users", json=registration(email="ANNA@Example.TEST"))

        assert refusal(answer) == (409, "email_taken")

    def test_gives_an_address_to_one_of_two_who_come_at_once(self, app: FastAPI) -> None:
        async def both() -> list[int]:
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
                calls = [client.post("/users", json=registration()) for _ in range(2)]
                return [answer.status_code for answer in await asyncio.gather(*calls)]

        assert sorted(asyncio.run(both())) == [201, 409]

    @pytest.mark.parametrize("length", [8, 256])
    def test_takes_a_password_of_8_to_256_characters(self, visitor: Client, length: int) -> None:
        password = "🔑" * length

        visitor.made("/users", registration(password=password))

        assert log_in(visitor, password=password).status_code == 200

    @pytest.mark.parametrize(
        ("password", "codes"),
        [
            ("e\u0301" * 256, []),
            ("e\u0301" * 8, []),
            ("e\u0301" * 7, [("password", "too_short")]),
            ("e\u0301" * 257, [("password", "too_long")]),
        ],
    )
    def test_counts_the_characters_of_a_composed_password(
        self, visitor: Client, password: str, codes: list[tuple[str, str]]
    ) -> None:
        answer = visitor.post("/users", json=registration(password=password))

        assert (wrong_fields(answer) if codes else answer.status_code) == (codes or 201)
        assert codes or log_in(visitor, password=password).status_code == 200

    @pytest.mark.parametrize(("length", "code"), [(0, "too_short"), (7, "too_short"), (257, "too_long")])
    def test_refuses_any_other(self, visitor: Client, length: int, code: str) -> None:
        answer = visitor.post("/users", json=registration(password="x" * length))

        assert wrong_fields(answer) == [("password", code)]

    @pytest.mark.parametrize(
        ("field", "value"),
        [("email", "anna"), ("time_zone", "Mars/Base"), ("display_name", "a\0b"), ("is_admin", True)],
    )
    def test_names_a_field_that_cannot_be(self, visitor: Client, db: Database, field: str, value: object) -> None:
        answer = visitor.post("/users", json=registration(**{field: value}))

        assert [name for name, _ in wrong_fields(answer)] == [field]
        assert db.read_now(service.list_users) == []

    def test_is_refused_where_the_operator_opens_accounts(self, visitor: Client, db: Database, decide: Decide) -> None:
        decide(registration="closed")

        assert refusal(visitor.post("/users", json=registration())) == (403, "registration_closed")
        assert db.read_now(service.list_users) == []

    def test_keeps_no_password(self, visitor: Client, db: Database) -> None:
        visitor.made("/users", registration(password="hunter2 hunter2"))

        assert "hunter2" not in everything(db)


class TestShowMe:
    def test_is_mine(self, anna: Client, boris: Client) -> None:
        assert anna.got("/users/me")["email"] == ANNA
        assert boris.got("/users/me")["email"] == "boris@example.test"


class TestChangeMe:
    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"display_name": "Аня"},
            {"time_zone": "Europe/Berlin", "day_starts_at": "03:00"},
            {"week_starts_on": "sun"},
            {"locale": "de"},
        ],
    )
    def test_changes_only_what_was_sent(self, anna: Client, sent: dict[str, str]) -> None:
        before = anna.got("/users/me")

        assert anna.changed("/users/me", sent) == before | sent
        assert anna.got("/users/me") == before | sent

    def test_clears_a_name(self, anna: Client) -> None:
        assert anna.changed("/users/me", {"display_name": None})["display_name"] == ""

    @pytest.mark.parametrize(
        "sent",
        [
            {"time_zone": "Mars/Base"},
            {"time_zone": None},
            {"day_starts_at": "13:00"},
            {"week_starts_on": "fri"},
            {"locale": ""},
            {"email": None},
            {"email": "nobody", "current_password": PASSWORD},
            {"password": "a new password"},
            {"id": 7},
        ],
    )
    def test_names_a_field_that_cannot_be(self, anna: Client, sent: dict[str, Any]) -> None:
        before = anna.got("/users/me")

        answer = anna.patch("/users/me", json=sent)

        assert [name for name, _ in wrong_fields(answer)] == [next(iter(sent))]
        assert anna.got("/users/me") == before

    def test_changes_the_day_that_is_today(self, anna: Client) -> None:
        assert anna.got("/today")["date"] == "2026-03-11"

        anna.changed("/users/me", {"time_zone": "Pacific/Kiritimati"})

        assert anna.got("/today")["date"] == "2026-03-12"


class TestChangeEmail:
    def test_takes_the_password_beside_it(self, anna: Client) -> None:
        sent = {"email": "anya@example.test", "current_password": PASSWORD}

        assert anna.changed("/users/me", sent)["email"] == "anya@example.test"
        assert log_in(anna, "anya@example.test").status_code == 200
        assert refusal(log_in(anna, ANNA)) == (401, "invalid_credentials")

    def test_keeps_every_token(self, app: FastAPI, anna: Client) -> None:
        other = logged_in(app)
        anna.changed("/users/me", {"email": "anya@example.test", "current_password": PASSWORD})

        assert other.got("/users/me")["email"] == "anya@example.test"

    def test_may_change_the_case_of_the_own_one(self, anna: Client) -> None:
        sent = {"email": "Anna@Example.test", "current_password": PASSWORD}

        assert anna.changed("/users/me", sent)["email"] == "Anna@Example.test"

    def test_frees_the_old_one(self, anna: Client, visitor: Client) -> None:
        anna.changed("/users/me", {"email": "anya@example.test", "current_password": PASSWORD})

        assert visitor.post("/users", json=registration()).status_code == 201

    def test_is_refused_without_the_password(self, anna: Client) -> None:
        answer = anna.patch("/users/me", json={"email": "anya@example.test"})

        assert refusal(answer) == (422, "missing")
        assert answer.json()["errors"][0]["field"] == "current_password"
        assert anna.got("/users/me")["email"] == ANNA

    def test_is_refused_with_a_wrong_one(self, anna: Client) -> None:
        answer = anna.patch("/users/me", json={"email": "anya@example.test", "current_password": "wrong"})

        assert refusal(answer) == (403, "wrong_password")
        assert anna.got("/users/me")["email"] == ANNA

    def test_is_refused_to_an_address_that_is_taken(self, anna: Client, boris: Client) -> None:
        answer = anna.patch("/users/me", json={"email": "BORIS@example.test", "current_password": PASSWORD})

        assert refusal(answer) == (409, "email_taken")
        assert anna.got("/users/me")["email"] == ANNA

    def test_needs_a_login(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app)

        answer = token.patch("/users/me", json={"email": "anya@example.test", "current_password": PASSWORD})

        assert refusal(answer) == (403, "login_required")
        assert token.changed("/users/me", {"display_name": "Phone"})["display_name"] == "Phone"


class TestDeleteMe:
    def test_ends_every_token_and_frees_the_address(self, app: FastAPI, anna: Client, visitor: Client) -> None:
        other = logged_in(app)

        assert anna.delete("/users/me").status_code == 204
        for client in (anna, other):
            assert refusal(client.get("/users/me")) == (401, "unauthorized")
        assert refusal(log_in(visitor)) == (401, "invalid_credentials")
        assert visitor.post("/users", json=registration()).status_code == 201

    def test_gives_the_id_to_nobody_else(self, anna: Client, visitor: Client) -> None:
        anna.delete("/users/me")

        assert visitor.made("/users", registration())["id"] == 2

    def test_removes_every_row_of_theirs_and_no_other(self, anna: Client, boris: Client, db: Database) -> None:
        for client in (anna, boris):
            leave_a_row_everywhere(client, db)
        before = {table: db.read_now(rows_of, table, 1) for table in tables_of_people()}
        boris_has = {table: db.read_now(rows_of, table, 2) for table in tables_of_people()}
        assert all(before.values()), before
        texts = db.read_now(count, METADATA.tables["challenge_template_texts"])

        anna.delete("/users/me")

        assert not any(db.read_now(rows_of, table, 1) for table in tables_of_people())
        assert {table: db.read_now(rows_of, table, 2) for table in tables_of_people()} == boris_has
        assert db.read_now(count, METADATA.tables["challenge_template_texts"]) == texts - 1
        assert ANNA not in everything(db)

    def test_needs_a_login(self, app: FastAPI, anna: Client) -> None:
        assert refusal(named_token(anna, app).delete("/users/me")) == (403, "login_required")
        assert anna.get("/users/me").status_code == 200


def wrong_fields(answer: httpx2.Response) -> list[tuple[str, str]]:
    assert refusal(answer) == (422, "invalid")
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def leave_a_row_everywhere(client: Client, db: Database) -> None:
    challenge_id = client.starts("Walk")
    client.made(f"/challenges/{challenge_id}/pause")
    client.logged(challenge_id, note="mine")
    client.made("/templates", {"title": "Mine", "kind": "check"}, headers={"Idempotency-Key": "k"})
    db.write_now(service.issue_reset_code, client.got("/users/me")["email"])


def tables_of_people() -> dict[Table, str]:
    """Tables whose rows belong to somebody, and the column that says to whom."""
    columns = [(table, name) for table in METADATA.sorted_tables for name in ("user_id", "author_id")]
    return {table: name for table, name in columns if name in table.c}


def rows_of(tx: Transaction, table: Table, user_id: int) -> int:
    theirs = table.c[tables_of_people()[table]] == user_id
    number: int = tx.exec(select(func.count()).select_from(table).where(theirs)).scalar_one()
    return number


def count(tx: Transaction, table: Table) -> int:
    number: int = tx.exec(select(func.count()).select_from(table)).scalar_one()
    return number
