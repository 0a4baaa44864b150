"""`docs/operations.md`, typed into a bare machine: from nothing to a served, backed-up site.

Its blocks are pasted as they stand. What cannot be had in a container is stood in for by programs of the same name:
packages (they are in the tree), a firewall, and the public authority, of which the machine has its own.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lifetracker import __version__
from lifetracker.ops.places import SERVICE
from tests.docs.pages import blocks
from tests.e2e import server
from tests.e2e.machine import Machine
from tests.e2e.server import API
from tests.e2e.trees import CHECKOUT

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse"
COMMAND = "/usr/local/bin/lifetracker"
TYPED_WITHIN = 600.0  # seconds; it takes half a minute where nobody else is at work
NOT_HERE = ("apt-get", "ufw")
NOTHING = "#!/bin/sh\n"
# As the real one: a proof in the webroot that is fetched by the name, then the certificate, then the hook.
CERTBOT = """#!/bin/sh
set -eu
while [ $# -gt 0 ]; do
    case $1 in
        --webroot-path) webroot=$2 ;;
        --domain) name=$2 ;;
        --deploy-hook) hook=$2 ;;
    esac
    shift
done
mkdir "$webroot/.well-known" "$webroot/.well-known/acme-challenge"
echo proof > "$webroot/.well-known/acme-challenge/trial"
[ "$(curl --silent --fail "http://$name/.well-known/acme-challenge/trial")" = proof ]
live=/etc/letsencrypt/live/$name
sh -eu /root/certify "$live/fullchain.pem" "$live/privkey.pem" "$name" 90
sh -euc "$hook"
"""


@dataclass
class Walked:
    """A machine into which the runbook was typed, and what that said."""

    machine: Machine
    said: str

    def type_in(self, page: str, kind: str, stdin: str = "", **replaced: str) -> str:
        """Paste the blocks of a kind; what they said on both channels."""
        return _type_in(self.machine, page, kind, stdin, replaced)

    def status_of(self, path: str) -> str:
        asked = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", f"{API}{path}"]
        return self.machine.run(asked).stdout

    def check(self) -> dict[str, str]:
        """ops-check: each check's state."""
        said = server.lifetracker(self.machine, "ops-check", "--json", check=False)
        return {each["check"]: f"{each['state']}: {each['says']}" for each in json.loads(said)}


@pytest.fixture(scope="module")
def walked(bookworm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """The whole runbook, from the top to the line that ends it."""
    archive = _build_at_the_desk(tmp_path_factory.mktemp("desk"))
    with Machine.boot(bookworm) as machine:
        machine.copy(archive, f"/root/{archive.name}")
        for program in NOT_HERE:
            machine.put(f"/usr/local/sbin/{program}", NOTHING, mode="755")
        machine.put("/usr/local/sbin/certbot", CERTBOT, mode="755")
        machine.put("/root/certify", server.CERTIFY)
        yield Walked(machine, _type_in(machine, "operations", "sh server", f"{PASSWORD}\n" * 2, {}))


def _build_at_the_desk(folder: Path) -> Path:
    """The blocks for one's own computer: what they build is what they send."""
    sent = folder
    for line in _text("operations", "sh desk").splitlines():
        words = shlex.split(line)
        if words[0] == "scp":
            sent = folder / words[1]
        elif words[0] == "sha256sum":
            subprocess.run(words, cwd=folder, check=True)
        else:
            assert words[:2] == ["./dev", "lifetracker"]
            here = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
            subprocess.run([sys.executable, "-m", "lifetracker", *words[2:]], cwd=folder, env=here, check=True)
    return sent


def _type_in(machine: Machine, page: str, kind: str, stdin: str, replaced: dict[str, str]) -> str:
    site = next(line for line in _text("operations", "sh server").splitlines() if line.startswith("SITE="))
    text = _text(page, kind)
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    machine.put("/root/typed", f"{site}\n{text}")
    done = machine.run(["sh", "-eu", "/root/typed"], folder="/root", stdin=stdin, timeout=TYPED_WITHIN)
    return done.stdout + done.stderr


def _text(page: str, kind: str) -> str:
    text = "".join(block.text for block in blocks(page, kind))
    assert text, f"{page}.md has no block of kind {kind!r}"
    return text.replace("1.2.3", __version__)


class TestRunbook:
    def test_leads_to_a_site_that_is_served(self, walked: Walked) -> None:
        form = [
            "-d",
            "grant_type=password",
            "-d",
            "username=anna@example.org",
            "--data-urlencode",
            f"password={PASSWORD}",
        ]
        login = walked.machine.run(["curl", "--silent", "--fail", f"{API}/auth/token", *form]).stdout

        assert "DEPLOY OK" in walked.said
        assert server.health(walked.machine)["status"] == "ok"
        assert json.loads(login)["access_token"]

    def test_leads_to_a_site_that_is_backed_up(self, walked: Walked) -> None:
        listed = server.lifetracker(walked.machine, "backup", "--list")

        assert "\tverified " in listed
        assert walked.machine.systemctl("is-active", "lifetracker-backup.timer") == "active"

    def test_leaves_nothing_for_ops_check_to_say(self, walked: Walked) -> None:
        """But for the clock, which a container takes from the machine around it."""
        assert {name: said for name, said in walked.check().items() if not said.startswith("ok")} == {
            "clock": "warning: the clock follows no time server"
        }

    def test_leads_to_a_site_that_comes_back_with_the_machine(self, walked: Walked) -> None:
        walked.machine.reboot()

        walked.machine.run(["curl", "--silent", "--fail", "--retry", "20", "--retry-all-errors", f"{API}/health"])
        assert walked.check()["unit"].startswith("ok")


class TestCommand:
    def test_says_how_the_first_release_gets_there(self, bare: Machine) -> None:
        bare.copy(CHECKOUT / "systemd/lifetracker", COMMAND)

        said = bare.run([COMMAND, "ops-check"], check=False)

        assert (said.returncode, said.stderr.partition(":")[2]) == (
            1,
            " nothing is deployed here yet: python3.11 lifetracker-VERSION.pyz deploy\n",
        )

    def test_is_for_root(self, walked: Walked) -> None:
        said = walked.machine.run([COMMAND, "users", "list"], user="www-data", check=False)

        assert (said.returncode, said.stdout) == (1, "")
        assert said.stderr.endswith("is root's and the service's alone: run it with sudo\n")


class TestAfterwards:
    def test_a_socket_holds_the_port(self, walked: Walked) -> None:
        walked.type_in("operations", "sh socket")

        assert walked.machine.systemctl("is-active", "lifetracker-api.socket") == "active"
        assert "--fd 3" in walked.check()["process"]
        assert server.health(walked.machine)["status"] == "ok"

    def test_two_workers_serve(self, walked: Walked) -> None:
        walked.type_in("operations", "sh workers")

        main = walked.machine.main_pid(SERVICE)
        counted = walked.machine.run(["pgrep", "--count", "--full", "--parent", str(main), "multiprocessing-fork"])
        assert counted.stdout == "2\n"

    def test_the_documentation_is_opened(self, walked: Walked) -> None:
        before = walked.status_of("/openapi.json"), walked.status_of("/docs")

        walked.type_in("operations", "sh docs")

        assert before == ("404", "404")
        time.sleep(1)  # nginx changes over
        assert (walked.status_of("/openapi.json"), walked.status_of("/docs")) == ("200", "200")
        assert walked.status_of("/health/deep") == "404"

    def test_a_backup_is_restored(self, walked: Walked) -> None:
        newest = server.lifetracker(walked.machine, "backup", "--list").split("\t")[0]
        server.lifetracker(walked.machine, "users", "disable", "anna@example.org")

        said = walked.type_in("backup", "sh restore", stdin="y\n", **{"20261123T031504Z-1a2b3c": newest})

        assert "restored" in said
        assert server.lifetracker(walked.machine, "users", "list").strip().endswith("active")
