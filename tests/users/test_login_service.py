"""Logging in and out, and tokens: how they live and die."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Literal
from unicodedata import normalize

import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from lifetracker.core import auth
from lifetracker.core.auth import digest
from lifetracker.core.db import Database, Transaction
from lifetracker.users import service, token_repository
from tests.core.units import locked
from tests.people import JSON, PASSWORD, Client, FrozenClock, refusal
from tests.users.accounts import ANNA, everything, log_in, logged_in, named_token, registration

Decide = Callable[..., None]
Form = Literal["NFC", "NFD"]


def change_hash(tx: Transaction, email: str) -> None:
    service.set_password(tx, service.find_person(tx, email).id, "another hash", None)


def delete_account(tx: Transaction, email: str) -> None:
    service.delete_user(tx, service.find_person(tx, email).id)


class TestLogIn:
    def test_answers_as_oauth_2_does(self, anna: Client, visitor: Client) -> None:
        answer = log_in(visitor)

        assert answer.status_code == 200
        body = answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
        assert set(body) == {"access_token", "token_type", "expires_in"}
        assert (body["token_type"], body["expires_in"]) == ("bearer", 90 * 24 * 60 * 60)

    def test_gives_a_token_that_works(self, app: FastAPI, anna: Client) -> None:
        assert logged_in(app).got("/users/me")["email"] == ANNA

    def test_gives_another_each_time(self, app: FastAPI, anna: Client) -> None:
        first, second = logged_in(app), logged_in(app)

        assert first.token != second.token
        assert first.got("/users/me") == second.got("/users/me")

    @pytest.mark.parametrize("written", ["ANNA@EXAMPLE.TEST", "Anna@Example.test", " anna@example.test "])
    def test_compares_addresses_without_case(self, anna: Client, visitor: Client, written: str) -> None:
        assert log_in(visitor, written).status_code == 200

    def test_ignores_what_else_oauth_clients_send(self, anna: Client, visitor: Client) -> None:
        answer = log_in(visitor, scope="read write", client_id="app", client_secret="s", nonsense="")

        assert answer.status_code == 200

    def test_takes_a_form_of_parts_too(self, anna: Client, visitor: Client) -> None:
        form = {"grant_type": (None, "password"), "username": (None, ANNA), "password": (None, PASSWORD)}

        assert visitor.post("/auth/token", files=form).status_code == 200

    @pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", " " + PASSWORD])
    def test_refuses_a_wrong_password(self, anna: Client, visitor: Client, password: str) -> None:
        answer = log_in(visitor, password=password)

        assert refusal(answer) in [(401, "invalid_credentials"), (422, "invalid")]
        assert refusal(answer)[0] == 401 or password == ""

    def test_says_the_same_of_an_unknown_address(self, anna: Client, visitor: Client) -> None:
        wrong, unknown = log_in(visitor, password="wrong"), log_in(visitor, "nobody@example.test", "wrong")

        assert refusal(wrong) == refusal(unknown) == (401, "invalid_credentials")
        assert wrong.json() == unknown.json()
        assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"] == "Bearer"

    def test_takes_as_long_for_an_unknown_address(
        self, anna: Client, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasher = CountingHasher()
        monkeypatch.setattr(auth, "_hasher", hasher)

        log_in(visitor, password="wrong")
        log_in(visitor, "nobody@example.test", "wrong")

        assert hasher.verified == [("$argon2id$v=19$m=19456,t=2,p=1$", "wrong")] * 2

    def test_takes_as_long_for_an_unknown_address_whatever_is_typed(
        self, anna: Client, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasher = CountingHasher()
        monkeypatch.setattr(auth, "_hasher", hasher)

        log_in(visitor, password="wre\u0302\u0301ng")
        known, hasher.verified = hasher.verified, []
        log_in(visitor, "nobody@example.test", "wre\u0302\u0301ng")

        assert hasher.verified == known
        assert [typed for _, typed in known] == ["wr\u1ebfng", "wre\u0302\u0301ng"]

    @pytest.mark.parametrize("set_as", ["NFC", "NFD"])
    @pytest.mark.parametrize("typed_as", ["NFC", "NFD"])
    def test_takes_the_password_from_every_keyboard(self, visitor: Client, set_as: Form, typed_as: Form) -> None:
        visitor.made("/users", registration(password=normalize(set_as, "caf\u00e9 caf\u00e9")))

        assert log_in(visitor, password=normalize(typed_as, "caf\u00e9 caf\u00e9")).status_code == 200

    def test_keeps_the_hash_of_a_composed_password_from_now_on(self, anna: Client, db: Database) -> None:
        """What the release before hashed as it was typed."""
        typed = "cafe\u0301 cafe\u0301"
        db.write_now(service.set_password, 1, PasswordHasher().hash(typed), None)
        before = everything(db)
        assert log_in(anna, password=typed).status_code == 200

        assert everything(db) != before
        assert log_in(anna, password=normalize("NFC", typed)).status_code == 200

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"username": ANNA, "password": PASSWORD}, "grant_type"),
            ({"grant_type": "client_credentials", "username": ANNA, "password": PASSWORD}, "grant_type"),
            ({"grant_type": "password", "password": PASSWORD}, "username"),
            ({"grant_type": "password", "username": ANNA}, "password"),
            ({"grant_type": "password", "username": "a\0b", "password": PASSWORD}, "username"),
            ({"grant_type": "password", "username": "x" * 255, "password": PASSWORD}, "username"),
            ({"grant_type": "password", "username": ANNA, "password": "x" * 1025}, "password"),
        ],
    )
    def test_names_a_field_that_cannot_be(self, anna: Client, form: dict[str, str], field: str) -> None:
        answer = anna.post("/auth/token", data=form)

        assert refusal(answer) == (422, "invalid")
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    def test_refuses_a_disabled_account_once_the_password_is_right(
        self, anna: Client, visitor: Client, db: Database
    ) -> None:
        db.write_now(service.disable, ANNA)

        assert refusal(log_in(visitor, password="wrong")) == (401, "invalid_credentials")
        assert refusal(log_in(visitor)) == (403, "account_disabled")

    def test_counts_no_right_password_of_a_disabled_account_as_failed(
        self, anna: Client, visitor: Client, db: Database
    ) -> None:
        db.write_now(service.disable, ANNA)

        answers = [refusal(log_in(visitor)) for _ in range(12)]

        assert answers == [(403, "account_disabled")] * 12

    @pytest.mark.parametrize(
        ("meanwhile", "status"), [(service.disable, 403), (change_hash, 401), (delete_account, 401)]
    )
    def test_judges_the_account_as_it_is_once_the_password_is_checked(
        self,
        db: Database,
        anna: Client,
        monkeypatch: pytest.MonkeyPatch,
        meanwhile: Callable[[Transaction, str], None],
        status: int,
    ) -> None:
        hasher = SlowHasher()
        monkeypatch.setattr(auth, "_hasher", hasher)
        with ThreadPoolExecutor(1) as thread:
            logging_in = thread.submit(log_in, anna)
            hasher.asked.wait(5)
            db.write_now(meanwhile, ANNA)
            hasher.go_on.set()

        assert logging_in.result().status_code == status

    def test_leaves_tokens_that_expired_behind(
        self, app: FastAPI, anna: Client, db: Database, clock: FrozenClock
    ) -> None:
        old = logged_in(app)
        clock.pass_(days=91)
        logged_in(app)

        assert digest(old.token or "") not in everything(db)


class TestToken:
    def test_lasts_as_long_as_the_operator_decides(
        self, app: FastAPI, anna: Client, clock: FrozenClock, decide: Decide
    ) -> None:
        decide(login_days=1)
        login = logged_in(app)

        clock.pass_(days=1, microseconds=-1)
        assert login.get("/users/me").status_code == 200

        clock.pass_(microseconds=1)
        assert refusal(login.get("/users/me")) == (401, "unauthorized")

    @pytest.mark.parametrize("spoilt", [lambda token: token[:-1], lambda token: token + "x", str.swapcase, str.upper])
    def test_works_only_whole(self, app: FastAPI, anna: Client, spoilt: Callable[[str], str]) -> None:
        token = spoilt(logged_in(app).token or "")

        answer = anna.get("/users/me", headers={"Authorization": f"Bearer {token}"})

        assert refusal(answer) == (401, "unauthorized")

    def test_is_kept_only_as_its_sha_256(self, app: FastAPI, anna: Client, db: Database) -> None:
        for client in (logged_in(app), named_token(anna, app)):
            assert client.token is not None
            assert digest(client.token) in everything(db)
            assert client.token not in everything(db)
            assert client.token.removeprefix("lt_") not in everything(db)

    def test_is_no_digest_of_itself(self, app: FastAPI, anna: Client) -> None:
        """Who reads the table cannot call with what stands there."""
        answer = anna.get("/users/me", headers={"Authorization": f"Bearer {digest(logged_in(app).token or '')}"})

        assert refusal(answer) == (401, "unauthorized")

    def test_works_in_whatever_case_its_scheme_is_written(self, anna: Client) -> None:
        assert anna.get("/users/me", headers={"Authorization": f"bearer {anna.token}"}).status_code == 200


class TestLogOut:
    def test_ends_the_token_at_once(self, app: FastAPI, anna: Client) -> None:
        login = logged_in(app)

        assert login.delete("/auth/token").status_code == 204
        assert refusal(login.get("/users/me")) == (401, "unauthorized")
        assert refusal(login.delete("/auth/token")) == (401, "unauthorized")

    def test_ends_no_other(self, app: FastAPI, anna: Client, boris: Client) -> None:
        logged_in(app).delete("/auth/token")

        assert anna.get("/users/me").status_code == 200
        assert boris.get("/users/me").status_code == 200

    @pytest.mark.parametrize("scope", ["read", "write"])
    def test_ends_a_named_token_too(self, app: FastAPI, anna: Client, scope: str) -> None:
        token = named_token(anna, app, scope)

        assert token.delete("/auth/token").status_code == 204
        assert refusal(token.get("/users/me")) == (401, "unauthorized")


class TestLastUsed:
    def test_is_unknown_until_a_token_is_used(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app)
        assert last_used(anna, "phone") is None

        token.got("/users/me")

        assert last_used(anna, "phone") == "2026-03-11T12:00:00Z"

    @pytest.mark.parametrize(
        ("minutes", "noted"),
        [(10, "2026-03-11T12:00:00Z"), (11, "2026-03-11T12:11:00Z"), (600, "2026-03-11T22:00:00Z")],
    )
    def test_is_noted_every_ten_minutes(
        self, app: FastAPI, anna: Client, clock: FrozenClock, minutes: int, noted: str
    ) -> None:
        token = named_token(anna, app)
        token.got("/users/me")
        clock.pass_(minutes=minutes)
        token.got("/users/me")

        assert last_used(anna, "phone") == noted

    def test_holds_up_nobody(self, app: FastAPI, anna: Client, db: Database) -> None:
        token = named_token(anna, app)

        with locked(db):
            assert token.get("/users/me").status_code == 200

        assert last_used(anna, "phone") is None


class TestCreateToken:
    def test_shows_the_token_once(self, anna: Client) -> None:
        answer = anna.post("/users/me/tokens", json={"name": "Телефон 📱", "scope": "read"})

        made = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/users/me/tokens/{made['id']}"
        assert answer.headers["Cache-Control"] == "no-store"
        assert made.pop("token").startswith("lt_")
        assert made == {
            "id": made["id"],
            "name": "Телефон 📱",
            "scope": "read",
            "created_at": "2026-03-11T12:00:00Z",
            "expires_at": None,
            "last_used_at": None,
        }
        assert made in anna.got("/users/me/tokens")["items"]
        assert "token" not in anna.got("/users/me/tokens")["items"][-1]

    def test_ends_when_it_is_told_to(self, app: FastAPI, anna: Client, clock: FrozenClock) -> None:
        token = named_token(anna, app, expires_at="2026-03-11T16:00:00+03:00")  # in an hour

        clock.pass_(minutes=59)
        assert token.got("/users/me")["email"] == ANNA

        clock.pass_(minutes=1)
        assert refusal(token.get("/users/me")) == (401, "unauthorized")

    def test_never_ends_unless_told(self, app: FastAPI, anna: Client, clock: FrozenClock) -> None:
        token = named_token(anna, app)
        clock.pass_(days=3650)

        assert token.get("/users/me").status_code == 200

    @pytest.mark.parametrize(
        "expires_at", ["2026-03-11T12:00:00Z", "2020-01-01T00:00:00Z", "2026-03-11T14:59:59+03:00"]
    )
    def test_refuses_an_end_that_has_passed(self, anna: Client, expires_at: str) -> None:
        answer = anna.post("/users/me/tokens", json={"name": "x", "scope": "read", "expires_at": expires_at})

        assert refusal(answer) == (422, "expires_in_past")
        assert answer.json()["errors"][0]["field"] == "expires_at"

    @pytest.mark.parametrize(
        "sent",
        [
            {"name": ""},
            {"name": "x" * 101},
            {"name": "a\0b"},
            {"name": None},
            {"scope": "admin"},
            {"scope": None},
            {"expires_at": "tomorrow"},
            {"expires_at": "2027-01-01T00:00:00"},
            {"token": "lt_mine"},
        ],
    )
    def test_names_a_field_that_cannot_be(self, anna: Client, sent: dict[str, Any]) -> None:
        answer = anna.post("/users/me/tokens", json={"name": "x", "scope": "read"} | sent)

        assert refusal(answer) == (422, "invalid")
        assert [error["field"] for error in answer.json()["errors"]] == list(sent)

    def test_needs_a_login(self, app: FastAPI, anna: Client) -> None:
        answer = named_token(anna, app).post("/users/me/tokens", json={"name": "x", "scope": "read"})

        assert refusal(answer) == (403, "login_required")

    def test_is_one_of_fifty_at_most(self, app: FastAPI, anna: Client, boris: Client, clock: FrozenClock) -> None:
        until = (clock.now + timedelta(hours=1)).isoformat()
        named_token(anna, app, expires_at=until)
        tokens = [named_token(anna, app) for _ in range(49)]
        one_more = {"name": "x", "scope": "read"}

        assert refusal(anna.post("/users/me/tokens", json=one_more)) == (409, "too_many")
        assert named_token(boris, app).got("/users/me")["email"] == "boris@example.test"
        assert logged_in(app).got("/users/me")["email"] == ANNA  # a login is never refused for it

        clock.pass_(hours=2)
        anna.made("/users/me/tokens", one_more)
        assert refusal(anna.post("/users/me/tokens", json=one_more)) == (409, "too_many")
        anna.delete(f"/users/me/tokens/{tokens[0].got('/auth/token')['id']}")
        anna.made("/users/me/tokens", one_more)

    def test_is_one_of_fifty_when_several_come_at_once(self, app: FastAPI, anna: Client) -> None:
        for _ in range(48):
            named_token(anna, app)

        async def several() -> list[int]:
            transport = httpx2.ASGITransport(app=app)
            headers = {"Authorization": f"Bearer {anna.token}"}
            async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
                body = {"name": "x", "scope": "read"}
                answers = await asyncio.gather(*(client.post("/users/me/tokens", json=body) for _ in range(5)))
                return [answer.status_code for answer in answers]

        statuses = asyncio.run(several())

        assert 1 <= statuses.count(201) <= 2
        assert statuses.count(201) + statuses.count(409) == 5


class TestLogins:
    def test_beyond_fifty_end_the_one_unused_for_longest(
        self, app: FastAPI, anna: Client, boris: Client, clock: FrozenClock
    ) -> None:
        phone = named_token(anna, app)
        first, second, *_ = [logged_in(app) for _ in range(49)]
        clock.pass_(minutes=11)
        for each in (anna, first):
            each.got("/users/me")

        logged_in(app)

        assert refusal(second.get("/users/me")) == (401, "unauthorized")
        for each in (anna, first, phone, boris):
            assert each.get("/users/me").status_code == 200


class TestShowToken:
    def test_tells_what_a_login_may_do(self, app: FastAPI, anna: Client) -> None:
        shown = logged_in(app).got("/auth/token")

        assert shown == {
            "id": 2,
            "name": "login",
            "scope": "write",
            "is_login": True,
            "expires_at": "2026-06-09T12:00:00Z",
        }

    @pytest.mark.parametrize("scope", ["read", "write"])
    def test_tells_what_a_named_one_may_do(self, app: FastAPI, anna: Client, scope: str) -> None:
        shown = named_token(anna, app, scope).got("/auth/token")

        assert shown == {"id": 2, "name": "phone", "scope": scope, "is_login": False, "expires_at": None}

    def test_is_refused_once_it_is_ended(self, app: FastAPI, anna: Client, visitor: Client) -> None:
        login = logged_in(app)
        login.delete("/auth/token")

        assert refusal(login.get("/auth/token")) == (401, "unauthorized")
        assert refusal(visitor.get("/auth/token")) == (401, "unauthorized")


class TestListTokens:
    def test_is_whole_unless_a_part_is_asked_for(self, app: FastAPI, anna: Client) -> None:
        for _ in range(50):
            named_token(anna, app)

        page = anna.got("/users/me/tokens")

        assert (len(page["items"]), page["next_cursor"]) == (51, None)

    def test_shows_logins_and_named_ones(self, app: FastAPI, anna: Client, boris: Client) -> None:
        named_token(anna, app, "read")

        items = anna.got("/users/me/tokens")["items"]

        assert [(item["name"], item["scope"]) for item in items] == [("login", "write"), ("phone", "read")]

    def test_comes_in_pages(self, app: FastAPI, anna: Client) -> None:
        for number in range(4):
            anna.made("/users/me/tokens", {"name": f"token {number}", "scope": "read"})

        names, cursor = [], None
        for _ in range(3):
            page = anna.got("/users/me/tokens", limit=2, **({"cursor": cursor} if cursor else {}))
            names += [item["name"] for item in page["items"]]
            cursor = page["next_cursor"]

        assert names == ["login", "token 0", "token 1", "token 2", "token 3"]
        assert cursor is None

    @pytest.mark.parametrize("cursor", ["x", "", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ", "LTE", "IjEi", "%00"])
    def test_refuses_a_cursor_that_it_did_not_give_out(self, anna: Client, cursor: str) -> None:
        answer = anna.get(f"/users/me/tokens?cursor={cursor}")

        assert refusal(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["code"] == "invalid_cursor"

    def test_needs_no_login(self, app: FastAPI, anna: Client) -> None:
        assert named_token(anna, app, "read").get("/users/me/tokens").status_code == 200


class TestEndToken:
    def test_ends_it_at_once_and_is_404_the_second_time(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app)
        path = f"/users/me/tokens/{id_of(anna, 'phone')}"

        assert anna.delete(path).status_code == 204
        assert refusal(token.get("/users/me")) == (401, "unauthorized")
        assert refusal(anna.delete(path)) == (404, "not_found")

    def test_may_end_the_one_that_is_used(self, anna: Client) -> None:
        assert anna.delete(f"/users/me/tokens/{id_of(anna, 'login')}").status_code == 204
        assert refusal(anna.get("/users/me")) == (401, "unauthorized")

    def test_reaches_no_token_of_others(self, app: FastAPI, anna: Client, boris: Client) -> None:
        token = named_token(anna, app)

        assert refusal(boris.delete(f"/users/me/tokens/{id_of(anna, 'phone')}")) == (404, "not_found")
        assert token.get("/users/me").status_code == 200

    def test_needs_a_login(self, app: FastAPI, anna: Client) -> None:
        token = named_token(anna, app)

        assert refusal(token.delete(f"/users/me/tokens/{id_of(anna, 'login')}")) == (403, "login_required")

    def test_gives_its_id_to_no_other(self, app: FastAPI, anna: Client) -> None:
        named_token(anna, app)
        old = id_of(anna, "phone")
        anna.delete(f"/users/me/tokens/{old}")

        named_token(anna, app)

        assert id_of(anna, "phone") == old + 1


class TestManyLogins:
    def test_take_turns(self, app: FastAPI, anna: Client) -> None:
        async def all_at_once() -> list[int]:
            transport = httpx2.ASGITransport(app=app)
            form = {"grant_type": "password", "username": ANNA, "password": PASSWORD}
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
                calls = [client.post("/auth/token", data=form) for _ in range(8)]
                return [answer.status_code for answer in await asyncio.gather(*calls)]

        assert asyncio.run(all_at_once()) == [200] * 8


class TestPruning:
    def test_takes_expired_tokens_alone(self, db: Database, anna: Client, clock: FrozenClock) -> None:
        for days in (1, 2):
            expires_at = (clock.now + timedelta(days=days)).isoformat()
            anna.made("/users/me/tokens", {"name": f"{days}", "scope": "read", "expires_at": expires_at})
        clock.pass_(days=1, seconds=1)

        db.write_now(token_repository.prune_tokens)

        assert [item["name"] for item in anna.got("/users/me/tokens")["items"]] == ["login", "2"]


class SlowHasher(PasswordHasher):
    """Takes its time over a password, until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = threading.Event(), threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  as its parent calls it
        self.asked.set()
        self.go_on.wait(5)
        return super().verify(hash, password)


class CountingHasher(PasswordHasher):
    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=19_456, parallelism=1)
        self.verified: list[tuple[str, str]] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  as its parent calls it
        cost, _, _ = str(hash).rpartition("$")[0].rpartition("$")
        self.verified.append((f"{cost}$", str(password)))
        return super().verify(hash, password)


def last_used(owner: Client, name: str) -> str | None:
    noted: str | None = shown(owner, name)["last_used_at"]
    return noted


def id_of(owner: Client, name: str) -> int:
    number: int = shown(owner, name)["id"]
    return number


def shown(owner: Client, name: str) -> JSON:
    return next(item for item in owner.got("/users/me/tokens")["items"] if item["name"] == name)
