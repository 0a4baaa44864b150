"""How much the tests try: as much as shows that a rule holds, or, in the session `whole`, all that they know."""

from __future__ import annotations

import os

THOROUGHLY = "LIFETRACKER_TEST_THOROUGHLY" in os.environ


def examples(whole: int) -> int:
    """How many examples hypothesis tries of those that the whole would."""
    return whole if THOROUGHLY else max(20, whole // 5)
