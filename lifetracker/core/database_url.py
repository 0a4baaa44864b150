"""The address of a database, as a setting or a command names it: judged before anything is opened.

What is refused is never repeated: it may hold a password.
"""

from __future__ import annotations

import os
import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")
SERVER = "postgresql+psycopg://user:password@host/name"
LONGEST_NAME, LONGEST_PATH = 255 - len("-journal"), 4000  # bytes; SQLite's own files have the file's name and more
LAST_PORT = 65_535
NO_PORT = f"must name its port by a number from 1 to {LAST_PORT}, and in a password write @ : / # as %40 %3A %2F %23"
A_FOLDER = "names a folder: name the file in it, as sqlite:////folder/life_tracker.db"


class AddressRefused(ValueError):
    """What is wrong with an address, and what would be right, as the end of a sentence that begins with its name."""


def judge(text: str) -> URL:
    """As `parse`, and what stands at the path of a file must be one, where something does."""
    url = parse(text)
    path = url.database or ""
    if url.drivername == "sqlite" and os.path.isdir(path):
        raise AddressRefused(A_FOLDER)
    if url.drivername == "sqlite" and os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited for
        raise AddressRefused("names what is no file: it must be one, as sqlite:////folder/life_tracker.db")
    return url


def parse(text: str) -> URL:
    """The address, or `AddressRefused`. What stands in it as `%20` is a space, as in every URL."""
    text = re.sub(r"^postgres://", "postgresql://", text.strip())  # as libpq and hosters call it
    try:
        url = make_url(text)
    except ArgumentError:
        url = URL.create("unknown")
    except (ValueError, TypeError):  # of a port that is no number
        raise AddressRefused(NO_PORT) from None
    if url.drivername not in DRIVERS:
        raise AddressRefused("must begin with sqlite:/// or postgresql+psycopg://, as sqlite:////absolute/path does")
    if not all(part.isprintable() for part in (text, url.database or "", url.host or "")):
        raise AddressRefused("holds a character that cannot be seen: type it anew")
    (_refuse_no_file if url.drivername == "sqlite" else _refuse_no_server)(url, text)
    return url


def _refuse_no_file(url: URL, text: str) -> None:
    path = url.database or ""
    if url.host or url.username or url.password or url.port:
        raise AddressRefused(
            "needs three slashes before a path, and a fourth if it is absolute: sqlite:////data/file.db"
        )
    if not path or path.startswith((":memory:", "file:")):
        raise AddressRefused("names no file: it must name a file, as sqlite:////absolute/path")
    if "?" in text:
        raise AddressRefused("takes no options: leave out what begins with ?, or write %3F for one in the name")
    if "#" in text:
        raise AddressRefused("takes nothing after a #: leave that out, or write %23 for one in the name")
    if path.startswith("~"):
        raise AddressRefused("must name its file by the whole path, which ~ does not stand for: sqlite:////home/…")
    if path.endswith("/") or os.path.basename(path) in (".", ".."):
        raise AddressRefused(A_FOLDER)
    if len(os.fsencode(path)) > LONGEST_PATH or any(len(os.fsencode(part)) > LONGEST_NAME for part in path.split("/")):
        raise AddressRefused("names its file by more letters than a name may have: choose a shorter one")


def _refuse_no_server(url: URL, text: str) -> None:
    if any(map(str.isspace, text)):
        raise AddressRefused(f"holds a space: write it as {SERVER}, a space in a password as %20")
    if "#" in text:
        raise AddressRefused("takes nothing after a #: write %23 for one in a password")
    if "@" in (url.host or ""):
        raise AddressRefused("holds one @ too many: write %40 for one in a password")
    if url.port is not None and not 1 <= url.port <= LAST_PORT:
        raise AddressRefused(NO_PORT)
    if not url.database or "/" in url.database:
        raise AddressRefused(f"must name one database, after the host and a slash: {SERVER}")
