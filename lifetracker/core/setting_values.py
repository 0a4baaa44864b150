"""What a setting may say: a word, a number, a version, a line, a path. Pure.

Each reader answers the value, mended where its meaning is plain, or raises `ValueError` with what would be right. None
repeats what it was given: somebody may have put a password into the wrong line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

DIGITS = re.compile(r"[0-9]+")
MOST_DIGITS = 30
VERSION = re.compile(r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){1,2}(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?")
SEGMENTS = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
LONGEST_VERSION, LONGEST_LINE = 50, 200  # characters
EMPTY = "is empty: leave the line out, or write"


def word(given: str, choices: Sequence[str]) -> str:
    """One of the choices, in whatever letters it is written."""
    known = {choice.casefold(): choice for choice in choices}
    if (said := given.strip().casefold()) in known:
        return known[said]
    *others, last = choices
    wanted = f"{', '.join(others)} or {last}"
    raise ValueError(f"must be {wanted}, and is another word" if said else f"{EMPTY} {wanted}")


def whole_number(given: str, first: int, last: int) -> int:
    """In digits alone, from `first` to `last`."""
    wanted = f"a whole number from {first} to {last}"
    if not (said := given.strip()):
        raise ValueError(f"{EMPTY} {wanted}")
    if not DIGITS.fullmatch(said):
        raise ValueError(f"is not written in digits alone: it must be {wanted}")
    if len(said) > MOST_DIGITS or not first <= int(said) <= last:
        raise ValueError(f"is out of bounds: it must be {wanted}")
    return int(said)


def version(given: str) -> str:
    """Two or three numbers with dots between, and maybe what makes it a version before that one."""
    wanted = "a version such as 1.4.0, or 1.4.0-beta.1"
    if not (said := given.strip()):
        raise ValueError(f"{EMPTY} {wanted}")
    if len(said) > LONGEST_VERSION or not VERSION.fullmatch(said):
        raise ValueError(f"must be {wanted}: numbers with dots between, and nothing before them")
    return said


def line(given: str) -> str | None:
    """A line of text for people; None where it says nothing."""
    said = given.strip()
    if len(said) > LONGEST_LINE:
        raise ValueError(f"is too long: it must be one line of {LONGEST_LINE} characters at most")
    if not said.isprintable():
        raise ValueError("holds a character that cannot be seen: it must be one line of plain text, in UTF-8")
    return said or None


@lru_cache(maxsize=8)
def root_path(given: str) -> str:
    """As it can be put before a path: `/api` for `api`, `/api/` and `/api`, nothing for `/`; else `ValueError`."""
    said = given.strip()
    bare = said.removesuffix("/")
    path = bare if bare.startswith("/") or not bare else f"/{bare}"
    if not SEGMENTS.fullmatch(path):
        raise ValueError("must be a path in plain letters and nothing else, as /api")
    return path
