"""The steps from the switch to the record, and the way back from each of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import pytest

from lifetracker.ops.backups import backup, restore
from lifetracker.ops.deploying import rehearsal, undertaking
from lifetracker.ops.deploying.interrupts import interruptible
from lifetracker.ops.deploying.undertaking import UnderWay, WouldLose
from lifetracker.ops.refusal import Refused
from tests.ops.installation import Installation
from tests.ops.undertaken import Half, half, leftovers

CANNOT = '"-m lifetracker db serves"'


@pytest.fixture
def undertaken(server: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Half]:
    monkeypatch.setattr(undertaking, "HEALTHY_WITHIN", 0.2)
    with half(server) as made:
        yield made


def outcome(undertaken: Half) -> str | None:
    return undertaken.journal.read()[-1].outcome


class TestGoLive:
    def test_takes_the_canons_steps_in_their_order(self, undertaken: Half) -> None:
        undertaken.answer("r2")

        undertaken.work("migration").go_live()

        steps = ["migration", "swap", "compileall", "restart", "health", "smoke", "record"]
        assert undertaken.journal.read()[-1].steps == steps
        assert (undertaken.live, outcome(undertaken)) == ("r2", "done")

    def test_asks_the_new_release_itself(self, undertaken: Half) -> None:
        undertaken.answer("r2")

        undertaken.work().go_live()

        folder = undertaken.places.releases / "r2"
        assert undertaken.asked("r2") == [f"-I -m compileall -q {folder}/lifetracker", "-m lifetracker smoke"]
        assert undertaken.asked("r1") == []

    def test_refuses_when_the_old_one_answers(self, undertaken: Half) -> None:
        undertaken.answer("r1")

        with pytest.raises(Refused, match="expected was r2"):
            undertaken.work().go_live()
        assert outcome(undertaken) is None

    def test_refuses_when_the_process_is_the_one_before(self, undertaken: Half) -> None:
        undertaken.answer("r2")
        undertaken.server.program("systemctl", "MainPID=7\n")

        with pytest.raises(Refused, match="its main process is still 7"):
            undertaken.work().go_live()

    def test_refuses_when_smoke_fails(self, undertaken: Half) -> None:
        undertaken.answer("r2")
        undertaken.lay("r3", fails='"-m lifetracker smoke"')
        made = undertaken.work()
        made.undertaking.release = "r3"
        undertaken.answer("r3")

        with pytest.raises(Refused, match="smoke fails"):
            made.go_live()
        assert outcome(undertaken) is None


class TestPutBack:
    def test_links_the_one_before_and_has_it_answer(self, undertaken: Half) -> None:
        undertaken.link("r2")
        undertaken.answer("r2")
        made = undertaken.work("swap", "restart")

        with pytest.raises(Refused, match="does not answer"):  # the stand-in goes on answering as r2
            made.put_back("smoke fails")
        assert undertaken.live == "r1"
        assert undertaken.told_systemd == ["restart"]

    def test_starts_nothing_anew_that_answers_as_it_did(self, undertaken: Half) -> None:
        undertaken.answer("r1")

        undertaken.work("swap").put_back("x")

        assert undertaken.told_systemd == []
        assert outcome(undertaken) == "failed"

    def test_leaves_a_service_alone_that_it_did_not_touch(self, undertaken: Half) -> None:
        """How it is, it was before us."""
        undertaken.work("unpack", "guards").put_back("guards fail")

        assert undertaken.told_systemd == []
        assert outcome(undertaken) == "failed"

    def test_ends_though_what_was_before_does_not_answer(self, undertaken: Half) -> None:
        """Else nothing could be deployed any more to mend that."""
        undertaken.link("r2")

        with pytest.raises(Refused, match=r"(?s)health fails.*in its place again, and does not answer"):
            undertaken.work("swap").put_back("health fails")
        assert (undertaken.live, outcome(undertaken)) == ("r1", "failed")

    def test_ends_though_systemd_cannot_start_it(self, undertaken: Half) -> None:
        undertaken.systemctl("exit 1")

        with pytest.raises(Refused, match="does not answer"):
            undertaken.work("swap").put_back("x")
        assert outcome(undertaken) == "failed"

    def test_stops_the_service_where_nothing_was_before(self, undertaken: Half) -> None:
        undertaken.link("r2")

        undertaken.work("swap", previous=None).put_back("x")

        assert undertaken.live is None
        assert undertaken.told_systemd == ["stop"]

    def test_takes_away_what_was_being_made(self, undertaken: Half) -> None:
        left = leftovers(undertaken.places)

        undertaken.work("unpack").put_back("x")

        assert not [path for path in left if path.exists() or path.is_symlink()]

    def test_takes_that_away_before_it_writes_a_line(self, undertaken: Half, monkeypatch: pytest.MonkeyPatch) -> None:
        """It may be what fills the disk, and then no line can be written."""
        made = undertaken.work("unpack")
        left = leftovers(undertaken.places)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            made.put_back("x")
        assert not [path for path in left if path.exists() or path.is_symlink()]

    @pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
    def test_is_not_interrupted_half_way(self, undertaken: Half, name: str) -> None:
        """By somebody who presses Ctrl-C once more, or closes the window."""
        undertaken.link("r2")
        undertaken.systemctl(f'case "$1" in restart) kill -{name} $PPID;; esac')

        with interruptible(), pytest.raises(Refused, match="does not answer"):
            undertaken.work("swap").put_back("interrupted")
        assert (undertaken.live, outcome(undertaken)) == ("r1", "failed")

    def test_may_be_repeated(self, undertaken: Half) -> None:
        undertaken.answer("r1")
        undertaken.link("r2")
        made = undertaken.work("swap")

        made.put_back("x")
        made.put_back("x")

        assert undertaken.live == "r1"


class TestDatabase:
    """What is put back of it, by what the code of both releases says that it can serve."""

    @pytest.fixture
    def restored(self, monkeypatch: pytest.MonkeyPatch, written: dict[str, tuple[int, int, int]]) -> list[str]:
        found: list[str] = []

        def put_back(_: object, name: str, *, stop: Callable[[], None], keep: bool) -> None:
            stop()
            found.append(f"{name}, what was there is kept" if keep else name)

        monkeypatch.setattr(backup, "find", lambda _, name: name)
        monkeypatch.setattr(restore, "put_back", put_back)
        monkeypatch.setattr(rehearsal, "written_since", lambda *_: written)
        return found

    @pytest.fixture
    def written(self) -> dict[str, tuple[int, int, int]]:
        """What the database holds that was written since: rows now, rows then, rows that would go."""
        return {}

    def put_back(
        self, undertaken: Half, *steps: str, old: str, new: str, facts: str | None = "b1", lose: bool = False
    ) -> None:
        undertaken.lay("old", fails=old)
        undertaken.lay("new", fails=new)
        made: UnderWay = undertaken.work(*steps, previous="old")
        made.undertaking.release = "new"
        if facts:
            made.undertaking.facts["backup"] = facts
        undertaken.answer("old")
        made.put_back("x", lose=lose)

    def test_is_put_back_where_the_old_code_cannot_read_it(self, undertaken: Half, restored: list[str]) -> None:
        self.put_back(undertaken, "stop", "migration", old=CANNOT, new="nothing")

        assert restored == ["b1"]
        assert undertaken.told_systemd[0] == "stop"

    def test_stays_where_the_old_code_can(self, undertaken: Half, restored: list[str]) -> None:
        self.put_back(undertaken, "stop", "migration", old="nothing", new="nothing")

        assert restored == []

    def test_stays_where_the_service_went_on_writing(self, undertaken: Half, restored: list[str]) -> None:
        """It could read what came out when that was tried: what ails it now, an older database does not mend."""
        self.put_back(undertaken, "migration", old=CANNOT, new="nothing")

        assert restored == []

    def test_stays_where_rows_would_be_lost_and_says_how_many(
        self, undertaken: Half, restored: list[str], written: dict[str, tuple[int, int, int]]
    ) -> None:
        written |= {"daily_log": (12, 9, 3), "tokens": (1, 3, 0)}
        undertaken.link("r2")

        with pytest.raises(WouldLose, match=r"change 3 of 12 rows of daily_log, 2 of 3 rows of tokens, written"):
            self.put_back(undertaken, "stop", "migration", old=CANNOT, new="nothing")
        assert (restored, undertaken.live, outcome(undertaken), undertaken.told_systemd) == ([], "r2", None, [])

    def test_goes_though_rows_are_lost_by_a_word_alone(
        self, undertaken: Half, restored: list[str], written: dict[str, tuple[int, int, int]]
    ) -> None:
        written |= {"daily_log": (12, 9, 3)}

        self.put_back(undertaken, "stop", "migration", old=CANNOT, new="nothing", lose=True)

        assert restored == ["b1, what was there is kept"]

    def test_stays_where_the_migration_never_began(self, undertaken: Half, restored: list[str]) -> None:
        self.put_back(undertaken, "backup database", old=CANNOT, new="nothing")

        assert restored == []

    def test_stays_where_nobody_can_read_it(self, undertaken: Half, restored: list[str]) -> None:
        """Damaged it is none of ours to replace: what is in it may be all there is."""
        self.put_back(undertaken, "stop", "migration", old=CANNOT, new=CANNOT)

        assert restored == []

    def test_leaves_what_serves_where_it_is_when_nobody_can_tell(
        self, undertaken: Half, restored: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on a full disk, where no code can open anything: it was migrated, and the new release may still read."""

        def full(*_: object) -> None:
            raise Refused("too little disk")

        monkeypatch.setattr(rehearsal, "written_since", full)
        undertaken.lay("old", fails=CANNOT)
        undertaken.lay("new", fails=CANNOT)
        made = undertaken.work("stop", "migration", previous="old")
        made.undertaking.release = "new"
        made.undertaking.facts |= {"backup": "b1", "migrated": True}
        undertaken.link("new")

        with pytest.raises(Refused, match="too little disk"):
            made.put_back("x")
        assert (undertaken.live, undertaken.told_systemd, outcome(undertaken)) == ("new", [], None)

    def test_is_told_of_where_there_is_no_backup(self, undertaken: Half, restored: list[str]) -> None:
        with pytest.raises(Refused, match="no backup of before"):
            self.put_back(undertaken, "stop", "migration", old=CANNOT, new="nothing", facts=None)
        assert outcome(undertaken) is None


class TestStep:
    def test_is_in_the_journal_before_and_after(self, undertaken: Half) -> None:
        made = undertaken.work()
        with made.step("guards") as facts:
            facts["found"] = 1
            assert undertaken.journal.read()[-1].steps == ["guards"]

        lines = [json.loads(line) for line in (undertaken.places.deploy / "journal.jsonl").read_text().splitlines()]
        assert [line["phase"] for line in lines] == ["start", "begin", "end"]
        assert lines[-1]["facts"] == {"found": 1}

    def test_that_fails_has_no_end(self, undertaken: Half) -> None:
        made = undertaken.work()

        with pytest.raises(Refused), made.step("guards"):
            raise Refused("x")
        assert undertaken.journal.unfinished() is not None
