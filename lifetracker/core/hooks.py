"""Questions a package asks of one that it may not import; `lifetracker.wiring` fills them at start-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Hook(Generic[P, R]):
    """A typed gap in a package to the right, filled once by one to its left."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._answer: Callable[P, R] | None = None

    def fill(self, answer: Callable[P, R]) -> None:
        self._answer = answer

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._answer is None:
            raise RuntimeError(f"nobody filled the hook {self._name}: call lifetracker.wiring.connect() first")
        return self._answer(*args, **kwargs)
