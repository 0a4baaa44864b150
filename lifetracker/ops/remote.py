"""Deploying from a desk: the archive goes over the system's own ssh, and the same command runs there.

What arrived is kept by the archive's digest, so that a broken upload goes on where it stopped.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lifetracker.ops import archive, shell
from lifetracker.ops.refusal import Refused
from lifetracker.ops.telling import Teller

FOLDER = "/var/tmp/lifetracker-upload"  # noqa: S108  closed to others before anything is put there
PIECE = 1024 * 1024
# Ours alone, and no link that somebody else laid: `mkdir` fails where something stands, and `-O` says whose it is.
PREPARE = (
    "umask 077; mkdir {folder} 2>/dev/null; [ -d {folder} ] && [ -O {folder} ] && [ ! -L {folder} ] && "
    "{{ stat -c %s {file} 2>/dev/null || echo 0; }}"
)


def deploy(host: str, path: Path, words: Sequence[str], tell: Teller, *, sudo: bool = False) -> int:
    """Bring an archive to `host` and run `deploy` there with `words`; answers its exit code."""
    with archive.opened(path) as members:
        digest = members.digest
    file = f"{FOLDER}/{digest}.pyz"
    with tell.step("upload"):
        _upload(host, path, file, digest, tell)
    there = f"{'sudo ' if sudo else ''}python3 {file} {shlex.join(['deploy', *words])}"
    return subprocess.run([*_ssh(host, terminal=os.isatty(0)), there], check=False).returncode  # noqa: S603


def _upload(host: str, path: Path, file: str, digest: str, tell: Teller) -> None:
    size = path.stat().st_size
    there = int(shell.run([*_ssh(host), PREPARE.format(folder=FOLDER, file=file)]).strip() or 0)
    if there > size:
        there = 0
    _send(host, path, file, there, tell)
    said = shell.run([*_ssh(host), f"sha256sum {file}"]).split()
    if said[:1] != [digest]:
        shell.run([*_ssh(host), f"rm -f {file}"])
        raise Refused(f"what arrived at {host} is not what was sent: it was removed there, send it again")


def _send(host: str, path: Path, file: str, start: int, tell: Teller) -> None:
    size = path.stat().st_size
    into = f"{'cat >>' if start else 'cat >'} {file}"
    with open(path, "rb") as source, subprocess.Popen([*_ssh(host), into], stdin=subprocess.PIPE) as ssh:  # noqa: S603
        assert ssh.stdin is not None
        source.seek(start)
        try:
            while piece := source.read(PIECE):
                ssh.stdin.write(piece)
                tell.progress("upload", source.tell(), size)
            ssh.stdin.close()
        except BrokenPipeError:
            pass  # its own exit code tells
        code = ssh.wait()
    if code:
        raise Refused(f"the connection to {host} broke (code {code}): run it again, it goes on from there")


def _ssh(host: str, *, terminal: bool = False) -> list[str]:
    return ["ssh", *(["-t"] if terminal else []), "-o", "ServerAliveInterval=15", "--", host]
