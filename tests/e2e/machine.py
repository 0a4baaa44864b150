"""A machine of its own for a test: Debian's systemd as its PID 1, a private network, booted in under a second.

    with Machine.boot(trees.ready(trees.BOOKWORM)) as server:
        server.run(["systemctl", "is-system-running"])

Everything it mounts lies in a mount namespace that a process of ours keeps open, and what it writes in memory there:
when the test ends, or dies, the kernel takes all of it away.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Self

import psutil

from tests.e2e import trees

BOOTS_IN_AT_MOST = 120.0
STOPS_IN_AT_MOST = 180.0  # a deploy that puts back ignores SIGTERM, and systemd waits 90 s for who does
REBOOTS = 133  # how systemd-nspawn ends when the machine asked to be started anew
# Each machine has control groups of its own: two in the same would end each other's services.
HIERARCHIES = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified")]
BOOTED = ("running", "degraded")
SURROUNDINGS = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_numbers = count(1)

# $1 where to mount, $2 the layers below, $3 the size of a disk or nothing, then the control groups. When stdin ends,
# because we closed it or are dead, whatever still runs in the groups is ended, and the mounts go with this process.
KEEP_MOUNTED = """
point=$1 lower=$2 size=$3
shift 3
mount -t tmpfs -o size=4g,mode=755 e2e "$point"
mkdir "$point/upper" "$point/work" "$point/root" "$point/disk"
mount -t overlay -o "lowerdir=$lower,upperdir=$point/upper,workdir=$point/work" e2e "$point/root"
if [ -n "$size" ]; then
    truncate -s "$size" "$point/disk.img"
    mke2fs -q -F -t ext4 -m 0 "$point/disk.img"
    mount -o loop "$point/disk.img" "$point/disk"
fi
mkdir "$@"
echo mounted
cat > /dev/null
for _ in $(seq 200); do
    left=$(find "$@" -name cgroup.procs -exec cat {} + 2> /dev/null | sort -u)
    [ -z "$left" ] || kill -KILL $left 2> /dev/null || true
    find "$@" -depth -type d -exec rmdir {} ';' 2> /dev/null || true
    [ -d "$1" ] || exit 0
    sleep 0.02
done
"""
JOIN_GROUPS = 'groups=$1; shift; for group in $groups; do echo $$ > "$group/cgroup.procs"; done; exec "$@"'
TELL_PID = 'echo $$ > /proc/self/fd/$1; shift; exec "$@"'
STORE = 'mkdir -p "$(dirname "$1")" && cat > "$1"'


class CommandFailed(AssertionError):
    """A command in the machine ended otherwise than it had to; the text has all that it said."""


class NotBooted(Exception):
    """The machine did not come up; the text has what its console showed."""


@dataclass(frozen=True)
class Disk:
    """A small file system of its own (ext4), so that it can be filled, or fail, alone."""

    mebibytes: int
    mounted_on: str


class Machine:
    """One booted system. Made by `boot`, taken away by `close` or at the end of a `with`."""

    def __init__(self, lower: str, binds: Sequence[tuple[Path, str]], disk: Disk | None) -> None:
        self.name = f"e2e{os.getpid()}x{next(_numbers)}"
        self._point = trees.cache() / "mnt"
        self._binds = [f"--bind={outside}:{inside}" for outside, inside in binds]
        if disk:
            self._binds.append(f"--bind={self._point / 'disk'}:{disk.mounted_on}")
        self._groups = [where / self.name for where in HIERARCHIES if (where / "cgroup.procs").exists()]
        self._container: subprocess.Popen[bytes] | None = None
        self._console: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self._started: list[Started] = []
        self.leader = 0
        self._keeper = self._keep_mounted(lower, f"{disk.mebibytes}M" if disk else "")

    @classmethod
    def boot(
        cls,
        tree: Path,
        *,
        layers: Sequence[Path] = (),
        binds: Sequence[tuple[Path, str]] = (),
        disk: Disk | None = None,
    ) -> Self:
        """A machine that runs: `tree`, with saved `layers` over it (the first is the topmost), and empty memory.

        `binds` are (path outside, path inside). What is written inside is kept until `close`, across reboots.
        """
        machine = cls(":".join(map(str, (*layers, tree))), binds, disk)
        try:
            machine.power_on()
        except BaseException:
            machine.close()
            raise
        return machine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- on and off

    def power_on(self) -> None:
        """Boot, on the data that is there; `NotBooted` with the console's end when it does not come up."""
        joined = ["sh", "-c", JOIN_GROUPS, "sh", " ".join(map(str, self._groups))]
        command = [*self._in_namespace(), *joined, "setpriv", "--pdeathsig", "KILL", "--", *self._nspawn()]
        self._container = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._console, stderr=subprocess.STDOUT, start_new_session=True
        )
        deadline = time.monotonic() + BOOTS_IN_AT_MOST
        while not self._is_up():
            if self._container.poll() is not None or time.monotonic() > deadline:
                raise NotBooted(f"{self.name} did not boot: {self.console()[-2000:]}")
            time.sleep(0.02)

    def power_off(self) -> None:
        """Shut down in order, and wait for it; what was written stays until `close`."""
        self.run(["systemctl", "poweroff"])
        self._wait_until_off()

    def reboot(self) -> None:
        """Shut down in order and boot again, with a clean /run and everything else as it was."""
        self.run(["systemctl", "reboot"])
        code = self._wait_until_off()
        assert code == REBOOTS, f"the machine did not ask to be started again: {code}"
        self.power_on()

    def cut_power(self) -> None:
        """End all of its processes between two instructions, as `kill -9` does. What the kernel had taken is kept."""
        # All others would go with its init, but its sockets are closed some milliseconds before: a deploy that waits
        # for `systemctl restart` sees that, and has time to put back what was. So all stand still first. Init is the
        # last: its end sets `nsenter` going again, and with it whatever that waits for.
        stopped: set[int] = set()
        while begun := set(self._pids()) - stopped:
            _send(signal.SIGSTOP, begun)
            stopped |= begun
        _send(signal.SIGKILL, stopped - {self.leader})
        _send(signal.SIGKILL, {self.leader})
        self._wait_until_off()

    def save(self, layer: Path) -> Path:
        """Shut down and put what was written into a new folder, for machines to be booted over it."""
        self.power_off()
        half = layer.with_suffix(".part")
        subprocess.run(["rm", "-rf", "--one-file-system", half], check=True)
        subprocess.run([*self._in_namespace(), "cp", "-a", self._point / "upper", half], check=True)
        half.rename(layer)
        return layer

    def close(self) -> None:
        """End what runs in it and take everything away that it was; twice is once."""
        self._keeper.communicate()
        for started in self._started:
            started.close()
        if self._container:
            self._wait_until_off()
        self._console.close()

    def console(self) -> str:
        """What the machine has shown since it was first switched on."""
        self._console.seek(0)
        return self._console.read().decode(errors="replace")

    # --- commands in it

    def run(
        self,
        command: Sequence[str | Path],
        *,
        check: bool = True,
        user: str | None = None,
        timeout: float = 60.0,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        folder: str = "/",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end: code, stdout and stderr; `CommandFailed` with both when it must be 0 and is not.

        After `timeout` seconds it is ended inside, with code 124 (137 where it would not go).
        """
        bounded = ["timeout", "--kill-after=2", str(timeout), *map(str, command)]
        done = subprocess.run(
            self._inside([*_as(user), *bounded], user, env, folder),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            check=False,
            timeout=timeout + 10,
        )
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if check and done.returncode:
            raise CommandFailed(f"`{shlex.join(map(str, command))}` ended with {done.returncode}\n{out}{err}")
        return subprocess.CompletedProcess(list(map(str, command)), done.returncode, out, err)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        folder: str = "/",
    ) -> Started:
        """Run a command beside the test; its pid is the one inside, the one that `kill` takes."""
        reading, writing = os.pipe()
        told = ["sh", "-c", TELL_PID, "sh", str(writing), *_as(user), *map(str, command)]
        try:
            started = Started(self, list(map(str, command)), self._inside(told, user, env, folder), writing)
            os.close(writing)
            self._started.append(started)
            started.pid = int(os.read(reading, 32) or 0)
        finally:
            os.close(reading)
        return started

    def kill(self, pid: int, which: signal.Signals = signal.SIGKILL) -> None:
        self.run(["kill", f"-{which.value}", str(pid)])

    def systemctl(self, *words: str, check: bool = True, timeout: float = 90.0) -> str:
        """What `systemctl` says, without the last line's end."""
        return self.run(["systemctl", *words], check=check, timeout=timeout).stdout.strip()

    def systemd_analyze(self, *words: str) -> str:
        """All that `systemd-analyze` says, on both channels: it complains there, and ends with 0."""
        done = self.run(["systemd-analyze", *words], check=False)
        return done.stdout + done.stderr

    def main_pid(self, unit: str) -> int:
        """The process that systemd takes for the unit's main one; 0 when there is none."""
        return int(self.systemctl("show", "--property=MainPID", "--value", unit))

    def journal(self, unit: str) -> str:
        """Every line of the unit since the machine booted."""
        return self.run(["journalctl", "--no-pager", "--boot", "--output=cat", f"--unit={unit}"]).stdout

    # --- files in it: through commands inside, since a link there may point anywhere here

    def put(self, path: str, content: str | bytes, *, mode: str = "644", owner: str = "root:root") -> None:
        """Write a file, folders above it included."""
        self.run(["sh", "-c", STORE, "sh", path], stdin=content)
        self.run(["chmod", mode, path])
        self.run(["chown", owner, path])

    def read(self, path: str) -> str:
        return self.run(["cat", path]).stdout

    def copy(self, local: Path, remote: str) -> None:
        """Copy a file, or what a folder holds (without compiled files), to that very path."""
        if local.is_file():
            self.put(remote, local.read_bytes(), mode=f"{local.stat().st_mode & 0o777:o}")
            return
        packed = ["tar", "--create", "--exclude=__pycache__", "--owner=0", "--group=0", "--directory", str(local), "."]
        archive = subprocess.run(packed, capture_output=True, check=True).stdout
        self.run(["mkdir", "-p", remote])
        self.run(["tar", "--extract", "--directory", remote], stdin=archive)

    def fail_disk(self) -> None:
        """Let the small disk go read-only, as ext4 does when the device below it reports an error."""
        command = ["mount", "-o", "remount,abort", str(self._point / "disk")]
        subprocess.run([*self._in_namespace(), *command], check=False, capture_output=True)

    # --- how

    def _keep_mounted(self, lower: str, disk: str) -> subprocess.Popen[str]:
        self._point.mkdir(parents=True, exist_ok=True)
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", KEEP_MOUNTED, "sh"]
        keeper = subprocess.Popen(
            [*command, str(self._point), lower, disk, *map(str, self._groups)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert keeper.stdout is not None
        if keeper.stdout.readline() != "mounted\n":
            _, said = keeper.communicate()
            self._console.close()
            raise NotBooted(f"the machine's file system could not be mounted: {said}")
        return keeper

    def _pids(self) -> list[int]:
        """Of all its processes, as they are numbered outside."""
        own = _pid_namespace(self.leader)
        assert own, "the machine is off"
        return [pid for pid in psutil.pids() if _pid_namespace(pid) == own]

    def _in_namespace(self) -> list[str]:
        return ["nsenter", f"--target={self._keeper.pid}", "--mount", "--"]

    def _nspawn(self) -> list[str]:
        return [
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--link-journal=no",
            "--resolv-conf=off", "--timezone=off", "--console=read-only", "--boot", f"--machine={self.name}",
            f"--directory={self._point / 'root'}", *self._binds,
        ]  # fmt: skip

    def _is_up(self) -> bool:
        assert self._container is not None
        try:
            children = psutil.Process(self._container.pid).children()
        except psutil.NoSuchProcess:
            return False
        if not children:
            return False
        self.leader = children[0].pid
        asked = self._inside(["systemctl", "is-system-running"], None, None, "/")
        said = subprocess.run(asked, capture_output=True, text=True, check=False)
        return said.stdout.strip() in BOOTED

    def _wait_until_off(self) -> int:
        assert self._container is not None
        deadline = time.monotonic() + STOPS_IN_AT_MOST
        while (code := self._container.poll()) is None:
            assert time.monotonic() < deadline, f"{self.name} is not off: {self.console()[-2000:]}"
            for started in self._started:
                started.go_on()
            time.sleep(0.02)
        self._container, self.leader = None, 0
        return code

    def _inside(
        self, command: Sequence[str], user: str | None, env: Mapping[str, str] | None, folder: str
    ) -> list[str]:
        assert self.leader, "the machine is off"
        home = {"HOME": "/root" if user is None else "/nonexistent"}
        names = [f"{name}={value}" for name, value in {**SURROUNDINGS, **home, **(env or {})}.items()]
        return [
            "nsenter", f"--target={self.leader}", "--all", "--",
            "env", "--ignore-environment", f"--chdir={folder}", *names, *command,
        ]  # fmt: skip


def _as(user: str | None) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"] if user else []


class Started:
    """A command that runs in a machine beside the test."""

    def __init__(self, machine: Machine, command: list[str], words: list[str], writing: int) -> None:
        self.pid = 0
        self._machine, self._command = machine, command
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self._process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err, pass_fds=[writing]
        )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        """What it wrote so far, stdout and then stderr."""
        return _all_of(self._out) + _all_of(self._err)

    def kill(self, which: signal.Signals = signal.SIGKILL) -> None:
        self._machine.kill(self.pid, which)

    def go_on(self) -> None:
        """A machine that shuts down stops all of its processes before it ends them, and `nsenter`, outside, stops with
        the one it waits for: nobody would fetch that one's end, and the machine waits for it."""
        self._process.send_signal(signal.SIGCONT)

    def wait(self, timeout: float = 60.0, *, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Its end: the code is negative after a signal."""
        code = self._process.wait(timeout)
        if check and code:
            raise CommandFailed(f"`{shlex.join(self._command)}` ended with {code}\n{self.said()}")
        return subprocess.CompletedProcess(self._command, code, _all_of(self._out), _all_of(self._err))

    def close(self) -> None:
        """Its machine is off: nothing of it is left but what it wrote."""
        self.go_on()
        self._process.wait(STOPS_IN_AT_MOST)
        self._out.close()
        self._err.close()


def _send(which: signal.Signals, pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, which)


def _pid_namespace(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None  # it has ended


def _all_of(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), 1 << 26, 0).decode(errors="replace")
