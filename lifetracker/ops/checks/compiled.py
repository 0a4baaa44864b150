"""Compiled code: whether it is what its source would be compiled to, since Python runs it without a look at that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from lifetracker.ops import shell
from lifetracker.ops.places import USER
from lifetracker.ops.release.releases import Release

CACHE = "__pycache__"
TAKES_AT_MOST = 60.0
# Pairs of source and compiled file come in as JSON, and those compiled ones that are of another source go out. What
# another Python compiled, or one that optimizes, is loaded by nobody here.
COMPARE = """
import json, marshal, sys

def same(source, compiled):
    try:
        with open(source, "rb") as file, open(compiled, "rb") as made:
            return compile(file.read(), source, "exec", dont_inherit=True) == marshal.loads(made.read()[16:])
    except (OSError, ValueError, EOFError, TypeError, SyntaxError):
        return False

loaded = f".{sys.implementation.cache_tag}.pyc"
pairs = [pair for pair in json.load(sys.stdin) if pair[1].endswith(loaded)]
json.dump([compiled for source, compiled in pairs if not same(source, compiled)], sys.stdout)
"""


def is_compiled(path: Path) -> bool:
    return path.parent.name == CACHE and path.suffix == ".pyc"


def of_another_source(release: Release, files: Iterable[Path]) -> list[Path]:
    """Those of compiled files that do not hold what the source beside them is compiled to.

    By the Python that would load them, without what its environment has it load first; as the service's user, since
    nobody knows what is in them.
    """
    pairs = [(str(file.parent.parent / f"{file.name.partition('.')[0]}.py"), str(file)) for file in files]
    if not pairs:
        return []
    command: list[str | Path] = [release.python, "-I", "-S", "-c", COMPARE]
    return [
        Path(each) for each in json.loads(shell.run(command, user=USER, stdin=json.dumps(pairs), seconds=TAKES_AT_MOST))
    ]
