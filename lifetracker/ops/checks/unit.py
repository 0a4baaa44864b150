"""Checks of the service as systemd runs it: that it is up, that it is ours, and that its unit is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from lifetracker.ops.checks.verdict import Verdict, failed, judged, ok, warning
from lifetracker.ops.places import BACKUP, SERVICE, TIMER, Places
from lifetracker.ops.systemd import SOCKET, drop_ins_on_disk, read_unit

APPLICATION = "lifetracker.main:app"
SOCKET_DROP_IN = f"{SERVICE}.d/socket.conf"


def unit_is_active(_: Places) -> Verdict:
    unit = read_unit()
    if not unit.loaded:
        return failed(f"systemd does not know {SERVICE}: it is {unit.told.get('LoadState') or 'away'}")
    if not unit.active:
        return failed(unit.state)
    if not unit.enabled and not read_unit(SOCKET).enabled:
        return failed(f"{unit.state}, but {unit.at_boot}: it will not come back when the machine starts")
    said = f"{unit.state} since {unit.since}, process {unit.main_process}, enabled"
    return (
        warning(f"{said}; it ended by itself and was started again, {unit.restarts} time(s)")
        if unit.restarts
        else ok(said)
    )


def main_process_is_ours(places: Places) -> Verdict:
    """That it is `.venv/bin/uvicorn lifetracker.main:app` of the release that is linked, with what ExecStart says."""
    unit = read_unit()
    canonical = [str(places.live / ".venv/bin/uvicorn"), APPLICATION]
    if unit.command[:2] != canonical:
        return failed(f"ExecStart is `{' '.join(unit.command)}`, which does not begin with `{' '.join(canonical)}`")
    if not unit.main_process:
        return failed("there is no main process")
    try:
        return _judge(places, psutil.Process(unit.main_process), unit.command)
    except psutil.NoSuchProcess:
        return failed(f"the main process {unit.main_process} is gone")


def _judge(places: Places, process: Any, command: list[str]) -> Verdict:
    interpreter, *arguments = process.cmdline()
    if arguments != command:
        return failed(f"process {process.pid} is `{' '.join([interpreter, *arguments])}`, which is not ExecStart's")
    if Path(interpreter).parent.parent.resolve() != (places.live / ".venv").resolve():
        return failed(f"process {process.pid} runs on {interpreter}, which is not the linked release's .venv")
    if process.cwd() != str(places.live.resolve()):
        return failed(f"process {process.pid} runs {process.cwd()}; linked is {places.live.resolve()}")
    return ok(f"process {process.pid} is {' '.join(command)}")


def unit_is_read(_: Places) -> Verdict:
    """Of the first drop-in, in a folder that was not there before, systemd itself does not know that it waits."""
    units = (SERVICE, *((SOCKET,) if read_unit(SOCKET).loaded else ()))
    waiting = [
        f"{name} was changed, and systemd still has the old one" for name in units if read_unit(name).needs_reload
    ]
    unread = [f"systemd has not read {file}" for name in units for file in _unread(name)]
    return judged(waiting + unread, [], "systemd has read the unit as it is on disk")


def _unread(name: str) -> Iterator[Path]:
    """Of two of one name systemd reads the one that goes before."""
    known = {Path(path).name for path in read_unit(name).drop_ins}
    return (file for file in drop_ins_on_disk(name) if file.name not in known)


def unit_file_is_ours(places: Places) -> Verdict:
    """That what systemd uses is what the release brought: service, backup, timer, and what is optional where it is."""
    optional = [name for name in (SOCKET, SOCKET_DROP_IN) if (places.units / name).exists()]
    missing = [f"there is no {file}" for name in (SERVICE, BACKUP, TIMER) if not (file := places.units / name).exists()]
    other = [_otherwise(places, name) for name in (SERVICE, BACKUP, TIMER, *optional)]
    return judged(missing, [*_from_elsewhere(places), *filter(None, other)], "the unit files are the release's")


def _from_elsewhere(places: Places) -> Iterator[str]:
    """Of those that systemd knows; of the others `unit` and `backup` tell."""
    for name in (SERVICE, BACKUP, TIMER):
        unit, ours = read_unit(name), places.units / name
        if unit.loaded and unit.file != ours:
            yield f"systemd takes the unit from {unit.file}, not from {ours}"


def _otherwise(places: Places, name: str) -> str | None:
    file, ours = places.units / name, places.live / "systemd" / name
    if file.exists() and file.read_bytes() != ours.read_bytes():
        return f"{file} is not the release's: it was edited, or a release has brought a new one"
    return None
