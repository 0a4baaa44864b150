"""Which release this code is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.core.release import Trial, mark_of_trial, release_of


class TestReleaseOf:
    def test_is_what_stands_beside_the_package(self, tmp_path: Path) -> None:
        (tmp_path / "release.json").write_text('{"id": "20261123T081500Z-0123456789ab", "version": "1.2.3"}')

        assert release_of(tmp_path / "lifetracker") == "20261123T081500Z-0123456789ab"

    def test_is_none_in_a_checkout(self, tmp_path: Path) -> None:
        assert release_of(tmp_path / "lifetracker") is None

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", "\xff"])
    def test_is_none_where_it_cannot_be_read(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "release.json").write_bytes(content.encode("latin-1"))

        assert release_of(tmp_path / "lifetracker") is None


class TestTrial:
    def test_goes_on_until_its_mark_is_gone(self, tmp_path: Path) -> None:
        mark_of_trial(tmp_path / "r1").touch()
        trial = Trial(tmp_path / "r1")

        assert trial.goes_on
        mark_of_trial(tmp_path / "r1").unlink()
        assert not trial.goes_on

    def test_is_of_one_release_alone(self, tmp_path: Path) -> None:
        mark_of_trial(tmp_path / "r1").touch()

        assert not Trial(tmp_path / "r2").goes_on

    def test_that_was_none_at_the_start_is_none_later(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path / "r1")
        mark_of_trial(tmp_path / "r1").touch()

        assert not trial.goes_on
