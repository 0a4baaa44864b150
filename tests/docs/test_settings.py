"""`docs/settings.md` against the settings there are."""

from __future__ import annotations

import re
from pathlib import Path

from lifetracker.core.config import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
LISTED = dict(re.findall(r"^\| `LIFETRACKER_([A-Z_]+)` \| `?([^|`]*)`? \|", TEXT, re.MULTILINE))


class TestSettings:
    def test_lists_every_setting(self) -> None:
        assert {name.lower() for name in LISTED} == set(Settings.model_fields)

    def test_tells_the_default_of_each(self) -> None:
        defaults = {name.upper(): field.default for name, field in Settings.model_fields.items()}

        assert {name: str(default or "none") for name, default in defaults.items()} == {
            name: default.strip() for name, default in LISTED.items()
        }
