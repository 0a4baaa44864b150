"""The lock file, read for a server that is another machine than the one that builds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lifetracker.ops.refusal import Refused
from lifetracker.ops.release.lock_file import for_server

LOCK = (Path(__file__).parents[3] / "requirements.lock").read_text(encoding="utf-8")
HASH = f"    --hash=sha256:{'0' * 64}\n"


def pinned(lock: str) -> set[str]:
    return {line.partition("==")[0] for line in lock.splitlines() if not line.startswith(" ")}


def wanted(marker: str, python: str = "3.11", machine: str = "x86_64") -> bool:
    return bool(for_server(f"thing==1 ; {marker} \\\n{HASH}", python, machine))


class TestForServer:
    def test_keeps_what_only_that_server_needs(self) -> None:
        assert "pysqlite3" in pinned(for_server(LOCK, "3.11", "x86_64"))
        assert "pysqlite3" not in pinned(for_server(LOCK, "3.11", "aarch64"))
        assert "pysqlite3" not in pinned(for_server(LOCK, "3.14", "x86_64"))

    def test_leaves_out_what_only_another_system_needs(self) -> None:
        lost = pinned(LOCK) - pinned(for_server(LOCK, "3.11", "x86_64"))

        assert lost == {"colorama", "win32-setctime"}

    def test_leaves_no_marker_for_pip_to_answer_and_every_hash(self) -> None:
        lock = for_server(LOCK, "3.11", "x86_64")

        assert " ; " not in lock
        assert re.fullmatch(
            r"(\S+==\S+ \\\n(    --hash=sha256:[0-9a-f]{64} \\\n)*    --hash=sha256:[0-9a-f]{64}\n)+", lock
        )

    def test_compares_versions_as_numbers(self) -> None:
        assert wanted("python_full_version < '3.14'", python="3.9")
        assert not wanted("python_full_version >= '3.9' and python_version != '3.11'")
        assert wanted("(python_version > '3.12' or sys_platform == 'linux') and os_name <= 'posix'")

    def test_refuses_a_marker_that_it_does_not_understand(self) -> None:
        with pytest.raises(Refused, match="a marker that is not understood here: platform_release == '6'"):
            wanted("platform_release == '6'")
