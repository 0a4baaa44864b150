"""Secrets: passwords as argon2id, opaque tokens kept only as their SHA-256."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lifetracker.core.texts import composed

# OWASP's recommendation for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Bounded, so that many logins at once take turns instead of memory.
_hashing = ThreadPoolExecutor(2, thread_name_prefix="password")

TOKEN_PREFIX = "lt_"
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without the look-alikes I, O, 0 and 1: people type it
CODE_GROUP = 5


async def hash_password(password: str) -> str:
    """Off the event loop: it takes some 20 ms of a core on purpose."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, hash_password_now, password)


async def password_fits(password: str, hashed: str | None) -> bool:
    """Whether it is the password; an unknown account (`hashed` is None) takes as long as a known one."""
    return await hash_to_keep(password, hashed) is not None


async def hash_to_keep(password: str, hashed: str | None) -> str | None:
    """None where it is not the password; else its hash, a new one where `hashed` was made of another composition."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, _hash_to_keep, password, hashed)


def hash_password_now(password: str) -> str:
    """Of the composed password: another keyboard's accents are the same."""
    return _hasher.hash(composed(password))


def _hash_to_keep(password: str, hashed: str | None) -> str | None:
    """Releases before hashed what was typed. How many forms are tried is decided by what is typed now, never by whose
    account it is: so an unknown one takes as long."""
    forms = dict.fromkeys((composed(password), password, unicodedata.normalize("NFD", password)))
    fitting = next((form for form in forms if _fits(form, hashed)), None)
    if fitting is None or fitting == composed(password):
        return None if fitting is None else hashed
    return hash_password_now(password)


def _fits(password: str, hashed: str | None) -> bool:
    try:
        return _hasher.verify(hashed or _nobodys_hash(), password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def _nobodys_hash(kept: list[str] = []) -> str:  # noqa: B006  made once a process
    if not kept:
        kept.append(_hasher.hash(secrets.token_hex()))
    return kept[0]


def new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_code() -> str:
    """A one-time code of 100 bits, in groups that can be read out: `ABCDE-FGHJK-…`."""
    return _grouped("".join(secrets.choice(CODE_ALPHABET) for _ in range(4 * CODE_GROUP)))


def typed_code(typed: str) -> str:
    """A one-time code as it was given out, however it was typed: small or wide letters, other dashes, gaps, none."""
    wide = unicodedata.normalize("NFKC", typed).upper()
    return _grouped("".join(letter for letter in wide if letter.isalnum()))


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + CODE_GROUP] for start in range(0, len(letters), CODE_GROUP))


def digest(secret: str) -> str:
    """What is kept of a token or code. They are random and long, so that a plain SHA-256 cannot be reversed."""
    return sha256(secret.encode()).hexdigest()


def token_of(authorization: str | None) -> str | None:
    """The token of an `Authorization: Bearer TOKEN`, None for anything else."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
