"""Rows in the one form that every engine gives alike, and a checksum over them that does not ask for their order.

The form is what SQLite keeps: instants as microseconds since 1970, days as ISO text, truth as 0 and 1, JSON as the text
that was written. A row's hash is BLAKE2b, 128 bits, of its values as JSON; a table's checksum is their sum. No two rows
of a table are alike, so nothing can cancel out, and rows may be added up in whatever order they are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

BYTES = 16


@dataclass(slots=True)
class RowSum:
    """How many rows there were, and their checksum."""

    rows: int = 0
    total: int = 0

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for row in rows:
            self.rows += 1
            self.total += int.from_bytes(blake2b(json.dumps(row).encode(), digest_size=BYTES).digest())

    @property
    def checksum(self) -> str:
        return f"{self.total % 256**BYTES:0{2 * BYTES}x}"
