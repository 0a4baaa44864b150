"""The backup that the fuzzing imports."""

from __future__ import annotations

from random import Random

from lifetracker.daily_log import loop_repository
from tests.fuzz.loop_backup import loop_backup


class TestLoopBackup:
    def test_is_read_as_loops_own(self) -> None:
        backup = loop_repository.read_backup(loop_backup(Random(1)))

        assert [habit.name for habit in backup.habits] == ["Habit 1", "Habit 2"]
        assert len(backup.repetitions) == 40
