"""The path below which a proxy serves the application: `/api`, or nothing.

A server takes any text for it, and the application would put that before its own paths: `Location: //challenges/14`,
as `/` made it, is another host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from loguru import logger

from lifetracker.core.http.quick import Scope

NAME = "UVICORN_ROOT_PATH"
SEGMENTS = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


def refuse_no_root_path(environment: Mapping[str, str]) -> None:
    """Raise `ValueError` where the environment names a root path that cannot be."""
    try:
        root_path(environment.get(NAME, ""))
    except ValueError as wrong:
        raise ValueError(f"{NAME}: {wrong}") from None


@lru_cache(maxsize=8)
def root_path(given: str) -> str:
    """As it can be put before a path: `/api` for `api`, `/api/` and `/api`, nothing for `/`; else `ValueError`."""
    said = given.strip()
    bare = said.removesuffix("/")
    path = bare if bare.startswith("/") or not bare else f"/{bare}"
    if not SEGMENTS.fullmatch(path):
        raise ValueError("must be a path in plain letters and nothing else, as /api")
    return path


def rooted(scope: Scope) -> Scope:
    """The scope with a root path that can be put before a path, and none for one that cannot.

    Such a one can only have come past the environment, from the server's command line.
    """
    given = scope.get("root_path", "")
    mended = _mended(given)
    if mended == given:
        return scope
    below = scope["path"].removeprefix(given)
    path = mended + (below if below.startswith("/") else f"/{below}")
    return {**scope, "root_path": mended, "path": path}


@lru_cache(maxsize=8)  # so that it is told once, too
def _mended(given: str) -> str:
    try:
        return root_path(given)
    except ValueError as wrong:
        logger.error("the server's --root-path {}; until then there is none", wrong)
        return ""
