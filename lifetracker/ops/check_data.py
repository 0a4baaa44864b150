"""Checks of the data: whose it is, who else has it open, and whether it was put by."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from lifetracker.ops.backup_source import told_file
from lifetracker.ops.places import USER, Places
from lifetracker.ops.unit import read_unit
from lifetracker.ops.verdict import Verdict, failed, ok, warning

BESIDE = ("", "-wal", "-shm")
INIT = 1  # systemd itself, which holds the port for a socket unit
WORDS_SHOWN = 250


def database_files(places: Places) -> list[Path]:
    """The database and what is kept beside it, whether they are there or not; none on PostgreSQL."""
    file = told_file(places)
    return [] if file is None else [file.with_name(file.name + end) for end in BESIDE]


def data_is_the_services(places: Places) -> Verdict:
    """That the service owns its folder and files, and that strangers reach neither them nor its settings."""
    files = [path for path in database_files(places) if path.exists()]
    if wrong := [*_not_owned([places.data, *files]), *_open_to_all([places.data, places.environment])]:
        return failed("; ".join(wrong))
    if careless := list(_open_to_all(files)):
        return warning(f"{'; '.join(careless)}: only the mode of {places.data} keeps others from it")
    return ok(f"{places.data} and {len(files)} database file(s) belong to {_name(_keeper())} alone")


def _not_owned(paths: list[Path]) -> Iterator[str]:
    wanted = _keeper()
    for path in paths:
        if path.stat().st_uid != wanted:
            yield f"{path} belongs to {_name(path.stat().st_uid)}, not to {_name(wanted)}"


def _open_to_all(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        if path.exists() and path.stat().st_mode & stat.S_IRWXO:
            yield f"everybody can reach {path} (mode {stat.S_IMODE(path.stat().st_mode):o})"


def _keeper() -> int:
    """The user id that the data must have: who runs us, where nobody is called as the service's user is."""
    try:
        return pwd.getpwnam(USER).pw_uid
    except KeyError:
        return os.geteuid()


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def nobody_else_is_at_it(places: Places) -> Verdict:
    """That no process but the unit's listens on the port or has the database open: such as a uvicorn by hand."""
    port = urlsplit(places.read_config().url).port or 80
    files = {(seen.st_dev, seen.st_ino) for path in database_files(places) if (seen := _stat(path))}
    listening, opening = _listeners(port), set(_openers(files))
    others = sorted((listening | opening) - {*read_unit().processes(), INIT})
    strangers = [pid for pid in others if pid in listening or not _is_command(places, pid)]
    does = dict.fromkeys(listening - opening, f"listens on port {port}")
    does |= dict.fromkeys(listening & opening, f"listens on port {port} and has the database open")
    if strangers:
        return failed("; ".join(f"{_who(pid)} {does.get(pid, 'has the database open')}" for pid in strangers))
    commands = [_who(pid) for pid in others]
    return ok(f"nobody but the service{''.join(f', and the command {who}' for who in commands)}")


def _listeners(port: int) -> set[int]:
    """Processes that listen on a port, at whatever address."""
    found = psutil.net_connections(kind="tcp")
    return {each.pid for each in found if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid}


def _openers(files: set[tuple[int, int]]) -> Iterator[int]:
    """Processes that have one of these files (device, inode) open, by whatever path."""
    for pid in psutil.pids():
        with suppress(OSError):  # it has ended meanwhile, or is not ours to look at
            folder = Path(f"/proc/{pid}/fd")
            opened = (_stat(folder / descriptor) for descriptor in os.listdir(folder))
            if any((seen.st_dev, seen.st_ino) in files for seen in opened if seen):
                yield pid


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _is_command(places: Places, pid: int) -> bool:
    """Whether it is `lifetracker …`, by hand or by a timer: `lifetracker backup` reads while the service writes."""
    try:
        process = psutil.Process(pid)
        interpreter, *words = process.cmdline() or [""]
        venv = (Path(process.cwd()) / interpreter).parent.parent.resolve()
    except psutil.NoSuchProcess:
        return True
    ours = {each.resolve() for each in places.venvs.iterdir()}
    return (
        venv in ours and words[:1] == ["-m"] and (words[1] == "lifetracker" or words[1].startswith("lifetracker.ops."))
    )


def _who(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        return f"process {pid} of {process.username()} (`{' '.join(process.cmdline())[:WORDS_SHOWN]}`)"
    except psutil.NoSuchProcess:
        return f"process {pid}"
