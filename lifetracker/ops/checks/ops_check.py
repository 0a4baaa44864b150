"""Whether a server is as it should be: before and after every change of it, and whenever its operator asks.

The table says what is looked at, why, and what to do when it is not so. A failed check forbids a deploy.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifetracker.ops.checks import (
    access,
    answers,
    backups,
    data,
    edge,
    journal,
    libraries,
    machine,
    nginx,
    release,
    restart,
    sandbox,
    unit,
)
from lifetracker.ops.checks.checking import ALL_TAKE_AT_MOST, Check, Outcome, as_json, failures, go_through, told
from lifetracker.ops.places import Places

__all__ = ["CHECKS", "Check", "Outcome", "as_json", "failures", "run", "told"]

CHECKS = (
    Check(
        "unit",
        "systemd runs the service, did not have to start it again, and starts it with the machine",
        unit.unit_is_active,
        "journalctl -u lifetracker-api -n 50 tells why; then systemctl enable --now lifetracker-api",
    ),
    Check(
        "process",
        "the main process is .venv/bin/uvicorn lifetracker.main:app of the linked release, as ExecStart says",
        unit.main_process_is_ours,
        "where ExecStart is wrong mend it (systemctl cat lifetracker-api); then systemctl restart lifetracker-api",
    ),
    Check(
        "daemon-reload",
        "systemd has read the unit and its drop-ins as they are on disk",
        unit.unit_is_read,
        "read the change (systemctl cat lifetracker-api), then systemctl daemon-reload and restart",
    ),
    Check(
        "unit file",
        "the unit file is the one that the release brought",
        unit.unit_file_is_ours,
        "keep what you need in a drop-in (systemctl edit lifetracker-api), copy the release's file over this one",
    ),
    Check(
        "restart",
        "nothing that the service starts with was changed since it started",
        restart.nothing_changed_since,
        "systemctl restart lifetracker-api, when you mean the change; else take it back",
    ),
    Check(
        "sandbox",
        "the service runs as its own user, within the walls of the release's unit",
        sandbox.service_is_kept_in,
        "systemctl cat lifetracker-api names the drop-in: take that line out, systemctl daemon-reload, and restart",
    ),
    Check(
        "port",
        "only this machine reaches the port of the service",
        sandbox.port_is_closed,
        "--host 127.0.0.1 in ExecStart, 127.0.0.1 in the socket unit; then systemctl daemon-reload and restart",
    ),
    Check(
        "health",
        "the service answers on its own port that it and its database are well",
        answers.inside,
        "journalctl -u lifetracker-api -n 50, then systemctl restart lifetracker-api",
    ),
    Check(
        "health outside",
        "clients get the same answer through nginx and TLS",
        answers.outside,
        "where `health` is ok: systemctl status nginx, the name in DNS, the firewall; no outside yet: public_url",
    ),
    Check(
        "deep health",
        "the service can commit a row, to the database file that its path names",
        answers.deep,
        "it says which: free the disk, end who holds the lock; is a file gone, read docs/ops-check.md before a restart",
    ),
    Check(
        "release",
        "the release that answers is the one that is linked",
        answers.release_is_the_linked_one,
        "an old process answers, or none: systemctl restart lifetracker-api; see `strangers`, too",
    ),
    Check(
        "smoke",
        "the live release's own smoke check passes, as the service's user with the service's settings",
        release.smoke_passes,
        "lifetracker smoke, lifetracker db check: mend what they name; a damaged database: lifetracker restore",
    ),
    Check(
        "live tree",
        "no file of the live release was changed, removed or added by hand",
        release.tree_is_whole,
        "bring the change in by a release; until then deploy the same archive again, or lifetracker rollback",
    ),
    Check(
        "libraries",
        "no file of the live release's libraries was changed, removed or added by hand",
        libraries.libraries_are_as_installed,
        "take away what was added; else deploy the same archive again, which builds them anew",
    ),
    Check(
        "code owner",
        "nobody but root can change what the service, or root, is started with",
        access.code_is_roots,
        "chown -R -h root: /opt/lifetracker, chmod -R go-w, setfacl -R -b; find out who was let in, and why",
    ),
    Check(
        "record",
        "lock and journal of the deploys are there, and tell of the live release",
        release.deploys_are_on_record,
        "the next deploy begins both anew; lifetracker rollback knows no release from before",
    ),
    Check(
        "sqlite",
        "the release's SQLite has no bug that can lose data",
        release.sqlite_is_sound,
        "take a Python that pysqlite3 has wheels for (docs/operations.md), and deploy again",
    ),
    Check(
        "data",
        "the service owns its folder and database files, and nobody else can read them or its settings",
        data.data_is_the_services,
        "cd /var/lib/lifetracker; chown -R lifetracker: . ; chmod -R o= . /etc/lifetracker/lifetracker.env",
    ),
    Check(
        "strangers",
        "no process beside the unit's listens on the port or has the database open",
        data.nobody_else_is_at_it,
        "find out who started it and why, then end it: kill PID; only systemd runs the service",
    ),
    Check(
        "disk",
        "a backup, a migration and a release fit beside what is there",
        machine.disk_has_room,
        "journalctl --vacuum-size=200M, apt-get clean; fewer keep_backups, keep_releases; or a larger disk",
    ),
    Check(
        "certificate key",
        "root alone can read the key of the certificate, and it fits",
        nginx.key_is_closed_and_fits,
        "chown root: and chmod 600 the key; one that others could read: get a new one, and have the old one revoked",
    ),
    Check(
        "certificate",
        "clients trust the certificate that is served, and it lasts",
        edge.certificate_lasts,
        "get or renew one (such as by certbot), then systemctl reload nginx: it serves the old one until then",
    ),
    Check(
        "nginx",
        "nginx would load its configuration, certificate and key as they are on disk",
        edge.nginx_would_load,
        "mend the line that it names; until nginx -t is content, neither reload nor restart nginx",
    ),
    Check(
        "nginx reload",
        "nginx is up, starts with the machine, and runs with what lies on disk",
        nginx.runs_what_lies_there,
        "nginx -t && systemctl reload nginx; systemctl enable --now nginx",
    ),
    Check(
        "site",
        "no other site of nginx answers to our name",
        nginx.name_is_ours_alone,
        "take our name out of the other file, or its link away; then nginx -t && systemctl reload nginx",
    ),
    Check(
        "backup",
        "the last backup of every day is whole and young enough, and the timer will bring the next one",
        backups.last_is_fresh,
        "systemctl start lifetracker-backup, now; journalctl -u lifetracker-backup: why; is it the timer, server init",
    ),
    Check(
        "restore drill",
        "what was backed up can be restored, and that was tried lately",
        backups.last_was_verified,
        "systemctl start lifetracker-backup makes and tries a new one; until that passed keep the older ones",
    ),
    Check(
        "backup access",
        "nobody but root can read, change or remove a backup",
        access.backups_are_roots,
        "cd /var/backups/lifetracker; chown -R root: . ; chmod -R go= . ; chgrp lifetracker . ; chmod 710 .",
    ),
    Check(
        "journal",
        "nothing was logged as an error since the service started, and it would be seen",
        journal.journal_is_quiet,
        "journalctl -u lifetracker-api -p err; mend it, or why it cannot be seen; a restart begins to count anew",
    ),
    Check(
        "clock",
        "the machine's clock follows a time server",
        machine.clock_is_set,
        "timedatectl set-ntp true, or install chrony",
    ),
)


def run(places: Places, checks: Sequence[Check] = CHECKS, *, seconds: float = ALL_TAKE_AT_MOST) -> list[Outcome]:
    """What every check found, in the table's order; it takes no longer than `seconds`, whatever hangs."""
    return go_through(places, checks, seconds=seconds)
