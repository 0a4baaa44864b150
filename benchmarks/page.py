"""docs/performance.md, whose parts are written by what measured them, and what is told while it measures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def put(part: str, text: str, page: Path = PAGE) -> None:
    """Put `text` between the page's markers of that name."""
    whole = page.read_text("utf-8")
    begin, end = f"<!-- {part}: written by nox -s {part} -->", f"<!-- {part}: end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    changed, count = pattern.subn(lambda _: f"{begin}\n\n{text}\n\n{end}", whole)
    if count != 1:
        sys.exit(f"{page} has no place for {part}: {begin} … {end}")
    page.write_text(changed, "utf-8")
    say(f"written to {page}")


def table(head: list[str], rows: list[list[str]]) -> str:
    """As Markdown, with columns aligned so that a terminal shows it well, too."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (head, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def print_out(text: str) -> None:
    print(f"\n{text}\n")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
