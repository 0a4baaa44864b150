"""The units under `systemd/`: read as text, and judged by systemd's own tools where they are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
SERVICE = UNITS / "lifetracker-api.service"
SOCKET = UNITS / "lifetracker-api.socket"
DROP_IN = UNITS / "lifetracker-api.service.d" / "socket.conf"
UVICORN = "/opt/lifetracker/api/.venv/bin/uvicorn lifetracker.main:app"
OLDEST = 249  # Ubuntu 22.04's systemd
# The version of systemd that each directive came with, of those that are younger than 239 (systemd.exec(5) and others).
# One that is not listed here, nor among the older ones, has to be looked up first.
CAME_WITH = {
    "LogRateLimitBurst": 240,
    "LogRateLimitIntervalSec": 240,
    "OOMPolicy": 243,
    "PrivateMounts": 239,
    "ProtectClock": 245,
    "ProtectHostname": 242,
    "ProtectKernelLogs": 244,
    "ProtectProc": 247,
    "RestrictSUIDSGID": 242,
    "TimeoutAbortSec": 243,
}
OLDER = """
    After AmbientCapabilities Backlog CapabilityBoundingSet Description DevicePolicy Environment EnvironmentFile
    ExecStart Group IPAddressAllow IPAddressDeny KeyringMode KillMode LimitCORE LimitNOFILE ListenStream LockPersonality
    MemoryDenyWriteExecute MemoryHigh MemoryMax MemorySwapMax NoDelay NoNewPrivileges NotifyAccess PrivateDevices
    PrivateNetwork PrivateTmp PrivateUsers ProtectControlGroups ProtectHome ProtectKernelModules ProtectKernelTunables
    ProtectSystem RemoveIPC Requires Restart RestartSec RestrictAddressFamilies RestrictNamespaces RestrictRealtime
    RuntimeDirectory RuntimeDirectoryMode Sockets StandardError StandardOutput StartLimitIntervalSec StateDirectory
    StateDirectoryMode SyslogIdentifier SystemCallArchitectures SystemCallErrorNumber SystemCallFilter TasksMax
    TimeoutStartSec TimeoutStopSec Type UMask User WantedBy WatchdogSec WorkingDirectory
"""
SYSTEMD = shutil.which("systemd-analyze")
with_systemd = pytest.mark.skipif(SYSTEMD is None, reason="there is no systemd-analyze here")


def directives(file: Path) -> list[tuple[str, str]]:
    return re.findall(r"^(\w+)=(.*)$", file.read_text("utf-8"), re.MULTILINE)


def values(file: Path, name: str) -> list[str]:
    return [value for key, value in directives(file) if key == name]


def environment() -> dict[str, str]:
    pairs = " ".join(values(SERVICE, "Environment")).split()
    return dict(pair.split("=", 1) for pair in pairs)


class TestService:
    def test_starts_what_the_canon_says_to_the_letter(self) -> None:
        assert values(SERVICE, "ExecStart") == [f"{UVICORN} --host 127.0.0.1 --port 8000"]
        assert values(SERVICE, "WorkingDirectory") == ["/opt/lifetracker/api"]

    def test_serves_below_the_path_that_nginx_strips(self) -> None:
        assert environment()["UVICORN_ROOT_PATH"] == "/api"

    def test_believes_no_proxy_but_one_on_this_machine(self) -> None:
        """Which is uvicorn's default, so that nothing here may say otherwise."""
        assert "FORWARDED_ALLOW_IPS" not in environment()
        assert "FORWARDED_ALLOW_IPS" not in (UNITS / "lifetracker.env").read_text("utf-8")

    def test_is_ready_when_its_main_process_says_so_for_all_workers(self) -> None:
        assert values(SERVICE, "Type") == ["notify"]
        assert values(SERVICE, "NotifyAccess") == ["main"]
        assert (ROOT / environment()["UVICORN_LOG_CONFIG"]).is_file()  # by which a parent of workers runs what says it
        assert int(*values(SERVICE, "WatchdogSec")) == 20

    def test_lets_requests_end_before_it_is_killed(self) -> None:
        """And uvicorn would wait without end if it were not told."""
        assert 0 < int(environment()["UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN"]) < int(*values(SERVICE, "TimeoutStopSec"))

    def test_ends_a_start_that_leads_nowhere(self) -> None:
        """Before a deploy has used up its minute."""
        assert values(SERVICE, "TimeoutStartSec") == ["30"]

    def test_gives_up_never_nor_waits_long(self) -> None:
        """Three seconds from a kill to an answer, of which the application takes one or two to start."""
        assert values(SERVICE, "StartLimitIntervalSec") == ["0"]
        assert values(SERVICE, "Restart") == ["always"]
        assert values(SERVICE, "RestartSec") == ["100ms"]

    def test_writes_only_where_its_data_and_heartbeats_are(self) -> None:
        assert values(SERVICE, "ProtectSystem") == ["strict"]
        assert values(SERVICE, "StateDirectory") == values(SERVICE, "RuntimeDirectory") == ["lifetracker"]
        assert values(SERVICE, "ReadWritePaths") == []

    def test_does_not_limit_proc_which_systemd_249_cannot(self) -> None:
        assert values(SERVICE, "ProcSubset") == []


class TestSocket:
    def test_holds_the_port_that_the_service_has_without_it(self) -> None:
        assert values(SOCKET, "ListenStream") == ["127.0.0.1:8000"]

    def test_is_handed_over_as_the_one_descriptor(self) -> None:
        assert values(DROP_IN, "ExecStart") == ["", f"{UVICORN} --fd 3"]
        assert values(DROP_IN, "Sockets") == values(DROP_IN, "Requires") == ["lifetracker-api.socket"]


@pytest.mark.parametrize("file", [SERVICE, SOCKET, DROP_IN], ids=lambda file: file.name)
class TestEveryUnit:
    def test_has_no_directive_that_is_younger_than_the_oldest_systemd(self, file: Path) -> None:
        names = {name for name, _ in directives(file)}

        assert names <= CAME_WITH.keys() | set(OLDER.split()), "look up which version of systemd it came with"
        assert all(CAME_WITH.get(name, 0) <= OLDEST for name in names)

    def test_has_nothing_but_directives_sections_and_remarks(self, file: Path) -> None:
        lines = file.read_text("utf-8").splitlines()

        assert [line for line in lines if not re.fullmatch(r"|#.*|\[\w+\]|\w+=.*", line)] == []


@with_systemd
class TestJudged:
    def test_is_verified_without_a_line(self, tmp_path: Path) -> None:
        assert verify(tmp_path, "lifetracker-api.service") == ""

    def test_is_verified_with_its_socket_without_a_line(self, tmp_path: Path) -> None:
        assert verify(tmp_path, "lifetracker-api.service", "lifetracker-api.socket", socket=True) == ""

    def test_would_be_told_of_a_misspelt_directive(self, tmp_path: Path) -> None:
        """Which it is by a line alone: the exit code is 0."""
        assert "ProtectSystm" in verify(tmp_path, "lifetracker-api.service", change=("ProtectSystem", "ProtectSystm"))

    def test_is_exposed_as_little_as_a_service_with_a_port_can_be(self, tmp_path: Path) -> None:
        assert exposure(tmp_path) <= 0.9

    def test_is_exposed_less_with_its_socket(self, tmp_path: Path) -> None:
        assert exposure(tmp_path, socket=True) <= 0.2


def verify(folder: Path, *units: str, socket: bool = False, change: tuple[str, str] = ("", "")) -> str:
    """What systemd says of the units, laid into a tree as an installed release would."""
    install(folder, socket=socket, change=change)
    for target in ("sysinit", "basic", "shutdown", "network", "sockets", "multi-user"):
        (folder / f"etc/systemd/system/{target}.target").write_text("[Unit]\nDescription=There on every server\n")
    uvicorn = folder / "opt/lifetracker/api/.venv/bin/uvicorn"
    uvicorn.parent.mkdir(parents=True)
    uvicorn.touch(0o755)
    return analyze("verify", f"--root={folder}", "--man=no", *units)


def exposure(folder: Path, *, socket: bool = False) -> float:
    """0 is the best and 10 the worst."""
    unit = install(folder, socket=socket, change=("", ""))
    told = analyze("security", "--offline=true", str(unit))
    if "unrecognized option" in told:
        pytest.skip("this systemd-analyze is older than 250 and cannot judge a file")
    return float(re.findall(r"exposure level for .*: ([0-9.]+)", told)[0])


def install(folder: Path, *, socket: bool, change: tuple[str, str]) -> Path:
    place = folder / "etc/systemd/system"
    place.mkdir(parents=True, exist_ok=True)
    (place / SERVICE.name).write_text(
        SERVICE.read_text("utf-8").replace(*change) if all(change) else SERVICE.read_text()
    )
    if socket:
        shutil.copy(SOCKET, place)
        shutil.copytree(DROP_IN.parent, place / DROP_IN.parent.name)
    return place / SERVICE.name


def analyze(*words: str) -> str:
    assert SYSTEMD is not None
    done = subprocess.run([SYSTEMD, *words], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr
