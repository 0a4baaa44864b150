"""Checks of the service as systemd runs it: that it is up, that it is ours, and what it complained of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil

from lifetracker.ops import shell
from lifetracker.ops.places import SERVICE, Places
from lifetracker.ops.unit import SOCKET, read_unit
from lifetracker.ops.verdict import Verdict, failed, ok, skipped, warning

APPLICATION = "lifetracker.main:app"
JOURNAL_TAKES_AT_MOST = 15.0
MOST_LINES = 1000
ERROR_IN_JSON = '"level": "(ERROR|CRITICAL)"'  # as the log writes it with LIFETRACKER_LOG_FORMAT=json


def unit_is_active(_: Places) -> Verdict:
    unit = read_unit()
    if not unit.loaded:
        return failed(f"systemd does not know {SERVICE}")
    if not unit.active:
        return failed(unit.state)
    if not unit.enabled and not read_unit(SOCKET).enabled:
        return failed(f"{unit.state}, but not enabled: it will not come back when the machine starts")
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


def unit_is_read(places: Places) -> Verdict:
    """Of the first drop-in, in a folder that was not there before, systemd itself does not know that it waits."""
    unit = read_unit()
    drop_ins = {str(file) for file in (places.units / f"{SERVICE}.d").glob("*.conf")}
    if unit.needs_reload or not drop_ins <= unit.drop_ins:
        return failed(f"{SERVICE} or a drop-in of it was changed, and systemd still has the old one")
    return ok("systemd has read the unit as it is on disk")


def unit_file_is_ours(places: Places) -> Verdict:
    ours, file = places.live / "systemd" / SERVICE, places.units / SERVICE
    used = read_unit().file
    if used != file:
        return warning(f"systemd takes the unit from {used}, not from {file}")
    if file.read_bytes() != ours.read_bytes():
        return warning(f"{file} is not the release's: it was edited, or a release has brought a new one")
    return ok("the unit file is the release's")


def journal_is_quiet(places: Places) -> Verdict:
    """That nothing was logged at level error or above since the service started."""
    run = read_unit().invocation
    if not run:
        return skipped("the service does not run, so there is no journal since its start")
    errors = _journal(run, "--priority=err")
    if places.read_environment().get("LIFETRACKER_LOG_FORMAT") == "json":
        errors += _journal(run, f"--grep={ERROR_IN_JSON}")
    if not errors:
        return ok("no error since the service started")
    count = f"{len(errors)}{' or more' if len(errors) >= MOST_LINES else ''}"
    return failed(f"{count} line(s) of errors since the service started, the last: {errors[-1]}")


def _journal(run: str, *which: str) -> list[str]:
    """Lines that the service wrote in this run of it, and what systemd wrote of it, oldest first."""
    ours = [f"_SYSTEMD_INVOCATION_ID={run}", "+", f"INVOCATION_ID={run}"]
    options = ["--output=json", "--quiet", "--no-pager", f"--lines={MOST_LINES}"]
    try:
        said = shell.run(["journalctl", *options, *which, *ours], seconds=JOURNAL_TAKES_AT_MOST)
    except shell.ProgramFailed as nothing:
        if str(nothing).endswith("failed with code 1"):  # what --grep answers when no line is so
            return []
        raise
    return [_message(json.loads(line)) for line in said.splitlines()]


def _message(entry: dict[str, Any]) -> str:
    """Of a line that is JSON itself, what it says. One that is not UTF-8 comes as numbers."""
    message = entry.get("MESSAGE") or ""
    text = bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text
