"""Whether the libraries are those that were installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.ops.installation import Installation


def compiled(server: Installation) -> Path:
    (packages,) = server.places.venvs.glob("lock/lib/*/site-packages")
    return packages / f"__pycache__/trial.{sys.implementation.cache_tag}.pyc"


class TestLibraries:
    def test_hold_when_they_are_as_installed(self, server: Installation) -> None:
        assert server.check("libraries").state == "ok"

    def test_hold_when_what_was_compiled_is_younger_and_the_same(self, server: Installation) -> None:
        """As in a folder that was copied to another disk."""
        os.utime(compiled(server))

        assert server.check("libraries").state == "ok"

    def test_do_not_hold_when_it_was_copied_from_elsewhere_with_its_old_time(self, server: Installation) -> None:
        other = compiled(server).with_name("other")
        other.write_bytes(b"other")
        os.utime(other, (1.0, 1.0))
        other.replace(compiled(server))

        assert server.check("libraries").state == "failed"
