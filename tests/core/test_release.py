"""Which release this code is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.core.release import release_of


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
