"""The service as systemd sees it, and what can be asked of systemd."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from lifetracker.ops import answer, shell
from lifetracker.ops.places import SERVICE
from lifetracker.ops.refusal import Refused

SOCKET = SERVICE.replace(".service", ".socket")
START_TAKES_AT_MOST = 60.0
ANSWER_TAKES_AT_MOST = 2.0
PAUSE = 0.05


def show(*properties: str, unit: str = SERVICE) -> dict[str, str]:
    """Properties of a unit, by name, as systemd spells their values."""
    told = shell.run(["systemctl", "show", unit, *(f"--property={name}" for name in properties)])
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)


def main_process() -> int:
    """The process id of the service, 0 where there is none."""
    return int(show("MainPID").get("MainPID") or 0)


def restart() -> None:
    """Start the service anew, and return when it says that it is ready; `ProgramFailed` with its state otherwise."""
    _forget_failures()
    shell.run(["systemctl", "restart", SERVICE], seconds=START_TAKES_AT_MOST)


def _forget_failures() -> None:
    """A release that crashed too often must not bar the next one; a unit that never ran has nothing to forget."""
    with suppress(shell.ProgramFailed):
        shell.run(["systemctl", "reset-failed", SERVICE])


def start() -> None:
    shell.run(["systemctl", "start", SERVICE], seconds=START_TAKES_AT_MOST)


def stop() -> None:
    """The socket first, where there is one: else the next request would start the service again. To start the service
    starts that, too."""
    listens = show("ActiveState", unit=SOCKET).get("ActiveState") == "active"
    shell.run(["systemctl", "stop", *([SOCKET] if listens else []), SERVICE], seconds=START_TAKES_AT_MOST)


def ask_health(url: str) -> dict[str, Any]:
    """What `/health` of the service answers, whatever its status; `Refused` when nothing does."""
    said = answer.ask(f"{url}/health", seconds=ANSWER_TAKES_AT_MOST).body
    if "status" not in said:
        raise Refused(f"{url}/health answers something else than our service does")
    return said


def await_release(url: str, release: str, seconds: float) -> None:
    """Return once the release answers in good health; `Refused` with what answered instead."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            health = ask_health(url)
            if health.get("release") == release and health.get("status") == "ok":
                return
            said = f"/health answers with release {health.get('release')}, status {health.get('status')}"
        except Refused as refused:
            said = str(refused)
        if time.monotonic() > deadline:
            raise Refused(f"{said}; expected was {release}, status ok, within {seconds:.0f} seconds")
        time.sleep(PAUSE)
