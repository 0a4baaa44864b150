"""How much the tests try: as much as shows that a rule holds, or, in the session `whole`, all that they know."""

from __future__ import annotations

import os
from typing import Any

import pytest

THOROUGHLY = "LIFETRACKER_TEST_THOROUGHLY" in os.environ


def examples(whole: int) -> int:
    """How many examples hypothesis tries of those that the whole would."""
    return whole if THOROUGHLY else max(20, whole // 5)


def thorough(*cases: Any) -> list[pytest.ParameterSet]:
    """Cases of a parametrized test, beside a quick one that says as much."""
    return [pytest.param(case, marks=pytest.mark.thorough) for case in cases]
