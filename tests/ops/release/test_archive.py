"""Release archives: a whole one is unpacked as it was built, any other refused before a byte of it is written."""

from __future__ import annotations

import io
import json
import random
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifetracker.ops.release import archive
from lifetracker.ops.release.archive import ArchiveRefused
from tests.ops import archives, tiny_release
from tests.ops.archives import PLAIN, Member
from tests.ops.tiny_release import Behaviour

FILES = tiny_release.files_of("1.0.0", Behaviour())
MANIFEST = tiny_release.manifest_of("1.0.0", FILES, "3.11").model_dump()
MEMBERS = archives.members_of(MANIFEST, FILES)


def named(extra: dict[str, bytes]) -> list[Member]:
    """Members with more files, and a manifest that names those, too."""
    files = {**FILES, **extra}
    return archives.members_of(tiny_release.manifest_of("1.0.0", files, "3.11").model_dump(), files)


def with_mode(mode: int) -> list[Member]:
    return [(name, content, mode if name == "lifetracker/main.py" else was) for name, content, was in MEMBERS]


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return archives.write(tmp_path / "whole.pyz", MEMBERS)


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveRefused) as refused, archive.opened(path):
        pass
    return str(refused.value)


def peak_of(work: Callable[[], str]) -> tuple[str, int]:
    """What it answered, and the most bytes of memory that it had at once."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestOpened:
    def test_tells_what_a_whole_archive_holds(self, whole: Path) -> None:
        with archive.opened(whole) as members:
            assert (members.manifest.version, set(members.manifest.files)) == ("1.0.0", set(FILES))

    def test_takes_a_packed_archive_as_well(self, tmp_path: Path) -> None:
        with archive.opened(archives.write(tmp_path / "packed.pyz", MEMBERS, compressed=True)) as members:
            assert members.manifest.version == "1.0.0"

    @pytest.mark.parametrize("part", range(40))
    def test_refuses_one_flipped_bit_wherever_it_is(self, whole: Path, part: int) -> None:
        content = bytearray(whole.read_bytes())
        place = random.Random(part).randrange(len(content) * part // 40, len(content) * (part + 1) // 40)
        content[place] ^= 1 << (part % 8)
        whole.write_bytes(content)

        assert "no release archive" in (said := refusal(whole)) or "damaged" in said

    @pytest.mark.parametrize("left", [0, 1, 70, 71, 500, -1])
    def test_refuses_one_that_was_cut_off(self, whole: Path, left: int) -> None:
        whole.write_bytes(whole.read_bytes()[:left])

        assert "end is missing" in refusal(whole)

    def test_refuses_one_with_something_behind_it(self, whole: Path) -> None:
        whole.write_bytes(whole.read_bytes() + b"more")

        assert "end is missing" in refusal(whole)

    def test_refuses_what_is_not_there(self, tmp_path: Path) -> None:
        assert "cannot be read" in refusal(tmp_path / "none.pyz")

    def test_refuses_what_is_sealed_and_no_zip(self, tmp_path: Path) -> None:
        assert "no release archive" in refusal(archives.seal(tmp_path / "x.pyz", b"tar, perhaps" * 100))

    @pytest.mark.parametrize(
        "name",
        [
            *("../evil.py", "lifetracker/../../evil.py", "/etc/evil", "//etc/evil", "lifetracker//main2.py", "./evil"),
            *(
                "lifetracker/./x",
                "lifetracker\\evil",
                "C:\\evil",
                "lifetracker/",
                "nümlaut.py",
                "line\nbreak",
                "x" * 300,
            ),
        ],
    )
    def test_refuses_a_name_that_is_none_for_a_release(self, tmp_path: Path, name: str) -> None:
        assert "name" in refusal(archives.write(tmp_path / "x.pyz", named({name: b"evil"})))

    @pytest.mark.parametrize(
        "mode",
        [
            *(stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o666, stat.S_IFBLK | 0o666, stat.S_IFIFO | 0o666),
            *(stat.S_IFSOCK | 0o666, stat.S_IFDIR | 0o755, PLAIN | stat.S_ISUID, PLAIN | stat.S_ISGID, 0),
        ],
    )
    def test_refuses_all_but_plain_files(self, tmp_path: Path, mode: int) -> None:
        assert "no plain file" in refusal(archives.write(tmp_path / "x.pyz", with_mode(mode)))

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_refuses_two_files_of_one_name(self, tmp_path: Path) -> None:
        assert "twice" in refusal(archives.write(tmp_path / "x.pyz", [*MEMBERS, MEMBERS[-1]]))

    def test_refuses_a_file_where_others_need_a_folder(self, tmp_path: Path) -> None:
        said = refusal(archives.write(tmp_path / "x.pyz", named({"lifetracker": b"a file"})))

        assert "as a file and as a folder" in said

    def test_refuses_a_bomb_by_what_it_says_of_its_size(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive, "MOST_BYTES", 100_000)
        bomb = archives.write(tmp_path / "x.pyz", named({"zeros": b"\0" * 200_000}), compressed=True)

        assert bomb.stat().st_size < 100_000
        assert "would unpack to more" in refusal(bomb)

    def test_refuses_a_bomb_that_lies_about_its_size(self, tmp_path: Path) -> None:
        path = archives.write(tmp_path / "x.pyz", named({"zeros": b"\0" * 200_000}), compressed=True)
        told, lie = ((size).to_bytes(4, "little") for size in (200_000, 10))
        lying = path.read_bytes()[: -archive.TRAILER].replace(told, lie)

        assert "'zeros'" in (said := refusal(archives.seal(path, lying))) or "no release archive" in said

    def test_refuses_ten_gigabytes_of_zeros_without_unpacking_them(self, tmp_path: Path) -> None:
        bomb = archives.zeros(tmp_path / "x.pyz", 10 * 1024**3)

        said, peak = peak_of(lambda: refusal(bomb))

        assert bomb.stat().st_size < 12 * 1024**2
        assert "would unpack to more" in said
        assert peak < 20 * 1024**2

    @pytest.mark.thorough
    def test_refuses_a_million_files_without_reading_their_names(self, tmp_path: Path) -> None:
        bomb = archives.million(tmp_path / "x.pyz")

        said, peak = peak_of(lambda: refusal(bomb))

        assert "list of files is too long" in said
        assert peak < 20 * 1024**2

    def test_refuses_a_list_of_files_that_hides_behind_another(self, tmp_path: Path) -> None:
        """zipfile looks for the last mark that ends a list; one inside the true end would lead it elsewhere."""
        content = archives.write(tmp_path / "x.pyz", MEMBERS).read_bytes()[: -archive.TRAILER]

        assert "does not end where it should" in refusal(
            archives.seal(tmp_path / "x.pyz", content[:-6] + b"PK\5\6\0\0")
        )

    def test_refuses_too_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive, "MOST_FILES", 3)

        assert "the most that a release may have is 3" in refusal(archives.write(tmp_path / "x.pyz", MEMBERS))

    def test_refuses_a_file_that_its_manifest_does_not_name(self, tmp_path: Path) -> None:
        extra = archives.write(tmp_path / "x.pyz", [*MEMBERS, ("lifetracker/extra.py", b"", PLAIN)])

        assert "'lifetracker/extra.py' is not in its manifest" in refusal(extra)

    def test_refuses_a_file_that_is_missing(self, tmp_path: Path) -> None:
        assert "in its manifest and missing" in refusal(archives.write(tmp_path / "x.pyz", MEMBERS[:-1]))

    def test_refuses_a_file_that_is_another(self, tmp_path: Path) -> None:
        other = [(name, content + b"#", mode) for name, content, mode in MEMBERS[-1:]]

        assert "is not the file that its manifest names" in refusal(
            archives.write(tmp_path / "x.pyz", MEMBERS[:-1] + other)
        )

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "{}", json.dumps({**MANIFEST, "more": 1}), json.dumps({**MANIFEST, "files": [1]})]
    )
    def test_refuses_a_manifest_that_is_none(self, tmp_path: Path, text: str) -> None:
        members = [("MANIFEST.json", text.encode(), PLAIN), *MEMBERS[1:]]

        assert "not one of a release" in refusal(archives.write(tmp_path / "x.pyz", members))

    def test_refuses_one_without_a_manifest(self, tmp_path: Path) -> None:
        assert "has no MANIFEST.json" in refusal(archives.write(tmp_path / "x.pyz", MEMBERS[1:]))

    @pytest.mark.parametrize("spoil", [lambda info: setattr(info, "compress_type", zipfile.ZIP_BZIP2)])
    def test_refuses_what_is_packed_otherwise(self, tmp_path: Path, spoil: Callable[[Any], None]) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as made:
            made.comment = archive.MARK + b"0" * 64
            info = zipfile.ZipInfo("MANIFEST.json")
            info.external_attr = PLAIN << 16
            spoil(info)
            made.writestr(info, json.dumps(MANIFEST))

        assert "packed in a way" in refusal(archives.seal(tmp_path / "x.pyz", content.getvalue()[: -archive.TRAILER]))

    def test_refuses_what_says_that_it_is_encrypted(self, whole: Path, tmp_path: Path) -> None:
        content = bytearray(whole.read_bytes()[: -archive.TRAILER])
        content[content.rindex(b"PK\x01\x02") + 8] |= 1  # the flags of the last file in the list at the end

        assert "encrypted, or packed" in refusal(archives.seal(tmp_path / "x.pyz", bytes(content)))

    def test_refuses_a_manifest_that_would_fill_the_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archive, "PIECE", 1)

        assert "too large to be one" in refusal(archives.write(tmp_path / "x.pyz", MEMBERS))


class TestUnpack:
    def test_writes_every_file_as_it_was_built(self, whole: Path, tmp_path: Path) -> None:
        with archive.opened(whole) as members:
            members.unpack(tmp_path / "tree", members.manifest.files)

        assert _files(tmp_path / "tree") == FILES

    def test_writes_through_nothing_that_stands_there(self, whole: Path, tmp_path: Path) -> None:
        (tmp_path / "tree" / "lifetracker").mkdir(parents=True)
        (tmp_path / "tree" / "lifetracker" / "main.py").symlink_to(tmp_path / "elsewhere")

        with archive.opened(whole) as members, pytest.raises(FileExistsError):
            members.unpack(tmp_path / "tree", members.manifest.files)

        assert not (tmp_path / "elsewhere").exists()

    def test_tells_how_far_it_is(self, whole: Path, tmp_path: Path) -> None:
        told: list[tuple[int, int]] = []
        with archive.opened(whole) as members:
            members.unpack(tmp_path / "tree", members.manifest.files, lambda done, of: told.append((done, of)))

        assert told[-1] == (len(FILES), len(FILES))

    def test_refuses_what_changed_after_it_was_judged(self, tmp_path: Path) -> None:
        large = archives.write(tmp_path / "large.pyz", named({"large": b"a" * 200_000}))
        with archive.opened(large) as members:
            content = large.read_bytes()
            with open(large, "r+b") as file:
                file.write(content.replace(b"aaaa", b"aaab"))

            with pytest.raises(ArchiveRefused, match="changed while"):
                members.unpack(tmp_path / "tree", members.manifest.files)

    def test_refuses_what_changed_so_that_zip_does_not_see_it(
        self, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """CRC-32 can be met by who wants to."""
        monkeypatch.setattr(zipfile.ZipExtFile, "_update_crc", lambda *_: None)
        with archive.opened(whole) as members:
            other = dict.fromkeys(members.manifest.files, "0" * 64)

            with pytest.raises(ArchiveRefused, match="changed while"):
                members.unpack(tmp_path / "tree", other)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
