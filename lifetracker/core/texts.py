"""When two texts are the same although they were typed otherwise. Pure: no I/O, no clock.

What people wrote is kept and shown to the letter; only what is compared goes through here.
"""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """Normalization Form C: `é` is one character, whether a keyboard sent one or an `e` and an accent."""
    return unicodedata.normalize("NFC", text)


def without_case(text: str) -> str:
    """Composed, and letter by letter without its case (Unicode's simple case folding).

    `str.casefold` folds fully: it makes `ss` of `ß` and `fi` of `ﬁ`, so that two people would be one. `str.lower` looks
    at neighbours: it ends a Greek word with `ς`, which no capital tells from `σ`. Here one letter stays one letter, the
    Kelvin sign is a `k`, both sigmas are `σ`, and `ı` is no `i`. The one letter that becomes two is `İ`: an `i` that
    keeps its dot, as whoever writes it small by machine gets it.
    """
    return composed("".join(map(_small, composed(text))))


def _small(letter: str) -> str:
    folded = letter.casefold()
    return folded if len(folded) == 1 else letter.lower()
