"""Deploying from a desk: the archive goes over the system's own ssh, and the same command runs there.

What arrived is kept by the archive's digest, so that a broken upload goes on where it stopped.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from lifetracker.ops import shell
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import archive
from lifetracker.ops.telling import Teller

FOLDER = "/var/tmp/lifetracker-upload"  # noqa: S108  closed to others before anything is put there
PIECE = 1024 * 1024
# Ours alone, and no link that somebody else laid: `mkdir` fails where something stands, and `-O` says whose it is.
PREPARE = (
    "umask 077; mkdir {folder} 2>/dev/null; "
    "[ -d {folder} ] && [ -O {folder} ] && [ ! -L {folder} ] || "
    "{{ echo {folder} is not ours: look who made it >&2; exit 1; }}; "
    "find {folder} -type f -mtime +7 -delete; stat -c %s {file} 2>/dev/null || echo 0"
)
SSH_FAILED, NOT_FOUND = 255, 127
WHERE_IT_IS = f"command -v lifetracker >/dev/null || exit {NOT_FOUND}; "  # sudo itself would end with 1


def deploy(host: str, path: Path, words: Sequence[str], tell: Teller, *, sudo: bool = False) -> int:
    """Bring an archive to `host` and run `deploy` there with `words`; answers its exit code. It goes there again when
    that was well."""
    with archive.opened(path) as members:
        digest = members.digest
    file = f"{FOLDER}/{digest}.pyz"
    with tell.step("upload"):
        _upload(host, path, file, digest, tell)
    code = _run(host, ["python3", file, "deploy", *words], sudo)
    if code == 0 and "--dry-run" not in words:
        with suppress(shell.ProgramFailed):  # a week later it goes anyway
            shell.run([*_ssh(host), f"rm -f {file}"])
    return code


def ask(host: str, words: Sequence[str], *, sudo: bool = False) -> int:
    """Run `deploy` there with `words` and without an archive, by the command of the release that is live."""
    code = _run(host, ["lifetracker", "deploy", *words], sudo, WHERE_IT_IS)
    if code == NOT_FOUND:
        raise Refused(f"nothing is live at {host} that could answer: `lifetracker deploy ARCHIVE --host {host}` first")
    return code


def _run(host: str, command: Sequence[str], sudo: bool, first: str = "") -> int:
    there = first + shlex.join([*(["sudo"] if sudo else []), *command])
    code = subprocess.run([*_ssh(host, terminal=os.isatty(0)), there], check=False).returncode  # noqa: S603
    if code == SSH_FAILED:
        raise Refused(f"the connection to {host} broke; what had begun there goes on, `--status` tells how it ended")
    return code


def _upload(host: str, path: Path, file: str, digest: str, tell: Teller) -> None:
    size = path.stat().st_size
    said = shell.run([*_ssh(host), PREPARE.format(folder=FOLDER, file=file)]).split()
    if not said or not said[-1].isdigit():
        raise Refused(
            f"{host} answers {' '.join(said) or 'nothing'}, and no size: what does its shell print at a login?"
        )
    there = int(said[-1])
    if there > size:
        there = 0
    _send(host, path, file, there, tell)
    if digest not in shell.run([*_ssh(host), f"sha256sum {file}"]).split():
        shell.run([*_ssh(host), f"rm -f {file}"])
        raise Refused(f"what arrived at {host} is not what was sent: it was removed there, send it again")


def _send(host: str, path: Path, file: str, start: int, tell: Teller) -> None:
    size = path.stat().st_size
    into = f"{'cat >>' if start else 'cat >'} {file}"
    ssh = subprocess.Popen([*_ssh(host), into], stdin=subprocess.PIPE, bufsize=0)  # noqa: S603
    assert ssh.stdin is not None
    with open(path, "rb") as source, suppress(BrokenPipeError), ssh.stdin:  # its own exit code tells
        source.seek(start)
        while piece := source.read(PIECE):
            _write(ssh.stdin, piece)
            tell.progress("upload", source.tell(), size)
    if code := ssh.wait():
        raise Refused(f"the connection to {host} broke (code {code}): run it again, it goes on from there")


def _write(pipe: IO[bytes], piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[pipe.write(left) :]


def _ssh(host: str, *, terminal: bool = False) -> list[str]:
    return ["ssh", *(["-t"] if terminal else []), "-o", "ServerAliveInterval=15", "--", host]
