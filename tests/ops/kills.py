"""Runs a command again and again, and kills it at its k-th step: `python -m tests.ops.kills CODE COUNTER`.

A step is whatever Python tells an audit hook of files, processes and databases, before it happens. Each line on stdin
is `k who`: the command is run in a fork and killed with SIGKILL at step k, `all` of it or the `one` process that got
there. Each line on stdout tells the end: `-9`, or the exit code and how many steps there were.

The processes that the command starts count on: this folder's `sitecustomize` sets the same hook in them.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

STEPS = frozenset(
    (
        *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown"),
        *("os.truncate", "subprocess.Popen", "sqlite3.connect", "shutil.rmtree"),
        *("shutil.copyfile", "shutil.chown", "fcntl.flock", "fcntl.lockf"),
    )
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
AT, WHO, COUNTER = "KILLED_AT", "KILLED_WHO", "KILLED_COUNTER"


def arm() -> None:
    """From here on each step counts, and the one that was asked for is the last."""
    last, who = int(os.environ[AT]), os.environ[WHO]
    counter = os.open(os.environ[COUNTER], os.O_WRONLY | os.O_APPEND)

    def at_step(event: str, arguments: tuple[Any, ...]) -> None:
        if event in STEPS or (event == "open" and _writes(arguments)):
            os.write(counter, b".")
            if os.fstat(counter).st_size == last:
                os.kill(0 if who == "all" else os.getpid(), signal.SIGKILL)

    sys.addaudithook(at_step)


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    return isinstance(path, (str, bytes)) and bool(flags & WRITING)


def main(code: str, counter: str) -> None:
    """The imports are done once: what is killed is a fork."""
    compiled = compile(code.partition("\n---\n")[2], "command", "exec")
    names: dict[str, Any] = {}
    exec(code.partition("\n---\n")[0], names)  # noqa: S102  the test's own
    for line in sys.stdin:
        last, who = line.split()
        Path(counter).write_bytes(b"")
        os.environ.update({AT: last, WHO: who, COUNTER: counter})
        print(_end_of(compiled, names), Path(counter).stat().st_size, flush=True)  # noqa: T201  it is the answer


def _end_of(compiled: Any, names: dict[str, Any]) -> int:
    child = os.fork()
    if not child:
        os.setsid()
        arm()
        code = 1
        try:
            exec(compiled, names)  # noqa: S102
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
