"""Deploy and rollback ended by SIGKILL before, in and after every step: old or new, whole and answering, each time.

The child that is killed is a fork of the test; it ends itself at a moment that the journal and Python's audit events
name: after a step's first line, half way through what it does to files and processes, or after its last line.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lifetracker.ops import journal
from lifetracker.ops.deploying import deploy, rollback
from lifetracker.ops.deploying.recover import recover
from lifetracker.ops.journal import Journal
from lifetracker.ops.release import releases
from lifetracker.ops.telling import Teller
from tests.ops.trial import Trial, trial

DEPLOY = (
    *("space", "unpack", "libraries", "guards", "compile", "import", "ops-check", "rehearsal", "backup code"),
    *("backup database", "release", "migration", "swap", "compileall", "restart", "health", "smoke", "record"),
    "ops-check again",
)
ROLLBACK = ("swap", "compileall", "restart", "health", "smoke", "record")
pytestmark = pytest.mark.slow
MOMENTS = ("before", "in", "after")
QUIET = Teller(quiet=True)
# What changes a disk or begins a process; reading is not what a kill can leave half done.
EVENTS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.chmod", "os.link", "subprocess.Popen")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """One for all kills: each begins where the one before was recovered to."""
    with pytest.MonkeyPatch.context() as patch, trial(tmp_path_factory.mktemp("killed") / "server") as made:
        patch.setenv("PATH", made.path)
        deploying(made)()
        deploying(made)()
        yield made


def next_version(server: Trial) -> str:
    return f"1.0.{len(Journal(server.places).read()):04}"


@dataclass
class Killer:
    """Ends this process at a moment of a step; `in` it, at what it does to files and processes for the `at`th time."""

    step: str
    moment: str
    at: int = 0
    now: str = ""
    counted: int = 0

    def watch(self) -> None:
        write = Journal._write

        def watched(kept: Journal, of: str, phase: str, more: dict[str, Any]) -> None:
            write(kept, of, phase, more)
            self.turn(phase, more.get("step", ""))

        Journal._write = watched  # type: ignore[method-assign, assignment]
        sys.addaudithook(self.hear)

    def turn(self, phase: str, step: str) -> None:
        self.now = step if phase == journal.BEGIN else ""
        if step == self.step and (phase, self.moment) in ((journal.BEGIN, "before"), (journal.END, "after")):
            self.kill()

    def hear(self, event: str, words: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(words[1], str) and words[1][:1] in "wxa"
        if self.moment == "in" and self.now == self.step and (writes or event in EVENTS):
            self.counted += 1
            if self.counted == self.at:
                self.kill()

    def kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Callable[[], object], step: str, moment: str, at: int = 2) -> bool:
    """Whether a fork of this process, doing `work`, came to that moment and ended there."""
    child = os.fork()
    if child == 0:
        try:
            Killer(step, moment, at).watch()
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


class TestKilled:
    @pytest.mark.parametrize("moment", MOMENTS)
    @pytest.mark.parametrize("step", DEPLOY)
    def test_deploy_leaves_the_old_or_the_new_release(self, server: Trial, step: str, moment: str) -> None:
        self.check(server, deploying(server), step, moment)

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_deploy_that_puts_back_leaves_the_old_release(self, server: Trial, moment: str) -> None:
        self.check(server, deploying(server, fails=("smoke",)), "put back", moment, ends_at=live(server))

    @pytest.mark.parametrize("moment", MOMENTS)
    @pytest.mark.parametrize("step", ROLLBACK)
    def test_rollback_leaves_the_old_or_the_new_release(self, server: Trial, step: str, moment: str) -> None:
        deploying(server)()

        self.check(server, lambda: rollback.roll_back(server.places, None, QUIET, check=lambda _: []), step, moment)

    @pytest.mark.parametrize("step", ROLLBACK)
    def test_recovery_is_recovered_from(self, server: Trial, step: str) -> None:
        assert killed(deploying(server), "swap", "after")

        self.check(server, lambda: recovered(server), step, "before")

    def check(
        self, server: Trial, work: Callable[[], object], step: str, moment: str, *, ends_at: str | None = None
    ) -> None:
        """The release that was linked when the kill came is the one to be left, unless it was being put back."""
        note = f"{step} {moment} {next_version(server)}"
        server.log(note)

        died = killed(work, step, moment)

        assert died or moment == "in"  # not every step does something to files and processes
        ends_at = ends_at or live(server)
        assert server.health()["status"] == "ok"
        recovered(server)
        assert server.health() == {"status": "ok", "release": ends_at}
        assert live(server) == ends_at
        assert releases.Release(server.places.live.resolve()).differences() == []
        assert note in server.notes()
        self.check_again(server)

    def check_again(self, server: Trial) -> None:
        """A second recovery finds nothing to do, and nothing of what was cut short is left."""
        assert not recovered(server)
        leftovers = [server.places.new, server.places.home / "api.next", server.places.data / "rehearsal"]
        assert not any(path.exists() for path in leftovers)


def deploying(server: Trial, **behaviour: Any) -> Callable[[], object]:
    """The deploy of a release that migrates, and whose schema the older ones can serve."""
    version = next_version(server)
    archive = server.archive(version, schema=version, serves=("newer",), **behaviour)
    return lambda: deploy.deploy(server.places, archive, QUIET, check=lambda _: [])


def recovered(server: Trial, *, lose: bool = False) -> bool:
    """Whether there was something to recover; what the killed one had begun may hold the lock for a moment."""
    for _ in range(200):
        if journal.holder(server.places) is None:
            with journal.locked(server.places, "recover"):
                return recover(server.places, QUIET, lose=lose) is not None
        time.sleep(0.05)
    raise AssertionError(f"{journal.holder(server.places)} still holds the lock")


def live(server: Trial) -> str:
    release = releases.live(server.places)
    assert release is not None
    return release.id
