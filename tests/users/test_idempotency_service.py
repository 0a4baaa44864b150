"""`Idempotency-Key`: a request that is sent twice is done once and answered alike."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from lifetracker.core.auth import digest
from lifetracker.core.db import Database, Transaction
from lifetracker.users import idempotency_repository
from lifetracker.users.idempotency_service import Once, asked
from lifetracker.users.models import IDEMPOTENCY_KEYS
from lifetracker.users.schemas import Caller, PasswordChange
from lifetracker.users.service import change_password, find_person
from tests.core.units import another, note, notes
from tests.operations import PRIVATE
from tests.people import PASSWORD, Client, FrozenClock, refusal
from tests.users.accounts import ANNA, ANNAS_LOGIN, everything, log_in, logged_in

KEY = {"Idempotency-Key": "b2f3-the-key"}
WALK = {"title": "Walk"}
REPLAYED = "Idempotent-Replayed"


class TestReplay:
    def test_answers_as_the_first_time(self, anna: Client) -> None:
        first = anna.post("/challenges", json=WALK, headers=KEY)
        again = anna.post("/challenges", json=WALK, headers=KEY)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        for name in ("Location", "ETag", "Content-Type"):
            assert again.headers[name] == first.headers[name]
        assert again.headers[REPLAYED] == "true"
        assert REPLAYED not in first.headers
        assert titles(anna) == ["Walk"]

    def test_answers_so_every_time(self, anna: Client) -> None:
        answers = [anna.post("/challenges", json=WALK, headers=KEY).json() for _ in range(3)]

        assert answers[0] == answers[1] == answers[2]

    def test_answers_what_was_then_even_if_it_is_otherwise_now(self, anna: Client) -> None:
        first = anna.post("/challenges", json=WALK, headers=KEY)
        anna.changed(first.headers["Location"], {"title": "Run"})

        assert anna.post("/challenges", json=WALK, headers=KEY).json()["title"] == "Walk"

    @pytest.mark.parametrize("turn", ["archive", "pause", "restart"])
    def test_is_there_for_each_turn_of_a_challenge(self, anna: Client, turn: str) -> None:
        path = f"/challenges/{anna.starts()}/{turn}"

        first, again = (anna.post(path, headers=KEY) for _ in range(2))

        assert (first.status_code, again.status_code) == (200, 200)
        assert again.content == first.content
        assert again.headers[REPLAYED] == "true"

    def test_adds_once(self, anna: Client) -> None:
        challenge_id = anna.starts("Water", kind="measure", target=2, unit="l")
        path = f"/challenges/{challenge_id}/log/today/add"

        first, again = (anna.post(path, json={"amount": 0.5}, headers=KEY) for _ in range(2))

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["ETag"] == first.headers["ETag"]
        assert anna.got(f"/challenges/{challenge_id}/log/today")["value"] == 0.5

    def test_makes_a_template_once(self, anna: Client) -> None:
        first, again = (anna.post("/templates", json=WALK | {"kind": "check"}, headers=KEY) for _ in range(2))

        assert first.headers["Location"] == again.headers["Location"]

    def test_changes_a_password_once(self, app: FastAPI, anna: Client) -> None:
        body = {"current_password": PASSWORD, "new_password": "a new password"}

        assert anna.post("/users/me/password", json=body, headers=KEY).status_code == 204
        again = anna.post("/users/me/password", json=body, headers=KEY)

        assert again.status_code == 204
        assert again.headers[REPLAYED] == "true"
        assert log_in(anna, password="a new password").status_code == 200

    def test_keeps_logins_made_in_between(self, app: FastAPI, anna: Client) -> None:
        body = {"current_password": PASSWORD, "new_password": "a new password"}
        anna.post("/users/me/password", json=body, headers=KEY)
        since = logged_in(app, password="a new password")

        anna.post("/users/me/password", json=body, headers=KEY)

        assert since.get("/users/me").status_code == 200

    def test_is_in_reach_of_every_post_but_secrets_and_imports(self) -> None:
        posts = [operation for operation in PRIVATE if operation.method == "POST"]
        deaf = [
            repr(operation)
            for operation in posts
            if "Idempotency-Key" not in str(operation.described.get("parameters", []))
        ]

        assert deaf == ["POST /users/me/import"]


class TestAnotherRequest:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/challenges", {"title": "Run"}),
            ("/challenges", {"title": "Walk "}),
            ("/templates", WALK | {"kind": "check"}),
        ],
    )
    def test_may_not_have_the_same_key(self, anna: Client, path: str, body: dict[str, str]) -> None:
        anna.post("/challenges", json=WALK, headers=KEY)

        answer = anna.post(path, json=body, headers=KEY)

        assert refusal(answer) == (422, "idempotency_key_reused")
        assert titles(anna) == ["Walk"]

    def test_may_not_have_the_same_key_on_another_challenge(self, anna: Client) -> None:
        first, second = anna.starts("Walk"), anna.starts("Run")
        anna.post(f"/challenges/{first}/archive", headers=KEY)

        answer = anna.post(f"/challenges/{second}/archive", headers=KEY)

        assert refusal(answer) == (422, "idempotency_key_reused")

    def test_may_not_have_the_same_key_with_another_password(self, anna: Client) -> None:
        body = {"current_password": PASSWORD, "new_password": "a new password"}
        anna.post("/users/me/password", json=body, headers=KEY)

        answer = anna.post("/users/me/password", json=body | {"new_password": "another one"}, headers=KEY)

        assert refusal(answer) == (422, "idempotency_key_reused")

    def test_may_have_another_key(self, anna: Client) -> None:
        for key in ("one", "One", "two"):
            anna.post("/challenges", json=WALK, headers={"Idempotency-Key": key})

        assert titles(anna) == ["Walk"] * 3

    def test_may_have_the_key_of_somebody_else(self, anna: Client, boris: Client) -> None:
        for client in (anna, boris):
            answer = client.post("/challenges", json=WALK, headers=KEY)
            assert REPLAYED not in answer.headers

        assert titles(anna) == titles(boris) == ["Walk"]

    def test_is_done_again_without_a_key(self, anna: Client) -> None:
        for _ in range(2):
            assert REPLAYED not in anna.post("/challenges", json=WALK).headers

        assert titles(anna) == ["Walk", "Walk"]


class TestRefusedRequest:
    def test_is_not_kept(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/resume"
        assert refusal(anna.post(path, headers=KEY)) == (409, "not_paused")
        anna.made(path.replace("resume", "pause"))

        answer = anna.post(path, headers=KEY)

        assert answer.status_code == 200
        assert REPLAYED not in answer.headers

    def test_leaves_its_key_free_for_another(self, anna: Client) -> None:
        assert refusal(anna.post("/challenges", json={"title": ""}, headers=KEY)) == (422, "invalid")

        assert anna.post("/challenges", json=WALK, headers=KEY).status_code == 201


class TestKey:
    @pytest.mark.parametrize("key", ["x", "x" * 200, "'; DROP TABLE users; --", "ключ".encode().decode("latin-1")])
    def test_is_any_text_of_1_to_200_characters(self, anna: Client, key: str) -> None:
        headers = [(b"Idempotency-Key", key.encode("latin-1"))]

        first, again = (anna.post("/challenges", json=WALK, headers=headers) for _ in range(2))

        assert first.json() == again.json()

    @pytest.mark.parametrize(("key", "code"), [("", "too_short"), ("x" * 201, "too_long")])
    def test_is_refused_otherwise(self, anna: Client, key: str, code: str) -> None:
        answer = anna.post("/challenges", json=WALK, headers={"Idempotency-Key": key})

        assert refusal(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["code"] == code
        assert titles(anna) == []

    def test_is_refused_where_the_answer_carries_a_secret(self, anna: Client) -> None:
        answer = anna.post("/users/me/tokens", json={"name": "phone", "scope": "read"}, headers=KEY)

        assert refusal(answer) == (422, "idempotency_not_for_secrets")
        assert [item["name"] for item in anna.got("/users/me/tokens")["items"]] == ["login"]

    def test_does_not_ask_who_has_no_token_to_leave_it_out(self, visitor: Client) -> None:
        assert refusal(visitor.post("/users/me/tokens", headers=KEY)) == (401, "unauthorized")

    def test_is_kept_for_30_days(self, anna: Client, clock: FrozenClock) -> None:
        anna.post("/challenges", json=WALK, headers=KEY)

        clock.pass_(days=30, seconds=-1)
        assert anna.post("/challenges", json=WALK, headers=KEY).headers[REPLAYED] == "true"

        clock.pass_(seconds=1)
        assert REPLAYED not in anna.post("/challenges", json=WALK, headers=KEY).headers
        assert anna.post("/challenges", json=WALK, headers=KEY).headers[REPLAYED] == "true"
        assert titles(anna) == ["Walk", "Walk"]

    def test_is_free_after_30_days_however_many_others_are_to_be_forgotten(
        self, anna: Client, db: Database, clock: FrozenClock
    ) -> None:
        keys = sorted((f"{number}" for number in range(150)), key=digest)
        db.write_now(keep_many, [digest(key) for key in keys])
        clock.pass_(days=31)

        answer = anna.post("/challenges", json=WALK, headers={"Idempotency-Key": keys[-1]})

        assert answer.status_code == 201
        assert REPLAYED not in answer.headers

    def test_is_forgotten_in_small_pieces(self, anna: Client, db: Database, clock: FrozenClock) -> None:
        db.write_now(keep_many, [f"{number}" for number in range(150)])
        clock.pass_(days=31)
        db.write_now(idempotency_repository.prune_kept, 1, clock.now - timedelta(days=30))
        assert db.read_now(count_kept) == 50

        db.write_now(idempotency_repository.prune_kept, 1, clock.now - timedelta(days=30))
        assert db.read_now(count_kept) == 0


class TestWhatIsKept:
    def test_is_no_key_no_body_and_no_password(self, anna: Client, db: Database) -> None:
        anna.post("/challenges", json={"title": "Walk", "tags": ["hunter3"]}, headers=KEY)
        body = {"current_password": PASSWORD, "new_password": "hunter2 hunter2"}
        anna.post("/users/me/password", json=body, headers={"Idempotency-Key": "hunter2-key"})

        kept = str(db.read_now(lambda tx: list(tx.exec(select(IDEMPOTENCY_KEYS)))))

        assert digest("hunter2-key") in kept
        assert not [secret for secret in (KEY["Idempotency-Key"], "hunter2", PASSWORD) if secret in everything(db)]

    def test_does_not_tell_the_password_to_who_knows_the_body(self, anna: Client, db: Database) -> None:
        """The fingerprint is salted with the key: without it no guess of a password can be tried against the table."""
        body = b'{"current_password":"correct horse","new_password":"a new password"}'

        fingerprints = {asked(1, key, "POST", "/users/me/password", body).fingerprint for key in ("a", "b")}

        assert len(fingerprints) == 2


class TestTwoAtOnce:
    def test_are_done_once(self, app: FastAPI, db: Database, anna: Client) -> None:
        async def both() -> list[httpx2.Response]:
            transport = httpx2.ASGITransport(app=app)
            headers = {"Authorization": f"Bearer {ANNAS_LOGIN}"} | KEY
            async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
                return await asyncio.gather(*(client.post("/challenges", json=WALK) for _ in range(4)))

        answers = asyncio.run(both())

        assert [answer.status_code for answer in answers] == [201] * 4
        assert len({answer.content for answer in answers}) == 1
        assert sorted(REPLAYED in answer.headers for answer in answers) == [False, True, True, True]
        assert titles(anna) == ["Walk"]

    def test_are_done_once_by_two_workers(self, db: Database, anna: Client) -> None:
        request = asked(1, "key", "POST", "/x", b"")
        together = threading.Barrier(2)

        def worker(_: int) -> tuple[str, list[str]]:
            replays: list[str] = []
            with another(db, clock=FrozenClock()) as own:
                together.wait(5)
                once = Once(own, request, lambda: replays.append("replayed"))
                return asyncio.run(once.write(note)), replays

        with ThreadPoolExecutor(2) as workers:
            answers = sorted(workers.map(worker, range(2)), key=str)

        assert [answer for answer, _ in answers] == ["a note", "a note"]
        assert sorted(len(replays) for _, replays in answers) == [0, 1]
        assert db.read_now(notes) == ["a note"]

    def test_change_a_password_once(self, app: FastAPI, anna: Client) -> None:
        body = {"current_password": PASSWORD, "new_password": "a new password"}

        async def both() -> list[int]:
            transport = httpx2.ASGITransport(app=app)
            headers = {"Authorization": f"Bearer {ANNAS_LOGIN}"} | KEY
            async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
                calls = [client.post("/users/me/password", json=body) for _ in range(3)]
                return [answer.status_code for answer in await asyncio.gather(*calls)]

        assert asyncio.run(both()) == [204] * 3

    def test_change_a_password_once_though_one_is_quicker(self, db: Database, anna: Client) -> None:
        """The slower one finds the old password wrong: its twin has set the new one meanwhile."""
        caller = Caller(db.read_now(find_person, ANNA), 1, is_login=True, may_write=True)
        change = PasswordChange.model_validate({"current_password": PASSWORD, "new_password": "a new password"})
        request = asked(1, "key", "POST", "/users/me/password", b"{}")

        class Slower(Once):
            async def was_done(self) -> bool:
                done = await super().was_done()
                if not done:
                    await change_password(db, Once(db, request, lambda: None), caller, change, "", None)
                return done

        replays: list[str] = []
        slower = Slower(db, request, lambda: replays.append("replayed"))
        asyncio.run(change_password(db, slower, caller, change, "", None))

        assert replays == ["replayed"]
        assert log_in(anna, password="a new password").status_code == 200


class TestOnce:
    def test_undoes_what_it_kept_with_the_work(self, db: Database, anna: Client) -> None:
        def fail(tx: Transaction) -> None:
            note(tx)
            raise LookupError

        with pytest.raises(LookupError):
            asyncio.run(Once(db, asked(1, "key", "POST", "/x", b""), lambda: None).write(fail))

        assert db.read_now(notes) == []
        assert db.read_now(count_kept) == 0

    @pytest.mark.parametrize("request_", [None, asked(1, "key", "POST", "/x", b"")])
    def test_knows_whether_it_was_done(self, db: Database, anna: Client, request_: Any) -> None:
        once = Once(db, request_, lambda: None)

        async def ask_do_ask() -> tuple[bool, bool]:
            before = await once.was_done()
            await once.write(note)
            return before, await once.was_done()

        assert asyncio.run(ask_do_ask()) == (False, request_ is not None)


def titles(client: Client) -> list[str]:
    return [item["title"] for item in client.got("/challenges")["items"]]


def keep_many(tx: Transaction, keys: list[str]) -> None:
    for key in keys:
        idempotency_repository.keep(tx, 1, key, "a fingerprint", "null")


def count_kept(tx: Transaction) -> int:
    number: int = tx.exec(select(func.count()).select_from(IDEMPOTENCY_KEYS)).scalar_one()
    return number
