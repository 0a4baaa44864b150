"""Whether the service complained since it started, and whether the journal would have kept it if it had."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

from lifetracker.core.logging import FOLD
from lifetracker.ops import shell, systemd
from lifetracker.ops.checks.verdict import Verdict, failed, judged, skipped
from lifetracker.ops.places import Places
from lifetracker.ops.probe import NoAnswer, ask
from lifetracker.ops.systemd import Unit, read_unit

JOURNALD = "systemd-journald.service"
TAKES_AT_MOST = 15.0
MOST_LINES = 1000
ERROR_IN_JSON = '"level": "(ERROR|CRITICAL)"'  # as releases wrote it that left its priority out
OURS = "lifetracker-ops-check"
KEPT_WITHIN, PAUSE = 5.0, 0.1  # seconds
STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"  # systemd's id of the first line of a start
OUTPUTS = ("StandardOutput", "StandardError")
LEAVES_ERRORS_OUT = ("0", "1", "2")
TELLS_OF_REQUESTS = ("DEBUG", "INFO")  # levels of the service's log
SETTINGS = "see Storage= and MaxLevelStore= in journald.conf"


def journal_is_quiet(places: Places) -> Verdict:
    """That nothing was logged at level error or above since the service started, as far as the journal can tell."""
    unit = read_unit()
    if not unit.invocation:
        return skipped("the service does not run, so there is no journal since its start")
    if lost := [*_sent_elsewhere(), *_not_kept(places, unit)]:
        return failed(f"errors cannot be seen: {'; '.join(lost)}")
    if errors := _errors(places, unit.invocation):
        count = f"{len(errors)}{' or more' if len(errors) >= MOST_LINES else ''}"
        return failed(f"{count} error(s) since the service started, the last: {errors[-1]}")
    return judged([], _lost_since(unit.invocation), "no error since the service started")


def _sent_elsewhere() -> Iterator[str]:
    """Why what the service says at its next start would not reach the journal that is looked into."""
    told = systemd.show(*OUTPUTS, "LogLevelMax", "LogNamespace")
    for name in OUTPUTS:
        if not told.get(name, "journal").startswith("journal"):
            yield f"{name} of the service is {told[name]}"
    if told.get("LogLevelMax", "-1") in LEAVES_ERRORS_OUT:
        yield f"LogLevelMax of the service is {told['LogLevelMax']}"
    if told.get("LogNamespace"):
        yield f"the service has a journal of its own, LogNamespace={told['LogNamespace']}"


def _not_kept(places: Places, unit: Unit) -> Iterator[str]:
    """Why the journal keeps nothing. A line is made and looked for: what it is set to does not tell what it does."""
    state = systemd.show("ActiveState", unit=JOURNALD).get("ActiveState")
    if state != "active":
        yield f"{JOURNALD} is {state or 'not there'}"
    elif places.read_environment().get("LIFETRACKER_LOG_LEVEL", "INFO") in TELLS_OF_REQUESTS:
        yield from _not_heard(places, unit)
    elif not _appears(mark := token_hex(8), _say(mark)):
        yield f"a line that was written to it is not in the journal: {SETTINGS}"


def _not_heard(places: Places, unit: Unit) -> Iterator[str]:
    """By a request that the service must tell of, though there is nothing at its path, by the id that it has."""
    mark = token_hex(8)
    try:
        ask(f"{places.read_config().url}/ops-check", request_id=mark)
    except NoAnswer as nobody:
        yield f"the service says nothing: {nobody}"
        return
    if not _appears(mark, _of(unit.invocation)):
        yield f"a line that the service just wrote is not in the journal: {SETTINGS}; else restart the service"


def _say(mark: str) -> list[str]:
    """A line of our own, and where it is to be looked for."""
    shell.run(["systemd-cat", f"--identifier={OURS}", "--priority=info", "echo", mark], seconds=TAKES_AT_MOST)
    return [f"--identifier={OURS}"]


def _appears(mark: str, where: list[str]) -> bool:
    ends = time.monotonic() + KEPT_WITHIN
    # By --grep, since with --since the lines that --lines lets through are the oldest of them, not the latest.
    while not _entries("--since=-1min", f"--grep={mark}", *where):
        if time.monotonic() > ends:
            return False
        time.sleep(PAUSE)
    return True


def _errors(places: Places, run: str) -> list[str]:
    errors = _journal("--priority=err", *_of(run))
    if places.read_environment().get("LIFETRACKER_LOG_FORMAT") == "json":
        errors += _journal("--priority=warning..debug", f"--grep={ERROR_IN_JSON}", *_of(run))
    return errors


def _of(run: str) -> list[str]:
    """What the service wrote in this run of it, and what systemd wrote of it."""
    return [f"_SYSTEMD_INVOCATION_ID={run}", "+", f"INVOCATION_ID={run}"]


def _lost_since(run: str) -> Iterator[str]:
    """Whether the journal reaches back to the start: the first line of it is systemd's own."""
    if not _journal(f"MESSAGE_ID={STARTING}", f"INVOCATION_ID={run}"):
        yield "no error in what the journal still has: it does not reach back to when the service started"


def _journal(*which: str) -> list[str]:
    """What the lines say, oldest first."""
    return [_message(entry) for entry in _entries(*which)]


def _entries(*which: str) -> list[dict[str, Any]]:
    """With all of each field, since a long one would come as null."""
    options = ["--output=json", "--all", "--quiet", "--no-pager", f"--lines={MOST_LINES}"]
    try:
        said = shell.run(["journalctl", *options, *which], seconds=TAKES_AT_MOST)
    except shell.ProgramFailed as nothing:
        if str(nothing).endswith("failed with code 1"):  # what --grep answers when no line is so
            return []
        raise
    return [json.loads(line) for line in said.splitlines()]


def _text(entry: dict[str, Any]) -> str:
    """One that is not UTF-8 comes as numbers."""
    message = entry.get("MESSAGE") or ""
    return bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)


def _message(entry: dict[str, Any]) -> str:
    """The first line of what it says, and the last, where it is folded."""
    text = _text(entry)
    try:
        told = json.loads(text)
        first, last = str(told["message"]), str(told.get("exception") or "").strip().rpartition("\n")[2]
    except (ValueError, KeyError, TypeError):
        (first, *_, last) = (*text.split(FOLD), "") if FOLD not in text else text.split(FOLD)
    return FOLD.join(filter(None, (first, last)))
