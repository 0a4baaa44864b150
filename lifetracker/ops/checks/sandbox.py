"""Whether the service is kept in: as its own user, behind the walls of its unit, reached by this machine alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from lifetracker.ops import access, systemd
from lifetracker.ops.checks.restart import environment_of
from lifetracker.ops.checks.verdict import Verdict, judged, skipped
from lifetracker.ops.places import SERVICE, Places
from lifetracker.ops.started_from import TREE

# Directives whose value systemd tells as the unit has it. The rest of the unit is an operator's to change.
WALLS = (
    *("User", "Group", "UMask", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "PrivateUsers"),
    *("ProtectSystem", "ProtectHome", "ProtectProc", "PrivateTmp", "PrivateMounts", "PrivateDevices", "DevicePolicy"),
    *("ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ProtectClock"),
    *("ProtectHostname", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "MemoryDenyWriteExecute"),
    *("LockPersonality", "KeyringMode", "RemoveIPC", "SystemCallArchitectures"),
)
# Those whose value is a list: an operator may need another address (docs/operations.md), and nobody another kind.
CALLS, FAMILIES, DENIED, ALLOWED = "SystemCallFilter", "RestrictAddressFamilies", "IPAddressDeny", "IPAddressAllow"
WRITABLE, BEFORE = "ReadWritePaths", "ExecStartPre"
NEVER_CALLED = {"mount", "reboot", "ptrace", "init_module", "swapon", "bpf", "chroot", "pivot_root"}
FAMILIES_ALLOWED = {"AF_UNIX", "AF_INET", "AF_INET6", "none"}
EVERYWHERE = {"0.0.0.0/0", "::/0"}
# Variables that make a Python load what no release brought.
LOADING = ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP")


def service_is_kept_in(places: Places) -> Verdict:
    """That systemd has the walls that the release's unit names, whatever drop-ins say, and the process is in them."""
    told = systemd.show("MainPID", *WALLS, CALLS, FAMILIES, DENIED, ALLOWED, WRITABLE)
    wrong = [*_other_walls(places, told), *_wide_lists(places, told), *_process_outside(told)]
    return judged(wrong, [], f"the service runs as {told.get('User') or 'root'}, within its unit's sandbox")


def _other_walls(places: Places, told: dict[str, str]) -> Iterator[str]:
    """`server init` brings the unit of a release before `deploy` brings its code: either may be the one."""
    live, ours = (written(tree / "systemd" / SERVICE) for tree in (places.live, TREE))
    for name in WALLS:
        wanted = {unit[name] for unit in (live, ours) if name in unit}
        if name in live and name in told and told[name] not in wanted:
            yield f"{name} is {told[name] or 'empty'}, and the release's unit says {live[name] or 'none'}"


def written(unit: Path) -> dict[str, str]:
    """What a unit file says, by directive: of one that stands more than once, the last."""
    lines = (line.partition("=") for line in unit.read_text(encoding="utf-8").splitlines() if line[:1].isalpha())
    return {name.strip(): value.strip() for name, _, value in lines}


def _wide_lists(places: Places, told: dict[str, str]) -> Iterator[str]:
    lists = {name: told[name].split() for name in (CALLS, FAMILIES, DENIED, ALLOWED, WRITABLE) if name in told}
    calls = lists.get(CALLS, ["brk"])
    if not calls or calls[0].startswith("~") or NEVER_CALLED & set(calls):
        yield f"{CALLS} lets the service call what it never needs, such as mount"
    families = lists.get(FAMILIES, ["none"])
    if not families or set(families) - FAMILIES_ALLOWED:
        yield f"{FAMILIES} is {told[FAMILIES] or 'empty'}"
    if set(lists.get(DENIED, EVERYWHERE)) < EVERYWHERE or EVERYWHERE & set(lists.get(ALLOWED, [])):
        yield f"{DENIED} and {ALLOWED} let the service reach the whole network"
    for path in lists.get(WRITABLE, []):
        if _covers(Path(path.lstrip("-+")), places):
            yield f"{WRITABLE} lets the service write to {path}"


def _covers(path: Path, places: Places) -> bool:
    """Whether code, units or decisions of ours lie there, above it or below it."""
    return any(path == ours or path in ours.parents or ours in path.parents for ours in (places.home, places.etc))


def _process_outside(told: dict[str, str]) -> Iterator[str]:
    """What the kernel says of the process, against what systemd would give it."""
    pid = int(told.get("MainPID") or 0)
    if not pid:
        return
    lines = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    status = {name: value.split() for name, _, value in lines}
    runs_as = int(status["Uid"][1])
    if (user := told.get("User")) is not None and runs_as != access.uid_of(user or "root"):
        yield f"process {pid} runs as {access.user(runs_as)}, not as {user or 'root'}"
    yield from (f"process {pid} {why}" for why in _lacking(pid, status, told))


def _lacking(pid: int, status: dict[str, list[str]], told: dict[str, str]) -> Iterator[str]:
    if told.get("NoNewPrivileges") == "yes" and status["NoNewPrivs"] != ["1"]:
        yield "may gain privileges"
    if told.get(CALLS) and status["Seccomp"] != ["2"]:
        yield "may call the kernel for anything"
    if told.get("CapabilityBoundingSet") == "" and int(status["CapBnd"][0], 16):
        yield "may have capabilities"
    if told.get("PrivateUsers") == "yes" and os.readlink(f"/proc/{pid}/ns/user") == os.readlink("/proc/self/ns/user"):
        yield "shares the users of the machine"
    if told.get("ProtectSystem") == "strict" and not _sees_it_read_only(pid):
        yield "may write wherever its user may"
    if loading := sorted(set(LOADING) & environment_of(pid).keys()):
        yield f"was started with {', '.join(loading)}"


def _sees_it_read_only(pid: int) -> bool:
    """The root of the file system, as it is mounted for that process: of several over one another the last."""
    lines = (line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8").splitlines())
    options = [fields[5].split(",") for fields in lines if fields[4] == "/"]
    return bool(options) and "ro" in options[-1]


def port_is_closed(places: Places) -> Verdict:
    """That whoever listens on the service's port takes none but this machine's connections: nginx is before it."""
    port = urlsplit(places.read_config().url).port or 80
    found = psutil.net_connections(kind="tcp")
    listening = sorted(
        {each.laddr.ip for each in found if each.status == psutil.CONN_LISTEN and each.laddr.port == port}
    )
    if not listening:
        return skipped(f"nobody listens on port {port}")
    wide = [f"port {port} is open at {ip}, past nginx and its TLS" for ip in listening if not _is_inside(ip)]
    return judged(wide, [], f"port {port} is open to this machine alone")


def _is_inside(ip: str) -> bool:
    address = ip_address(ip.partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
