"""Building an archive: from a copy of this source, with a wheel of our own for all libraries."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifetracker import __version__
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import archive
from lifetracker.ops.release import build as release_build
from lifetracker.ops.started_from import TREE

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
NOT_TAKEN = shutil.ignore_patterns("__pycache__", ".*")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels, instead of a package index."""
    folder = tmp_path_factory.mktemp("index")
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return folder


@pytest.fixture(scope="module", autouse=True)
def only_our_wheels(index: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(index))
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        yield


def copy_tree(folder: Path, index: Path) -> Path:
    """The source, with a lock file that pins our wheel."""
    for name in release_build.TAKEN:
        found = TREE / name
        if found.is_dir():
            shutil.copytree(found, folder / name, ignore=NOT_TAKEN)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(found, folder / name)
    digest = hashlib.sha256((index / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    (folder / "requirements.lock").write_text(f"tiny==1.0 \\\n    --hash=sha256:{digest}\n")
    return folder


@pytest.fixture(scope="module")
def tree(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("source") / "tree", index)


@pytest.fixture(scope="module")
def built(tree: Path, only_our_wheels: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_build.build(tmp_path_factory.mktemp("built") / "dist", tree=tree)


class TestBuild:
    @pytest.mark.thorough
    def test_makes_one_archive_that_is_whole(self, built: Path, index: Path) -> None:
        assert built.name == f"lifetracker-{__version__}.pyz"
        with archive.opened(built) as found:
            manifest = found.manifest
        assert (manifest.version, manifest.pythons) == (__version__, (PYTHON,))
        assert list(manifest.wheels) == ["wheels/tiny-1.0-py3-none-any.whl"]

    @pytest.mark.thorough
    def test_takes_all_that_a_server_needs(self, built: Path) -> None:
        with archive.opened(built) as found:
            names = set(found.manifest.files)
        assert {
            "__main__.py",
            "requirements.lock",
            "lifetracker/main.py",
            "lifetracker/core/frozen.json",
            "lifetracker/migrations/head.json",
            "systemd/lifetracker-api.service",
            "systemd/lifetracker.env",
            "nginx/api.lifetracker.site.conf",
        } <= names

    @pytest.mark.thorough
    def test_takes_nothing_that_only_lies_about(self, tree: Path, tmp_path: Path) -> None:
        (tree / "lifetracker/.env").write_text("SECRET=1")
        (tree / "lifetracker/__pycache__").mkdir()
        (tree / "lifetracker/__pycache__/x.pyc").write_bytes(b"x")
        try:
            with archive.opened(release_build.build(tmp_path, tree=tree)) as found:
                names = set(found.manifest.files)
        finally:
            (tree / "lifetracker/.env").unlink()
            shutil.rmtree(tree / "lifetracker/__pycache__")

        assert not [name for name in names if name.endswith((".pyc", "lifetracker/.env"))]

    @pytest.mark.thorough
    def test_can_be_started(self, built: Path) -> None:
        assert stat.S_IMODE(built.stat().st_mode) == 0o755
        assert built.read_bytes().startswith(b"#!/usr/bin/env python3\n")

    @pytest.mark.thorough
    def test_leaves_no_half_of_one(self, built: Path) -> None:
        assert [path.name for path in built.parent.iterdir()] == [built.name]

    def test_names_the_pythons_that_it_was_asked_for(self, tmp_path: Path) -> None:
        members = {"__main__.py": Path(__file__)}

        with archive.opened(release_build._write(tmp_path, members, ["3.11", "3.12"])) as found:
            assert found.manifest.pythons == ("3.11", "3.12")

    @pytest.mark.thorough
    def test_refuses_source_that_breaks_a_guard(self, index: Path, tmp_path: Path) -> None:
        tree = copy_tree(tmp_path / "tree", index)
        (tree / "lifetracker/core/day.py").write_text("print('a')\n")

        with pytest.raises(Refused, match=r"(?s)guards refuse this source.*lifetracker/core/day\.py:1"):
            release_build.build(tmp_path / "dist", tree=tree)
        assert not (tmp_path / "dist").exists()

    @pytest.mark.parametrize("pinned", ["absent==1.0", "tiny==1.0"])
    def test_refuses_without_the_very_wheel_that_is_pinned(self, tmp_path: Path, pinned: str) -> None:
        lock = tmp_path / "requirements.lock"
        lock.write_text(f"{pinned} --hash=sha256:{'0' * 64}\n")

        with pytest.raises(Refused, match="failed with code 1"):
            release_build._fetch_wheels(lock, tmp_path, PYTHON, "x86_64")


@pytest.mark.thorough
class TestTwice:
    def test_is_the_same_bytes_elsewhere_and_at_another_time(
        self, built: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another folder, whose files came in another order, with other modes and dates, under another TZ and umask."""
        other = tmp_path / "somewhere else" / "tree"
        for file in sorted((path for path in tree.rglob("*") if path.is_file()), reverse=True):
            target = other / file.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
            target.chmod(0o600)
            os.utime(target, (1e9, 1e9))
        monkeypatch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        before = os.umask(0o077)
        try:
            again = release_build.build(tmp_path / "again", tree=other)
        finally:
            os.umask(before)
            monkeypatch.undo()
            time.tzset()

        assert again.read_bytes() == built.read_bytes()

    @pytest.mark.slow
    def test_is_the_same_bytes_from_another_process(self, built: Path, tree: Path, tmp_path: Path) -> None:
        """Whose sets are in another order."""
        code = (
            "import sys; from pathlib import Path; from lifetracker.ops.release import build\n"
            "build.build(Path(sys.argv[1]), tree=Path(sys.argv[2]))"
        )
        here = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(TREE)}

        subprocess.run([sys.executable, "-c", code, tmp_path / "again", tree], check=True, env=here)

        assert (tmp_path / "again" / built.name).read_bytes() == built.read_bytes()
