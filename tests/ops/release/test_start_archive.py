"""A release archive that starts itself: by an interpreter that it has wheels for, and by others."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lifetracker.ops import started_from
from lifetracker.ops.release import build as release_build
from lifetracker.ops.release import start_archive
from tests.ops import archives
from tests.ops.installation import prefer

START = Path(start_archive.__file__)
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# What the package of these archives does instead of ours: tell what it was started with.
TELLS = """
import json, os, stat, sys
import library
here = os.path.dirname(os.path.dirname(__file__))
told = {
    "words": sys.argv[1:], "folder": here, "library": library.NAME, "path": sys.path[0],
    "mode": stat.S_IMODE(os.stat(here).st_mode), "file": stat.S_IMODE(os.stat(__file__).st_mode),
    "note": open(os.path.join(here, "ARCHIVE")).read().split(), "process": os.getpid(),
}
print(json.dumps(told))
"""


def wheel(**modules: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in modules.items():
            file.writestr(f"{name}.py", text)
    return content.getvalue()


def write(folder: Path, *pythons: str) -> Path:
    files = {
        "__main__.py": START.read_bytes(),
        "lifetracker/__init__.py": b"",
        "lifetracker/__main__.py": TELLS.encode(),
        "wheels/library-1.0-py3-none-any.whl": wheel(library="NAME = 'ours'"),
        "wheels/other-1.0-cp27-cp27mu-linux_x86_64.whl": wheel(library="NAME = 'of another Python'"),
    }
    manifest: dict[str, object] = {"version": "1.0.0", "pythons": pythons or [PYTHON], "files": {}, "wheels": {}}
    return archives.write(folder / "lifetracker-1.0.0.pyz", archives.members_of(manifest, files))


def run(
    archive: Path, *words: str, python: str = sys.executable, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    unpacked = archive.parent / "tmp"  # where it goes, since what runs in it here does not clean up after itself
    unpacked.mkdir(exist_ok=True)
    here = {**os.environ, "TMPDIR": str(unpacked), **environment}
    command = [python, str(archive), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=here)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def older_pythons() -> list[Path]:
    """Interpreters on this machine that no release is for, from 3.8 on."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [*pyenv.glob("versions/3.[89].*/bin/python3.[89]"), *pyenv.glob("versions/3.10.*/bin/python3.10")]
    return [*found, *(path for path in map(Path, ("/usr/bin/python3.9", "/usr/bin/python3.10")) if path.exists())]


class TestStart:
    def test_runs_its_own_package_with_its_own_libraries(self, tmp_path: Path) -> None:
        said = told(run(write(tmp_path), "server", "init", "--site", "a b"))

        assert said["words"] == ["server", "init", "--site", "a b"]
        assert said["library"] == "ours"

    def test_takes_nothing_from_the_folder_that_it_is_called_from(self, tmp_path: Path) -> None:
        here = tmp_path / "here"
        (here / "lifetracker").mkdir(parents=True)
        (here / "lifetracker/__main__.py").write_text("print('not ours')")
        (here / "json.py").write_text("print('not ours')")

        assert told(run(write(tmp_path), folder=here))["library"] == "ours"

    def test_can_be_read_by_the_services_user_whatever_roots_umask_is(self, tmp_path: Path) -> None:
        before = os.umask(0o077)
        try:
            said = told(run(write(tmp_path)))
        finally:
            os.umask(before)

        assert (said["mode"], said["file"]) == (0o755, 0o644)

    def test_notes_the_process_and_the_archive_for_what_runs_then(self, tmp_path: Path) -> None:
        archive = write(tmp_path)
        said = told(run(archive))

        assert said["note"] == [str(said["process"]), str(archive)]

    def test_refuses_a_damaged_archive_before_it_unpacks_anything(self, tmp_path: Path) -> None:
        archive = write(tmp_path)
        content = bytearray(archive.read_bytes())
        content[200] ^= 1
        archive.write_bytes(content)

        done = run(archive)

        assert (done.returncode, done.stdout) == (1, "")
        assert "damaged" in done.stderr or "zip" in done.stderr  # Python itself may find that it is no archive
        assert list((tmp_path / "tmp").iterdir()) == []

    def test_is_started_by_its_name_alone(self, tmp_path: Path) -> None:
        """The real archive begins with a line for the kernel; zip does not mind."""
        archive = write(tmp_path)
        plain = archive.read_bytes()[: -start_archive.TRAILER]
        archives.seal(archive, f"#!{sys.executable}\n".encode() + plain)
        archive.chmod(0o755)

        here = {**os.environ, "TMPDIR": str(tmp_path)}
        done = subprocess.run([archive, "x"], capture_output=True, text=True, check=False, env=here)
        assert told(done)["words"] == ["x"]


class TestOtherPythons:
    def test_go_on_with_one_that_it_is_for(self, tmp_path: Path) -> None:
        python = next(iter(older_pythons()), None)
        if python is None:
            pytest.skip("there is no Python older than 3.11 here")
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / f"python{PYTHON}").symlink_to(sys.executable)

        assert told(run(write(tmp_path), "x", python=str(python), PATH=prefer(programs)))["words"] == ["x"]

    def test_say_which_one_it_is_for(self, tmp_path: Path) -> None:
        older = older_pythons()
        if not older:
            pytest.skip("there is no Python older than 3.11 here")
        archive = write(tmp_path, "3.98", "3.99")

        said = {(done.returncode, done.stderr) for done in (run(archive, python=str(each)) for each in older)}

        assert said == {(1, "lifetracker: this archive is for Python 3.98 or 3.99: install it, and run it with that\n")}

    def test_can_read_it_from_3_8_on(self) -> None:
        ast.parse(START.read_text(encoding="utf-8"), feature_version=(3, 8))


class TestChoosePython:
    """In this process: what it would become is told instead."""

    @pytest.fixture
    def became(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        found: list[str] = []

        def become(program: str, words: list[str]) -> None:
            found.extend(words)
            raise SystemExit(0)

        monkeypatch.setattr(os, "execv", become)
        return found

    def test_stays_with_this_one_where_it_will_do(self, tmp_path: Path, became: list[str]) -> None:
        start_archive._choose_python(str(write(tmp_path, "3.99", PYTHON)))

        assert became == []

    def test_asks_a_program_what_it_is_and_does_not_go_by_its_name(
        self, tmp_path: Path, became: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        programs = tmp_path / "programs"
        programs.mkdir()
        for version, says in (("3.97", "exit 127"), ("3.98", "echo 3.12"), ("3.99", "echo 3.99")):
            (programs / f"python{version}").write_text(f"#!/bin/sh\n{says}\n")
            (programs / f"python{version}").chmod(0o755)
        monkeypatch.setenv("PATH", prefer(programs))
        archive = write(tmp_path, "3.97", "3.98", "3.99")
        monkeypatch.setattr(sys, "argv", [str(archive), "deploy", "--status"])

        with pytest.raises(SystemExit):
            start_archive._choose_python(str(archive))
        assert became == [str(programs / "python3.99"), str(archive), "deploy", "--status"]

    def test_refuses_where_there_is_none(self, tmp_path: Path, became: list[str]) -> None:
        with pytest.raises(SystemExit, match=r"for Python 3\.98"):
            start_archive._choose_python(str(write(tmp_path, "3.98")))
        assert became == []


class TestMain:
    @pytest.fixture
    def archive(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        made = write(tmp_path)
        (tmp_path / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
        monkeypatch.setattr(sys, "argv", [str(made), "smoke"])
        return made

    def test_becomes_the_command(self, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        became: list[Any] = []
        monkeypatch.setattr(os, "execve", lambda *words: became.extend(words))

        start_archive.main()

        program, words, environment = became
        assert (program, words) == (sys.executable, [sys.executable, "-P", "-m", "lifetracker", "smoke"])
        folder = Path(environment["PYTHONPATH"].split(os.pathsep)[0])
        assert {"ARCHIVE", "libraries", "lifetracker"} <= {path.name for path in folder.iterdir()}

    def test_leaves_nothing_when_it_cannot_start(self, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "execve", full)

        with pytest.raises(SystemExit, match="No space left on device; TMPDIR"):
            start_archive.main()
        assert list((archive.parent / "tmp").iterdir()) == []

    def test_leaves_nothing_when_it_is_interrupted(self, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "execve", interrupt)

        with pytest.raises(KeyboardInterrupt):
            start_archive.main()
        assert list((archive.parent / "tmp").iterdir()) == []

    def test_refuses_what_is_damaged(self, archive: Path) -> None:
        archive.write_bytes(archive.read_bytes() + b"x")

        with pytest.raises(SystemExit, match="damaged"):
            start_archive.main()


class TestIsForUs:
    @pytest.mark.parametrize(
        ("name", "ours"),
        [
            ("wheels/a-1.0-py3-none-any.whl", True),
            ("wheels/a-1.0-py2.py3-none-any.whl", True),
            ("wheels/a-1.0-cp38-abi3-manylinux_2_28_x86_64.whl", True),
            (f"wheels/a-1.0-cp{PYTHON.replace('.', '')}-cp{PYTHON.replace('.', '')}-manylinux_2_28_x86_64.whl", True),
            ("wheels/a-1.0-cp27-cp27mu-manylinux_2_28_x86_64.whl", False),
        ],
    )
    def test_reads_the_tags_of_a_wheel(self, name: str, ours: bool) -> None:
        assert start_archive._is_for_us(name) is ours


class TestLeftovers:
    def left(self, folder: Path, note: str) -> Path:
        left = folder / "tmp/lifetracker-left"
        left.mkdir(parents=True)
        (left / "ARCHIVE").write_text(note)
        return left

    def test_of_one_that_was_killed_go_with_the_next(self, tmp_path: Path) -> None:
        dead = subprocess.Popen(["true"])
        dead.wait()
        left = self.left(tmp_path, f"{dead.pid}\n/root/x.pyz\n")

        told(run(write(tmp_path)))

        assert not left.exists()

    def test_of_one_that_runs_stay(self, tmp_path: Path) -> None:
        left = self.left(tmp_path, f"{os.getpid()}\n/root/x.pyz\n")

        told(run(write(tmp_path)))

        assert left.exists()

    def test_of_one_whose_child_runs_stay(self, tmp_path: Path) -> None:
        dead = subprocess.Popen(["true"])
        dead.wait()
        left = self.left(tmp_path, f"{dead.pid}\n/root/x.pyz\n")
        with open(left / "ARCHIVE") as note:
            fcntl.flock(note, fcntl.LOCK_EX)
            told(run(write(tmp_path)))

            assert left.exists()

    def test_of_others_stay(self, tmp_path: Path) -> None:
        left = self.left(tmp_path, "no number\n")

        told(run(write(tmp_path)))

        assert left.exists()


class TestHalfAnArchive:
    @pytest.mark.parametrize("python", [Path(sys.executable), *older_pythons()], ids=str)
    @pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
    def test_says_a_sentence(self, tmp_path: Path, python: Path, share: float) -> None:
        """As `release build` begins one: Python takes for source what has no end."""
        whole = release_build.SHEBANG + write(tmp_path).read_bytes()
        half = tmp_path / "half.pyz"
        half.write_bytes(whole[: int(len(whole) * share)])

        done = run(half, "server", "init", python=str(python))

        assert done.returncode == 1
        assert any(each in done.stderr for each in ("did-not-arrive-whole.copy-it-again", "this archive is damaged"))
        assert "Traceback" not in done.stderr


class TestSource:
    def test_of_a_checkout_is_no_archive(self) -> None:
        assert started_from.archive() is None

    def test_of_an_archive_is_that(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        note = tmp_path / "ARCHIVE"
        note.write_text(f"{os.getpid()}\n/srv/lifetracker-1.0.0.pyz\n")
        monkeypatch.setattr(started_from, "NOTE", note)

        assert started_from.archive() == Path("/srv/lifetracker-1.0.0.pyz")

    @pytest.mark.parametrize(("ours", "stays"), [(True, False), (False, True)])
    def test_goes_with_the_process_that_was_started_and_no_other(self, tmp_path: Path, ours: bool, stays: bool) -> None:
        code = (
            "import os, sys; from pathlib import Path; from lifetracker.ops import started_from\n"
            "started_from.TREE = Path(sys.argv[1]); started_from.NOTE = started_from.TREE / 'ARCHIVE'\n"
            f"started_from.NOTE.write_text(f'{{os.getpid() if {ours} else 1}}\\n/x.pyz\\n')\n"
            "started_from.clean_up_at_exit()"
        )
        folder = tmp_path / "unpacked"
        folder.mkdir()

        subprocess.run([sys.executable, "-c", code, folder], check=True)

        assert folder.exists() is stays
