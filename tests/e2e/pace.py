"""How fast a core of this machine is just now, so that a bound in seconds means the same on every machine.

What is bounded here is mostly Python at work: to start it, to read and hash files. So is the yardstick.
"""

from __future__ import annotations

import time

from tests.e2e.telling import tell

STEPS = 3_000_000
# Seconds for so many on the machine that docs/reliability.md was measured on. Reckoned, not timed: `lifetracker guards`
# took 1.1 s there, and 2.6 s where these took 0.67.
ON_THE_MEASURED_ONE = 0.28


def allowed(seconds: float) -> float:
    """As long as what took `seconds` there may take here: more where a core is slower, no less where it is faster."""
    began, total = time.process_time(), 0
    for step in range(STEPS):
        total += step * step % 7
    slowness = max(1.0, (time.process_time() - began) / ON_THE_MEASURED_ONE)
    tell(f"{seconds * slowness:.1f} s for {seconds} s: a core is {slowness:.1f} times as slow as the measured one")
    return seconds * slowness
