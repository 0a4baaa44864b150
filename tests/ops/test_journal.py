"""The lock and the journal: one at a time, and what was cut short is known."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import psutil
import pytest

from lifetracker.ops import journal, shell
from lifetracker.ops.journal import Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from tests.processes import kill

# Fifty processes try at once; the one that gets in stays until all have spoken.
TRIES = """
import os, sys
from pathlib import Path
from lifetracker.ops import journal
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused

begin, say = os.pipe(), os.pipe()

def attempt():
    os.close(begin[1])
    os.read(begin[0], 1)
    try:
        with journal.locked(Places(Path(sys.argv[1])), "deploy"):
            os.write(say[1], b"mine\\n")
            sys.stdin.read()
    except Refused as refused:
        os.write(say[1], f"{refused}\\n".encode())
    os._exit(0)

for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        attempt()
os.close(begin[0])
os.close(begin[1])
with open(say[0]) as said:
    for _ in range(int(sys.argv[2])):
        sys.stdout.write(said.readline())
        sys.stdout.flush()
sys.stdin.read()
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path)
    made.deploy.mkdir(parents=True)
    return made


@dataclass
class Attempts:
    pid: int
    told: list[str]


def undertaking(name: str = "b", previous: str | None = "a") -> Undertaking:
    return Undertaking(name, "deploy", name, previous)


class TestJournal:
    def test_knows_nothing_at_first(self, places: Places) -> None:
        assert Journal(places).read() == []

    def test_tells_how_far_one_came_that_was_cut_short(self, places: Places) -> None:
        with pytest.raises(KeyboardInterrupt):
            self._deploy_until(places, "swap")

        cut = Journal(places).unfinished()
        assert cut is not None
        assert (cut.release, cut.previous, cut.steps, cut.facts) == ("b", "a", ["unpack", "swap"], {"files": 3})

    def test_has_none_unfinished_once_it_ended(self, places: Places) -> None:
        with pytest.raises(KeyboardInterrupt):
            self._deploy_until(places, "swap")
        Journal(places).end(undertaking(), "failed", "cut short")

        assert Journal(places).unfinished() is None
        assert Journal(places).read()[0].outcome == "failed"

    def test_has_one_unfinished_that_is_being_taken_back_after_it_ended_well(self, places: Places) -> None:
        """ops-check failed after the record, and a power cut came."""
        kept, deploy = Journal(places), undertaking()
        kept.begin(deploy)
        kept.end(deploy, "done")
        with pytest.raises(KeyboardInterrupt), kept.step(deploy, "put back"):
            raise KeyboardInterrupt

        assert kept.unfinished()
        kept.end(deploy, "failed", "ops-check fails since")
        assert kept.unfinished() is None

    def test_tells_two_apart_that_began_within_one_second(self, places: Places) -> None:
        """Their ids are of the second; the one before has ended, and the other is what was cut short."""
        kept = Journal(places)
        for each in (undertaking(), undertaking("c")):
            kept.begin(each)
            kept.end(each, "done")
        kept.begin(undertaking())

        assert [(each.id, each.outcome) for each in kept.read()] == [("b", "done"), ("c", "done"), ("b", None)]
        assert kept.unfinished()

    def test_reads_on_past_a_line_that_was_torn(self, places: Places) -> None:
        Journal(places).begin(undertaking())
        with open(places.deploy / "journal.jsonl", "a") as file:
            file.write('{"at": "2026-11-')
        Journal(places).end(undertaking(), "done")

        assert [each.outcome for each in Journal(places).read()] == ["done"]

    def _deploy_until(self, places: Places, step: str) -> None:
        kept, deploy = Journal(places), undertaking()
        kept.begin(deploy)
        with kept.step(deploy, "unpack") as facts:
            facts["files"] = 3
        with kept.step(deploy, step):
            raise KeyboardInterrupt


class TestLocked:
    def test_tells_who_holds_it_and_since_when(self, places: Places) -> None:
        with journal.locked(places, "deploy of x.pyz"):
            said = rf"deploy of x.pyz by .*, process {os.getpid()}, since 20"
            with pytest.raises(Refused, match=said), journal.locked(places, "rollback"):
                pass
            assert "deploy of x.pyz" in (journal.holder(places) or "")
        assert journal.holder(places) is None

    def test_is_free_when_its_holder_was_killed(self, places: Places) -> None:
        with self._try(places, 1) as attempt:
            kill(psutil.Process(attempt.pid).children()[0].pid)

            with journal.locked(places, "deploy"):
                pass

    @pytest.mark.thorough
    def test_lets_exactly_one_of_fifty_in(self, places: Places) -> None:
        with self._try(places, 50) as attempts:
            assert attempts.told.count("mine") == 1
            assert sum("holds the lock" in each for each in attempts.told) == 49

    def test_is_held_until_the_last_program_that_was_started_has_ended(self, places: Places) -> None:
        with journal.locked(places, "deploy"):
            orphan = subprocess.Popen(["sleep", "60"], pass_fds=tuple(shell.inherited))
        with pytest.raises(Refused, match="holds the lock"), journal.locked(places, "deploy"):
            pass
        orphan.kill()
        orphan.wait()

        with journal.locked(places, "deploy"):
            assert shell.run(["ls", f"/proc/self/fd/{next(iter(shell.inherited))}"])

    def test_names_what_a_dead_holder_left_running(self, places: Places) -> None:
        with journal.locked(places, "deploy"):
            orphan = subprocess.Popen(["sleep", "60"], pass_fds=tuple(shell.inherited))
        dead = subprocess.Popen(["true"])
        dead.wait()
        (places.deploy / "lock").write_text(
            f"deploy of x.pyz by anna, process {dead.pid}, since 2026-11-30 10:00:00 UTC"
        )
        said = rf"was killed, and what it had begun \(process {orphan.pid} \(sleep\)\) still holds the lock"
        try:
            with pytest.raises(Refused, match=said), journal.locked(places, "rollback"):
                pass
        finally:
            orphan.kill()
            orphan.wait()

    def test_names_nobody_when_it_is_free_again(self, places: Places) -> None:
        """Else the next one would be taken for the last one until it has said who it is."""
        with pytest.raises(Refused), journal.locked(places, "deploy of x.pyz"):
            raise Refused("a guard fails")

        assert (places.deploy / "lock").read_bytes() == b""

    def test_waits_for_who_only_looks(self, places: Places) -> None:
        with open(places.deploy / "lock", "w+") as looker:
            fcntl.flock(looker, fcntl.LOCK_SH)
            Timer(0.1, fcntl.flock, (looker, fcntl.LOCK_UN)).start()
            with journal.locked(places, "deploy"):
                pass

    def test_is_refused_to_others_by_who_does_not_say_who_it_is(self, places: Places) -> None:
        with open(places.deploy / "lock", "w+") as silent:
            fcntl.flock(silent, fcntl.LOCK_EX)
            with pytest.raises(Refused, match="another deploy holds the lock"), journal.locked(places, "deploy"):
                pass
            assert journal.holder(places) == "another deploy"

    def test_needs_a_server_that_was_prepared(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="server init"), journal.locked(Places(tmp_path / "bare"), "deploy"):
            pass

    @contextmanager
    def _try(self, places: Places, count: int) -> Iterator[Attempts]:
        """So many processes that want the lock, and what each of them said; whoever has it keeps it meanwhile."""
        command = [sys.executable, "-c", TRIES, str(places.root), str(count)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tries:
            assert tries.stdout
            assert tries.stdin
            yield Attempts(tries.pid, [tries.stdout.readline().strip() for _ in range(count)])
            tries.stdin.close()


class TestOver:
    def test_is_what_came_to_its_own_end(self, places: Places) -> None:
        kept, deploy = Journal(places), undertaking()
        kept.begin(deploy)
        kept.end(deploy, journal.DONE)
        unsaid = kept.unsaid()

        kept.close(deploy)

        assert unsaid is not None
        assert unsaid.id == deploy.id
        assert kept.unsaid() is None

    def test_is_what_was_written_before_commands_said_so(self, places: Places) -> None:
        lines = [
            {"at": "2026-11-01T00:00:00", "of": "r1", "phase": "start", "id": "r1", "what": "deploy"}
            | {"release": "r1", "previous": None},
            {"at": "2026-11-01T00:00:01", "of": "r1", "phase": "outcome", "outcome": "done", "why": None},
        ]
        (places.deploy / "journal.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))

        assert Journal(places).unsaid() is None

    def test_is_nothing_of_one_that_failed(self, places: Places) -> None:
        kept, deploy = Journal(places), undertaking()
        kept.begin(deploy)
        kept.end(deploy, journal.FAILED)

        assert kept.unsaid() is None


class TestNotes:
    def test_are_on_record_and_nothing_to_recover(self, places: Places) -> None:
        kept = Journal(places)

        kept.note("restore", of="b1", outcome="done")

        assert [(each["what"], each["outcome"]) for each in kept.notes()] == [("restore", "done")]
        assert kept.read() == []
        assert kept.unfinished() is None
