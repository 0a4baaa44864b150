"""When two e-mail addresses are one. Pure: no I/O, no clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import idna

from lifetracker.core.texts import without_case

ACE = "xn--"  # what begins a label that is written in ASCII for another script


def address_key(email: str) -> str:
    """What addresses are compared by: no case, composed, the domain as the domain name system has it."""
    name, at, domain = email.strip().rpartition("@")
    return f"{without_case(name)}{at}{_in_ascii(domain)}"


def email_key(email: str) -> str:
    """What releases before `address_key` compare by: it takes `straße` for `strasse`, and `é` for another `é`."""
    return email.strip().casefold()


def email_keys(email: str) -> set[str]:
    """All that `email_key` may have made of an address, in whichever form it was typed."""
    name, at, domain = email.strip().rpartition("@")
    spoken = ".".join(map(_spoken, _in_ascii(domain).split(".")))
    names = {name, *_forms(name)}
    domains = {domain, _in_ascii(domain), *_forms(spoken)}
    return {email_key(f"{each}{at}{where}") for each in names for where in domains}


def _forms(text: str) -> Iterator[str]:
    yield unicodedata.normalize("NFC", text)
    yield unicodedata.normalize("NFD", text)


def _in_ascii(domain: str) -> str:
    """Each label in Punycode, mapped as browsers do (UTS 46), without the root's dot.

    IDNA 2008 decides what a label means: `ß` stays one letter. It does not decide what an address may be: there are
    domains that it refuses, with an underscore or an emoji, and mail gets there.
    """
    labels = _mapped(domain).removesuffix(".").split(".")
    return ".".join(label if label.isascii() else ACE + label.encode("punycode").decode() for label in labels)


def _mapped(domain: str) -> str:
    try:
        return idna.uts46_remap(domain, std3_rules=False)
    except idna.IDNAError:
        return without_case(unicodedata.normalize("NFKC", domain)).replace("。", ".")


def _spoken(label: str) -> str:
    """A label as people write it; one that is no Punycode as it is."""
    if not label.startswith(ACE):
        return label
    try:
        spoken = label.removeprefix(ACE).encode().decode("punycode")
        spoken.encode()
    except UnicodeError:
        return label
    return spoken
