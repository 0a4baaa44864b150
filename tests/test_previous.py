"""What finds the release before this one, and that it tells when the schemas of two do not go together."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lifetracker.core.db import Database
from lifetracker.migrations import HEAD
from lifetracker.migrations.schema import current
from lifetracker.migrations.upgrade import upgrade
from tests.engines import GIVEN_SCHEMA, SqliteEngine
from tests.migrations.steps import CONTRACT, write_step
from tests.previous import ROOT, NoPrevious, exported, next_schema, outside_git, runs, tag_before, todays_schema

AS_SOMEBODY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.test", "-c", "commit.gpgsign=false")


def git(folder: Path, *command: str) -> None:
    subprocess.run(["git", *AS_SOMEBODY, *command], cwd=folder, env=outside_git(), check=True, capture_output=True)


def commit(folder: Path, content: str, *tags: str) -> None:
    (folder / "version").write_text(content)
    git(folder, "add", "version")
    git(folder, "commit", "-m", content)
    for tag in tags:
        git(folder, "tag", tag)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--initial-branch", "main")
    commit(folder, "first")
    return folder


class TestTagBefore:
    def test_is_the_newest_release_behind_this_commit(self, checkout: Path) -> None:
        commit(checkout, "1", "v0.9.0")
        commit(checkout, "2", "v0.10.0", "nightly")
        commit(checkout, "3")

        assert tag_before(checkout) == "v0.10.0"

    def test_is_not_the_one_that_is_being_made(self, checkout: Path) -> None:
        commit(checkout, "1", "v1.0.0")
        commit(checkout, "2", "v1.1.0")

        assert tag_before(checkout) == "v1.0.0"

    def test_may_not_be_there_yet(self, checkout: Path) -> None:
        with pytest.raises(NoPrevious, match="there is no release before this one"):
            tag_before(checkout)

    def test_may_be_cut_off(self, checkout: Path, tmp_path: Path) -> None:
        commit(checkout, "1", "v1.0.0")
        commit(checkout, "2")
        git(tmp_path, "clone", "--depth", "1", f"file://{checkout}", "shallow")

        with pytest.raises(NoPrevious, match="git fetch --unshallow --tags"):
            tag_before(tmp_path / "shallow")

    def test_is_not_known_without_git(self, tmp_path: Path) -> None:
        with pytest.raises(NoPrevious, match="git cannot tell which release came before"):
            tag_before(tmp_path)

    def test_is_not_taken_from_a_checkout_around_this_one(self, checkout: Path) -> None:
        (checkout / "unpacked").mkdir()

        with pytest.raises(NoPrevious, match="not a git checkout"):
            tag_before(checkout / "unpacked")


class TestExported:
    def test_is_the_tree_as_it_was(self, checkout: Path, tmp_path: Path) -> None:
        commit(checkout, "1", "v1.0.0")
        commit(checkout, "2")

        assert (exported(checkout, "v1.0.0", tmp_path / "out") / "version").read_text() == "1"


class TestRuns:
    @pytest.mark.thorough
    def test_tells_a_schema_that_the_code_cannot_serve(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        write_step(tmp_path, "9001", HEAD, *CONTRACT)
        file = tmp_path / "contracted.db"
        database = Database(f"sqlite:///{file}", create=True)
        upgrade(database, "9001", tmp_path)
        database.close()

        assert not runs(ROOT, "this code", file, ["tests/docs"])
        assert "at revision 9001, which this code does not know" in capfd.readouterr().err

    def test_refuses_tests_that_would_run_on_a_schema_of_their_own(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "engines.py").write_text("")

        assert not runs(tmp_path, "v0.0.1", todays_schema(tmp_path), ["tests"])
        assert "the tests of v0.0.1 cannot be given a schema" in capsys.readouterr().out


class TestEngine:
    def test_copies_the_schema_that_it_is_given(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(GIVEN_SCHEMA, str(next_schema(tmp_path)))

        with SqliteEngine(tmp_path) as engine, engine.fresh_database() as url:
            database = Database(url)
            revision = current(database)
            database.close()

        assert revision == "9001"
