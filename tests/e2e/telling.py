"""Figures, for whoever reads what a session said: they stand at its end."""

from __future__ import annotations

import os

FIGURES: list[str] = []
IS_MEASURED = os.environ.get("LIFETRACKER_E2E") == "whole"


def tell(figure: object) -> None:
    """One figure, or a few lines."""
    FIGURES.append(str(figure))


def tell_seconds(what: str, took: float, *, most: float) -> None:
    """What took how long, and whether that is more than it may.

    Only the whole trial, which is for a machine that does nothing else, fails over it: a short one runs wherever
    somebody tries a change.
    """
    over = f", MORE than {most:.1f} s" if took > most else f" of {most:.1f} s"
    tell(f"{what} {took:.1f}{over}")
    assert not IS_MEASURED or took <= most, FIGURES[-1]
