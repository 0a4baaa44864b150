"""Units as systemd sees them, the processes that are theirs, and what can be asked of systemd."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from lifetracker.ops import probe, shell
from lifetracker.ops.places import SERVICE
from lifetracker.ops.refusal import Refused

SOCKET = SERVICE.replace(".service", ".socket")
START_TAKES_AT_MOST = 60.0
ANSWER_TAKES_AT_MOST = 2.0
PAUSE = 0.05
SYSTEMD_TAKES_AT_MOST = 10.0
ASKED = (
    *("LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "MainPID", "NRestarts", "NeedDaemonReload"),
    *("ExecStart", "FragmentPath", "InvocationID", "ActiveEnterTimestamp", "DropInPaths"),
    *("Unit", "ExecMainStatus", "ConditionResult", "ConditionTimestamp", "Environment"),
)
ARGUMENTS = re.compile(r"argv\[\]=(.*?) ; ignore_errors=(yes)?")
DROP_INS = "*.conf"


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
    said = probe.ask(f"{url}/health", seconds=ANSWER_TAKES_AT_MOST).body
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


@dataclass(frozen=True, slots=True)
class Unit:
    """Properties of a unit under the names that `systemctl show` gives them; what it does not tell is empty."""

    told: dict[str, str]

    @property
    def state(self) -> str:
        """Such as `active (running)`, or `failed (failed), exit-code`."""
        states = f"{self.told.get('ActiveState') or 'unknown'} ({self.told.get('SubState', '')})"
        result = self.told.get("Result", "success")
        return states if result in ("", "success") else f"{states}, {result}"

    @property
    def active(self) -> bool:
        return self.told.get("ActiveState") == "active"

    @property
    def loaded(self) -> bool:
        return self.told.get("LoadState") == "loaded"

    @property
    def enabled(self) -> bool:
        """For good: what is `enabled-runtime` is so until the next boot."""
        return self.told.get("UnitFileState") == "enabled"

    @property
    def at_boot(self) -> str:
        """Whether it starts with the machine, in systemd's word: such as `enabled`, `enabled-runtime`, `disabled`."""
        return self.told.get("UnitFileState") or "not known to systemd"

    @property
    def needs_reload(self) -> bool:
        return self.told.get("NeedDaemonReload") == "yes"

    @property
    def drop_ins(self) -> set[str]:
        """The paths of those that it has read."""
        return set(self.told.get("DropInPaths", "").split())

    @property
    def variables(self) -> set[str]:
        """The names that its own `Environment=` sets."""
        return {each.partition("=")[0].strip('"') for each in self.told.get("Environment", "").split()}

    @property
    def since(self) -> str:
        return self.told.get("ActiveEnterTimestamp", "")

    @property
    def invocation(self) -> str:
        """The id of this run of it, which every line of its journal carries."""
        return self.told.get("InvocationID", "")

    @property
    def file(self) -> Path:
        return Path(self.told.get("FragmentPath", ""))

    @property
    def main_process(self) -> int:
        """Its process id, 0 for none."""
        return int(self.told.get("MainPID") or 0)

    @property
    def restarts(self) -> int:
        """How often systemd had to start it again by itself."""
        return int(self.told.get("NRestarts") or 0)

    @property
    def command(self) -> list[str]:
        """The words of ExecStart, as systemd would run it now; empty for none."""
        return next(iter(self.commands), "").split()

    @property
    def commands(self) -> list[str]:
        """Each ExecStart, in their order, with `-` before one whose failure would be ignored."""
        found = ARGUMENTS.findall(self.told.get("ExecStart", ""))
        return [f"-{command}" if ignored else command for command, ignored in found]

    def processes(self) -> set[int]:
        """The ids of its main process and all that come from it."""
        try:
            main = psutil.Process(self.main_process)
            return {main.pid, *(child.pid for child in main.children(recursive=True))} if self.main_process else set()
        except psutil.NoSuchProcess:
            return set()


def read_unit(name: str = SERVICE) -> Unit:
    """What systemd says of a unit now; `ProgramFailed` where it does not answer."""
    asked = [f"--property={each}" for each in ASKED]
    told: dict[str, str] = {}
    for line in shell.run(["systemctl", "show", name, *asked], seconds=SYSTEMD_TAKES_AT_MOST).splitlines():
        key, _, value = line.partition("=")
        told[key] = f"{told[key]}\n{value}" if key in told else value  # a line for each ExecStart
    return Unit(told)


def folders() -> list[Path]:
    """Where systemd looks for units, what goes before others first."""
    said = shell.run(["systemctl", "show", "--property=UnitPath"], seconds=SYSTEMD_TAKES_AT_MOST)
    return [Path(each) for each in said.partition("=")[2].split()]


def drop_in_folders(name: str = SERVICE) -> list[Path]:
    """Those for drop-ins of this unit that are there: its own, of its name up to a dash, of all its kind."""
    stem, _, kind = name.rpartition(".")
    parts = stem.split("-")
    names = [f"{name}.d", *(f"{'-'.join(parts[:count])}-.{kind}.d" for count in range(1, len(parts))), f"{kind}.d"]
    there = [path.resolve() for folder in folders() for each in names if (path := folder / each).is_dir()]
    return list(dict.fromkeys(there))  # /lib is a link to /usr/lib


def drop_ins_on_disk(name: str = SERVICE) -> list[Path]:
    return [file for folder in drop_in_folders(name) for file in sorted(folder.glob(DROP_INS))]
