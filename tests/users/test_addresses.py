"""When two e-mail addresses are one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetracker.users.addresses import address_key, email_key, email_keys

SAME = {
    "case": ("Anna@Example.test", "ANNA@EXAMPLE.TEST", " anna@example.test "),
    "composition": ("zo\u00eb@example.test", "zoe\u0308@example.test", "ZOE\u0308@EXAMPLE.test"),
    "a Kelvin sign": ("\u212aarl@example.test", "karl@example.test", "KARL@example.test"),
    "final sigma": ("οδος@example.test", "ΟΔΟΣ@example.test", "οδοσ@example.test"),
    "a dotted I": ("İpek@example.test", "i\u0307pek@example.test", "I\u0307PEK@example.test"),
    "capital ß": ("straße@example.test", "STRAẞE@example.test"),
    "a name in another script": (
        *("anna@bücher.example", "anna@bu\u0308cher.example", "anna@BÜCHER.example"),
        *("anna@xn--bcher-kva.example", "anna@XN--BCHER-KVA.Example"),
    ),
    "one in Cyrillic": ("анна@почта.рф", "АННА@ПОЧТА.РФ", "анна@xn--80a1acny.xn--p1ai"),
    "ß in a domain": ("anna@straße.example", "anna@xn--strae-oqa.example"),
    "the root's dot": ("anna@example.test.", "anna@example.test"),
    "wide and ideographic dots": ("a@b.test", "a@b．test", "a@b。test", "a@b｡test", "a@ｂ.ｔｅｓｔ"),
    "a domain with an underscore": ("a@my_host.bücher.local", "a@MY_HOST.xn--bcher-kva.local"),
    "an emoji": ("a@i❤.example", "a@xn--i-7iq.example"),
    "what IDNA refuses": ("a@\ufffe.Ü.example", "a@\ufffe.u\u0308.example"),
    "soft hyphens in a domain": ("a@exam\u00adple.test", "a@example.test"),
}
OTHERS = (
    ("straße@example.test", "strasse@example.test"),
    ("a@straße.example", "a@strasse.example"),
    ("ılgaz@example.test", "ilgaz@example.test"),
    ("ﬁnn@example.test", "finn@example.test"),
    ("ａnna@example.test", "anna@example.test"),
    ("zoë@example.test", "zoe@example.test"),
    ("anna+1@example.test", "anna@example.test"),
    ("an.na@example.test", "anna@example.test"),
    ("аnna@example.test", "anna@example.test"),
)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


class TestAddressKey:
    @pytest.mark.parametrize("what", SAME)
    def test_is_one_for_one_address(self, what: str) -> None:
        assert len({address_key(address) for address in SAME[what]}) == 1

    @pytest.mark.parametrize("two", OTHERS)
    def test_tells_two_apart(self, two: tuple[str, str]) -> None:
        assert address_key(two[0]) != address_key(two[1])

    @pytest.mark.parametrize(
        "address",
        ["anna@localhost", "anna@home.local", "a@[127.0.0.1]", "a@-x-.test", "a@xn--.test", "a@..", "anna", "@"],
    )
    def test_leaves_plain_ones_as_they_are(self, address: str) -> None:
        assert address_key(address) == address.removesuffix(".")

    @given(ANY, ANY)
    def test_is_the_same_of_every_canonical_form(self, name: str, domain: str) -> None:
        address = f"{name}@{domain}"

        assert len({address_key(unicodedata.normalize(form, address)) for form in ("NFC", "NFD")}) == 1


class TestEmailKeys:
    @pytest.mark.parametrize(
        "what", [what for what in SAME if what not in ("the root's dot", "soft hyphens in a domain")]
    )
    def test_find_what_the_release_before_wrote(self, what: str) -> None:
        """Of how an address may have been typed when it was opened, whatever is typed now."""
        plain, *others = SAME[what]

        known_as = {email_key(plain), email_key(unicodedata.normalize("NFD", plain))}
        assert all(known_as & email_keys(other) for other in others if email_key(other) != email_key(plain))

    @given(ANY, ANY)
    def test_can_all_be_asked_for(self, name: str, domain: str) -> None:
        keys = email_keys(f"{name}@xn--{domain}")

        assert email_key(f"{name}@xn--{domain}") in keys
        assert [key.encode() for key in keys]

    def test_are_one_for_an_ordinary_address(self) -> None:
        assert email_keys("Anna@Example.test") == {"anna@example.test"}
