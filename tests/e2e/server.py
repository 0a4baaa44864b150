"""LifeTracker on a machine: laid in, certified, put under load, looked at."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifetracker.ops.places import SERVICE, USER
from tests.e2e import trees
from tests.e2e.machine import Machine, Started
from tests.e2e.trees import CHECKOUT

ARCHIVE = "/root/lifetracker.pyz"
API = "https://api.lifetracker.site/api"
DATABASE = "/var/lib/lifetracker/life_tracker.db"
ENVIRONMENT = f"LIFETRACKER_DATABASE_URL=sqlite:///{DATABASE}\nWEB_CONCURRENCY=1\n"
SITE = CHECKOUT / "nginx" / "api.lifetracker.site.conf"
LOCK = CHECKOUT / "requirements.lock"
VENV = "/opt/lifetracker/venvs/by-hand"
RELEASE = "/opt/lifetracker/releases/by-hand"
LIVE = "/opt/lifetracker/api"

# An authority of the machine's own, which the machine trusts, and a certificate that it signed: $1 and its key, $2.
CERTIFY = """
mkdir -p "$(dirname "$1")" "$(dirname "$2")" /root/ca && cd /root/ca
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -keyout ca.key -out ca.crt \
    -subj /CN=Trial -addext keyUsage=critical,keyCertSign
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2" -out site.csr -subj "/CN=$3"
printf 'subjectAltName=DNS:%s\\nauthorityKeyIdentifier=keyid\\n' "$3" > extensions
openssl x509 -req -in site.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days "$4" -out "$1" -extfile extensions
chmod 600 "$2"
cp ca.crt /usr/local/share/ca-certificates/trial.crt
update-ca-certificates
"""


# A key with which root reaches this very machine over ssh, as an operator reaches it from home.
LET_IN = """
mkdir -p -m 700 /root/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
systemctl start ssh
ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new root@localhost true
"""


# --- with the program's own commands


def bring(machine: Machine, archive: Path) -> None:
    machine.copy(archive, ARCHIVE)


def archive_command(*words: str, python: str = "python3") -> list[str]:
    """A command of the archive, as the operator types it: `archive_command("server", "init")`."""
    return [python, ARCHIVE, *words]


def init(machine: Machine, *, python: str = "python3") -> str:
    """`server init`: what it said."""
    return machine.run(archive_command("server", "init", python=python), timeout=120).stdout


def deploy(machine: Machine, *words: str, python: str = "python3", check: bool = True) -> str:
    """`deploy ARCHIVE`, to its end: what it said, on both channels."""
    done = machine.run(archive_command("deploy", ARCHIVE, *words, python=python), timeout=180, check=check)
    return done.stdout + done.stderr


def lifetracker(machine: Machine, *words: str, check: bool = True, timeout: float = 120) -> str:
    """A command of the installed release: what it said on stdout."""
    return machine.run(["/usr/local/bin/lifetracker", *words], check=check, timeout=timeout).stdout


def allow_ssh(machine: Machine) -> str:
    """Let root reach the machine from inside it, for `deploy --host`: the host to name."""
    machine.run(["sh", "-euc", LET_IN])
    return "root@localhost"


# --- by hand, with nothing of ours but package, unit and site


def lay_in(machine: Machine, *, python: str = "python3") -> None:
    """From a bare machine to a served site: user, release, venv from wheels, schema, unit, certificate, nginx."""
    machine.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER])
    machine.copy(CHECKOUT / "lifetracker", f"{RELEASE}/lifetracker")
    machine.copy(wheels(), "/root/wheels")
    machine.copy(LOCK, "/root/requirements.lock")
    machine.run([python, "-m", "venv", VENV])
    offline = ["--no-index", "--find-links=/root/wheels", "--no-deps", "--require-hashes", "--quiet"]
    machine.run([f"{VENV}/bin/pip", "install", *offline, "-r", "/root/requirements.lock"], timeout=180)
    machine.run(["rm", "-r", "/root/wheels"])
    machine.run(["ln", "-s", VENV, f"{RELEASE}/.venv"])
    machine.run(["ln", "-s", RELEASE, LIVE])
    machine.run([f"{VENV}/bin/python", "-m", "compileall", "-q", f"{RELEASE}/lifetracker"])
    machine.put("/etc/lifetracker/lifetracker.env", ENVIRONMENT, mode="640", owner=f"root:{USER}")
    machine.copy(CHECKOUT / "systemd" / SERVICE, f"/etc/systemd/system/{SERVICE}")
    machine.run(["install", "-d", "-m", "750", "-o", USER, "-g", USER, str(Path(DATABASE).parent)])
    upgrade(machine)
    serve_site(machine)
    machine.systemctl("daemon-reload")
    machine.systemctl("enable", "--now", SERVICE)


def upgrade(machine: Machine) -> None:
    """Bring the database to the live release's schema, as the service's user."""
    command = [f"{LIVE}/.venv/bin/python", "-m", "lifetracker", "db", "upgrade"]
    machine.run(command, user=USER, folder=LIVE, env=settings(machine))


def settings(machine: Machine) -> dict[str, str]:
    """The service's environment file."""
    lines = machine.read("/etc/lifetracker/lifetracker.env").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def serve_site(machine: Machine) -> None:
    """nginx with the site of the checkout, and a certificate where it looks for one."""
    certify(machine)
    machine.copy(SITE, "/etc/nginx/conf.d/api.lifetracker.site.conf")
    machine.run(["nginx", "-t", "-q"])
    machine.systemctl("reload-or-restart", "nginx")


def certify(machine: Machine, *, days: int = 90) -> None:
    """Put a certificate that the machine trusts where the site expects it."""
    named = dict(re.findall(r"\b(ssl_certificate(?:_key)?)\s+(\S+);", SITE.read_text()))
    where = [named["ssl_certificate"], named["ssl_certificate_key"]]
    machine.run(["sh", "-euc", CERTIFY, "sh", *where, "api.lifetracker.site", str(days)])


def wheels() -> Path:
    """The locked requirements as wheels, fetched once a lock file, for the Python that runs this."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = trees.cache() / f"wheels-{minor}-{trees.digest(LOCK.read_text())}"
    if not folder.exists():
        half = folder.with_suffix(".part")
        shutil.rmtree(half, ignore_errors=True)
        chosen = ["--only-binary=:all:", "--no-deps", "--require-hashes", "-r", str(LOCK), "--dest", str(half)]
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", *chosen], check=True)
        half.rename(folder)
    return folder


# --- what it is like


def health(machine: Machine, url: str = f"{API}/health") -> dict[str, Any]:
    """The answer of /health, whatever its status; empty when there is none."""
    said = machine.run(["curl", "--silent", "--max-time", "5", url], check=False).stdout
    return dict(json.loads(said)) if said.startswith("{") else {}


def query(machine: Machine, sql: str) -> str:
    """What the database holds, asked read-only, as the user of the service."""
    return machine.run(["sqlite3", "-readonly", DATABASE, sql], user=USER).stdout.strip()


@dataclass
class Traffic:
    """Requests from inside the machine; after the `with`, what became of them (see tests/e2e/load)."""

    machine: Machine
    process: Started
    found: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.found[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def lost(self) -> list[str]:
        """All that was acknowledged and is not there, or is there twice, in words; nothing when all is well."""
        wrong = {name: self.found[name] for name in ("missing", "unasked", "additions_missing", "additions_doubled")}
        return [f"{name}: {what}" for name, what in wrong.items() if what]

    def __str__(self) -> str:
        shown = ("seconds", "requests", "rate", "acked", "statuses", "failed_requests", "worst_wait", "worst_at")
        further = ("reopened", "resent", "stale_reads")
        return ", ".join(f"{name} {self.found[name]}" for name in (*shown, *further)) + f", lost {self.lost or 'none'}"


@contextmanager
def under_load(machine: Machine, *, rate: float = 200, base: str = API, connections: int = 8) -> Iterator[Traffic]:
    """Requests at a steady rate while the body runs; then they end, and all acknowledged writes are looked for."""
    folder, record = "/root/load", "/root/load.json"
    machine.copy(Path(__file__).with_name("load"), f"{folder}/load")
    words = [*_load("run", record), "--base", base, "--rate", str(rate), "--connections", str(connections)]
    process = machine.start(words, folder=folder)
    traffic = Traffic(machine, process)
    _wait_until_sending(process)
    yield traffic
    machine.run(["kill", str(process.pid)])
    process.wait(30, check=True)
    traffic.found = verified(machine, record)


def verified(machine: Machine, record: str = "/root/load.json") -> dict[str, Any]:
    """The account of the last load, held against what the API gives now; may be asked again later."""
    said = machine.run(_load("verify", record), folder="/root/load").stdout
    return dict(json.loads(said))


def _load(what: str, record: str) -> list[str]:
    return ["python3", "-m", "load", what, "--record", record]


def _wait_until_sending(process: Started) -> None:
    for _ in range(600):
        if "sending" in process.said():
            return
        if not process.running:
            break
        time.sleep(0.05)
    raise AssertionError(f"the load did not begin: {process.said()}")
