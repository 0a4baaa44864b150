"""Deploying over ssh: with a stand-in for it that runs the command here, in a folder that stands for the other host."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lifetracker.ops.deploying import remote
from lifetracker.ops.refusal import Refused
from lifetracker.ops.telling import Teller
from tests.ops import archives, tiny_release
from tests.ops.installation import prefer
from tests.ops.tiny_release import Behaviour

# Notes what it was asked; then does what the test says, or runs the command as that host's shell would.
SSH = """#!/bin/sh
echo "$@" >>{here}/asked
for last; do :; done
if [ -e {here}/says ]; then . {here}/says; fi
PATH={here}/there:$PATH exec sh -c "$last"
"""
PYTHON = """#!/bin/sh
echo "$@" >>{here}/ran
exit $(cat {here}/code 2>/dev/null || echo 0)
"""
QUIET = Teller(quiet=True)


class Host:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "there").mkdir(parents=True)
        self._program("ssh", SSH)
        for name in ("python3", "lifetracker"):
            self._program(f"there/{name}", PYTHON)
        self._program("there/sudo", '#!/bin/sh\necho sudo >>{here}/ran\nexec "$@"\n')

    def _program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text.format(here=self.folder))
        (self.folder / name).chmod(0o755)

    def ends_with(self, code: int) -> None:
        (self.folder / "code").write_text(str(code))

    def says(self, shell: str) -> None:
        """What ssh does before it would run the command."""
        (self.folder / "says").write_text(shell)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    @property
    def ran(self) -> list[str]:
        file = self.folder / "ran"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def uploads(self) -> list[Path]:
        return sorted(self.folder.glob("upload/*"))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path / "host")
    monkeypatch.setenv("PATH", prefer(made.folder))
    monkeypatch.setattr(remote, "FOLDER", str(made.folder / "upload"))
    return made


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    files = tiny_release.files_of("1.0.0", Behaviour()) | {"docs/large": b"x" * 3_000_000}
    manifest = tiny_release.manifest_of("1.0.0", files, f"{sys.version_info.major}.{sys.version_info.minor}")
    return archives.write(tmp_path / "lifetracker-1.0.0.pyz", archives.members_of(manifest.model_dump(), files))


def deploy(archive: Path, *words: str, sudo: bool = False) -> int:
    return remote.deploy("example.org", archive, words, QUIET, sudo=sudo)


class TestDeploy:
    def test_runs_there_what_would_run_here(self, host: Host, archive: Path) -> None:
        code = deploy(archive, "--despite-ops-check", "it's the disk")

        file = host.folder / "upload"
        assert code == 0
        assert len(host.ran) == 1
        assert host.ran[0].startswith(str(file))
        assert host.ran[0].endswith(".pyz deploy --despite-ops-check it's the disk")

    def test_becomes_root_there_when_asked_to(self, host: Host, archive: Path) -> None:
        deploy(archive, sudo=True)

        assert host.ran[0] == "sudo"

    @pytest.mark.parametrize("code", [1, 3])
    def test_answers_how_it_ended_there(self, host: Host, archive: Path, code: int) -> None:
        host.ends_with(code)

        assert deploy(archive) == code

    def test_never_takes_a_host_for_an_option(self, host: Host, archive: Path) -> None:
        remote.deploy("-oProxyCommand=evil", archive, [], QUIET)

        assert all(" -- -oProxyCommand=evil " in line for line in host.asked)

    def test_refuses_a_damaged_archive_before_it_asks_anybody(self, host: Host, archive: Path) -> None:
        archive.write_bytes(archive.read_bytes()[:-100])

        with pytest.raises(Refused):
            deploy(archive)
        assert not (host.folder / "asked").exists()

    def test_says_that_what_had_begun_goes_on_when_the_connection_breaks(self, host: Host, archive: Path) -> None:
        host.ends_with(255)

        with pytest.raises(Refused, match="--status"):
            deploy(archive)


class TestUpload:
    def test_sends_all_of_it(self, host: Host, archive: Path) -> None:
        host.ends_with(1)
        deploy(archive)

        assert [each.read_bytes() for each in host.uploads] == [archive.read_bytes()]

    def test_is_nobody_elses_to_read(self, host: Host, archive: Path) -> None:
        host.ends_with(1)
        deploy(archive)

        assert (host.folder / "upload").stat().st_mode & 0o077 == 0

    def test_goes_on_where_it_stopped(self, host: Host, archive: Path) -> None:
        host.ends_with(1)
        deploy(archive)
        upload = host.uploads[0]
        upload.write_bytes(archive.read_bytes()[:1_000_000])
        (host.folder / "asked").unlink()

        deploy(archive)

        assert upload.read_bytes() == archive.read_bytes()
        assert any("cat >>" in line for line in host.asked)

    def test_begins_anew_where_too_much_is_there(self, host: Host, archive: Path) -> None:
        host.ends_with(1)
        deploy(archive)
        host.uploads[0].write_bytes(archive.read_bytes() + b"more")

        deploy(archive)

        assert host.uploads[0].read_bytes() == archive.read_bytes()

    def test_refuses_what_arrived_otherwise_and_removes_it(self, host: Host, archive: Path) -> None:
        host.ends_with(1)
        deploy(archive)
        host.uploads[0].write_bytes(b"y" * 1000)

        with pytest.raises(Refused, match="not what was sent"):
            deploy(archive)
        assert host.uploads == []

    def test_says_so_when_the_connection_breaks(self, host: Host, archive: Path) -> None:
        host.says('case "$last" in "cat >"*) head -c 500000 >$(echo "$last" | sed "s/.*> *//"); exit 255;; esac')

        with pytest.raises(Refused, match=r"broke \(code 255\): run it again"):
            deploy(archive)
        assert host.uploads[0].stat().st_size == 500000

    def test_goes_again_when_it_was_used(self, host: Host, archive: Path) -> None:
        deploy(archive)

        assert host.uploads == []

    @pytest.mark.parametrize(("code", "words"), [(1, []), (0, ["--dry-run"])])
    def test_stays_for_the_next_time_when_it_was_not(
        self, host: Host, archive: Path, code: int, words: list[str]
    ) -> None:
        host.ends_with(code)

        deploy(archive, *words)

        assert len(host.uploads) == 1

    def test_refuses_a_folder_that_somebody_else_laid_there(self, host: Host, archive: Path) -> None:
        (host.folder / "elsewhere").mkdir()
        (host.folder / "upload").symlink_to(host.folder / "elsewhere")

        with pytest.raises(Refused, match="is not ours"):
            deploy(archive)
        assert list((host.folder / "elsewhere").iterdir()) == []

    def test_bears_a_shell_that_greets(self, host: Host, archive: Path) -> None:
        host.says("echo welcome to example.org")

        assert deploy(archive) == 0

    def test_refuses_a_host_that_answers_no_size(self, host: Host, archive: Path) -> None:
        host.says("echo this account is not available; exit 0")

        with pytest.raises(Refused, match="no size"):
            deploy(archive)

    def test_refuses_a_host_that_cannot_be_reached(self, host: Host, archive: Path) -> None:
        host.says("echo could not resolve >&2; exit 255")

        with pytest.raises(Refused, match="could not resolve"):
            deploy(archive)


class TestAsk:
    @pytest.mark.parametrize("word", ["--status", "--recover"])
    def test_runs_the_live_releases_own_command(self, host: Host, word: str) -> None:
        assert remote.ask("example.org", [word]) == 0

        assert host.ran == [f"deploy {word}"]

    @pytest.mark.parametrize("sudo", [False, True])
    def test_says_so_where_nothing_is_live(self, host: Host, sudo: bool) -> None:
        """`sudo` would end with 1 where the command is not there."""
        (host.folder / "there/lifetracker").unlink()

        with pytest.raises(Refused, match="nothing is live"):
            remote.ask("example.org", ["--status"], sudo=sudo)

        assert host.ran == []
