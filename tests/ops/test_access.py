"""Who may do what to a file."""

from __future__ import annotations

import os
from pathlib import Path

from lifetracker.ops import access


class TestNames:
    def test_are_those_of_the_machine_or_numbers(self) -> None:
        assert (access.user(0), access.group(0)) == ("root", "root")
        assert (access.user(4711), access.group(4711)) == ("user 4711", "group 4711")

    def test_of_a_group_are_also_those_who_have_it_by_themselves(self) -> None:
        assert "root" in access.members(0)
        assert access.members(4711) == set()


class TestBelow:
    def test_is_everything_and_follows_no_link(self, tmp_path: Path) -> None:
        (tmp_path / "a/b").mkdir(parents=True)
        (tmp_path / "a/b/file").touch()
        (tmp_path / "a/link").symlink_to("/etc")

        found = {os.path.relpath(path, tmp_path) for path, _ in access.below(tmp_path)}

        assert found == {".", "a", "a/b", "a/b/file", "a/link"}

    def test_is_a_file_itself(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        assert [path for path, _ in access.below(tmp_path / "file")] == [str(tmp_path / "file")]


class TestNamed:
    def test_is_nobody_without_a_list(self, tmp_path: Path) -> None:
        assert list(access.named(tmp_path)) == []
