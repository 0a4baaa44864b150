"""The command `lifetracker`, also as `python -m lifetracker`.

Guards and smoke check come without the rest, which they judge: they must work, and start fast, when it does not.
"""

import sys

if sys.argv[1:2] in (["guards"], ["smoke"]):
    from lifetracker.core.smoke import run
else:
    from lifetracker.cli import main as run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
