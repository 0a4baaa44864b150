"""Entity tags: what a client last saw of a thing, in two halves.

`"WRITTEN.SHOWN"`: the first half covers what somebody wrote, the second all that the body shows. A body may change at
midnight without a write (a status, a streak), so `If-None-Match` compares both halves and `If-Match` only the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b

from lifetracker.core.errors import Problem
from lifetracker.core.schemas import Shown

OURS = re.compile(r'"([0-9a-f]+)\.[0-9a-f]{16}"')
ELEMENTS = re.compile(r'(?:[^,"]|"[^"]*"?)+')  # of a list (RFC 9110, 8.8.3): commas in quotes belong to a tag
# A proxy that compresses an answer weakens its tag or marks it: nginx and Caddy with W/, Apache with `-gzip`, Jetty
# with `--gzip`, others with `;gzip`.
SENT_TAG = re.compile(r'(?:W/)?"([^"]*?)(?:(?:--?|;)(?:gzip|br|zstd|deflate))?"')


class Stale(Problem):
    status = 412
    code = "stale"


class Exists(Problem):
    status = 412
    code = "exists"


def tag_of(shown: Shown, body: str | None = None) -> str:
    """The tag of a thing; `body` is its JSON where that was rendered already."""
    return f'"{_written(shown)}.{_digest(body or shown.model_dump_json())}"'


def _written(shown: Shown) -> str:
    """Where a thing shows when it was changed last, that instant says all: every write moves it on."""
    changed: datetime | None = getattr(shown, "updated_at", None)
    return (
        f"{changed.timestamp() * 1_000_000:.0f}"
        if changed
        else _digest(shown.model_dump_json(exclude=set(shown.DERIVED)))
    )


def refuse_stale(if_match: str | None, show: Callable[[], Shown | None]) -> None:
    """Raise `Stale` when the client asked for a state that is no longer, or no longer there.

    `show` is asked for what is there only where it matters: nearly nobody sends `If-Match`.
    """
    if if_match is None:
        return
    current = show()
    if current is None:
        raise Stale("nothing is there any more")
    if if_match.strip() == "*":
        return
    written = _written_half(tag_of(current))
    if all(_written_half(tag) != written for tag in _tags(if_match)):
        raise Stale("it was changed since you read it: read it again, then repeat your change")


def refuse_existing(if_none_match: str | None, show: Callable[[], Shown | None]) -> None:
    """Raise `Exists` on a write where something is, of who wants to write only where nothing is (`*`), or not there
    where it is what they name."""
    if if_none_match is None:
        return
    current = show()
    if current is not None and is_unchanged(if_none_match, tag_of(current)):
        raise Exists("there is something already: read it first")


def is_unchanged(if_none_match: str | None, tag: str) -> bool:
    """Whether a `GET` may be answered 304."""
    return if_none_match is not None and (if_none_match.strip() == "*" or tag in _tags(if_none_match))


def _tags(header: str) -> list[str]:
    """Without what a proxy made of them."""
    found = (SENT_TAG.fullmatch(element.strip()) for element in ELEMENTS.findall(header))
    return [f'"{tag[1]}"' for tag in found if tag]


def _written_half(tag: str) -> str | None:
    """None for a tag that is none of ours."""
    ours = OURS.fullmatch(tag)
    return ours[1] if ours else None


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
