"""A server in a temporary folder: its tree, a stand-in for systemctl, and real processes that serve."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifetracker.ops.places import Places
from lifetracker.ops.release import venv
from tests.ops import archives, tiny_release
from tests.ops.tiny_release import Behaviour
from tests.ports import free_port
from tests.processes import kill

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# systemctl as far as a deploy uses it: one service, started from the linked release, told ready when it answers.
SYSTEMCTL = """#!{python} -IS
import os, signal, socket, sys, time

HOME, PORT, PID = "{home}", {port}, "{pid}"


def read(path):
    with open(path) as file:
        return file.read()


def running():
    try:
        pid = int(read(PID))
        return pid if read(f"/proc/{{pid}}/stat").split()[2] != "Z" else 0
    except (OSError, ValueError):
        return 0


def stop():
    pid = running()
    if pid:
        os.kill(pid, signal.SIGKILL)
        while running():
            time.sleep(0.005)
        os.remove(PID)


def start():
    command = [HOME + "/api/.venv/bin/uvicorn", "lifetracker.main:app", "--host", "127.0.0.1", "--port", str(PORT)]
    settings = dict(line.split("=", 1) for line in read("{environment}").splitlines())
    service = os.fork()
    if service == 0:
        os.setsid()
        os.chdir(HOME + "/api")
        for number in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        os.closerange(3, 64)
        os.execve(command[0], command, {{**os.environ, **settings}})
    with open(PID, "w") as file:
        file.write(str(service))
    for _ in range(1000):
        if os.waitpid(service, os.WNOHANG)[0]:
            sys.exit("the service ended as soon as it began")
        try:
            with socket.create_connection(("127.0.0.1", PORT), timeout=1) as probe:
                probe.sendall(b"GET /health HTTP/1.0\\r\\n\\r\\n")
                if probe.recv(1):
                    return
        except OSError:
            time.sleep(0.005)
    sys.exit("the service never answered")


verb = sys.argv[1]
if verb in ("stop", "restart"):
    stop()
if verb == "restart" or (verb == "start" and not running()):
    start()
if verb == "show":
    pid = running()
    told = {{"MainPID": pid, "ActiveState": "active" if pid else "inactive"}}
    for word in sys.argv:
        name = word.removeprefix("--property=")
        if name in told:
            sys.stdout.write(f"{{name}}={{told[name]}}\\n")
"""


@dataclass
class Trial:
    """`folder` holds all of it; `places` are the paths as on a server."""

    folder: Path
    places: Places = field(init=False)
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.places = Places(self.folder / "root")
        for folder in (
            self.places.deploy,
            self.places.releases,
            self.places.data,
            self.places.backups,
            self.places.etc,
        ):
            folder.mkdir(parents=True)
        self.port = free_port()
        self.places.config.write_text(f'url = "http://127.0.0.1:{self.port}"\npublic_url = ""\nkeep_releases = 3\n')
        self.database = self.places.data / "life_tracker.db"
        self.places.environment.write_text(f"LIFETRACKER_DATABASE_URL=sqlite:///{self.database}\n")
        self._write_programs()
        self._provide_libraries()

    def archive(
        self, version: str = "1.0.0", python: str = PYTHON, more: Mapping[str, bytes] | None = None, **behaviour: Any
    ) -> Path:
        """An archive of a tiny release that behaves so; `more` are files in it, or in the place of those it has."""
        files = {**tiny_release.files_of(version, Behaviour(**behaviour)), **(more or {})}
        manifest = tiny_release.manifest_of(version, files, python)
        path = self.folder / f"lifetracker-{version}.pyz"
        return archives.write(path, archives.members_of(manifest.model_dump(), files))

    @property
    def path(self) -> str:
        return f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
            return dict(json.loads(answer.read()))

    def log(self, note: str) -> None:
        """Have a note committed; it returns when that is acknowledged."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/log", note.encode(), timeout=5):
            pass

    def notes(self) -> list[str]:
        """What the database holds."""
        with closing(sqlite3.connect(self.database)) as db:
            return [note for (note,) in db.execute("SELECT note FROM daily_log ORDER BY id")]

    def stop(self) -> None:
        with suppress(OSError, ValueError):
            kill(int((self.folder / "pid").read_text()))

    def _write_programs(self) -> None:
        (self.folder / "bin").mkdir()
        program = self.folder / "bin" / "systemctl"
        facts = {
            "python": os.path.realpath(sys.executable),
            "home": self.places.home,
            "port": self.port,
            "pid": self.folder / "pid",
        }
        program.write_text(SYSTEMCTL.format(**facts, environment=self.places.environment))
        program.chmod(0o755)

    def _provide_libraries(self) -> None:
        """The environment that a deploy would build from an archive's wheels: a tiny release needs no library."""
        python = Path(os.path.realpath(sys.executable))
        folder = self.places.venvs / venv.name_of(b"", python)
        subprocess.run([python, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
        tiny_release.write_uvicorn(folder)
        (folder / venv.WHOLE).touch()


@contextmanager
def trial(folder: Path) -> Iterator[Trial]:
    made = Trial(folder)
    try:
        yield made
    finally:
        made.stop()
