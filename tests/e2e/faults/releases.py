"""Releases that go wrong, each in one way: this checkout's archive with some files changed, and sealed anew."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from lifetracker.migrations import HEAD
from lifetracker.ops.release.archive import MANIFEST
from tests.ops.archives import members_of, write

Files = dict[str, bytes]
MAIN, LOCK = "lifetracker/main.py", "requirements.lock"
PENDING = "9001"
# On the copy that a deploy tries it on first, it goes well.
MIGRATION = f"""
import time

import sqlalchemy as sa
from alembic import op

revision, down_revision, oldest_reader = "{PENDING}", "{HEAD}", "{HEAD}"


def upgrade():
    op.create_table("to_come", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("challenges", sa.Column("to_come", sa.Text()))
    if "rehearsal" not in str(op.get_bind().engine.url):
        {{}}
"""
IMPORTS = "\nimport os\nimport sys\n\n"
UNDER_SYSTEMD = '"NOTIFY_SOCKET" in os.environ'


def spoiled(whole: Path, folder: Path, name: str) -> Path:
    """The archive of the release that goes wrong as `WRONG` says under that name."""
    files = dict(_read(whole))
    WRONG[name](files)
    manifest = json.loads(files.pop(MANIFEST))
    digests = {each: hashlib.sha256(content).hexdigest() for each, content in files.items()}
    for kind, wheels in (("files", False), ("wheels", True)):
        manifest[kind] = {each: digest for each, digest in digests.items() if each.startswith("wheels/") == wheels}
    return write(folder / f"{name.replace(' ', '-')}.pyz", members_of(manifest, files))


def _read(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as members:
        for name in members.namelist():
            yield name, members.read(name)


def _replace(name: str, old: str, new: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        text = files[name].decode()
        assert old in text, f"{name} has no {old!r} any more"
        files[name] = text.replace(old, new).encode()

    return change


def _append(name: str, text: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        files[name] += text.encode()

    return change


def _migrate(statement: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        _replace("lifetracker/migrations/__init__.py", f'"{HEAD}")', f'"{HEAD}", "{PENDING}")')(files)
        files[f"lifetracker/migrations/versions/{PENDING}_to_come.py"] = MIGRATION.format(statement).encode()

    return change


def _take_a_wheel(files: Files) -> None:
    del files[next(name for name in files if name.startswith("wheels/uvicorn"))]
    files[LOCK] += b"# another lock, for which no environment stands yet\n"


WRONG: dict[str, Callable[[Files], None]] = {
    "breaks a guard": _append("lifetracker/daily_log/service.py", '\nprint("I am here")\n'),
    "has a syntax error": _append("lifetracker/daily_log/score.py", "\ndef broken(:\n"),
    "lacks a wheel": _take_a_wheel,
    "fails in its migration": _migrate('raise RuntimeError("the third statement fails")'),
    "migrates for a minute": _migrate("time.sleep(60)"),
    "crashes when it serves": _append(MAIN, f'{IMPORTS}if {UNDER_SYSTEMD}:\n    sys.exit("it cannot serve")\n'),
    "is never ready": _replace("lifetracker/core/process/notify.py", '"READY=1"', '"STATUS=never ready"'),
    "is never healthy": _replace(
        "lifetracker/about.py", "return Health(status=health,", 'return Health(status="fail",'
    ),
    "fails its smoke check": _append(
        MAIN, f'{IMPORTS}if not {UNDER_SYSTEMD} and "app_NEW" not in __file__:\n    sys.exit("it cannot be imported")\n'
    ),
}
