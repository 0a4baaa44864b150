"""Which versions of SQLite can lose data."""

from __future__ import annotations

import sys

import pytest

from lifetracker.core import sqlite


class TestWalResetWarning:
    @pytest.mark.parametrize(
        "version", [(3, 7, 0), (3, 34, 1), (3, 44, 5), (3, 45, 0), (3, 46, 1), (3, 50, 6), (3, 51, 0), (3, 51, 2)]
    )
    def test_names_the_bug_of_an_affected_version(self, version: tuple[int, ...]) -> None:
        warning = sqlite.wal_reset_warning(version)

        assert warning is not None
        assert f"SQLite {'.'.join(map(str, version))} has the WAL-reset bug" in warning

    @pytest.mark.parametrize(
        "version", [(3, 6, 23), (3, 44, 6), (3, 44, 7), (3, 50, 7), (3, 51, 3), (3, 52, 0), (4, 0, 0)]
    )
    def test_is_silent_on_a_sound_one(self, version: tuple[int, ...]) -> None:
        assert sqlite.wal_reset_warning(version) is None


class TestDriver:
    def test_is_the_wheels_where_there_is_one(self) -> None:
        if "pysqlite3" not in sys.modules:
            pytest.skip("pysqlite3 has no wheel for this platform")

        assert sqlite.driver.__name__ == "pysqlite3"
        assert sqlite.wal_reset_warning() is None
