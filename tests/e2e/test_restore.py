"""A database as large as years make it: backed up while it is served, and put back."""

from __future__ import annotations

import re
import time

import pytest

from lifetracker.ops.places import USER
from tests.e2e import server
from tests.e2e.machine import Machine
from tests.e2e.telling import tell, tell_seconds

pytestmark = pytest.mark.e2e
MEGABYTES = 100
RESTORE_TAKES = 10.0  # seconds, at most, beside the ops-check before and after
CHECKED = re.compile(r"ops-check\b.* ([\d.]+) s$", re.MULTILINE)
# 8,300 days with a note of 10,000 letters each, in the one challenge that there is.
FILL = """
WITH RECURSIVE days(day) AS (SELECT 0 UNION ALL SELECT day + 1 FROM days WHERE day < 8299)
INSERT INTO daily_log (user_id, challenge_id, date, value, skipped, note, created_at, updated_at)
SELECT user_id, id, date('1990-01-01', '+' || day || ' days'), 1, 0, hex(randomblob(5000)), created_at, created_at
FROM challenges, days;
"""
COUNT = "SELECT count(*), sum(length(note)) FROM daily_log"


class TestHundredMegabytes:
    @pytest.mark.slow
    def test_come_back_whole(self, serving: Machine) -> None:
        token = server.sign_up(serving)
        server.ask(
            serving,
            "POST",
            "/challenges",
            {"title": "Read", "kind": "check", "schedule": {"type": "daily"}},
            token=token,
        )
        serving.run(["sqlite3", server.DATABASE, FILL], user=USER)
        held = server.query(serving, COUNT)
        backup, backed_up_in = timed(serving, "backup")
        serving.run(["sqlite3", server.DATABASE, "DELETE FROM daily_log WHERE date > '2000-01-01'"], user=USER)

        said, restored_in = timed(serving, "restore", "--stop", "--yes", backup.partition(":")[0])

        tell(said)
        size = int(serving.run(["stat", "--format=%s", server.DATABASE]).stdout)
        tell(f"{size / 1e6:.0f} MB: backed up in {backed_up_in} s, restored in {restored_in} s")
        assert size > MEGABYTES * 1_000_000
        assert server.query(serving, COUNT) == held
        assert server.health(serving)["status"] == "ok"
        tell_seconds(
            "restored, but for ops-check", restored_in - sum(map(float, CHECKED.findall(said))), most=RESTORE_TAKES
        )


def timed(machine: Machine, *words: str) -> tuple[str, float]:
    began = time.monotonic()
    said = server.lifetracker(machine, *words)
    return said, round(time.monotonic() - began, 1)
