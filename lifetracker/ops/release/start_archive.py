"""How a release archive starts itself: `python3 lifetracker-1.2.3.pyz …`. Built in as its `__main__.py`.

Needs nothing but Python: it unpacks the package and its wheels into a folder of its own and runs the command from
there. Older Pythons must get as far as the sentence that refuses them: no syntax here that 3.8 does not know. Those
before it start no archive that has a comment at its end.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile

TRAILER = 71
PREFIX, NOTE = "lifetracker-", "ARCHIVE"


def main() -> None:
    archive = os.path.abspath(sys.argv[0])
    _refuse_damaged(archive)
    _choose_python(archive)
    remove_leftovers()
    folder = tempfile.mkdtemp(prefix=PREFIX)
    try:
        _note(archive, folder)
        _unpack(archive, folder)
        path = os.pathsep.join((folder, os.path.join(folder, "libraries")))
        here = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        # In place of this process, so that whoever ends it by its id ends what it does. `-P`: with our code alone,
        # though this be called from a folder that has a `lifetracker` of its own.
        os.execve(sys.executable, [sys.executable, "-P", "-m", "lifetracker", *sys.argv[1:]], here)  # noqa: S606
    except BaseException as broken:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(broken, OSError):
            sys.exit(f"lifetracker: cannot start from {folder}: {broken}; TMPDIR names another place")
        raise


def remove_leftovers() -> None:
    """What archives that were killed had unpacked: ours, with a note that nobody holds, of a process that is gone."""
    for folder in glob.glob(os.path.join(tempfile.gettempdir(), PREFIX + "*")):
        if _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: str) -> bool:
    try:
        about = os.lstat(folder)
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
            return False
        with open(os.path.join(folder, NOTE), "rb+") as note:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return not os.path.exists("/proc/" + str(int(note.readline())))
    except (OSError, ValueError):
        return False


def _note(archive: str, folder: str) -> None:
    """Whose the folder is, before anything is in it; held by a lock for as long as a process of ours lives."""
    os.chmod(folder, 0o755)  # noqa: S103  what runs as the service's user must read it, too
    os.umask(0o022)
    note = os.open(os.path.join(folder, NOTE), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    os.set_inheritable(note, True)
    fcntl.flock(note, fcntl.LOCK_EX)
    os.write(note, f"{os.getpid()}\n{archive}\n".encode())


def _refuse_damaged(archive: str) -> None:
    with open(archive, "rb") as file:
        content = file.read()
    if content[-TRAILER:] != b"sha256:" + hashlib.sha256(content[:-TRAILER]).hexdigest().encode():
        sys.exit("lifetracker: this archive is damaged: take it again from where it was built; nothing was unpacked")


def _choose_python(archive: str) -> None:
    """Go on with a Python that the archive has wheels for: this one, or one of that name on the PATH."""
    with zipfile.ZipFile(archive) as members:
        pythons = json.loads(members.read("MANIFEST.json"))["pythons"]
    if f"{sys.version_info[0]}.{sys.version_info[1]}" in pythons:
        return
    for version in pythons:
        found = shutil.which("python" + version)
        if found and _is_python(found, version):
            os.execv(found, [found, archive, *sys.argv[1:]])  # noqa: S606
    sys.exit(f"lifetracker: this archive is for Python {' or '.join(pythons)}: install it, and run it with that")


def _is_python(program: str, version: str) -> bool:
    """What it is when it is asked; a name on the PATH may be a stub, or of another version."""
    ask = [program, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.check_output(ask, stderr=subprocess.DEVNULL).decode().strip() == version  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return False


def _unpack(archive: str, folder: str) -> None:
    """The package as it is, and the content of each wheel that this Python can use, as libraries."""
    with zipfile.ZipFile(archive) as members:
        names = members.namelist()
        members.extractall(folder, [name for name in names if not name.startswith("wheels/")])
        for name in names:
            if name.startswith("wheels/") and _is_for_us(name):
                with members.open(name) as wheel, zipfile.ZipFile(wheel) as content:
                    content.extractall(os.path.join(folder, "libraries"))


def _is_for_us(name: str) -> bool:
    return is_for(name, ".".join(map(str, sys.version_info[:2])))


def is_for(name: str, version: str) -> bool:
    """Whether a wheel is for that Python ("3.11"), or pure, or for any later one: `name-1.0-cp311-cp311-….whl`."""
    python, abi = name.split("-")[-3:-1]
    return python.startswith("py") or "abi3" in abi or "cp" + version.replace(".", "") in python.split(".")


if __name__ == "__main__":
    main()
