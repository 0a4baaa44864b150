"""The command `lifetracker`, also as `python -m lifetracker`.

Guards and smoke check come without the rest, which they judge: they must work, and start fast, when it does not.
"""

import gc
import sys

gc.disable()  # while modules load nothing becomes garbage, and looking for it takes a third of the time

if sys.argv[1:2] in (["guards"], ["smoke"]):
    from lifetracker.core.smoke import run
else:
    from lifetracker.cli import main as run


gc.enable()


def main() -> None:
    run()


if __name__ == "__main__":
    main()
