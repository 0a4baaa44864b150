"""The command `lifetracker`, also as `python -m lifetracker`.

Guards, smoke check and what looks after a server come without the rest: they must work, and start fast, when it
does not.
"""

import gc
import sys

from lifetracker.core.release import RELEASE
from lifetracker.ops import started_from

gc.disable()  # while modules load nothing becomes garbage, and looking for it takes a third of the time

WITHOUT_FEATURES = ("server", "release", "deploy", "rollback", "backup", "restore", "ops-check")

try:
    if sys.argv[1:2] in (["guards"], ["smoke"]):
        from lifetracker.core.smoke import commands

        def run() -> None:
            commands(prog_name="lifetracker")

    elif sys.argv[1:2] and sys.argv[1] in WITHOUT_FEATURES:
        from lifetracker.ops.commands import run
    else:
        from lifetracker.cli.commands import main as run
except Exception as broken:  # whatever a damaged file makes Python say
    if RELEASE is None:
        raise
    sys.exit(
        f"lifetracker: the code or the libraries of {RELEASE} are damaged ({type(broken).__name__}: {broken}): "
        "deploy its archive again, started by itself; that builds them anew"
    )

gc.enable()


def main() -> None:
    started_from.clean_up_at_exit()
    run()


if __name__ == "__main__":
    main()
