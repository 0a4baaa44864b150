"""Preparing a server, below a temporary root: what belongs to the machine itself is tried on a real one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lifetracker.ops import server_init
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.source import TREE

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, which is not installed")


def init(root: Path, site: str | None = None, *, only_print: bool = False) -> list[str]:
    said: list[str] = []
    server_init.init(Places(root), site, said.append, only_print=only_print)
    return said


def contents(root: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of each file below a root; of what openssl made, only that it is there."""
    return {
        path.relative_to(root).as_posix(): (path.stat().st_mode, b"" if path.suffix == ".pem" else path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


class TestInit:
    def test_prints_what_can_be_typed_and_comes_to_the_same(self, tmp_path: Path) -> None:
        typed, done = tmp_path / "typed", tmp_path / "done"
        commands = init(typed, "habits.example.org", only_print=True)
        nothing = contents(typed)

        subprocess.run(["sh", "-eu"], input="\n".join(commands), text=True, check=True, capture_output=True)
        init(done, "habits.example.org")

        assert nothing == {}
        assert contents(typed) == contents(done)
        assert str(TREE) not in "\n".join(commands)

    def test_finds_everything_as_it_should_be_the_second_time(self, tmp_path: Path) -> None:
        init(tmp_path, "habits.example.org")
        before = contents(tmp_path)

        *said, _ = init(tmp_path)

        assert {line.partition(":")[0] for line in said} == {"# as it should be"}
        assert contents(tmp_path) == before

    def test_says_how_the_first_release_gets_there(self, tmp_path: Path) -> None:
        assert re.fullmatch(r"# next: python\S* ARCHIVE deploy", init(tmp_path)[-1])

    def test_refuses_to_be_another_site_as_well(self, tmp_path: Path) -> None:
        init(tmp_path, "habits.example.org")

        with pytest.raises(Refused, match=r"says that this server is habits\.example\.org, not other\.example\.org"):
            init(tmp_path, "other.example.org")

        assert not (tmp_path / "etc/nginx/sites-available/other.example.org.conf").exists()

    def test_keeps_what_the_operator_wrote(self, tmp_path: Path) -> None:
        init(tmp_path, "habits.example.org")
        places = Places(tmp_path)
        site = places.nginx / "sites-available/habits.example.org.conf"
        for mine in (places.environment, places.config, site):
            mine.write_text(mine.read_text() + "# mine\n")
        unit = places.units / "lifetracker-api.service"
        unit.write_text("[Unit]\n")

        init(tmp_path)

        assert all(mine.read_text().endswith("# mine\n") for mine in (places.environment, places.config, site))
        assert "# mine" not in site.with_name(f"{site.name}.new").read_text()
        assert unit.with_name(f"{unit.name}.old").read_text() == "[Unit]\n"
