"""Checks of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lifetracker.ops.checks.machine import MB, judge
from tests.ops.installation import Installation

HERE = Path("/here")
BLOCK = 4096


def disk(*, free: int, total: int, files: int = 1_000_000) -> os.statvfs_result:
    """A disk with so many bytes for those who are not root, and so many files more."""
    return os.statvfs_result((BLOCK, BLOCK, total // BLOCK, 0, free // BLOCK, 2_000_000, 0, files, 0, 255))


class TestDisk:
    def test_holds_when_there_is_room(self, server: Installation) -> None:
        found = server.check("disk")

        assert found.state in ("ok", "warning")
        assert f"MB free below {server.places.data}" in found.says

    def test_fails_when_the_database_would_not_fit_twice(self, server: Installation) -> None:
        os.truncate(server.database, 1 << 43)

        found = server.check("disk")

        assert found.state == "failed"
        assert "17,592,386 MB may be needed" in found.says

    def test_speaks_of_a_disk_once(self, server: Installation) -> None:
        assert server.check("disk").says.count(" free below ") == 1


class TestJudge:
    @pytest.mark.parametrize(
        ("free", "total", "state"),
        [
            (199 * MB, 1_000 * MB, "failed"),
            (201 * MB, 1_000 * MB, "ok"),
            (900 * MB, 20_000 * MB, "warning"),
            (1_100 * MB, 20_000 * MB, "ok"),
        ],
    )
    def test_goes_by_what_is_needed_and_warns_by_share(self, free: int, total: int, state: str) -> None:
        assert judge(HERE, disk(free=free, total=total), 200 * MB).state == state

    def test_fails_when_no_more_files_are_possible(self) -> None:
        found = judge(HERE, disk(free=5_000 * MB, total=9_000 * MB, files=12), 200 * MB)

        assert found.state == "failed"
        assert "only 12 more files" in found.says


class TestClock:
    def test_holds_when_it_follows_a_time_server(self, server: Installation) -> None:
        assert server.check("clock").state == "ok"

    def test_warns_when_it_does_not(self, server: Installation) -> None:
        server.program("timedatectl", "no\n")

        assert server.check("clock").state == "warning"

    def test_is_skipped_where_nobody_can_tell(self, server: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        (server.programs / "timedatectl").unlink()
        monkeypatch.setenv("PATH", str(server.programs))

        assert server.check("clock").state == "skipped"
