"""Whether the service runs with what it would be started with now: its unit, its settings, its Python."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lifetracker.ops import age
from lifetracker.ops.checks.verdict import Verdict, judged, skipped
from lifetracker.ops.places import Places
from lifetracker.ops.systemd import Unit, drop_in_folders, read_unit

OURS = ("LIFETRACKER_", "UVICORN_", "WEB_CONCURRENCY")  # how the names of settings begin


def nothing_changed_since(places: Places) -> Verdict:
    """That the next start would be as the last one was. It warns: what was changed is not wrong, but untried."""
    unit = read_unit()
    if not unit.main_process:
        return skipped("the service does not run")
    changed = [*_changed_files(unit), *_changed_settings(places, unit), *_replaced_python(unit.main_process)]
    return judged([], changed, "nothing that the service starts with was changed since it started")


def _changed_files(unit: Unit) -> Iterator[str]:
    """A folder of drop-ins counts as well: one that was taken out is seen by nothing else."""
    began = age.started(unit.main_process)
    for path in [unit.file, *map(Path, sorted(unit.drop_ins)), *drop_in_folders()]:
        if age.changed(path) > began:
            yield f"{path} was changed after the service had started"


def _changed_settings(places: Places, unit: Unit) -> Iterator[str]:
    """By their names alone: a value may be a password. A file that says the same as before is none that was changed."""
    if age.changed(places.environment) <= age.started(unit.main_process):
        return
    wanted, running = places.read_environment(), environment_of(unit.main_process)
    other = {name for name, value in wanted.items() if running.get(name) != value}
    gone = {name for name in running if name.startswith(OURS) and name not in wanted and name not in unit.variables}
    if names := sorted(other | gone):
        yield f"{places.environment} has other settings than the service runs with: {', '.join(names)}"


def _replaced_python(pid: int) -> Iterator[str]:
    program = os.readlink(f"/proc/{pid}/exe")
    if program.endswith(" (deleted)"):
        yield f"{program.removesuffix(' (deleted)')} was replaced after the service had started"


def environment_of(pid: int) -> dict[str, str]:
    """The variables that a process was started with."""
    said = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(line.split("=", 1) for line in said.split("\0") if "=" in line)
