"""LifeTracker on a machine: laid in, certified, put under load, looked at."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifetracker.ops.places import SERVICE, USER
from lifetracker.ops.systemd import SOCKET
from tests.e2e.machine import Machine, Started
from tests.e2e.trees import CHECKOUT

ARCHIVE = "/root/lifetracker.pyz"
API = "https://api.lifetracker.site/api"
DATABASE = "/var/lib/lifetracker/life_tracker.db"
SITE = CHECKOUT / "nginx" / "api.lifetracker.site.conf"
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


def archive_command(*words: str) -> list[str]:
    """A command of the archive, as the operator types it: `archive_command("server", "init")`."""
    return ["python3", ARCHIVE, *words]


def init(machine: Machine, *words: str) -> str:
    """`server init`: what it said."""
    return machine.run(archive_command("server", "init", *words), timeout=300).stdout


def deploy(machine: Machine, *words: str, check: bool = True) -> str:
    """`deploy` of the archive that was brought last, to its end: what it said, on both channels."""
    done = machine.run(archive_command("deploy", *words), timeout=600, check=check)
    return done.stdout + done.stderr


def lifetracker(machine: Machine, *words: str, check: bool = True, timeout: float = 300) -> str:
    """A command of the installed release: what it said on stdout."""
    return machine.run(["/usr/local/bin/lifetracker", *words], check=check, timeout=timeout).stdout


def take_socket(machine: Machine) -> None:
    """Have systemd keep the port, as the socket unit tells the operator to."""
    units, ours = "/etc/systemd/system", f"{LIVE}/systemd"
    machine.run(["cp", f"{ours}/{SOCKET}", units])
    machine.run(["install", "-D", "-m", "644", "-t", f"{units}/{SERVICE}.d", f"{ours}/{SERVICE}.d/socket.conf"])
    machine.systemctl("stop", SERVICE)
    machine.systemctl("daemon-reload")
    machine.systemctl("enable", "--now", SOCKET)
    machine.systemctl("start", SERVICE)


def set_workers(machine: Machine, count: int) -> None:
    """As the operator changes their number."""
    machine.run(["sed", "-i", f"s/^WEB_CONCURRENCY=.*/WEB_CONCURRENCY={count}/", "/etc/lifetracker/lifetracker.env"])
    machine.systemctl("restart", SERVICE)


def allow_ssh(machine: Machine) -> str:
    """Let root reach the machine from inside it, for `deploy --host`: the host to name."""
    machine.run(["sh", "-euc", LET_IN])
    return "root@localhost"


# --- its site and settings


def settings(machine: Machine) -> dict[str, str]:
    """The service's environment file."""
    lines = machine.read("/etc/lifetracker/lifetracker.env").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def certify(machine: Machine, *, days: int = 90) -> None:
    """Put a certificate that the machine trusts where the site expects it."""
    named = dict(re.findall(r"\b(ssl_certificate(?:_key)?)\s+(\S+);", SITE.read_text()))
    where = [named["ssl_certificate"], named["ssl_certificate_key"]]
    machine.run(["sh", "-euc", CERTIFY, "sh", *where, "api.lifetracker.site", str(days)])


# --- what it is like


def health(machine: Machine, url: str = f"{API}/health") -> dict[str, Any]:
    """The answer of /health, whatever its status; empty when there is none."""
    said = machine.run(["curl", "--silent", "--max-time", "5", url], check=False).stdout
    return dict(json.loads(said)) if said.startswith("{") else {}


def ask(machine: Machine, method: str, path: str, body: Any = None, *, token: str = "", form: str = "") -> Any:
    """What the API answers to a client that verifies its certificate, as JSON; `CommandFailed` for a refusal."""
    sent = ["--data", form] if form else ["--json", json.dumps(body)] if body is not None else []
    who = ["--header", f"Authorization: Bearer {token}"] if token else []
    curl = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "15", "--request", method]
    said = machine.run([*curl, *who, *sent, f"{API}{path}"]).stdout
    return json.loads(said) if said else None


def sign_up(machine: Machine, name: str = "anna") -> str:
    """Open an account and log in: the token."""
    email, password = f"{name}@example.org", "a long enough one"
    ask(machine, "POST", "/users", {"email": email, "password": password})
    form = f"grant_type=password&username={email}&password={password}"
    return str(ask(machine, "POST", "/auth/token", form=form)["access_token"])


def release(machine: Machine) -> str:
    """The id of the release that is linked."""
    return Path(machine.run(["readlink", "--canonicalize", LIVE]).stdout.strip()).name


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
