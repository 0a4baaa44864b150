"""Secrets: what is made of passwords, tokens and codes."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256

import pytest

from lifetracker.core import auth


class TestPassword:
    def test_fits_its_own_hash_alone(self) -> None:
        hashed = asyncio.run(auth.hash_password("correct horse"))

        assert asyncio.run(auth.password_fits("correct horse", hashed))
        assert not asyncio.run(auth.password_fits("correct horsé", hashed))

    def test_is_kept_as_argon2id_with_a_salt_of_its_own(self) -> None:
        hashes = {auth.hash_password_now("correct horse") for _ in range(2)}

        assert len(hashes) == 2
        assert all(hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for hashed in hashes)

    def test_fits_nobody(self) -> None:
        assert not asyncio.run(auth.password_fits("correct horse", None))

    @pytest.mark.parametrize("hashed", ["", "correct horse", "$argon2id$nonsense"])
    def test_does_not_fit_what_is_no_hash(self, hashed: str) -> None:
        assert not asyncio.run(auth.password_fits("correct horse", hashed))


class TestToken:
    def test_cannot_be_guessed(self) -> None:
        tokens = {auth.new_token() for _ in range(100)}

        assert len(tokens) == 100
        assert all(re.fullmatch(r"lt_[A-Za-z0-9_-]{43}", token) for token in tokens)  # 256 bits

    def test_is_kept_as_its_sha_256(self) -> None:
        assert auth.digest("lt_secret") == sha256(b"lt_secret").hexdigest()


class TestCode:
    def test_can_be_read_out_and_not_be_guessed(self) -> None:
        codes = {auth.new_code() for _ in range(100)}

        assert len(codes) == 100
        assert all(re.fullmatch("([A-HJ-NP-Z2-9]{5}-){3}[A-HJ-NP-Z2-9]{5}", code) for code in codes)
