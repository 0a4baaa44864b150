"""Whether a server is as it should be: before and after every change of it, and whenever its operator asks.

The table says what is looked at, why, and what to do when it is not so. A failed check forbids a deploy.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import asdict, dataclass
from threading import Thread

from lifetracker.ops import (
    check_answers,
    check_backups,
    check_data,
    check_edge,
    check_machine,
    check_release,
    check_service,
)
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.verdict import State, Verdict, failed

ALL_TAKE_AT_MOST = 150.0  # each has its own bounds below this one, for what hangs in the kernel
SHOWN = {State.ok: "ok", State.warning: "WARN", State.failed: "FAIL", State.skipped: "skip"}


@dataclass(frozen=True, slots=True)
class Check:
    """`judge` answers for an installation; `do` is what its operator does when it has failed, or warns."""

    name: str
    looks_at: str
    judge: Callable[[Places], Verdict]
    do: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found; `do` is None where there is nothing to do."""

    check: str
    state: State
    says: str
    do: str | None


CHECKS = (
    Check(
        "unit",
        "systemd runs the service, did not have to start it again, and starts it with the machine",
        check_service.unit_is_active,
        "journalctl -u lifetracker-api -n 50 tells why; then systemctl enable --now lifetracker-api",
    ),
    Check(
        "process",
        "the main process is .venv/bin/uvicorn lifetracker.main:app of the linked release, as ExecStart says",
        check_service.main_process_is_ours,
        "where ExecStart is wrong mend it (systemctl cat lifetracker-api); then systemctl restart lifetracker-api",
    ),
    Check(
        "daemon-reload",
        "systemd has read the unit and its drop-ins as they are on disk",
        check_service.unit_is_read,
        "read the change (systemctl cat lifetracker-api), then systemctl daemon-reload and restart",
    ),
    Check(
        "unit file",
        "the unit file is the one that the release brought",
        check_service.unit_file_is_ours,
        "keep what you need in a drop-in (systemctl edit lifetracker-api), copy the release's file over this one",
    ),
    Check(
        "health",
        "the service answers on its own port that it and its database are well",
        check_answers.inside,
        "journalctl -u lifetracker-api -n 50, then systemctl restart lifetracker-api",
    ),
    Check(
        "health outside",
        "clients get the same answer through nginx and TLS",
        check_answers.outside,
        "where `health` is ok: systemctl status nginx, the name in DNS, the firewall; no outside yet: public_url",
    ),
    Check(
        "deep health",
        "the service can commit a row, to the database file that its path names",
        check_answers.deep,
        "it says which: free the disk, end who holds the lock; is a file gone, read docs/ops-check.md before a restart",
    ),
    Check(
        "release",
        "the release that answers is the one that is linked",
        check_answers.release_is_the_linked_one,
        "an old process answers, or none: systemctl restart lifetracker-api; see `strangers`, too",
    ),
    Check(
        "smoke",
        "the live release's own smoke check passes, as the service's user with the service's settings",
        check_release.smoke_passes,
        "lifetracker smoke, lifetracker db check: mend what they name; a damaged database: lifetracker restore",
    ),
    Check(
        "live tree",
        "no file of the live release was changed, removed or added by hand",
        check_release.tree_is_whole,
        "bring the change in by a release; until then deploy the same archive again, or lifetracker rollback",
    ),
    Check(
        "sqlite",
        "the release's SQLite has no bug that can lose data",
        check_release.sqlite_is_sound,
        "take a Python that pysqlite3 has wheels for (docs/operations.md), and deploy again",
    ),
    Check(
        "data",
        "the service owns its folder and database files, and nobody else can read them or its settings",
        check_data.data_is_the_services,
        "cd /var/lib/lifetracker; chown -R lifetracker: . ; chmod -R o= . /etc/lifetracker/lifetracker.env",
    ),
    Check(
        "strangers",
        "no process beside the unit's listens on the port or has the database open",
        check_data.nobody_else_is_at_it,
        "find out who started it and why, then end it: kill PID; only systemd runs the service",
    ),
    Check(
        "disk",
        "a backup, a migration and a release fit beside what is there",
        check_machine.disk_has_room,
        "journalctl --vacuum-size=200M, apt-get clean; fewer keep_backups, keep_releases; or a larger disk",
    ),
    Check(
        "certificate",
        "clients trust the certificate that is served, and it lasts",
        check_edge.certificate_lasts,
        "get or renew one (such as by certbot), then systemctl reload nginx: it serves the old one until then",
    ),
    Check(
        "nginx",
        "nginx would load its configuration, certificate and key as they are on disk",
        check_edge.nginx_would_load,
        "mend the line that it names; until nginx -t is content, neither reload nor restart nginx",
    ),
    Check(
        "backup",
        "the last backup of every day is whole and young enough, and the timer will bring the next one",
        check_backups.last_is_fresh,
        "systemctl start lifetracker-backup, now; journalctl -u lifetracker-backup: why; is it the timer, server init",
    ),
    Check(
        "restore drill",
        "what was backed up can be restored, and that was tried lately",
        check_backups.last_was_verified,
        "systemctl start lifetracker-backup makes and tries a new one; until that passed keep the older ones",
    ),
    Check(
        "journal",
        "nothing was logged as an error since the service started",
        check_service.journal_is_quiet,
        "journalctl -u lifetracker-api -p err; mend it; a restart of the service begins to count anew",
    ),
    Check(
        "clock",
        "the machine's clock follows a time server",
        check_machine.clock_is_set,
        "timedatectl set-ntp true, or install chrony",
    ),
)


def run(places: Places, checks: Sequence[Check] = CHECKS, *, seconds: float = ALL_TAKE_AT_MOST) -> list[Outcome]:
    """What every check found, in the table's order. They run side by side; none raises, none outlasts `seconds`."""
    ends = time.monotonic() + seconds
    begun = [(check, _begin(check, places)) for check in checks]
    return [_outcome(check, _awaited(verdict, ends)) for check, verdict in begun]


def _begin(check: Check, places: Places) -> Future[Verdict]:
    """In a thread that nobody waits for: one that hangs on a disk must not keep the rest from being told."""
    verdict: Future[Verdict] = Future()
    Thread(target=lambda: verdict.set_result(_judge(check, places)), name=check.name, daemon=True).start()
    return verdict


def _judge(check: Check, places: Places) -> Verdict:
    try:
        return check.judge(places)
    except Exception as error:  # whatever keeps us from looking: what was not seen to be well is not well
        kind = "" if isinstance(error, Refused) else f"{type(error).__name__}: "
        return failed(f"cannot be looked at: {kind}{error}")


def _awaited(verdict: Future[Verdict], ends: float) -> Verdict:
    try:
        return verdict.result(timeout=max(0.0, ends - time.monotonic()))
    except NotInTime:
        return failed("not done in time")


def _outcome(check: Check, verdict: Verdict) -> Outcome:
    do = check.do if verdict.state in (State.failed, State.warning) else None
    return Outcome(check.name, verdict.state, " ".join(verdict.says.split()), do)


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.state is State.failed]


def told(outcomes: Sequence[Outcome]) -> str:
    """A table for people: a line a check, what to do below each that needs it, and the verdict as the last line."""
    width = max(len(outcome.check) for outcome in outcomes)
    lines = [line for outcome in outcomes for line in _lines(outcome, width)]
    return "\n".join([*lines, _verdict(outcomes)])


def _lines(outcome: Outcome, width: int) -> list[str]:
    line = f"{SHOWN[outcome.state]:<4}  {outcome.check:<{width}}  {outcome.says}"
    return [line, f"{'':<4}  {'':<{width}}  -> {outcome.do}"] if outcome.do else [line]


def _verdict(outcomes: Sequence[Outcome]) -> str:
    count = len(failures(outcomes))
    return f"OPS CHECK FAILED: {count} of {len(outcomes)}" if count else "OPS CHECK OK"


def as_json(outcomes: Sequence[Outcome]) -> str:
    """`[{"check", "state", "says", "do"}]`; `do` is null where there is nothing to do."""
    return json.dumps([asdict(outcome) for outcome in outcomes], ensure_ascii=False, indent=1)
