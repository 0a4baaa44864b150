"""What lies around an installation: libraries, a site of nginx, and what a real systemd told."""

from __future__ import annotations

import hashlib
import os
import py_compile
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import psutil

# What `systemctl show` told of the service, and `journalctl` of its start, on Debian 12 (systemd 252) and 11 (247).
RECORDED = Path(__file__).parent / "recorded"
START = "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5"
STARTING = '{"MESSAGE": "Starting lifetracker-api.service - LifeTracker API...", "UNIT": "lifetracker-api.service"}'
# A journal that keeps what `systemd-cat --identifier=… --priority=… echo WORD` hands to it.
PROBE = "--identifier=lifetracker-ops-check"
KEEP = """#!/bin/sh
printf '{{"MESSAGE": "%s"}}\\n' "$4" >{journal}
"""


def recorded(version: str) -> dict[str, str]:
    lines = (RECORDED / f"show-{version}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def lay_environment(folder: Path) -> None:
    """One whose only package leads to what this test run has: quick to make, and quick to read."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages, here = folder / "lib" / python / "site-packages", Path(psutil.__file__).parents[1]
    (packages / "trial-1.dist-info").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(os.path.realpath(sys.executable))
    version, home = ".".join(map(str, sys.version_info[:3])), Path(os.path.realpath(sys.executable)).parent
    settings = {"home": str(home), "include-system-site-packages": "false", "version": version}
    (folder / "pyvenv.cfg").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    uvicorn = f"#!{folder}/bin/python\nimport sys\n\nfrom uvicorn import main\n\nsys.exit(main())\n"
    (folder / "bin/uvicorn").write_text(uvicorn)
    (folder / "bin/uvicorn").chmod(0o755)
    record_package(packages, {"trial.pth": f"{here}\n", "trial.py": "WELL = True\n"})
    (folder / "whole").touch()


def record_package(packages: Path, files: dict[str, str]) -> None:
    """Files of a package, compiled, with their record as pip writes it."""
    lines = []
    for name, text in files.items():
        (packages / name).write_text(text, encoding="utf-8")
        digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}\n")
        if name.endswith(".py"):
            compiled = Path(py_compile.compile(str(packages / name), doraise=True) or "")
            lines.append(f"{compiled.relative_to(packages)},,\n")
    record = packages / "trial-1.dist-info/RECORD"
    record.write_text("".join([*lines, "trial-1.dist-info/RECORD,,\n"]), encoding="utf-8")


NGINX_CONF = "events {{}}\nhttp {{\n    include {0}/conf.d/*.conf;\n    include {0}/sites-enabled/*;\n}}\n"


def dump(folder: Path) -> str:
    """What `nginx -T -q` prints of this configuration: each file under its name, in the order in which it is loaded."""
    sites = sorted([*(folder / "conf.d").iterdir(), *(folder / "sites-enabled").iterdir()])
    files = [folder / "nginx.conf", *sites]
    return "".join(f"# configuration file {file}:\n{file.read_text(encoding='utf-8')}\n" for file in files)


def lay_nginx(folder: Path, site: str) -> None:
    for name in ("conf.d", "sites-available", "sites-enabled"):
        (folder / name).mkdir(parents=True)
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder), encoding="utf-8")
    (folder / "sites-available/site.conf").write_text(site, encoding="utf-8")
    (folder / "sites-enabled/site.conf").symlink_to("../sites-available/site.conf")


# An nginx as `ps` shows it: a main process, and a worker that took its title.
NGINX = """
import subprocess, sys
subprocess.run(["nginx: worker process", "600"], executable="/bin/sleep")
"""


# Runs a command as the unit would have it: it may gain no privilege and no capability, and has a filter of calls (here
# one that lets all of them through).
CONFINED = """
import ctypes, os, sys

class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction))]

prctl = ctypes.CDLL(None).prctl
for capability in range(64):
    prctl(24, capability, 0, 0, 0)
prctl(38, 1, 0, 0, 0)
allow = Instruction(0x06, 0, 0, 0x7FFF0000)
prctl(22, 2, ctypes.byref(Program(1, ctypes.pointer(allow))))
os.execv(sys.argv[1], sys.argv[1:])
"""
