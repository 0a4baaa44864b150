"""Files that are there whole or not at all, and the lock around them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lifetracker.ops.files import LOCK, locked, take_over, write_whole
from lifetracker.ops.refusal import Refused


class TestLocked:
    def test_is_free_after_a_failure(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), locked(tmp_path):
            1 / 0  # noqa: B018

        with locked(tmp_path, seconds=0):
            pass

    def test_is_held_until_the_last_child_has_ended(self, tmp_path: Path) -> None:
        """A killed command leaves its child at work on the database: nobody may begin beside it."""
        with locked(tmp_path):
            child = subprocess.Popen(
                [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, close_fds=False
            )

        with pytest.raises(Refused), locked(tmp_path, seconds=0):
            pass
        child.communicate()
        with locked(tmp_path, seconds=0):
            pass

    def test_follows_no_link(self, tmp_path: Path) -> None:
        (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")

        with pytest.raises(OSError, match="symbolic"), locked(tmp_path):
            pass


class TestTakeOver:
    @pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder"])
    def test_refuses_what_is_no_file_of_its_own(self, tmp_path: Path, kind: str) -> None:
        folder = tmp_path / "lent"
        folder.mkdir()
        other = tmp_path / "other"
        other.write_text("somebody's")
        there = folder / "life_tracker.db"
        match kind:
            case "link":
                there.symlink_to(other)
            case "hard link":
                there.hardlink_to(other)
            case "pipe":
                subprocess.run(["mkfifo", there], check=True)
            case "folder":
                there.mkdir()

        with pytest.raises(Refused, match="not a plain file of its own"):
            take_over(folder)


class TestWriteWhole:
    def test_replaces_what_was(self, tmp_path: Path) -> None:
        for content in ("one", "two"):
            write_whole(tmp_path / "note", content)

        assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("note", "two")]
