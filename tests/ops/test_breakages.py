"""Each way in which a server was broken for real, and what ops-check says of it: no row without a failure or a warning.

Files, rights and processes are real; of systemd and its journal the table has what a real one told (recorded/), and
`tests/e2e/faults/test_breakages.py` breaks a whole server in the same ways.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from lifetracker.ops.checks import journal as check_journal
from lifetracker.ops.checks.ops_check import CHECKS
from lifetracker.ops.places import BACKUP, SERVICE, TIMER
from tests.ops.breaking import (
    NOBODY,
    TAG,
    Break,
    another_site,
    answer_badly,
    answer_otherwise,
    ask_a_shell,
    away,
    back_up_long_ago,
    backed_up,
    before_nginx,
    both,
    break_nginx,
    certificate,
    edit_settings,
    edit_site,
    fill_disk,
    given,
    hold_the_database,
    key_of_another_certificate,
    key_of_another_kind,
    listed,
    listen_to_all,
    log_error,
    no_line_is_kept,
    opened,
    put,
    replace_compiled,
    rotate_journal,
    run_another_release,
    served,
    set_no_clock,
    told,
    told_of,
)
from tests.ops.installation import Installation

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
DROP_IN = f"etc/systemd/system/{SERVICE}.d/mine.conf"
KNOWN = DROP_IN.replace("mine", "known")
BACKUPS = "var/backups/lifetracker"

# The check, how the server was broken, its state then, and a piece of what it says.
TABLE: list[tuple[str, str, Break, str, str]] = [
    ("unit", "stopped", told(ActiveState="inactive", SubState="dead"), "failed", "inactive (dead)"),
    ("unit", "crashed and started again", told(NRestarts="2"), "warning", "2 time(s)"),
    ("unit", "disabled", told(UnitFileState="disabled"), "failed", "but disabled: it will not come back"),
    ("unit", "enabled until the next boot", told(UnitFileState="enabled-runtime"), "failed", "but enabled-runtime"),
    ("unit", "masked", told(LoadState="masked"), "failed", "it is masked"),
    (
        "process",
        "started by another command",
        served(told(ExecStart="{ argv[]=/bin/x y ; ignore_errors=no }")),
        "failed",
        "`/bin/x y`",
    ),
    ("process", "of a release that is not linked", served(run_another_release), "failed", "linked is"),
    ("daemon-reload", "edited", told(NeedDaemonReload="yes"), "failed", "systemd still has the old one"),
    ("daemon-reload", "a drop-in that is not read", put(DROP_IN), "failed", "has not read"),
    ("daemon-reload", "one for all services", put("etc/systemd/system/service.d/x.conf"), "failed", "service.d/x.conf"),
    (
        "daemon-reload",
        "one for all of ours",
        put("etc/systemd/system/lifetracker-.service.d/x.conf"),
        "failed",
        "has not read",
    ),
    ("unit file", "edited", put(f"etc/systemd/system/{SERVICE}"), "warning", "it was edited"),
    ("unit file", "of the backup, edited", put(f"etc/systemd/system/{BACKUP}"), "warning", "it was edited"),
    ("unit file", "of the timer, edited", put(f"etc/systemd/system/{TIMER}"), "warning", "it was edited"),
    ("unit file", "of the backup, gone", away(f"etc/systemd/system/{BACKUP}"), "failed", "there is no"),
    (
        "unit file",
        "taken from elsewhere",
        told(FragmentPath=f"/run/systemd/system/{SERVICE}"),
        "warning",
        "from /run/systemd",
    ),
    (
        "unit file",
        "of the timer, taken from elsewhere",
        told_of(TIMER, FragmentPath=f"/run/systemd/system/{TIMER}"),
        "warning",
        "from /run/systemd",
    ),
    (
        "restart",
        "the unit edited and read",
        served(put(f"etc/systemd/system/{SERVICE}")),
        "warning",
        "was changed after",
    ),
    (
        "restart",
        "a drop-in added and read",
        served(both(put(DROP_IN), told(DropInPaths=DROP_IN))),
        "warning",
        "after the service",
    ),
    (
        "restart",
        "a drop-in taken out and read",
        both(put(DROP_IN), put(KNOWN), served(away(DROP_IN))),
        "warning",
        f"{SERVICE}.d was",
    ),
    ("restart", "its settings edited", served(edit_settings), "warning", "LIFETRACKER_REGISTRATION"),
    *(
        ("sandbox", f"{name}={value}", told(**{name: value}), "failed", f"{name} is {value or 'empty'}")
        for name, value in {
            "User": "root",
            "Group": "root",
            "NoNewPrivileges": "no",
            "ProtectSystem": "no",
            "ProtectHome": "no",
            "PrivateTmp": "no",
            "PrivateUsers": "no",
            "PrivateDevices": "no",
            "CapabilityBoundingSet": "cap_chown cap_sys_admin",
            "AmbientCapabilities": "cap_net_bind_service",
            "RestrictNamespaces": "no",
            "MemoryDenyWriteExecute": "no",
            "ProtectKernelModules": "no",
            "UMask": "0022",
        }.items()
    ),
    ("sandbox", "SystemCallFilter empty", told(SystemCallFilter=""), "failed", "SystemCallFilter lets"),
    (
        "sandbox",
        "SystemCallFilter as a list of a few that are not",
        told(SystemCallFilter="~acct"),
        "failed",
        "SystemCallFilter lets",
    ),
    ("sandbox", "SystemCallFilter with mount", told(SystemCallFilter="brk mount read"), "failed", "such as mount"),
    ("sandbox", "any address family", told(RestrictAddressFamilies=""), "failed", "RestrictAddressFamilies is empty"),
    ("sandbox", "raw sockets", told(RestrictAddressFamilies="AF_INET AF_PACKET"), "failed", "AF_PACKET"),
    ("sandbox", "the whole network allowed", told(IPAddressAllow="0.0.0.0/0 ::/0"), "failed", "the whole network"),
    ("sandbox", "no network denied", told(IPAddressDeny=""), "failed", "the whole network"),
    ("sandbox", "everything writable", told(ReadWritePaths="/"), "failed", "lets the service write to /"),
    ("sandbox", "a process outside of it", served(lambda *_: None), "failed", "may gain privileges"),
    ("port", "open to all addresses", listen_to_all, "failed", "is open at 0.0.0.0"),
    ("health", "nobody answers", told(), "failed", "does not answer"),
    ("health", "it answers that it is not well", answer_badly, "failed", "answers 503"),
    ("health outside", "it answers that it is not well", answer_badly, "failed", "answers 503"),
    ("deep health", "no row can be committed", answer_badly, "failed", "the disk is full"),
    ("release", "another one answers", answer_otherwise, "failed", "answered by release another"),
    (
        "smoke",
        "it fails",
        put("LIVE/lifetracker/__main__.py", "raise SystemExit('GUARDS FAILED')\n"),
        "failed",
        "GUARDS FAILED",
    ),
    ("live tree", "a file edited", put("LIVE/lifetracker/main.py"), "failed", "lifetracker/main.py was changed"),
    ("live tree", "a file removed", away("LIVE/lifetracker/main.py"), "failed", "lifetracker/main.py is missing"),
    ("live tree", "a sitecustomize added", put("LIVE/sitecustomize.py"), "failed", "sitecustomize.py was added"),
    (
        "live tree",
        "compiled code replaced",
        replace_compiled("LIVE/lifetracker/main.py"),
        "failed",
        "not made from its source",
    ),
    (
        "live tree",
        "compiled code broken",
        put(f"LIVE/lifetracker/__pycache__/main.{TAG}.pyc"),
        "failed",
        "not made from its",
    ),
    ("libraries", "a library edited", put("PACKAGES/trial.py", "WELL = False\n"), "failed", "trial.py was changed"),
    ("libraries", "a library removed", away("PACKAGES/trial.py"), "failed", "trial.py is missing"),
    (
        "libraries",
        "its compiled code replaced",
        replace_compiled("PACKAGES/trial.py"),
        "failed",
        "not made from its source",
    ),
    ("libraries", "a sitecustomize added", put("PACKAGES/sitecustomize.py"), "failed", "sitecustomize.py was added"),
    ("libraries", "a .pth added", put("PACKAGES/more.pth"), "failed", "more.pth was added"),
    (
        "libraries",
        "the system's let in",
        put("opt/lifetracker/venvs/lock/pyvenv.cfg", "version = 3.11.2\n"),
        "failed",
        "",
    ),
    ("code owner", "releases open to all", opened("opt/lifetracker/releases", 0o777), "failed", "changed by everybody"),
    ("record", "its journal gone", away("opt/lifetracker/deploy/journal.jsonl"), "warning", "there is no"),
    ("record", "its lock gone", away("opt/lifetracker/deploy/lock"), "warning", "there is no"),
    ("record", "its journal emptied", put("opt/lifetracker/deploy/journal.jsonl", ""), "warning", "does not tell of"),
    (
        "sqlite",
        "one with the bug",
        put("LIVE/lifetracker/core/sqlite.py", "def wal_reset_warning(): return 'bug'\n"),
        "warning",
        "bug",
    ),
    ("data", "open to all", opened("var/lib/lifetracker", 0o755), "failed", "everybody can reach"),
    (
        "data",
        "its settings open to all",
        opened("etc/lifetracker/lifetracker.env", 0o644),
        "failed",
        "everybody can reach",
    ),
    ("data", "an access list", listed("var/lib/lifetracker"), "failed", "by an access list"),
    ("data", "a list on the database", listed("var/lib/lifetracker/life_tracker.db"), "failed", "by an access list"),
    ("data", "a list on its settings", listed("etc/lifetracker/lifetracker.env"), "failed", "by an access list"),
    (
        "data",
        "a copy open to all",
        both(put("var/lib/lifetracker/copy.db"), opened("var/lib/lifetracker/copy.db", 0o644)),
        "warning",
        "copy.db",
    ),
    ("strangers", "somebody has the database open", hold_the_database, "failed", "has the database open"),
    ("strangers", "a shell that has yet to open it", ask_a_shell, "failed", "was given the database to open"),
    ("disk", "full", fill_disk, "failed", "MB may be needed"),
    ("certificate key", "of another kind", before_nginx(key_of_another_kind), "failed", "does not fit"),
    ("certificate key", "of another certificate", before_nginx(key_of_another_certificate), "failed", "does not fit"),
    ("certificate key", "gone", before_nginx(away("etc/lifetracker/tls/privkey.pem")), "failed", "does not fit"),
    (
        "certificate key",
        "readable by all",
        before_nginx(opened("etc/lifetracker/tls/privkey.pem", 0o644)),
        "warning",
        "mode 644",
    ),
    (
        "certificate key",
        "a list",
        before_nginx(listed("etc/lifetracker/tls/privkey.pem")),
        "failed",
        "by an access list",
    ),
    ("certificate", "about to end", certificate, "failed", "2 days left"),
    (
        "nginx",
        "its configuration broken",
        break_nginx,
        "failed",
        "[emerg]",
    ),
    (
        "nginx reload",
        "stopped",
        before_nginx(told_of("nginx.service", ActiveState="inactive")),
        "failed",
        "nginx.service is",
    ),
    (
        "nginx reload",
        "disabled",
        before_nginx(told_of("nginx.service", UnitFileState="disabled")),
        "failed",
        "is disabled",
    ),
    (
        "nginx reload",
        "enabled until the next boot",
        before_nginx(told_of("nginx.service", UnitFileState="enabled-runtime")),
        "failed",
        "enabled-runtime",
    ),
    (
        "nginx reload",
        "a site edited",
        before_nginx(edit_site),
        "failed",
        "site.conf was changed",
    ),
    (
        "nginx reload",
        "a site taken away",
        before_nginx(away("etc/nginx/sites-enabled/site.conf")),
        "failed",
        "sites-enabled was changed",
    ),
    ("nginx reload", "a certificate replaced", before_nginx(key_of_another_kind), "failed", "privkey.pem was changed"),
    ("site", "another of the same name", before_nginx(another_site), "failed", "a-first and"),
    (
        "site",
        "taken away",
        before_nginx(away("etc/nginx/sites-enabled/site.conf")),
        "failed",
        "no site of nginx has the name",
    ),
    ("backup", "none for days", back_up_long_ago, "failed", "30.0 hours old"),
    ("restore drill", "none ever", backed_up, "warning", "was ever verified"),
    ("backup access", "open to all", opened(BACKUPS, 0o755), "failed", "everybody can reach"),
    ("backup access", "a list", listed(BACKUPS), "failed", "by an access list"),
    (
        "backup access",
        "a copy readable by all",
        both(put(f"{BACKUPS}/x/life_tracker.db"), opened(f"{BACKUPS}/x/life_tracker.db", 0o644)),
        "warning",
        "read by others",
    ),
    (
        "journal",
        "an error",
        log_error,
        "failed",
        "1 error(s)",
    ),
    (
        "journal",
        "journald stopped",
        told_of("systemd-journald.service", ActiveState="inactive"),
        "failed",
        "is inactive",
    ),
    (
        "journal",
        "stored nowhere, or criticals alone",
        no_line_is_kept,
        "failed",
        "is not in the journal",
    ),
    (
        "journal",
        "rotated away since",
        rotate_journal,
        "warning",
        "does not reach back",
    ),
    ("journal", "its output to nowhere", told(StandardError="null"), "failed", "StandardError of the service is null"),
    ("journal", "errors left out", told(LogLevelMax="2"), "failed", "LogLevelMax"),
    ("journal", "a journal of its own", told(LogNamespace="mine"), "failed", "LogNamespace=mine"),
    ("clock", "not set", set_no_clock, "warning", "no time server"),
]
OF_ROOT: list[tuple[str, str, Break, str, str]] = [
    (
        "code owner",
        "releases given to the service",
        given("opt/lifetracker/releases", user=NOBODY),
        "failed",
        "belongs to nobody",
    ),
    (
        "code owner",
        "a file of a library given away",
        given("PACKAGES/trial.py", user=NOBODY),
        "failed",
        "belongs to nobody",
    ),
    (
        "data",
        "given to somebody",
        given("var/lib/lifetracker/life_tracker.db", user=NOBODY),
        "failed",
        "belongs to nobody",
    ),
    (
        "data",
        "a group on its folder",
        given("var/lib/lifetracker", group=NOBODY),
        "failed",
        "the group nogroup can reach",
    ),
    ("backup access", "owned by the service", given(BACKUPS, user=NOBODY), "failed", "belongs to nobody"),
    (
        "certificate key",
        "owned by another",
        before_nginx(given("etc/lifetracker/tls/privkey.pem", user=NOBODY)),
        "failed",
        "belongs to",
    ),
]


class TestTable:
    def test_has_a_row_of_every_check(self) -> None:
        assert {row[0] for row in TABLE} == {each.name for each in CHECKS}

    def test_has_no_row_without_a_failure_or_a_warning(self) -> None:
        assert {row[3] for row in TABLE + OF_ROOT} == {"failed", "warning"}


class TestBroken:
    @pytest.mark.parametrize(
        ("check", "how", "breaks", "state", "says"),
        [
            *TABLE,
            *(pytest.param(*row, marks=as_root) for row in OF_ROOT),
        ],
        ids=[f"{check}: {how}" for check, how, *_ in TABLE + OF_ROOT],
    )
    def test_server_is_told_of_it_with_what_to_do(
        self,
        server: Installation,
        monkeypatch: pytest.MonkeyPatch,
        check: str,
        how: str,
        breaks: Break,
        state: str,
        says: str,
    ) -> None:
        monkeypatch.setattr(check_journal, "KEPT_WITHIN", 0.2)
        with ExitStack() as stack:
            breaks(server, stack)

            found = server.check(check)

        assert (found.state, bool(found.do)) == (state, True), found.says
        assert says in found.says
