"""What ends a deploy from outside, and what does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from lifetracker.ops.deploying.interrupts import Interrupted, interruptible, uninterrupted

NAMES = ("SIGTERM", "SIGHUP")


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """The tests may have been started by who has them ignore these."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class TestInterruptible:
    @pytest.mark.parametrize("name", NAMES)
    def test_makes_a_polite_end_an_interruption(self, name: str) -> None:
        with pytest.raises(Interrupted, match=name), interruptible():
            os.kill(os.getpid(), getattr(signal, name))

    @pytest.mark.parametrize("name", NAMES)
    def test_leaves_things_as_they_were(self, name: str) -> None:
        number = getattr(signal, name)
        before = signal.getsignal(number)

        with suppress(Interrupted), interruptible():
            os.kill(os.getpid(), number)

        assert signal.getsignal(number) is before

    def test_leaves_to_nohup_what_is_its(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with interruptible():
                os.kill(os.getpid(), signal.SIGHUP)
        finally:
            signal.signal(signal.SIGHUP, before)


class TestUninterrupted:
    @pytest.mark.parametrize("name", ["SIGINT", *NAMES])
    def test_hears_nothing(self, name: str) -> None:
        with interruptible(), uninterrupted():
            os.kill(os.getpid(), getattr(signal, name))

    def test_keeps_the_programs_that_it_starts_from_hearing_it_too(self) -> None:
        """Ctrl-C in a terminal is sent to all of them."""
        with uninterrupted():
            code = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('on')"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

        assert done.stdout == "on\n"

    def test_hears_again_afterwards(self) -> None:
        with interruptible():
            with uninterrupted():
                pass
            with pytest.raises(Interrupted):
                os.kill(os.getpid(), signal.SIGTERM)
