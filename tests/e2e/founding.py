"""From a bare machine to a served site, once: what it has more than a bare one is kept as a layer for all tests."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.e2e import server, trees
from tests.e2e.machine import Machine

WRITTEN = ("/etc", "/home", "/opt", "/srv", "/usr", "/var/lib", "/var/backups", "/var/www")
KEPT_FOR = 24 * 3600  # seconds since it was last taken: longer than any session


@dataclass(frozen=True)
class Founding:
    """How a server came to be, as its operator saw it."""

    printed: str  # by `server init --print`
    touched: str  # files that this changed
    inited: str
    again: str  # `server init` a second time
    deployed: str
    seconds: float  # of the first deploy


@dataclass(frozen=True)
class Founded:
    """A server that serves, switched off: the release it was brought to, its layer, and how that came to be."""

    archive: Path
    layer: Path
    how: Founding


def found(machine: Machine, archive: Path) -> Founding:
    """All that it takes: the archive, `server init`, a certificate that clients trust, `deploy`."""
    server.bring(machine, archive)
    machine.run(["touch", "/root/marker"])
    printed = server.init(machine, "--print")
    touched = machine.run(["find", *WRITTEN, "-newer", "/root/marker", "-not", "-name", "*.pyc"]).stdout
    inited, again = server.init(machine), server.init(machine)
    server.certify(machine)
    machine.systemctl("reload", "nginx")
    began = time.monotonic()
    deployed = server.deploy(machine)
    return Founding(printed, touched, inited, again, deployed, time.monotonic() - began)


def founded(tree: Path, archive: Path) -> Founded:
    """One for each tree, archive and way of making it, unless it is there already."""
    with trees.alone():
        layer = trees.cache() / f"founded-{_digest(tree, archive)}"
        _remove_forgotten()
        if not layer.exists():
            with Machine.boot(tree) as machine:
                how = found(machine, archive)
                layer.with_suffix(".json").write_text(json.dumps(asdict(how)))
                machine.save(layer)
                _leave_marks_youngest(layer)
        layer.with_suffix(".json").touch()
        return Founded(archive, layer, Founding(**json.loads(layer.with_suffix(".json").read_text())))


def _leave_marks_youngest(layer: Path) -> None:
    """As on the server itself, where a library that is younger than the mark of its folder is one to be looked into."""
    for mark in layer.glob("opt/lifetracker/venvs/*/whole"):
        mark.touch()


def _digest(tree: Path, archive: Path) -> str:
    ours = hashlib.sha256(f"{tree}\0{archive}".encode())
    for source in (__file__, server.__file__):
        ours.update(Path(source).read_bytes())
    return ours.hexdigest()[:12]


def _remove_forgotten() -> None:
    for note in trees.cache().glob("founded-*.json"):
        if note.stat().st_mtime < time.time() - KEPT_FOR:
            shutil.rmtree(note.with_suffix(""), ignore_errors=True)
            note.unlink()
