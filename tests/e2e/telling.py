"""Figures, for whoever reads what a session said: they stand at its end."""

from __future__ import annotations

FIGURES: list[str] = []


def tell(figure: object) -> None:
    """One figure, or a few lines."""
    FIGURES.append(str(figure))
