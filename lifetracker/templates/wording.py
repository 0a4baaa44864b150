"""How the words of templates are found, put in order and made a slug of. Pure: no I/O, no clock.

A database folds no case but that of ASCII, and SQLite knows no language's order: what is compared there is made here.
"""

from __future__ import annotations

import unicodedata

from slugify import slugify

# What is looked for and put in order as another letter is, and the accent that tells it from that one.
BESIDE = {"ё": ("е", "\u0308"), "ı": ("i", "\u0307")}
PLAIN = str.maketrans({letter: plain for letter, (plain, _) in BESIDE.items()})
DOTTED_I = "i\u0307"
FIRST, MARK = "\t", "."  # below every letter, and below every accent
# A cursor holds a key, and has room for 1,000 characters: these many bytes, a few of them escaped in JSON, then base64.
LETTER_BYTES, KEY_BYTES = 400, 450


def sought(text: str) -> str:
    """A text as it is looked for: whatever its case, composition and width, ё as е, and one space for each gap."""
    return " ".join(_folded(text).translate(PLAIN).split())


def as_before(text: str) -> str:
    """A text as the release before looks for it: without its case, as `str.casefold` has it."""
    return text.casefold()


def order_key(title: str) -> str:
    """What puts titles in a reader's order when it is compared code point by code point.

    As in the Unicode Collation Algorithm letters decide first: signs before digits before letters, whatever their case,
    ё as е and é as e, but й after и. Only between titles of the same letters do the accents decide.
    """
    weighed = [_weighed(letter) for letter in " ".join(_folded(title).split())]
    letters = _cut("".join(letter for letter, _ in weighed), LETTER_BYTES)
    accents = "".join(MARK + accent for _, accent in weighed).rstrip(MARK)
    return _cut(f"{letters}{FIRST}{accents}", KEY_BYTES)


def words_of(title: str) -> str:
    """The title in the letters, digits and hyphens of a slug; `template` where none is left."""
    return slugify(unicodedata.normalize("NFKC", title), max_length=60, word_boundary=True) or "template"


def _folded(text: str) -> str:
    """Unicode's compatibility case folding, without what nobody sees: joiners, soft hyphens, controls."""
    seen = "".join(letter for letter in text if letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf"))
    for _ in range(2):  # what folding takes apart may fold once more
        seen = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", seen).casefold())
    return seen.replace(DOTTED_I, "i")


def _weighed(letter: str) -> tuple[str, str]:
    """What a letter counts as, and the accents that count only after all letters."""
    if letter in BESIDE:
        return BESIDE[letter]
    if "\u0400" <= letter <= "\u052f":  # й is a letter of its own, no и with an accent
        return letter, ""
    parts = unicodedata.normalize("NFD", letter)
    accents = "".join(part for part in parts if "\u0300" <= part <= "\u036f")
    plain = "".join(part for part in parts if part not in accents)
    if unicodedata.category(letter)[0] in "PS":
        return f"!{plain}", accents
    return str(unicodedata.decimal(letter, plain)), accents


def _cut(text: str, size: int) -> str:
    """At most so many bytes of it, and no half of a character."""
    return text.encode()[:size].decode(errors="ignore")
