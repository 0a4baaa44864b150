"""File trees of whole Debian systems, made from packages once and kept: Debian 12, and Debian 11 with a Python 3.11.

    python -m tests.e2e.trees               make those that are missing
    python -m tests.e2e.trees --why-not     print why this machine cannot run them, or nothing

They lie in `.nox/e2e` (or where LIFETRACKER_E2E_CACHE says), one a list of packages, and are never written to:
a machine that is booted from one lays a layer of its own over it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RECIPE = 2  # counted up when what is done to a tree changes
CHECKOUT = Path(__file__).parents[2]
TOOLS = {"systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "patchelf": "patchelf"}
SERVER = (
    "systemd", "systemd-sysv", "dbus", "python3", "ca-certificates", "curl", "openssl", "procps", "iproute2",
    "sqlite3", "util-linux",
)  # fmt: skip
HOSTS = "127.0.0.1 localhost server api.lifetracker.site\n"
ASLEEP = ("ssh.service", "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer")

# Debian's own Python 3.11 runs on an older Debian when it brings its C library along: everything it loads lies in
# one folder, which its loader's path and its own name. (One built elsewhere may ask for a younger C library, too.)
LAID_IN = "/usr/local/lib/python3.11-libs"
LOADER = "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"  # a file: /lib64 has an absolute link
OLD_NAMES = ("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libgcc_s.so.1", "libstdc++.so.6")


@dataclass(frozen=True)
class Tree:
    """A Debian by its code name, the packages in it, and whether Debian 12's Python is laid in."""

    suite: str
    packages: tuple[str, ...]
    python_from: Tree | None = None

    @property
    def path(self) -> Path:
        wanted = json.dumps([RECIPE, self.suite, self.packages, self.python_from and self.python_from.path.name])
        return cache() / f"{self.suite}-{digest(wanted)}"


# Debian 11's nginx-light lacks the limits on requests; what it has as nginx-core, Debian 12 has as nginx.
BOOKWORM = Tree("bookworm", (*SERVER, "nginx", "python3-venv", "openssh-server", "openssh-client"))
BULLSEYE = Tree("bullseye", (*SERVER, "nginx-core"), python_from=BOOKWORM)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--why-not", action="store_true", help="print why this machine cannot run them, or nothing")
    if parser.parse_args().why_not:
        _say(why_not() or "")
        return
    for tree in (BOOKWORM, BULLSEYE):
        _say(f"e2e: {tree.suite}: {ready(tree)}")


def cache() -> Path:
    return Path(os.environ.get("LIFETRACKER_E2E_CACHE", CHECKOUT / ".nox" / "e2e")).resolve()


def digest(text: str) -> str:
    """Names what is kept for this very text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def why_not() -> str | None:
    """What this machine lacks to boot others inside it, None when it can."""
    if sys.platform != "linux":
        return "a server runs on Linux, and this is not"
    if os.geteuid() != 0:
        return "only root can boot a machine in a container"
    if os.uname().machine != "x86_64":
        return f"the trees are made for x86_64, and this is {os.uname().machine}"
    if _missing_tools() and shutil.which("apt-get") is None:
        return f"{', '.join(_missing_tools())} not found, and no apt-get to install them with"
    return None


def ready(tree: Tree) -> Path:
    """The tree's folder, made now unless it is there: half a minute, and Debian's packages from its mirror."""
    with alone():
        if not tree.path.exists():
            _make(tree)
    return tree.path


@contextmanager
def alone() -> Iterator[None]:
    """One at a time on this machine: who comes second finds the tree made."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(tree: Tree) -> None:
    if tree.python_from and not tree.python_from.path.exists():
        _make(tree.python_from)
    _install_tools()
    began, half_made = time.monotonic(), tree.path.with_suffix(".part")
    shutil.rmtree(half_made, ignore_errors=True)
    _say(f"e2e: making a Debian tree ({tree.suite}) from packages, about half a minute")
    packages = ",".join(tree.packages)
    _run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", tree.suite, str(half_made))
    _furnish(half_made)
    if tree.python_from:
        _lay_python_in(tree.python_from.path, half_made)
    half_made.rename(tree.path)
    _say(f"e2e: made in {time.monotonic() - began:.0f} s")


def _furnish(root: Path) -> None:
    """What an installer would have asked, and nothing that wakes up by itself in the middle of a test."""
    (root / "etc/hosts").write_text(HOSTS)
    (root / "etc/hostname").write_text("server\n")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    for wanted in (root / "etc/systemd/system").glob("*.wants/*"):
        if wanted.name in ASLEEP:
            wanted.unlink()


def _lay_python_in(source: Path, root: Path) -> None:
    libraries = root / LAID_IN.lstrip("/")
    libraries.mkdir(parents=True)
    python = Path(shutil.copy(source / "usr/bin/python3.11", root / "usr/local/bin"))
    shutil.copytree(source / "usr/lib/python3.11", root / "usr/local/lib/python3.11", symlinks=True)
    shutil.copytree(source / "usr/share/python-wheels", root / "usr/share/python-wheels")
    for library in (*_loaded_by_python(source), LOADER):
        shutil.copy((source / library.lstrip("/")).resolve(), libraries / Path(library).name)
    loader = f"{LAID_IN}/{Path(LOADER).name}"
    _run("patchelf", "--set-interpreter", loader, "--force-rpath", "--set-rpath", LAID_IN, str(python))


def _loaded_by_python(source: Path) -> list[str]:
    """Every library that Python and its modules load, as paths inside the tree, and the old names of libc's parts."""
    asked = "ldd /usr/bin/python3.11 /usr/lib/python3.11/lib-dynload/*.so"
    said = subprocess.run(["chroot", source, "sh", "-c", asked], capture_output=True, text=True, check=True).stdout
    found = {path for path in re.findall(r"=> (/\S+)", said) if "lib-dynload" not in path}
    folder = Path("/lib/x86_64-linux-gnu")
    old = [str(folder / name) for name in OLD_NAMES if (source / "usr" / str(folder / name).lstrip("/")).exists()]
    return sorted(found | set(old))


def _missing_tools() -> list[str]:
    return [package for tool, package in TOOLS.items() if shutil.which(tool) is None]


def _install_tools() -> None:
    if missing := _missing_tools():
        _say(f"e2e: installing {', '.join(missing)}")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "install", "--yes", "-qq", "--no-install-recommends", *missing]
        for again in (["apt-get", "update", "-qq"], None):
            if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=again is None).returncode == 0:
                return
            subprocess.run(again or ["true"], check=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _say(text: str) -> None:
    if text:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
