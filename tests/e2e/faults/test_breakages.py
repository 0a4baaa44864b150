"""A whole server, broken in one way after another and mended again, and what ops-check says of each.

The same ways as in the table of `tests/ops/test_breakages.py`: here with a real systemd, journald and nginx.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import server
from tests.e2e.founding import Founded
from tests.e2e.machine import Machine
from tests.e2e.telling import tell

pytestmark = pytest.mark.e2e
# One check of the table, by the live release: the whole table would take seconds for each row.
LOOK = """
import json, sys
from dataclasses import asdict
from lifetracker.ops.checks import ops_check
from lifetracker.ops.places import Places

wanted = [each for each in ops_check.CHECKS if each.name == sys.argv[1]]
print(json.dumps([asdict(each) for each in ops_check.run(Places(), wanted)]))
"""
AROUND = """set -eu
unit=lifetracker-api.service
live=/opt/lifetracker/api
data=/var/lib/lifetracker
backups=/var/backups/lifetracker
tls=/etc/lifetracker/tls
deploy=/opt/lifetracker/deploy
site=/etc/nginx/sites-available/api.lifetracker.site.conf
packages=$(echo $live/.venv/lib/python3.11/site-packages)
drop_in() {  # the lines of [Service], and systemd told of it
    mkdir -p "/etc/systemd/system/$unit.d"
    { echo '[Service]'; for line; do echo "$line"; done; } >"/etc/systemd/system/$unit.d/mine.conf"
    systemctl daemon-reload
}
no_drop_in() { rm -r "/etc/systemd/system/$unit.d"; systemctl daemon-reload; }
may_read() {  # an access list, as setfacl writes it, that lets www-data read
    python3 -c 'import os, struct, sys
all = 0xFFFFFFFF
entries = (1, 7, all), (2, 5, 33), (4, 5, all), (16, 7, all), (32, 0, all)
content = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)
os.setxattr(sys.argv[1], "system.posix_acl_access", content)' "$1"
}
none_may() { python3 -c 'import os, sys; os.removexattr(sys.argv[1], "system.posix_acl_access")' "$1"; }
keep() { cp -p "$1" /root/kept; }
back() { cp -p /root/kept "$1"; }
journald() {  # one line of its settings
    mkdir -p /etc/systemd/journald.conf.d
    printf '[Journal]\\n%s\\n' "$1" >/etc/systemd/journald.conf.d/mine.conf
    systemctl restart systemd-journald
}
sockets='systemd-journald.socket systemd-journald-dev-log.socket'
"""
RESTART = "systemctl restart $unit"
RELOAD = "systemctl reload nginx; sleep 0.5"
JOURNALD_AS_IT_WAS = f"rm -r /etc/systemd/journald.conf.d; systemctl restart systemd-journald; {RESTART}"
OPEN = "'NoNewPrivileges=no' 'SystemCallFilter=' 'ProtectSystem=no' 'PrivateUsers=no' 'RestrictNamespaces=no'"
HOST = "'ExecStart=' 'ExecStart=/opt/lifetracker/api/.venv/bin/uvicorn lifetracker.main:app --host 0.0.0.0 --port 8000'"
PYC = "$live/lifetracker/__pycache__/main.cpython-311.pyc"
OTHER_PYC = "$live/lifetracker/cli/__pycache__/commands.cpython-311.pyc"
TWIN = "server { listen 443 ssl; server_name api.lifetracker.site; ssl_certificate /etc/lifetracker/tls/fullchain.pem;"
TWIN += " ssl_certificate_key /etc/lifetracker/tls/privkey.pem; return 200 twin; }"

# The check, how the server is broken, how it is mended, the state in between, and a piece of what is said then.
TABLE = [
    (
        "unit",
        "systemctl disable $unit; systemctl enable --runtime $unit",
        "systemctl disable --runtime $unit; systemctl enable $unit",
        "failed",
        "enabled-runtime",
    ),
    (
        "nginx reload",
        "systemctl disable nginx; systemctl enable --runtime nginx",
        "systemctl disable --runtime nginx; systemctl enable nginx",
        "failed",
        "it will not come back",
    ),
    ("sandbox", "drop_in User=root", "no_drop_in", "failed", "User is root"),
    ("sandbox", f"drop_in {OPEN}; {RESTART}", f"no_drop_in; {RESTART}", "failed", "ProtectSystem is no"),
    ("sandbox", f"drop_in {OPEN}; {RESTART}; no_drop_in", RESTART, "failed", "may write wherever"),
    ("sandbox", f"drop_in Environment=LD_PRELOAD=x; {RESTART}", f"no_drop_in; {RESTART}", "failed", "LD_PRELOAD"),
    ("port", f"drop_in {HOST}; {RESTART}", f"no_drop_in; {RESTART}", "failed", "open at 0.0.0.0"),
    ("restart", "drop_in Nice=1", f"no_drop_in; {RESTART}", "warning", "mine.conf was changed after"),
    (
        "restart",
        f"drop_in Nice=1; {RESTART}; rm /etc/systemd/system/$unit.d/*; systemctl daemon-reload",
        f"no_drop_in; {RESTART}",
        "warning",
        "$unit.d was",
    ),
    (
        "restart",
        "keep /etc/lifetracker/lifetracker.env; echo LIFETRACKER_LOGIN_DAYS=7 >>/etc/lifetracker/lifetracker.env",
        f"back /etc/lifetracker/lifetracker.env; {RESTART}",
        "warning",
        "LIFETRACKER_LOGIN_DAYS",
    ),
    (
        "daemon-reload",
        "mkdir /etc/systemd/system/service.d; echo >/etc/systemd/system/service.d/x.conf",
        "rm -r /etc/systemd/system/service.d",
        "failed",
        "service.d/x.conf",
    ),
    (
        "unit file",
        "keep /etc/systemd/system/lifetracker-backup.service; echo >>/etc/systemd/system/lifetracker-backup.service",
        "back /etc/systemd/system/lifetracker-backup.service; systemctl daemon-reload",
        "warning",
        "lifetracker-backup.service is not the release's",
    ),
    (
        "live tree",
        f"keep {PYC}; cat {OTHER_PYC} >{PYC}",
        f"back {PYC}",
        "failed",
        "main.cpython-311.pyc is not made from its source",
    ),
    (
        "libraries",
        "echo >$packages/sitecustomize.py",
        "rm $packages/sitecustomize.py",
        "failed",
        "sitecustomize.py was added",
    ),
    ("libraries", "echo import os >$packages/x.pth", "rm $packages/x.pth", "failed", "x.pth was added"),
    (
        "libraries",
        "keep $packages/h11/_util.py; echo >>$packages/h11/_util.py",
        "back $packages/h11/_util.py",
        "failed",
        "h11/_util.py was changed",
    ),
    (
        "libraries",
        "cd $packages/h11/__pycache__; keep _util.cpython-311.pyc; cat _state.cpython-311.pyc >_util.cpython-311.pyc",
        "back $packages/h11/__pycache__/_util.cpython-311.pyc",
        "failed",
        "_util.cpython-311.pyc is not made from its source",
    ),
    (
        "code owner",
        "chown lifetracker: /opt/lifetracker/releases",
        "chown root: /opt/lifetracker/releases",
        "failed",
        "releases belongs to lifetracker",
    ),
    (
        "code owner",
        "chmod o+w $live/lifetracker/main.py",
        "chmod o-w $live/lifetracker/main.py",
        "failed",
        "main.py can be changed by everybody",
    ),
    (
        "record",
        "mv $deploy/journal.jsonl /root",
        "mv /root/journal.jsonl $deploy",
        "warning",
        "there is no /opt/lifetracker/deploy/journal.jsonl",
    ),
    ("record", "rm $deploy/lock", "touch $deploy/lock", "warning", "there is no /opt/lifetracker/deploy/lock"),
    ("data", "chgrp www-data $data", "chgrp lifetracker $data", "failed", "the group www-data can reach"),
    ("data", "may_read $data", "none_may $data; chmod 750 $data", "failed", "www-data can reach /var/lib/lifetracker"),
    (
        "data",
        "usermod -aG lifetracker www-data",
        "gpasswd -d www-data lifetracker",
        "failed",
        "www-data: in the group lifetracker",
    ),
    (
        "strangers",
        "(sleep 60 | sqlite3 $data/life_tracker.db) >/dev/null 2>&1 & sleep 0.5",
        "kill $(pgrep -x sqlite3)",
        "failed",
        "sqlite3",
    ),
    (
        "strangers",
        "((echo 'SELECT 1 FROM users;'; sleep 60) | sqlite3 $data/life_tracker.db) >/dev/null 2>&1 & sleep 0.5",
        "kill $(pgrep -x sqlite3)",
        "failed",
        "has the database open",
    ),
    (
        "backup access",
        "chmod -R a+rX $backups",
        "chmod -R go-rwx $backups; chmod 710 $backups",
        "failed",
        "everybody can reach",
    ),
    ("backup access", "chown -R lifetracker $backups", "chown -R root $backups", "failed", "belongs to lifetracker"),
    (
        "certificate key",
        "keep $tls/privkey.pem; openssl genrsa -out $tls/privkey.pem 2048; nginx -t",
        f"back $tls/privkey.pem; {RELOAD}",
        "failed",
        "does not fit",
    ),
    ("certificate key", "chmod 644 $tls/privkey.pem", f"chmod 600 $tls/privkey.pem; {RELOAD}", "warning", "mode 644"),
    (
        "certificate key",
        "chmod 755 $tls; chmod 644 $tls/privkey.pem",
        f"chmod 600 $tls/privkey.pem; chmod 700 $tls; {RELOAD}",
        "failed",
        "everybody can read",
    ),
    (
        "site",
        f"echo '{TWIN}' >/etc/nginx/sites-enabled/0; {RELOAD}",
        f"rm /etc/nginx/sites-enabled/0; {RELOAD}",
        "failed",
        "sites-enabled/0 and",
    ),
    (
        "site",
        "rm /etc/nginx/sites-enabled/api*",
        f"ln -s $site /etc/nginx/sites-enabled; {RELOAD}",
        "failed",
        "no site of nginx",
    ),
    ("nginx reload", "echo '# more' >>$site", RELOAD, "failed", "was changed, and nginx still runs"),
    ("nginx reload", "rm /etc/nginx/sites-enabled/default", RELOAD, "failed", "sites-enabled was changed"),
    (
        "journal",
        "systemctl stop $sockets systemd-journald",
        f"systemctl start $sockets systemd-journald; {RESTART}",
        "failed",
        "is inactive",
    ),
    (
        "journal",
        "systemctl stop $sockets systemd-journald; systemctl start $sockets systemd-journald",
        RESTART,
        "failed",
        "is not in the journal",
    ),
    ("journal", "journald Storage=none", JOURNALD_AS_IT_WAS, "failed", "is not in the journal"),
    ("journal", "journald MaxLevelStore=crit", JOURNALD_AS_IT_WAS, "failed", "is not in the journal"),
    ("journal", "journalctl --rotate; journalctl --vacuum-time=1s", RESTART, "warning", "does not reach back"),
    (
        "journal",
        f"drop_in StandardOutput=null StandardError=null; {RESTART}",
        f"no_drop_in; {RESTART}",
        "failed",
        "StandardError of the service is null",
    ),
    ("journal", f"drop_in StandardError=null; {RESTART}; no_drop_in", RESTART, "failed", "is not in the journal"),
    ("journal", f"drop_in LogLevelMax=crit; {RESTART}", f"no_drop_in; {RESTART}", "failed", "LogLevelMax"),
]


@pytest.fixture(scope="module")
def machine(bookworm: Path, founded: Founded) -> Iterator[Machine]:
    """One for all rows: each mends what it broke, so that in the end all is well."""
    with Machine.boot(bookworm, layers=[founded.layer]) as machine:
        machine.put("/root/look.py", LOOK)
        machine.put("/root/around", AROUND)
        yield machine
        said = json.loads(server.lifetracker(machine, "ops-check", "--json", check=False))
        assert {each["check"]: each["says"] for each in said if each["state"] not in ("ok", "skipped")} == {
            "clock": "the clock follows no time server"
        }


def look(machine: Machine, check: str) -> dict[str, Any]:
    live = "/opt/lifetracker/api"
    environment = {"PYTHONPATH": live, "PYTHONDONTWRITEBYTECODE": "1"}
    said = machine.run([f"{live}/.venv/bin/python", "/root/look.py", check], env=environment).stdout
    return dict(json.loads(said)[0])


def do(machine: Machine, commands: str) -> None:
    machine.run(["sh", "-c", f". /root/around; {commands}"])


def _first_of_each_check(table: Sequence[tuple[str, str, str, str, str]]) -> Iterator[Any]:
    """The rows by name; all but the first of a check take their time in the long trial alone."""
    seen: set[str] = set()
    for row in table:
        marks = [pytest.mark.slow] if row[0] in seen else []
        seen.add(row[0])
        yield pytest.param(*row, marks=marks, id=f"{row[0]}: {row[1]}")


class TestBroken:
    @pytest.mark.parametrize(("check", "breaks", "mends", "state", "says"), list(_first_of_each_check(TABLE)))
    def test_server_is_told_of_it_with_what_to_do(
        self, machine: Machine, check: str, breaks: str, mends: str, state: str, says: str
    ) -> None:
        do(machine, breaks)
        broken = look(machine, check)
        do(machine, mends)

        tell(f"{check}: {broken['state']}, {broken['says']}")
        assert (broken["state"], bool(broken["do"])) == (state, True), broken["says"]
        assert says.replace("$unit", "lifetracker-api.service") in broken["says"]
