"""A deploy or rollback half way, with releases whose Python is a script: what their code would say is a file's word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.deploying.undertaking import UnderWay
from lifetracker.ops.journal import Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.release import releases
from lifetracker.ops.telling import Teller
from tests.ops.installation import Installation, answering, write_json

PYTHON = '#!/bin/sh\necho "$@" >>{here}.asked\ncase "$*" in {fails}) echo "$* fails" >&2; exit 1;; esac\n'


@dataclass
class Half:
    """From release `r1`, which is live, to `r2`; `answers` is what the service says of itself, `checks` what ops-check
    finds, time after time."""

    server: Installation
    what: str = "deploy"
    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    checks: Iterator[list[Outcome]] = field(default_factory=lambda: repeat([]))

    @property
    def places(self) -> Places:
        return self.server.places

    @property
    def journal(self) -> Journal:
        return Journal(self.places)

    def lay(self, release: str, fails: str = "nothing") -> None:
        """A release; `fails` is a pattern of the commands that fail in it, as the shell's `case` takes it."""
        folder = self.places.releases / release
        (folder / ".venv/bin").mkdir(parents=True)
        write_json(folder / "release.json", {"id": release, "version": release})
        write_json(folder / "MANIFEST.json", {"files": {}})
        python = folder / ".venv/bin/python"
        python.write_text(PYTHON.format(here=python, fails=fails))
        python.chmod(0o755)

    def asked(self, release: str) -> list[str]:
        """What that release's code was asked."""
        file = self.places.releases / release / ".venv/bin/python.asked"
        return file.read_text().splitlines() if file.exists() else []

    def work(self, *steps: str, previous: str | None = "r1") -> UnderWay:
        """The undertaking, with these steps behind it."""
        undertaking = Undertaking("r2", self.what, "r2", previous)
        made = UnderWay(self.places, self.places.read_config(), self.journal, undertaking, Teller(quiet=True))
        made.journal.begin(undertaking)
        for step in steps:
            with made.step(step):
                pass
        return made

    def link(self, release: str) -> None:
        releases.switch(self.places, releases.Release(self.places.releases / release))

    def deployed(self, release: str, outcome: str = "done", **facts: str) -> None:
        """A deploy in the journal that ended so."""
        undertaking = Undertaking(release, "deploy", release, None)
        self.journal.begin(undertaking)
        with self.journal.step(undertaking, "backup database") as found:
            found |= facts
        self.journal.end(undertaking, outcome)

    @property
    def live(self) -> str | None:
        release = releases.live(self.places)
        return release.id if release else None

    def systemctl(self, shell: str = "") -> None:
        """The stand-in notes what it is asked, then does this; each `show` tells of a new process."""
        count = self.server.programs / "count"
        (self.server.programs / "systemctl").write_text(
            f'#!/bin/sh\necho "$@" >>{self.server.programs}/systemctl.asked\n{shell}\n'
            f'case "$1" in show) echo x >>{count}; echo "MainPID=$(wc -l <{count})";; esac\n'
        )
        (self.server.programs / "systemctl").chmod(0o755)

    @property
    def told_systemd(self) -> list[str]:
        file = self.server.programs / "systemctl.asked"
        words = file.read_text().splitlines() if file.exists() else []
        return [each.split()[0] for each in words if not each.startswith(("show", "reset-failed"))]

    def answer(self, release: str, status: str = "ok") -> None:
        self.answers["/health"] = (200 if status == "ok" else 503, {"status": status, "release": release})


@contextmanager
def half(server: Installation) -> Iterator[Half]:
    server.places.live.unlink()
    for file in server.places.deploy.iterdir():
        file.unlink()
    made = Half(server)
    for release in ("r1", "r2"):
        made.lay(release)
    made.link("r1")
    made.systemctl()
    with answering(made.answers) as url:
        server.configure(url=url.replace("localhost", "127.0.0.1"), public_url="")
        yield made


def leftovers(places: Places) -> list[Path]:
    made = [places.new / "lifetracker", places.data / "rehearsal", places.home / "api.next"]
    for path in made[:2]:
        path.mkdir(parents=True)
    made[2].symlink_to("nowhere")
    return [places.new, *made[1:]]
