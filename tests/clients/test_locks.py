"""What the clients are made with: pinned, and from wherever packages come on this machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).parent


class TestLocks:
    def test_name_no_registry(self) -> None:
        packages = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]

        assert len(packages) > 100
        assert [name for name, package in packages.items() if "resolved" in package] == []
        assert "://" not in (HERE / "requirements.lock").read_text("utf-8")

    def test_pin_what_is_asked_for(self) -> None:
        asked = json.loads((HERE / "package.json").read_text("utf-8"))
        locked = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]
        wanted = re.findall(r"^([\w-]+)>=", (HERE / "requirements.in").read_text("utf-8"), re.MULTILINE)
        pinned = re.findall(r"^([\w-]+)==", (HERE / "requirements.lock").read_text("utf-8"), re.MULTILINE)

        assert {name: locked[f"node_modules/{name}"]["version"] for name in asked["devDependencies"]} == asked[
            "devDependencies"
        ]
        assert set(wanted) <= set(pinned)
