"""Figures for whoever watches, or reads the log of a session: pytest shows what a passing test prints only with -s."""

from __future__ import annotations

import os
import sys


def tell(figure: object) -> None:
    """One figure, or a few lines, on the session's own output."""
    line = f"\n  {figure}\n"
    sys.__stderr__.write(line)
