"""When something began, and when something was changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lifetracker.ops import age


class TestChanged:
    def test_is_no_matter_of_the_time_that_a_copy_brings_along(self, tmp_path: Path) -> None:
        before = time.time() - 1
        file = tmp_path / "file"
        file.touch()
        os.utime(file, (1.0, 1.0))

        assert before < age.changed(file) < time.time() + 1

    def test_is_never_of_what_is_not_there(self, tmp_path: Path) -> None:
        assert age.changed(tmp_path / "nothing") == 0.0

    def test_of_a_link_is_also_that_of_what_it_leads_to(self, tmp_path: Path) -> None:
        file, link = tmp_path / "file", tmp_path / "link"
        file.touch()
        link.symlink_to(file)
        file.write_text("more", encoding="utf-8")

        assert age.changed(link) >= file.stat().st_ctime


class TestStarted:
    def test_is_before_what_the_process_does(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        assert age.started(os.getpid()) < age.changed(tmp_path / "file")

    def test_is_never_of_a_process_that_is_not_there(self) -> None:
        with pytest.raises(OSError, match="4194304"):
            age.started(4194304)
