"""Which layer a stack was seen in: the innermost frame that belongs to one decides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

FRAME = re.compile(r"(?P<name>.+) \((?P<file>[^:]+)(?::(?P<line>\d+))?\)")


class Layer(NamedTuple):
    name: str
    what: str
    files: re.Pattern[str]


# In this order: a repository of a feature is the database's, not the rules'.
LAYERS = (
    Layer(
        "database",
        "the door, statements, SQLite itself, rows",
        re.compile(
            r"lifetracker/(core/(db/(door|transaction|units|prepared|engines|open_file)|sqlite)|.*repository)\.py|sqlalchemy/"
        ),
    ),
    Layer("log", "the line that each request leaves", re.compile(r"lifetracker/core/logging\.py|loguru/|logging/")),
    Layer(
        "rules",
        "today, streaks, progress, what an entry becomes",
        re.compile(r"lifetracker/(daily_log|challenges|templates|users)/(?!router|dependencies)|lifetracker/core/day"),
    ),
    Layer(
        "framework",
        "routing, reading and rendering bodies: FastAPI, Starlette, pydantic, our edge and routers",
        re.compile(r"fastapi/|starlette/|pydantic|lifetracker/|json/"),
    ),
    Layer("server", "sockets and HTTP: uvicorn, httptools, uvloop", re.compile(r"uvicorn/|asyncio/|uvloop|httptools")),
)
# Whoever is called on the way to knowing who asks, the question to the database included.
AUTH = Layer(
    "auth", "who asks: token and person, with the question that finds them", re.compile(r"users/dependencies\.py")
)
ALL = (LAYERS[4], LAYERS[3], AUTH, LAYERS[2], LAYERS[0], LAYERS[1])


def shares(stacks: Iterable[str]) -> Counter[str]:
    """Samples by layer; a stack is `outer (file:line);…;inner (file:line) count`."""
    counted: Counter[str] = Counter()
    for frames, count in _read(stacks):
        counted[_layer_of(frames)] += count
    return counted


def hottest(stacks: Iterable[str]) -> Counter[str]:
    """Samples by the function that was running, with its file."""
    counted: Counter[str] = Counter()
    for frames, count in _read(stacks):
        counted[re.sub(r":\d+\)$", ")", frames[-1])] += count
    return counted


def _read(stacks: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    for line in stacks:
        stack, _, count = line.strip().rpartition(" ")
        if stack:
            yield stack.split(";"), int(count)


def _layer_of(frames: list[str]) -> str:
    files = [found["file"] for frame in frames if (found := FRAME.fullmatch(frame))]
    if any(AUTH.files.search(file) for file in files):
        return AUTH.name
    for file in reversed(files):
        for layer in LAYERS:
            if layer.files.search(file):
                return layer.name
    return "other"
