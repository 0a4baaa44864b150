"""The command `lifetracker`, also as `python -m lifetracker`.

Guards, smoke check and what looks after a server come without the rest: they must work, and start fast, when it
does not.
"""

import gc
import sys

from lifetracker.ops import source

gc.disable()  # while modules load nothing becomes garbage, and looking for it takes a third of the time

WITHOUT_FEATURES = ("server", "release", "deploy", "rollback", "backup", "restore", "ops-check")

if sys.argv[1:2] in (["guards"], ["smoke"]):
    from lifetracker.core.smoke import run
elif sys.argv[1:2] and sys.argv[1] in WITHOUT_FEATURES:
    from lifetracker.ops.commands import run
else:
    from lifetracker.cli import main as run


gc.enable()


def main() -> None:
    source.clean_up_at_exit()
    run()


if __name__ == "__main__":
    main()
