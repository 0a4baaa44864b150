"""Secrets: what is made of passwords, tokens and codes."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from typing import Literal
from unicodedata import normalize

import pytest
from argon2 import PasswordHasher

from lifetracker.core import auth

Form = Literal["NFC", "NFD"]
ACCENTED = "m\u1ebft l\u00f2ng caf\u00e9"
MIXED = "m\u00ea\u0301t l\u00f2ng caf\u00e9"  # as a Vietnamese keyboard of Windows types it


class TestPassword:
    def test_fits_its_own_hash_alone(self) -> None:
        hashed = asyncio.run(auth.hash_password("correct horse"))

        assert asyncio.run(auth.password_fits("correct horse", hashed))
        assert not asyncio.run(auth.password_fits("correct horsé", hashed))

    def test_is_kept_as_argon2id_with_a_salt_of_its_own(self) -> None:
        hashes = {auth.hash_password_now("correct horse") for _ in range(2)}

        assert len(hashes) == 2
        assert all(hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for hashed in hashes)

    @pytest.mark.parametrize("set_as", ["NFC", "NFD"])
    @pytest.mark.parametrize("typed_as", ["NFC", "NFD"])
    def test_fits_from_every_keyboard(self, set_as: Form, typed_as: Form) -> None:
        hashed = auth.hash_password_now(normalize(set_as, ACCENTED))

        assert asyncio.run(auth.hash_to_keep(normalize(typed_as, ACCENTED), hashed)) == hashed

    @pytest.mark.parametrize("set_as", [ACCENTED, normalize("NFD", ACCENTED), MIXED])
    def test_fits_the_hash_of_what_was_typed_before(self, set_as: str) -> None:
        before = PasswordHasher().hash(set_as)

        kept = asyncio.run(auth.hash_to_keep(set_as, before))

        assert kept is not None
        assert asyncio.run(auth.password_fits(ACCENTED, kept))
        assert (kept == before) == (set_as == ACCENTED)

    def test_of_before_fits_in_the_other_form(self) -> None:
        assert asyncio.run(auth.password_fits(ACCENTED, PasswordHasher().hash(normalize("NFD", ACCENTED))))

    @pytest.mark.parametrize("typed", ["\ufb01nde", "finde", "\uff46inde", "FINDE"])
    def test_is_compared_to_the_letter_else(self, typed: str) -> None:
        hashed = auth.hash_password_now("\ufb01nde")

        assert asyncio.run(auth.password_fits(typed, hashed)) == (typed == "\ufb01nde")

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

    @pytest.mark.parametrize(
        "typed",
        [
            *(
                "ABCDE-FGHJK-23456-789XY",
                "abcde-fghjk-23456-789xy",
                "ABCDEFGHJK23456789XY",
                " ABCDE FGHJK\u00a023456 789XY\n",
            ),
            *(
                "ABCDE\u2013FGHJK\u201423456\u2011789XY",
                "ABCDE\u2212FGHJK_23456.789XY",
                "ABCDE\u00adFGHJK\u200b23456\ufeff789XY",
            ),
            "\uff21\uff22\uff23\uff24\uff25\uff0d\uff26\uff27\uff28\uff2a\uff2b-\uff12\uff13\uff14\uff15\uff16-\uff17\uff18\uff19\uff38\uff39",
        ],
    )
    def test_is_known_however_it_is_typed(self, typed: str) -> None:
        assert auth.typed_code(typed) == "ABCDE-FGHJK-23456-789XY"

    @pytest.mark.parametrize(
        "typed", ["", "ABCDE-FGHJK-23456-789X", "ABCDE-FGHJK-23456-789XYZ", "ABCDE-FGHJK-23456-78OXY"]
    )
    def test_is_another_for_other_letters(self, typed: str) -> None:
        assert auth.typed_code(typed) != "ABCDE-FGHJK-23456-789XY"
