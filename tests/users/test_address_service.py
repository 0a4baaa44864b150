"""Whose an e-mail address is, also of accounts that the release before wrote down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from lifetracker.core.db import Database, Transaction
from lifetracker.users import address_service, repository
from lifetracker.users.addresses import address_key
from lifetracker.users.models import USERS
from tests.people import PASSWORD, Client, refusal
from tests.users.accounts import as_before, log_in, logged_in, registration

NFC, NFD = "zo\u00eb@example.test", "zoe\u0308@example.test"
IDN, ACE = "anna@b\u00fccher.example", "anna@xn--bcher-kva.example"


def readdressed_before(tx: Transaction, user_id: int, email: str) -> None:
    """As the release before changes an address: it leaves the key that it does not know."""
    repository.change_user(tx, user_id, {"email": email, "email_key": email.strip().casefold()})


def keys(db: Database) -> list[str | None]:
    return list(db.read_now(lambda tx: tx.exec(select(USERS.c.address_key).order_by(USERS.c.id)).scalars()))


class TestAccount:
    @pytest.mark.parametrize(
        ("opened", "typed"), [(NFC, NFD), (NFD, NFC), (IDN, ACE), (ACE, IDN), (NFD, NFC.upper()), (IDN, f"{ACE}.")]
    )
    def test_is_one_however_its_address_is_typed(self, visitor: Client, opened: str, typed: str) -> None:
        visitor.made("/users", registration(email=opened))

        assert refusal(visitor.post("/users", json=registration(email=typed))) == (409, "email_taken")
        assert log_in(visitor, typed).status_code == 200

    def test_shows_its_address_as_it_was_typed(self, visitor: Client) -> None:
        assert visitor.made("/users", registration(email="ZOE\u0308@B\u00dcCHER.example"))["email"] == (
            "ZOE\u0308@B\u00dcCHER.example"
        )

    @pytest.mark.parametrize("first", [0, 1])
    def test_is_another_for_another_letter(self, app: FastAPI, visitor: Client, first: int) -> None:
        """Though the release before takes them for one, and its key may be given once."""
        two = ("straße@example.test", "strasse@example.test")
        opened = [visitor.made("/users", registration(email=email)) for email in (two[first], two[1 - first])]

        for account in opened:
            assert logged_in(app, account["email"]).got("/users/me") == account
            assert refusal(visitor.post("/users", json=registration(email=account["email"]))) == (409, "email_taken")
        assert len({account["id"] for account in opened}) == 2

    def test_is_nobodys_for_a_letter_that_nobody_has(self, visitor: Client) -> None:
        visitor.made("/users", registration(email="straße@example.test"))

        assert refusal(log_in(visitor, "strasse@example.test")) == (401, "invalid_credentials")

    def test_may_write_its_own_address_otherwise(self, visitor: Client, people: Callable[..., Client]) -> None:
        anna = people("anna", email=IDN)

        for email in (ACE, IDN.upper(), IDN):
            assert anna.changed("/users/me", {"email": email, "current_password": PASSWORD})["email"] == email
        assert log_in(visitor, ACE).status_code == 200

    def test_may_not_take_anothers(self, people: Callable[..., Client]) -> None:
        people("anna", email=IDN)
        boris = people("boris")

        answer = boris.patch("/users/me", json={"email": ACE, "current_password": PASSWORD})

        assert refusal(answer) == (409, "email_taken")


class TestAccountFromBefore:
    @pytest.mark.parametrize(
        ("opened", "typed"), [(NFC, NFD), (NFD, NFC), (IDN, ACE), (ACE, IDN), ("K@x.test", "\u212a@X.test")]
    )
    def test_is_found_however_its_address_is_typed(
        self, db: Database, visitor: Client, opened: str, typed: str
    ) -> None:
        db.write_now(as_before, opened)

        assert log_in(visitor, typed).status_code == 200
        assert refusal(visitor.post("/users", json=registration(email=typed))) == (409, "email_taken")

    def test_gets_its_key_by_logging_in(self, db: Database, visitor: Client) -> None:
        db.write_now(as_before, NFD)
        assert keys(db) == [None]

        log_in(visitor, NFD)

        assert keys(db) == [address_key(NFC)]

    def test_is_found_by_its_new_address_alone(self, db: Database, visitor: Client) -> None:
        user_id = visitor.made("/users", registration(email=IDN))["id"]
        db.write_now(readdressed_before, user_id, NFC)

        assert refusal(log_in(visitor, IDN)) == (401, "invalid_credentials")
        assert log_in(visitor, NFD).status_code == 200
        assert visitor.made("/users", registration(email=ACE))["email"] == ACE
        assert log_in(visitor, IDN).status_code == 200


class TestTwins:
    @pytest.fixture(params=[(NFC, NFD), (IDN, ACE)])
    def twins(self, request: pytest.FixtureRequest, db: Database) -> dict[str, int]:
        """Ids by address of two accounts that the release before took for two."""
        return {email: db.write_now(as_before, email) for email in request.param}

    @pytest.mark.parametrize("completed", [False, True])
    def test_are_each_opened_by_what_they_typed(
        self, db: Database, app: FastAPI, twins: dict[str, int], completed: bool
    ) -> None:
        if completed:
            db.write_now(address_service.complete)

        for email, user_id in twins.items():
            for typed in (email, email.upper(), f" {email} "):
                account = db.read_now(address_service.find_account, typed)
                assert account is not None
                assert account.id == user_id
            assert logged_in(app, email).got("/users/me")["id"] == user_id

    def test_are_told(self, db: Database, anna: Client, twins: dict[str, int]) -> None:
        assert db.read_now(address_service.list_twins) == [[(user_id, email) for email, user_id in twins.items()]]

    def test_may_go_on_writing_their_own(self, app: FastAPI, twins: dict[str, int]) -> None:
        for email in twins:
            own = logged_in(app, email)
            sent = {"email": email, "current_password": PASSWORD}
            assert own.changed("/users/me", sent)["email"] == email

    def test_may_not_write_the_others(self, app: FastAPI, twins: dict[str, int]) -> None:
        one, other = twins
        sent = {"email": one, "current_password": PASSWORD}

        answer = logged_in(app, other).patch("/users/me", json=sent)

        assert refusal(answer) == (409, "email_taken")

    def test_are_no_more_once_one_has_another_address(self, db: Database, app: FastAPI, twins: dict[str, int]) -> None:
        own = logged_in(app, next(iter(twins)))
        own.changed("/users/me", {"email": "other@example.test", "current_password": PASSWORD})

        assert db.read_now(address_service.list_twins) == []


class TestComplete:
    def test_goes_on_in_pieces_until_none_is_left(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(repository, "PIECE", 2)
        emails = [NFC, NFD, IDN, "Ordinary@example.test", "straße@example.test"]
        for email in emails:
            db.write_now(as_before, email)

        assert [db.write_now(address_service.complete) for _ in range(4)] == [2, 2, 1, 0]
        assert keys(db) == [address_key(email) for email in emails]
