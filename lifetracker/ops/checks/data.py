"""Checks of the data: whose it is, who may read it, and who else is at it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from lifetracker.ops import access, open_files
from lifetracker.ops.backups.live_database import told_file
from lifetracker.ops.checks.verdict import Verdict, failed, judged, ok
from lifetracker.ops.places import USER, Places
from lifetracker.ops.systemd import read_unit

BESIDE = ("", "-wal", "-shm")
ROOT = 0
INIT = 1  # systemd itself, which holds the port for a socket unit
WORDS_SHOWN = 400
SHELLS = ("sqlite3", "litecli", "sqlite-utils", "sqlitebrowser", "litestream")


def database_files(places: Places) -> list[Path]:
    """The database and what is kept beside it, whether they are there or not; none on PostgreSQL."""
    file = told_file(places)
    return [] if file is None else [file.with_name(file.name + end) for end in BESIDE]


def data_is_the_services(places: Places) -> Verdict:
    """That the service owns its folder and files, and that strangers reach neither them nor its settings."""
    files = [path for path in database_files(places) if path.exists()]
    folders = list(dict.fromkeys([places.data, *(path.parent for path in files)]))
    kept = sorted(path for path in places.data.rglob("*") if path.is_file() or path in files)
    closed = [*folders, *filter(Path.exists, [places.environment])]
    wrong = [*_not_owned([*folders, *files]), *_open_to_all(closed), *_open_to_a_group(closed), *_listed(closed + kept)]
    careless = [*_open_to_all(kept), *_open_to_a_group(kept)]
    doubtful = [f"{each}: only the mode of {places.data} keeps others from it" for each in careless]
    return judged(
        [*wrong, *_in_our_group()],
        doubtful,
        f"{places.data} and {len(files)} database file(s) belong to {access.user(access.uid_of(USER))} alone",
    )


def _not_owned(paths: list[Path]) -> Iterator[str]:
    wanted = access.uid_of(USER)
    for path in paths:
        if path.stat().st_uid != wanted:
            yield f"{path} belongs to {access.user(path.stat().st_uid)}, not to {access.user(wanted)}"


def _open_to_all(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        if path.stat().st_mode & stat.S_IRWXO:
            yield f"everybody can reach {path} (mode {access.mode(path)})"


def _open_to_a_group(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        seen = path.stat()
        if seen.st_mode & stat.S_IRWXG and seen.st_gid not in (ROOT, access.gid_of(USER)):
            yield f"the group {access.group(seen.st_gid)} can reach {path} (mode {access.mode(path)})"


def _listed(paths: list[Path]) -> Iterator[str]:
    """Those whom the mode does not tell of."""
    for path in paths:
        for name in access.named(path):
            yield f"{name} can reach {path}, by an access list (getfacl)"


def _in_our_group() -> Iterator[str]:
    """Whoever is in the service's group reads what the service reads."""
    if access.uid_of(USER) != os.geteuid() and (others := sorted(access.members(access.gid_of(USER)) - {USER})):
        yield f"{', '.join(others)}: in the group {USER}, which can read the data and its settings"


def nobody_else_is_at_it(places: Places) -> Verdict:
    """That no process but the unit's listens on the port or has the database open: such as a uvicorn by hand."""
    port = urlsplit(places.read_config().url).port or 80
    files = database_files(places)
    listening, opening, given = _listeners(port), open_files.openers(files), set(_given(files[:1]))
    others = sorted((listening | opening | given) - {*read_unit().processes(), INIT})
    strangers = [pid for pid in others if pid in listening or not _is_command(places, pid)]
    does = dict.fromkeys(given - opening, "was given the database to open")
    does |= dict.fromkeys(listening - opening, f"listens on port {port}")
    does |= dict.fromkeys(listening & opening, f"listens on port {port} and has the database open")
    if strangers:
        return failed("; ".join(f"{_who(pid)} {does.get(pid, 'has the database open')}" for pid in strangers))
    commands = [_who(pid) for pid in others]
    return ok(f"nobody but the service{''.join(f', and the command {who}' for who in commands)}")


def _listeners(port: int) -> set[int]:
    """Processes that listen on a port, at whatever address."""
    found = psutil.net_connections(kind="tcp")
    return {each.pid for each in found if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid}


def _given(database: list[Path]) -> Iterator[int]:
    """Shells that were given the database, by whatever path: `sqlite3` opens it at its first statement."""
    wanted = {str(path.resolve()) for path in database}
    for process in psutil.process_iter(["name", "cmdline", "cwd"]):
        words, cwd = process.info["cmdline"] or [], process.info["cwd"] or "/"
        if Path(process.info["name"] or "").name in SHELLS and wanted & {_led_to(cwd, word) for word in words[1:]}:
            yield process.pid


def _led_to(cwd: str, word: str) -> str:
    return os.path.realpath(os.path.join(cwd, word.removeprefix("file:").partition("?")[0]))


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
