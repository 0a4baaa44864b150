"""What the pages for operators hold: text, blocks, and the commands that they tell people to type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPERATORS = ("operations", "deploy", "backup", "ops-check")
# `lifetracker …`, however it is reached: by its own name, by ./dev, by the archive.
NAMES = (r"(?<![-/=\w.])lifetracker", r"python3\.11 lifetracker-\d+\.\d+\.\d+\.pyz", "/bin/lifetracker")
COMMAND = re.compile(rf"(?:{'|'.join(NAMES)})(?= [a-z])( .*)")


@dataclass(frozen=True)
class Block:
    """A fenced block: `kind` is all that stands behind the fence, such as `sh server`."""

    page: str
    kind: str
    text: str


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def prose(name: str) -> str:
    """The whole page on one line, without marks of code, so that what it quotes can be found."""
    return " ".join(page(name).replace("`", "").split())


def blocks(name: str, kind: str = "") -> list[Block]:
    """The page's blocks of a kind, in their order; of every kind by default."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)
    return [Block(name, each, text) for each, text in found if kind in ("", each)]


def commands(name: str) -> list[str]:
    """What stands behind `lifetracker` in the page's blocks and in its spans of code."""
    without_blocks = re.sub(r"^```.*?^```$", "", page(name), flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", without_blocks)
    lines = [line for block in blocks(name) for line in block.text.replace("\\\n", " ").splitlines()]
    typed = (COMMAND.search(line) for line in [*lines, *spans] if not line.startswith(("…", "there ")))
    return [re.split(r" {3,}| #|\||\d?>|\)", found[1])[0].strip() for found in typed if found]
