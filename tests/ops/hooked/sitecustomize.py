"""Python runs this at its start where the folder is on its path: the steps of a process that is to be killed count."""

import os

if "KILLED_AT" in os.environ:
    from tests.ops.kills import arm

    arm()
