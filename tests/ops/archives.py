"""Archives as the tests want them: right, or wrong in one way."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path

from lifetracker.ops.archive import MANIFEST, MARK, TRAILER

PLAIN = stat.S_IFREG | 0o644
Member = tuple[str, bytes, int]  # its name, what it holds, its mode


def members_of(manifest: object, files: dict[str, bytes]) -> list[Member]:
    text = json.dumps(manifest).encode()
    return [(MANIFEST, text, PLAIN), *((name, content, PLAIN) for name, content in sorted(files.items()))]


def write(path: Path, members: Iterable[Member], *, compressed: bool = False) -> Path:
    """A zip with just these members, sealed as a release archive is."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        archive.comment = MARK + b"0" * (TRAILER - len(MARK))
        for name, held, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.create_system = 3
            info.compress_type = archive.compression
            archive.writestr(info, held)
    return seal(path, content.getvalue()[:-TRAILER])


def seal(path: Path, content: bytes) -> Path:
    path.write_bytes(content + MARK + hashlib.sha256(content).hexdigest().encode())
    return path
