"""Whose an e-mail address is, and how it is written down beside what the release before knows it by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from lifetracker.core.db import Transaction
from lifetracker.core.errors import Conflict
from lifetracker.users import repository
from lifetracker.users.addresses import address_key, email_key, email_keys

Fields = dict[str, Any]


class EmailTaken(Conflict):
    code = "email_taken"


def find_account(tx: Transaction, email: str) -> Any | None:
    """The account that has this address, None where there is none.

    Accounts from before may have become one by their addresses: then it is the one whose address is written so, else
    the one that the release before would find, else the oldest.
    """
    known_as = email_key(email)
    holders = _holding(_found(tx, email), address_key(email))
    written = email.strip()
    return max(holders, key=lambda row: (row.email == written, row.email_key == known_as, -row.id), default=None)


def fields_of(tx: Transaction, email: str, user_id: int | None = None) -> Fields:
    """The fields of an account that gets this address, or has it already; `EmailTaken` where it is another's.

    Two addresses may be one to the release before, as `straße@…` and `strasse@…`: it then knows the later one by a key
    with a space in it, which it makes of no address.
    """
    key, known_as = address_key(email), email_key(email)
    found = _found(tx, email)
    others = [row for row in found if row.id != user_id]
    twins = _holding(others, key)
    is_mine = len(_holding(found, key)) > len(twins)
    if twins and (not is_mine or known_as in _keys(twins)):
        raise EmailTaken("there is an account with this e-mail address")
    free = known_as not in _keys(others)
    return {"email": email, "email_key": known_as if free else f"{known_as} {key}", "address_key": key}


def complete(tx: Transaction) -> int:
    """Give some accounts that the release before wrote down what they are found by; how many were left, at most."""
    without = repository.list_without_address_key(tx)
    for row in without:
        repository.change_user(tx, row.id, {"address_key": address_key(row.email)})
    return len(without)


def list_twins(tx: Transaction) -> list[list[tuple[int, str]]]:
    """Ids and addresses of accounts that have one address, though they are two or more from before it was one."""
    accounts = defaultdict(list)
    for row in repository.list_addresses(tx):
        accounts[address_key(row.email)].append((row.id, row.email))
    return [twins for twins in accounts.values() if len(twins) > 1]


def _found(tx: Transaction, email: str) -> Sequence[Any]:
    return repository.find_by_address(tx, address_key(email), email_keys(email))


def _holding(rows: Iterable[Any], key: str) -> list[Any]:
    """All whose address it is. The release before may have changed an address and left its key: that is no proof."""
    return [row for row in rows if address_key(row.email) == key]


def _keys(rows: Iterable[Any]) -> list[str]:
    return [row.email_key for row in rows]
