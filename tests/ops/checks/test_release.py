"""Checks of the release that is linked."""

from __future__ import annotations

import py_compile
import shutil
import sys
from pathlib import Path

import pytest

import lifetracker
from lifetracker.core import guards
from lifetracker.core.db import Database
from tests.core.units import url_of
from tests.engines import Engine
from tests.ops.installation import FILES, RELEASE, Installation


class TestLiveTree:
    def test_holds_when_every_file_is_as_it_was(self, server: Installation) -> None:
        found = server.check("live tree")

        assert (found.state, found.says) == ("ok", f"every file of {RELEASE} is as its manifest says")

    @pytest.mark.parametrize("tag", [sys.implementation.cache_tag, f"{sys.implementation.cache_tag}.opt-1"])
    def test_does_not_mind_what_python_compiled(self, server: Installation, tag: str) -> None:
        source = server.release / "lifetracker/main.py"
        compiled = source.parent / f"__pycache__/main.{tag}.pyc"
        py_compile.compile(str(source), cfile=str(compiled), optimize=1 if "opt" in tag else 0)

        assert server.check("live tree").state == "ok"

    def test_fails_when_a_file_was_changed(self, server: Installation) -> None:
        (server.release / "lifetracker/main.py").write_text("app = None\n", encoding="utf-8")

        found = server.check("live tree")

        assert (found.state, found.says) == ("failed", "lifetracker/main.py was changed")

    def test_fails_when_a_file_is_missing(self, server: Installation) -> None:
        (server.release / "lifetracker/main.py").unlink()

        assert server.check("live tree").says.endswith("lifetracker/main.py is missing")

    @pytest.mark.parametrize("name", ["sitecustomize.py", "lifetracker/new.py", "lifetracker/.venv2/x"])
    def test_fails_when_a_file_was_added(self, server: Installation, name: str) -> None:
        file = server.release / name
        file.parent.mkdir(exist_ok=True)
        file.touch()

        assert server.check("live tree").says.endswith(f"{name} was added")

    def test_fails_when_a_link_leads_to_the_same_content(self, server: Installation, tmp_path: Path) -> None:
        file = server.release / "lifetracker/main.py"
        file.rename(tmp_path / "main.py")
        file.symlink_to(tmp_path / "main.py")

        assert server.check("live tree").state == "failed"

    def test_names_the_first_of_many(self, server: Installation) -> None:
        for number in range(7):
            (server.release / f"new{number}").touch()

        assert server.check("live tree").says.endswith("new4 was added and 2 more")

    def test_fails_without_a_manifest(self, server: Installation) -> None:
        (server.release / "MANIFEST.json").unlink()

        assert server.check("live tree").state == "failed"


@pytest.mark.thorough
class TestSmoke:
    @pytest.mark.thorough
    def test_holds_when_the_release_finds_itself_sound(
        self, server: Installation, engine: Engine, db: Database
    ) -> None:
        _lay_the_real_one(server, db)

        found = server.check("smoke")

        assert (found.state, found.says) == ("ok", "GUARDS OK, DB CHECK OK, SMOKE OK")

    @pytest.mark.thorough
    def test_fails_with_what_smoke_says(self, server: Installation, db: Database) -> None:
        _lay_the_real_one(server, db)
        with (server.release / "lifetracker/users/service.py").open("a", encoding="utf-8") as service:
            service.write("print(1)\n")

        found = server.check("smoke")

        assert found.state == "failed"
        assert "lifetracker/users/service.py" in found.says
        assert "GUARDS FAILED" in found.says

    def test_goes_by_the_services_settings(self, server: Installation) -> None:
        main = server.release / "lifetracker/__main__.py"
        main.write_text("import os\n\nraise SystemExit(os.environ['LIFETRACKER_DATABASE_URL'])\n", encoding="utf-8")

        assert server.check("smoke").says == f"sqlite:///{server.database}"

    def test_fails_when_less_is_said_than_smoke_says(self, server: Installation) -> None:
        (server.release / "lifetracker/__main__.py").write_text('print("SMOKE OK")\n', encoding="utf-8")

        assert server.check("smoke").says == "smoke says something else: SMOKE OK"

    def test_leaves_no_file_in_the_release(self, server: Installation) -> None:
        server.check("smoke")

        assert not list(server.release.rglob("__pycache__"))


def _lay_the_real_one(server: Installation, db: Database) -> None:
    shutil.rmtree(server.release / "lifetracker")
    package = Path(lifetracker.__file__).parent
    assert package == guards.HERE
    shutil.copytree(package, server.release / "lifetracker", ignore=shutil.ignore_patterns("__pycache__"))
    server.places.environment.write_text(f"LIFETRACKER_DATABASE_URL={url_of(db)}\n", encoding="utf-8")


class TestSqlite:
    def test_holds_for_a_version_without_the_bug(self, server: Installation) -> None:
        found = server.check("sqlite")

        assert (found.state, found.says) == ("ok", "SQLite 3.53.0")

    def test_warns_of_one_with_it(self, server: Installation) -> None:
        module = server.release / "lifetracker/core/sqlite.py"
        module.write_text(FILES["lifetracker/core/sqlite.py"].replace("None", '"has the WAL-reset bug"'), "utf-8")

        found = server.check("sqlite")

        assert (found.state, found.says) == ("warning", "has the WAL-reset bug")

    def test_fails_when_the_venv_is_broken(self, server: Installation) -> None:
        (server.places.venvs / "lock").rename(server.places.venvs / "away")

        assert server.check("sqlite").state == "failed"


class TestRecord:
    def test_holds_when_it_tells_of_the_live_release(self, server: Installation) -> None:
        assert server.check("record").says == f"the journal tells of {RELEASE}, and of 1 change(s) in all"

    def test_is_skipped_before_the_first_deploy(self, server: Installation) -> None:
        server.places.live.unlink()

        assert server.check("record").state == "skipped"
