"""The page of figures: each part is written by its own measuring, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import page

TEXT = """Before.
<!-- bench: written by nox -s bench -->
old
<!-- bench: end -->
Between.
<!-- flat: written by nox -s flat -->
<!-- flat: end -->
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "performance.md"
    file.write_text(TEXT, encoding="utf-8")
    return file


class TestPut:
    def test_replaces_one_part(self, file: Path) -> None:
        page.put("bench", r"new \1", file)

        assert file.read_text("utf-8") == TEXT.replace("\nold\n", "\n\nnew \\1\n\n")

    def test_refuses_a_part_that_has_no_place(self, file: Path) -> None:
        with pytest.raises(SystemExit, match="no place for flame"):
            page.put("flame", "new", file)

        assert file.read_text("utf-8") == TEXT

    @pytest.mark.parametrize("part", ["bench", "flat", "flame"])
    def test_finds_each_part_in_the_real_page(self, tmp_path: Path, part: str) -> None:
        copy = tmp_path / "performance.md"
        copy.write_text(page.PAGE.read_text("utf-8"), encoding="utf-8")

        page.put(part, "new", copy)

        assert "\n\nnew\n\n" in copy.read_text("utf-8")


class TestTable:
    def test_aligns_its_columns(self) -> None:
        assert page.table(["a", "bb"], [["ccc", "d"]]) == "| a   | bb |\n| --- | -- |\n| ccc | d  |"
