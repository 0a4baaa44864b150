"""`docs/decisions/`: numbered in one row, and each held by something that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PAGES = sorted((ROOT / "docs" / "decisions").glob("*.md"))


class TestDecisions:
    def test_are_numbered_without_a_gap(self) -> None:
        assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))

    @pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
    def test_begin_with_their_number_and_name_files_that_are_there(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"`((?:tests|lifetracker|systemd|docs)/[\w./-]+)`", text)

        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert [name for name in named if not (ROOT / name).exists()] == []
