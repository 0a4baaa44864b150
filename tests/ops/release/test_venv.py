"""The libraries of a release: which Python they are for, and that they are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from lifetracker.ops import shell
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import archive, libraries, venv
from lifetracker.ops.release.archive import Archive
from tests.ops import archives
from tests.ops.installation import prefer

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = Path(os.path.realpath(sys.executable))
TINY = b"HERE = True\n"


def wheel() -> bytes:
    content = BytesIO()
    about, digest = "tiny-1.0.dist-info", f"sha256={urlsafe_b64encode(sha256(TINY).digest()).decode().rstrip('=')}"
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("tiny.py", TINY)
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", f"tiny.py,{digest},12\n{about}/RECORD,,\n")
    return content.getvalue()


WHEEL = wheel()
MAKES_ONE = (
    'for last; do :; done; case "$*" in *venv*) mkdir -p "$last/bin"; '
    f'printf "#!/bin/sh\\n" >"$last/bin/python"; chmod +x "$last/bin/python";; *) exec {HERE} "$@";; esac'
)
LOCK = f"tiny==1.0 --hash=sha256:{hashlib.sha256(WHEEL).hexdigest()}\n".encode()


@contextmanager
def opened(folder: Path, *pythons: str) -> Iterator[Archive]:
    name = "wheels/tiny-1.0-py3-none-any.whl"
    digests = {name: hashlib.sha256(WHEEL).hexdigest()}
    manifest = {"version": "1", "pythons": pythons or (RUNNING,), "files": {}, "wheels": digests}
    path = archives.write(folder / "x.pyz", archives.members_of(manifest, {name: WHEEL}))
    with archive.opened(path) as found:
        yield found


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "root")
    found.venvs.mkdir(parents=True)
    return found


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", prefer(folder))
    return folder


def stub(programs: Path, name: str, says: str) -> Path:
    (programs / name).write_text(f"#!/bin/sh\n{says}\n")
    (programs / name).chmod(0o755)
    return programs / name


def stand(places: Places, python: Path) -> Path:
    """The environment, as `_build` leaves it."""
    folder = places.venvs / venv.name_of(LOCK, python)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(HERE)
    packages = folder / f"lib/python{RUNNING}/site-packages"
    (packages / "tiny-1.0.dist-info").mkdir(parents=True)
    (packages / "tiny.py").write_bytes(TINY)
    (packages / "tiny-1.0.dist-info/RECORD").write_text("tiny.py,,\n../../../bin/tiny,,\n")
    (folder / "bin/tiny").touch()
    (folder / venv.WHOLE).touch()
    return folder


def change(packages: Path) -> None:
    (packages / "tiny.py").write_text("HERE = 'changed'\n")


def lose(packages: Path) -> None:
    (packages / "tiny.py").unlink()


def add(packages: Path) -> None:
    (packages / "sitecustomize.py").touch()


def lose_a_program(packages: Path) -> None:
    (packages.parents[2] / "bin/tiny").unlink()


class TestDamaged:
    @pytest.mark.parametrize("damage", [change, lose, add, lose_a_program])
    def test_is_built_anew_beside_what_may_run_from_it(
        self, places: Places, tmp_path: Path, programs: Path, damage: Callable[[Path], None]
    ) -> None:
        python = stub(programs, "python", MAKES_ONE)
        first = stand(places, python)
        damage(first / f"lib/python{RUNNING}/site-packages")

        with opened(tmp_path) as found:
            made = venv.provide(places, found, LOCK, python)

        assert made == first.with_name(f"{first.name}-2")
        assert (made / venv.WHOLE).exists()
        assert first.exists()
        assert venv.is_same(first, made)

    def test_is_told_by_its_files(self, places: Places, tmp_path: Path) -> None:
        folder = stand(places, HERE)
        with opened(tmp_path) as found:
            assert libraries.differences(folder, found) == []
            for damage in (change, add):
                damage(folder / f"lib/python{RUNNING}/site-packages")
            assert libraries.differences(folder, found) == ["sitecustomize.py was added", "tiny.py was changed"]


class TestFindPython:
    def test_takes_the_one_that_runs_this_and_no_venv_of_it(self, tmp_path: Path) -> None:
        with opened(tmp_path, "3.99", RUNNING) as found:
            assert venv.find_python(found) == Path(os.path.realpath(sys._base_executable))  # type: ignore[attr-defined]

    def test_takes_one_by_its_name(self, tmp_path: Path, programs: Path) -> None:
        python = stub(programs, "python3.99", "echo 3.99")

        with opened(tmp_path, "3.99") as found:
            assert venv.find_python(found) == python

    @pytest.mark.parametrize("says", ["exit 127", "echo 3.12"])
    def test_refuses_a_name_that_is_not_what_it_says(self, tmp_path: Path, programs: Path, says: str) -> None:
        stub(programs, "python3.99", says)

        with opened(tmp_path, "3.99") as found, pytest.raises(Refused, match=r"wheels for Python 3\.99"):
            venv.find_python(found)

    def test_says_what_to_do_where_there_is_none(self, tmp_path: Path) -> None:
        with opened(tmp_path, "3.98", "3.99") as found, pytest.raises(Refused, match=rf"`--python {RUNNING}`"):
            venv.find_python(found)


class TestNameOf:
    def test_is_of_the_lock_file_and_the_python(self, programs: Path) -> None:
        other = stub(programs, "python3.99", "echo 3.99")

        names = {venv.name_of(lock, python) for lock in (b"a", b"b") for python in (HERE, other)}
        assert len(names) == 4
        assert venv.name_of(b"a", HERE) in names


class TestProvide:
    @pytest.mark.thorough
    def test_builds_it_from_the_archive_alone(self, places: Places, tmp_path: Path) -> None:
        with opened(tmp_path) as found:
            made = venv.provide(places, found, LOCK, HERE)

        assert shell.run([made / "bin/python", "-I", "-c", "import tiny; print(tiny.HERE)"]) == "True\n"
        assert (made / venv.WHOLE).exists()
        assert list(places.venvs.iterdir()) == [made]

    @pytest.mark.thorough
    def test_takes_no_module_of_the_folder_that_it_is_called_from(
        self, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Root may stand in a folder that everybody writes to."""
        here = tmp_path / "here"
        here.mkdir()
        for name in ("venv", "pip", "ensurepip"):
            (here / f"{name}.py").write_text("open('taken', 'w')")
        monkeypatch.chdir(here)
        monkeypatch.setenv("PYTHONPATH", str(here))

        with opened(tmp_path) as found:
            venv.provide(places, found, LOCK, HERE)

        assert not (here / "taken").exists()

    def test_does_it_once(self, places: Places, tmp_path: Path) -> None:
        ready = stand(places, HERE)
        before = [(path, path.stat().st_mtime_ns) for path in ready.rglob("*")]

        with opened(tmp_path) as found:
            assert venv.provide(places, found, LOCK, HERE) == ready
        assert [(path, path.stat().st_mtime_ns) for path in ready.rglob("*")] == before

    def test_leaves_nothing_of_one_that_failed(self, places: Places, tmp_path: Path, programs: Path) -> None:
        python = stub(programs, "broken", f'case "$*" in *venv*) exit 1;; *) exec {HERE} "$@";; esac')

        with opened(tmp_path) as found, pytest.raises(Refused):
            venv.provide(places, found, LOCK, python)
        assert list(places.venvs.iterdir()) == []

    def test_begins_anew_where_one_was_killed(self, places: Places, tmp_path: Path, programs: Path) -> None:
        python = stub(programs, "python", MAKES_ONE)
        half = places.venvs / venv.name_of(LOCK, python)
        (half / "rubbish").mkdir(parents=True)

        with opened(tmp_path) as found:
            made = venv.provide(places, found, LOCK, python)

        assert made == half
        assert not (half / "rubbish").exists()
