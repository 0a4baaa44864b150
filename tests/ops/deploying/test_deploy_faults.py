"""What befalls a deploy from outside: a full disk, a rival, a service that does not start anew, half a release."""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import pytest

from lifetracker.ops import systemd
from lifetracker.ops.backups import backup
from lifetracker.ops.deploying import deploy, judging, undertaking
from lifetracker.ops.journal import Journal
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases
from lifetracker.ops.telling import Teller
from tests.ops.trial import Trial, trial

pytestmark = pytest.mark.slow
QUIET = Teller(quiet=True)
HOLDS_IT = r"refused: deploy of lifetracker-1\.1\.0\.pyz by .+, process \d+, since .* holds the lock"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    """At a short path, as on a server: the link to a release there needs no room on the disk but its name's."""
    monkeypatch.setattr(undertaking, "HEALTHY_WITHIN", 0.3)
    with TemporaryDirectory(prefix="lt-") as folder, trial(Path(folder) / "server") as made:
        monkeypatch.setenv("PATH", made.path)
        go(made, "1.0.0")
        yield made


def go(server: Trial, version: str, **behaviour: Any) -> str:
    archive = server.archive(version, **behaviour)
    return deploy.deploy(server.places, archive, QUIET, check=lambda _: [])


def require_untouched(server: Trial, process: str) -> None:
    """The first release is live, served by the process that served it, and nothing is left of the other."""
    release = releases.live(server.places)
    assert release is not None
    assert (release.version, server.health()["release"]) == ("1.0.0", release.id)
    assert (server.folder / "pid").read_text() == process
    assert not server.places.new.exists()
    assert Journal(server.places).unfinished() is None


class TestHalfBuilt:
    @pytest.mark.parametrize(
        ("more", "fails_at"),
        [
            ({"lifetracker/main.py": b"def broken(:\n"}, "compile"),
            ({"requirements.lock": b"certifi==2026.1.1 --hash=sha256:" + b"0" * 64 + b"\n"}, "libraries"),
        ],
        ids=["a syntax error", "a missing wheel"],
    )
    def test_release_never_comes_near_what_is_live(self, server: Trial, more: dict[str, bytes], fails_at: str) -> None:
        process = (server.folder / "pid").read_text()

        with pytest.raises(Refused):
            go(server, "1.1.0", more=more)

        require_untouched(server, process)
        assert Journal(server.places).read()[-1].steps[-2:] == [fails_at, "put back"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
class TestFullDisk:
    @pytest.fixture(autouse=True)
    def deaf(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody looks beforehand: what another process writes meanwhile is not seen by looking either."""
        monkeypatch.setattr(judging, "_refuse_too_little_disk", lambda *_: None)

    def test_while_unpacking_takes_away_what_filled_it(self, server: Trial) -> None:
        process = (server.folder / "pid").read_text()

        with small_disk(server.places.home, "4m"):
            with pytest.raises(OSError, match="No space left"):
                go(server, "1.1.0", more={"lifetracker/large.bin": os.urandom(6 * 1024**2)})

            require_untouched(server, process)

    def test_while_backing_up_leaves_no_half_backup(self, server: Trial) -> None:
        process = (server.folder / "pid").read_text()

        with small_disk(server.places.backups, "16k"):
            with pytest.raises((Refused, OSError)):
                go(server, "1.1.0")

            assert backup.listed(server.places) == []
            assert {path.suffix for path in server.places.backups.rglob("*")} <= {"", ".gz"}  # nothing half made
            require_untouched(server, process)

    def test_that_others_filled_hinders_no_way_back(self, server: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        first = releases.live(server.places)
        with small_disk(server.places.home, "4m"):
            monkeypatch.setattr(systemd, "restart", _after(_filling(server.places.home / "other"), systemd.restart))
            with pytest.raises((OSError, Refused)):  # whether a line more still fits is the page's affair
                go(server, "1.1.0", fails=("health",))

            assert releases.live(server.places) == first
            assert server.health()["release"] == first.id if first else False


def _filling(file: Path) -> Callable[[], None]:
    def fill() -> None:
        try:
            with open(file, "ab", buffering=0) as other:
                while True:
                    other.write(b"\0" * 512)
        except OSError:
            return

    return fill


def _after(first: Callable[[], None], then: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        first()
        then()

    return both


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """What is in the folder, on a disk of so many bytes, until this ends."""
    aside = folder.with_name(f"{folder.name}.aside")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder)]
    folder.rename(aside)
    folder.mkdir()
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
        aside.rename(folder)


class TestRivals:
    def test_are_refused_by_the_one_that_runs_and_told_who_that_is(self, server: Trial) -> None:
        """Fifty deploys begin at one instant; each is a process of its own."""
        archive = server.archive("1.1.0")
        said = at_once(50, lambda: deploy.deploy(server.places, archive, QUIET, check=lambda _: []))

        ran = [each for each in said if not each.startswith("refused")]
        assert len(ran) == 1
        assert server.health()["release"] == ran[0]
        told = {each for each in said if each.startswith("refused")}
        assert not {each for each in told if not re.match(HOLDS_IT, each)}
        assert [each.outcome for each in Journal(server.places).read()] == ["done", "done"]


def at_once(many: int, work: Callable[[], str]) -> list[str]:
    """What each of so many processes came to that did the same at the same instant; the others wait for the first."""
    gate, said = os.pipe(), os.pipe()
    children = [_begin(work, gate, said) for _ in range(many)]
    os.close(said[1])
    os.close(gate[0])
    os.close(gate[1])
    with open(said[0], encoding="utf-8") as lines:
        found = [line.rstrip("\n") for line in lines]
    for child in children:
        os.waitpid(child, 0)
    return found


def _begin(work: Callable[[], str], gate: tuple[int, int], said: tuple[int, int]) -> int:
    child = os.fork()
    if child:
        return child
    os.close(gate[1])
    select.select([gate[0]], [], [])
    try:
        came_to = work()
    except Refused as refused:
        came_to = f"refused: {' '.join(str(refused).split())}"
    os.write(said[1], f"{came_to}\n".encode())
    os._exit(0)


class TestServiceThatDoesNotStartAnew:
    def test_is_found_out_by_the_release_that_answers(self, server: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        """systemd says that it restarted, the port answers in good health, and it is the old process."""
        process = (server.folder / "pid").read_text()
        monkeypatch.setattr(systemd, "restart", lambda: None)

        with pytest.raises(Refused, match=r"/health answers with release \S+, status ok; expected was"):
            go(server, "1.1.0")

        require_untouched(server, process)

    def test_is_found_out_by_its_process(self, server: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        """It answers with the new release's name, which it may have read late."""
        process = (server.folder / "pid").read_text()
        monkeypatch.setattr(systemd, "restart", lambda: None)
        monkeypatch.setattr(systemd, "await_release", lambda *_: None)

        with pytest.raises(Refused, match=f"did not start anew: its main process is still {process}"):
            go(server, "1.1.0")

        require_untouched(server, process)


class TestErrorOfOurOwn:
    def test_puts_back_what_was_like_any_other(self, server: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        first = releases.live(server.places)

        def stumble() -> None:
            raise LookupError("nobody thought of this")

        monkeypatch.setattr(systemd, "restart", stumble)
        with pytest.raises(LookupError):
            go(server, "1.1.0")

        assert releases.live(server.places) == first
        assert Journal(server.places).read()[-1].outcome == "failed"


class TestHealthThatIsNoAnswer:
    @pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"SSH-2.0-OpenSSH\r\n", b""])
    def test_is_waited_out_like_none(self, said: bytes) -> None:
        """A process that ends in the middle of an answer, or another program at the port."""
        with socket.create_server(("127.0.0.1", 0)) as port:
            Thread(target=_answer, args=(port, said), daemon=True).start()

            with pytest.raises(Refused, match=r"does not answer|answers something else"):
                systemd.ask_health(f"http://127.0.0.1:{port.getsockname()[1]}")


def _answer(port: socket.socket, said: bytes) -> None:
    client, _ = port.accept()
    with client:
        client.recv(4096)
        client.sendall(said)


class TestWhatAProcessRunsFrom:
    def test_stays_however_old_it_is(self, server: Trial) -> None:
        old = releases.live(server.places)
        assert old is not None
        libraries = server.places.venvs / "old"
        (libraries / "bin").mkdir(parents=True)
        sleep = Path(shutil.copy("/bin/sleep", libraries / "bin"))
        with subprocess.Popen([sleep, "3600"], cwd=old.folder) as running:
            for number in range(3):
                go(server, f"1.1.{number}")
            there = [each.id for each in releases.listed(server.places)]
            running.kill()

        assert old.id in there
        assert libraries.exists()
        go(server, "1.2.0")
        assert old.id not in [each.id for each in releases.listed(server.places)]
        assert not libraries.exists()


class TestCodeThatWasPutBy:
    def test_goes_when_there_are_as_many_as_are_kept(self, server: Trial) -> None:
        with open(server.places.config, "a", encoding="utf-8") as config:
            config.write("keep_backups = 2\n")
        made = [go(server, f"1.{number}.0") for number in range(1, 5)]

        kept = sorted(path.name for path in (server.places.backups / "code").iterdir())
        assert kept == [f"{release}.tar.gz" for release in made[1:3]]
