"""Which layer a sample counts for."""

from __future__ import annotations

import pytest

from benchmarks import layers

ROOT = "run (uvicorn/server.py:60);app (fastapi/routing.py:2929)"
DOOR = "Database.read (lifetracker/core/db/door.py:125)"
ASKED = "_Ready.run (lifetracker/core/db/prepared.py:60)"
WHO = "_any_caller (lifetracker/users/dependencies.py:34)"


class TestShares:
    @pytest.mark.parametrize(
        ("stack", "layer"),
        [
            ("run (uvicorn/server.py:60)", "server"),
            (ROOT, "framework"),
            (f"{ROOT};show_today (lifetracker/daily_log/router.py:50)", "framework"),
            (f"{ROOT};{DOOR};show_today (lifetracker/daily_log/today_service.py:36)", "rules"),
            (f"{ROOT};{DOOR};find_entry (lifetracker/daily_log/repository.py:36);{ASKED}", "database"),
            (f"{ROOT};{WHO};{DOOR};{ASKED}", "auth"),
            (f"{ROOT};log (loguru/_logger.py:2000)", "log"),
            (f"{ROOT};{DOOR};misses (lifetracker/daily_log/attempts.py:9);median (statistics.py:40)", "rules"),
            ("serve (elsewhere.py:1)", "other"),
        ],
    )
    def test_go_by_the_innermost_frame_that_is_known(self, stack: str, layer: str) -> None:
        assert layers.shares([f"{stack} 3", ""]) == {layer: 3}

    def test_add_up(self) -> None:
        counted = layers.shares([f"{ROOT} 3", f"{ROOT};{DOOR} 2", f"{ROOT} 1"])

        assert counted == {"framework": 4, "database": 2}


class TestHottest:
    def test_counts_a_function_whatever_its_line(self) -> None:
        stacks = [f"{ROOT};{ASKED} 2", f"{ROOT};_Ready.run (lifetracker/core/db/prepared.py:77) 3"]

        assert layers.hottest(stacks) == {"_Ready.run (lifetracker/core/db/prepared.py)": 5}
