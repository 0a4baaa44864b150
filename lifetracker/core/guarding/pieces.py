"""A text as the guards see it: pieces that are written out, and holes where a value goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

PLACEHOLDER = re.compile(
    r"%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifcxaeg]"
    r"|\{(?P<field>\w*)[^{}]*\}"
    r"|\$\{?(?P<name>[A-Za-z_]\w*)\}?"  # string.Template
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in pieces: between each two of them is a hole, where a value goes that cannot be told from the source."""

    pieces: tuple[str, ...]

    @property
    def plain(self) -> str:
        return "".join(self.pieces)

    @property
    def is_plain(self) -> bool:
        return len(self.pieces) == 1

    def __add__(self, other: Text) -> Text:
        return Text((*self.pieces[:-1], self.pieces[-1] + other.pieces[0], *other.pieces[1:]))

    def changed(self, change: Callable[[str], str]) -> Text:
        return Text(tuple(change(piece) for piece in self.pieces))

    def opened(self, given: Callable[[str], Text | None] = lambda _: None) -> Text:
        """With what is given for each `%s`, `{}` and `$name` that is still written out, by its name, or a hole."""
        if not any(map(PLACEHOLDER.search, self.pieces)):
            return self
        return glued([_opened(piece, given) for piece in self.pieces], HOLE)


HOLE, NOTHING = Text(("", "")), Text(("",))


def _opened(piece: str, given: Callable[[str], Text | None]) -> Text:
    text, end = NOTHING, 0
    for found in PLACEHOLDER.finditer(piece):
        name = found[found.lastgroup] if found.lastgroup else ""
        text = text + Text((piece[end : found.start()],)) + (given(name) or HOLE)
        end = found.end()
    return text + Text((piece[end:],))


def glued(texts: Sequence[Text], glue: Text) -> Text:
    whole = texts[0] if texts else NOTHING
    for text in texts[1:]:
        whole = whole + glue + text
    return whole


def joined(alternatives: Sequence[list[Text]], glue: Text, most: int) -> list[Text]:
    """Every choice of one text of each, glued together: so many of them at most."""
    first = [glued(choice, glue) for choice, _ in zip(product(*alternatives), range(most), strict=False)]
    return first if alternatives else []
