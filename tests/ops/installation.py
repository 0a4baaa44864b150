"""An installation below a temporary folder, with a release, stand-ins for what systemd tells, and real processes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_connection
from threading import Thread
from typing import Any

import psutil
import pytest

from lifetracker.ops.backups import manifest as manifests
from lifetracker.ops.backups.manifest import Backup, BackupManifest, Tried
from lifetracker.ops.checks import ops_check
from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.checks.restart import OURS
from lifetracker.ops.checks.sandbox import LOADING
from lifetracker.ops.journal import Journal, Undertaking
from lifetracker.ops.places import BACKUP, SERVICE, TIMER, Places
from tests.ops.surroundings import (
    CONFINED,
    KEEP,
    NGINX,
    PROBE,
    START,
    STARTING,
    dump,
    lay_environment,
    lay_nginx,
    recorded,
)
from tests.ports import free_port

RELEASE = f"{datetime.now(UTC) - timedelta(hours=1):%Y%m%dT%H%M%SZ}-0123456789ab"
DATABASE = b"SQLite format 3\0" + bytes(4080)  # of a backup: nothing here opens it
APP = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
"""
SMOKE = 'print("GUARDS OK\\nDB CHECK OK\\nSMOKE OK")\n'
SQLITE = "VERSION = (3, 53, 0)\n\n\ndef wal_reset_warning():\n    return None\n"
UNITS = {unit: (Path(__file__).parents[2] / "systemd" / unit).read_text("utf-8") for unit in (SERVICE, BACKUP, TIMER)}
FILES = {
    "lifetracker/__init__.py": "",
    "lifetracker/__main__.py": SMOKE,
    "lifetracker/main.py": APP,
    "lifetracker/core/__init__.py": "",
    "lifetracker/core/sqlite.py": SQLITE,
    f"systemd/{SERVICE}": UNITS[SERVICE],
    f"systemd/{BACKUP}": UNITS[BACKUP],
    f"systemd/{TIMER}": UNITS[TIMER],
    "requirements.lock": "",
}


@dataclass
class Installation:
    """`told` is what the stand-in `systemctl show` says of the service, `told_of` of other units."""

    places: Places
    programs: Path
    told: dict[str, str] = field(default_factory=dict)
    told_of: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def release(self) -> Path:
        return self.places.releases / RELEASE

    @property
    def database(self) -> Path:
        return self.places.data / "life_tracker.db"

    def check(self, name: str) -> Outcome:
        """What the check of that name in the table finds."""
        table = {check.name: check for check in ops_check.CHECKS}
        return ops_check.run(self.places, [table[name]])[0]

    def systemd(self, **told: str) -> None:
        """Let systemd say this of the service, beside what it said before."""
        self.told |= told
        self.program("systemctl", _as_told(self.told))

    def systemd_of(self, unit: str, **told: str) -> None:
        """The same of another unit."""
        self.told_of.setdefault(unit, {}).update(told)
        (self.programs / f"systemctl.{unit}.says").write_text(_as_told(self.told_of[unit]), encoding="utf-8")

    def program(self, name: str, says: str = "", code: int = 0, complains: str = "") -> Path:
        """A program that says this, ends with this code, and writes down with what arguments it was called.

        Of one of its arguments it may have something else to say.
        """
        (self.programs / f"{name}.says").write_text(says, encoding="utf-8")
        (self.programs / f"{name}.complains").write_text(complains, encoding="utf-8")
        file, here = self.programs / name, f"{self.programs}/{name}"
        file.write_text(
            f'#!/bin/sh\necho "$@" >>{here}.asked\nsays={here}.says\n'
            f'for each; do [ -f "{here}.$each.says" ] && says="{here}.$each.says"; done\n'
            f'cat "$says"\ncat {here}.complains >&2\nexit {code}\n',
            encoding="utf-8",
        )
        file.chmod(0o755)
        return file

    def program_of(self, name: str, text: str) -> None:
        """One that does what the text says."""
        (self.programs / name).write_text(text, encoding="utf-8")
        (self.programs / name).chmod(0o755)

    def asked(self, name: str) -> str:
        return (self.programs / f"{name}.asked").read_text(encoding="utf-8")

    def configure(self, **lines: str | int) -> None:
        text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        self.places.config.write_text(text, encoding="utf-8")

    def execution(self, *arguments: str) -> list[str]:
        """The command of the unit, and systemd told so."""
        command = [str(self.places.live / ".venv/bin/uvicorn"), "lifetracker.main:app", *arguments]
        self.systemd(ExecStart=as_execution(" ".join(command)))
        return command


def _as_told(told: dict[str, str]) -> str:
    """A property of several lines comes in as many, each with its name."""
    return "\n".join(f"{name}={line}" for name, value in told.items() for line in value.split("\n"))


def as_execution(command: str, ignored: str = "no") -> str:
    """As `systemctl show` tells an ExecStart."""
    return f"{{ path={command.split()[0]} ; argv[]={command} ; ignore_errors={ignored} ; pid=0 }}"


def install(root: Path, programs: Path) -> Installation:
    """Everything in its place and well, but that no process runs."""
    installation = Installation(Places(root), programs)
    places = installation.places
    for folder in (places.releases, places.venvs, places.data, places.etc, places.units, places.deploy, programs):
        folder.mkdir(parents=True)
    places.backups.mkdir(parents=True, mode=0o710)
    lay_environment(places.venvs / "lock")
    _lay_release(installation)
    _put_on_record(places)
    for unit, text in UNITS.items():
        (places.units / unit).write_text(text, encoding="utf-8")
    installation.database.touch(mode=0o600)
    places.data.chmod(0o750)
    settings = f"LIFETRACKER_DATABASE_URL=sqlite:///{installation.database}\nLIFETRACKER_LOG_LEVEL=WARNING\n"
    places.environment.write_text(settings, encoding="utf-8")
    places.environment.chmod(0o640)
    installation.configure(public_url="")
    _tell_good_things(installation)
    return installation


def _lay_release(installation: Installation) -> None:
    for name, text in FILES.items():
        file = installation.release / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in FILES.items()}
    write_json(installation.release / "MANIFEST.json", {"version": "1", "files": sums})
    write_json(installation.release / "release.json", {"id": RELEASE, "version": "1", "archive": "0" * 64})
    (installation.release / ".venv").symlink_to("../../venvs/lock")
    installation.places.live.symlink_to(f"releases/{RELEASE}")


def _put_on_record(places: Places) -> None:
    (places.deploy / "lock").touch(mode=0o600)
    journal, undertaking = Journal(places), Undertaking(RELEASE, "deploy", RELEASE, None)
    journal.begin(undertaking)
    journal.end(undertaking, "done")


def _tell_good_things(installation: Installation) -> None:
    installation.systemd_of("--property=UnitPath", UnitPath=str(installation.places.units))
    installation.systemd_of("nginx.service", LoadState="loaded", ActiveState="active", SubState="running")
    installation.systemd_of("nginx.service", UnitFileState="enabled", MainPID="0")
    installation.systemd_of("lifetracker-api.socket", LoadState="not-found", ActiveState="inactive")
    installation.systemd_of("systemd-journald.service", ActiveState="active")
    installation.systemd(**recorded("252"))
    installation.systemd(
        LoadState="loaded",
        ActiveState="active",
        SubState="running",
        Result="success",
        UnitFileState="enabled",
        MainPID="0",
        NRestarts="0",
        NeedDaemonReload="no",
        FragmentPath=str(installation.places.units / SERVICE),
        InvocationID="0af1",
        ActiveEnterTimestamp="Mon 2026-11-23 08:15:00 UTC",
        DropInPaths="",
        Environment="",
    )
    installation.execution()
    _tell_of_nights(installation)
    installation.program("journalctl")
    installation.program_of("systemd-cat", KEEP.format(journal=installation.programs / f"journalctl.{PROBE}.says"))
    (installation.programs / f"journalctl.{START}.says").write_text(f"{STARTING}\n", encoding="utf-8")
    installation.program("nginx")
    installation.program("timedatectl", "yes\n")


def _tell_of_nights(installation: Installation) -> None:
    """A backup and a drill each night, the last of which went well."""
    places, well = installation.places, {"LoadState": "loaded", "Result": "success", "NeedDaemonReload": "no"}
    command = f"{places.live}/.venv/bin/python -m lifetracker backup"
    installation.systemd_of(
        BACKUP,
        **well,
        ActiveState="inactive",
        SubState="dead",
        UnitFileState="static",
        FragmentPath=str(places.units / BACKUP),
        ExecMainStatus="0",
        ExecStart="\n".join(map(as_execution, (command, f"{command} --verify"))),
    )
    installation.systemd_of(
        TIMER,
        **well,
        ActiveState="active",
        SubState="waiting",
        UnitFileState="enabled",
        FragmentPath=str(places.units / TIMER),
        Unit=BACKUP,
    )


def write_json(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def back_up(server: Installation, *, hours: float, label: str | None = None, problem: str | None = None) -> str:
    """A backup that was made so many hours ago, by its name; negative hours are those until it will be."""
    made = manifests.clock() - timedelta(hours=hours)
    folder = server.places.backups / manifests.new_id(label, made)
    folder.mkdir()
    (folder / "life_tracker.db").write_bytes(DATABASE)
    sums = {name: manifests.sum_of(file) for name, file in manifests.files_in(folder).items()}
    told = BackupManifest(
        id=folder.name,
        label=label,
        made=made,
        engine="sqlite",
        version="1",
        files=sums,
        problem=problem,
        tables={"users": 1},
        revision="0001",
    )
    manifests.write_manifest(folder, told)
    return folder.name


def verify(
    server: Installation, name: str, *, days: float, failed: str | None = None, untried: str | None = None
) -> None:
    """A drill of it so many days ago, which passed, failed, or was kept from being tried."""
    at, backup = manifests.clock() - timedelta(days=days), backup_of(server, name)
    news: dict[str, Any] = {"verified": at}
    if failed:
        news = {"verified": None, "failed": Tried(at=at, why=failed)}
    elif untried:
        news = {"untried": Tried(at=at, why=untried)}
    manifests.write_record(backup, backup.record.model_copy(update=news))


def backup_of(server: Installation, name: str) -> Backup:
    return manifests.read_backup(server.places.backups / name)


@contextmanager
def running(
    command: list[str], folder: Path, port: int | None = None, environment: dict[str, str] | None = None
) -> Iterator[int]:
    """A process and its id, once it listens on `port`; ended afterwards."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if port is not None:
            _await_port(port)
        yield process.pid
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.communicate()


@contextmanager
def serving_unit(installation: Installation, *, confined: bool = False) -> Iterator[int]:
    """The unit's uvicorn, as systemd would start it, and systemd telling of it. Gives its port.

    Confined, it is behind those walls that can be had without systemd, which tells of no others then.
    """
    port = free_port()
    installation.configure(public_url="", url=f"http://127.0.0.1:{port}")
    command = installation.execution("--host", "127.0.0.1", "--port", str(port))
    if confined:
        lacking = ["PrivateUsers", "ProtectSystem", *(["CapabilityBoundingSet"] if os.geteuid() != 0 else [])]
        installation.told = {name: value for name, value in installation.told.items() if name not in lacking}
    around = [sys.executable, "-c", CONFINED] if confined else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith((*OURS, *LOADING))}
    with running([*around, *command], installation.places.live, port, environment) as pid:
        installation.systemd(MainPID=str(pid))
        yield port


def _await_port(port: int) -> None:
    for _ in range(400):
        try:
            return create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.025)
    raise AssertionError(f"nobody listens on {port}")


def await_open(pid: int, file: str) -> None:
    """Until a process has a file open."""
    for _ in range(400):
        if any(each.path == file for each in psutil.Process(pid).open_files()):
            return
        time.sleep(0.025)
    raise AssertionError(f"{file} is not opened")


@contextmanager
def answering(answers: dict[str, tuple[int, Any]], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that answers these paths with status and JSON. Gives its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, {"detail": "there is nothing here"}))
            self.send_response(status)
            self.send_header("Location", "/health")
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None: ...  # a client that refuses our certificate goes away

    with Server(("127.0.0.1", 0), Answers) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"{'https' if tls else 'http'}://localhost:{server.server_port}"
        server.shutdown()


def make_certificate(folder: Path, *, days: int, name: str = "localhost") -> Path:
    """A certificate that signs itself, with its key beside it (`key.pem`); negative days are those since it ended."""
    key, request, certificate = folder / "key.pem", folder / "request.pem", folder / "certificate.pem"
    names = folder / "names"
    names.write_text(f"subjectAltName=DNS:{name}\n", encoding="utf-8")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
    _openssl("req", "-new", *new_key, "-subj", f"/CN={name}", "-out", request)
    signed = ["-req", "-in", request, "-signkey", key, "-days", days, "-extfile", names]
    _openssl("x509", *signed, "-out", certificate)
    return certificate


def _openssl(*arguments: Any) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def tls_with(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


def prefer(programs: Path) -> str:
    """A PATH on which these programs come first."""
    return f"{programs}{os.pathsep}{os.environ['PATH']}"


SITE = Path(__file__).parents[2] / "nginx/api.lifetracker.site.conf"


@contextmanager
def serving_nginx(server: Installation) -> Iterator[None]:
    """Our site with its certificate, read by an nginx that runs; `systemctl` and `nginx -T` tell of both."""
    tls = server.places.etc / "tls"
    tls.mkdir(mode=0o700)
    make_certificate(tls, days=90)
    (tls / "certificate.pem").rename(tls / "fullchain.pem")
    (tls / "key.pem").rename(tls / "privkey.pem")
    lay_nginx(server.places.nginx, SITE.read_text("utf-8").replace("/etc/lifetracker/tls", str(tls)))
    tell_nginx(server)
    with running([sys.executable, "-c", NGINX], server.places.root) as pid:
        _await_child(pid)
        server.systemd_of("nginx.service", MainPID=str(pid))
        yield


def tell_nginx(server: Installation) -> None:
    """Let `nginx -T` say what lies there by now."""
    (server.programs / "nginx.-T.says").write_text(dump(server.places.nginx), encoding="utf-8")


def _await_child(pid: int) -> None:
    for _ in range(400):
        if any(each.cmdline()[:1] == ["nginx: worker process"] for each in psutil.Process(pid).children()):
            return
        time.sleep(0.025)
    raise AssertionError("no worker was started")
