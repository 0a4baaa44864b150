"""What becomes of a text by a method of its own or a slice, for the guards: as Python itself would answer it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from lifetracker.core.guarding.pieces import Text

CASES = ("lower", "upper", "title", "capitalize", "casefold", "swapcase")
FOLDED = (
    *("strip", "lstrip", "rstrip", "ljust", "rjust", "center", "zfill", "expandtabs", "translate"),
    *("removeprefix", "removesuffix", "replace"),
)
LONGEST = 20_000  # letters of an answer; a longer one is left as it was


def folded(text: Text, name: str, given: Sequence[Any]) -> Text:
    """What one of `FOLDED` answers; the text as it was where it cannot tell, or would tell too much."""
    try:
        if any(isinstance(each, int) and each > LONGEST for each in given):
            return text
        answer = text.changed(lambda piece: getattr(piece, name)(*given)) if text.is_plain or given else text
    except (ValueError, TypeError, OverflowError, MemoryError):
        return text
    return answer if len(answer.plain) <= LONGEST else text


def sliced(texts: Sequence[Text], key: ast.Slice) -> list[Text]:
    """`"sresu"[::-1]`; nothing where the bounds are not written out."""
    try:
        bounds: list[Any] = [each and ast.literal_eval(each) for each in (key.lower, key.upper, key.step)]
        return [Text((text.plain[slice(*bounds)],)) for text in texts if text.is_plain]
    except (ValueError, TypeError):
        return []
