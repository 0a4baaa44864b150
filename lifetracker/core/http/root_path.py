"""The path below which a proxy serves the application: `/api`, or nothing.

A server takes any text for it, and the application would put that before its own paths: `Location: //challenges/14`,
as `/` made it, is another host.
"""

from __future__ import annotations

from functools import lru_cache

from loguru import logger

from lifetracker.core.http.quick import Scope
from lifetracker.core.setting_values import root_path


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
