"""Archives as the tests want them: right, or wrong in one way."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from lifetracker.ops.release.archive import MANIFEST, MARK, TRAILER

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


def million(path: Path, many: int = 1_000_000) -> Path:
    """An archive whose list names so many files, and nothing else: 53 bytes each."""
    listed = b"".join(LISTED % (b"%07d" % number) for number in range(many))
    counts = struct.pack("<QQQQ", many, many, len(listed), 0)
    end64 = struct.pack("<4sQHHII", b"PK\6\6", 44, 45, 45, 0, 0) + counts
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(listed), 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, TRAILER)
    return seal(path, listed + end64 + locator + end)


LISTED = (
    struct.pack(
        "<4sBBHHHHHIIIHHHHHII", b"PK\1\2", 20, 3, 20, 0, 0, 0, 33, 0, 0, 0, 7, 0, 0, 0, 0, PLAIN << 16, 0
    ).replace(b"%", b"%%")
    + b"%s"
)


def zeros(path: Path, size: int) -> Path:
    """An archive of one file that is so many zeros when it is unpacked."""
    name, packed = b"zeros", _packed_zeros(size)
    sizes = struct.pack("<HHQQ", 1, 16, size, len(packed))  # in the extra field, for what 32 bits do not hold
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, 8, 0, 33, 0, *[0xFFFFFFFF] * 2, len(name), len(sizes))
    entry = struct.pack(
        "<4sBBHHHHHIIIHHHHHII", b"PK\1\2", 45, 3, 45, 0, 8, 0, 33, 0, *[0xFFFFFFFF] * 2, len(name), len(sizes),
        0, 0, 0, PLAIN << 16, 0,
    )  # fmt: skip
    content, listed = local + name + sizes + packed, entry + name + sizes
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(listed), len(content), TRAILER)
    return seal(path, content + listed + end)


def _packed_zeros(size: int) -> bytes:
    """The same block again and again: each is flushed so that it leans on none before."""
    deflate = zlib.compressobj(9, wbits=-15)
    block = deflate.compress(b"\0" * 1024**2) + deflate.flush(zlib.Z_FULL_FLUSH)
    return block * (size // 1024**2) + deflate.flush()
