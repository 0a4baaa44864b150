"""Releases on a server: which is live, which may be gone back to, and which go."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifetracker.core.release import Trial
from lifetracker.ops.journal import Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import backup_code, releases
from lifetracker.ops.release.releases import Release
from lifetracker.ops.release.venv import WHOLE
from tests.ops.installation import running, write_json

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "root")
    found.releases.mkdir(parents=True)
    found.venvs.mkdir()
    found.backups.mkdir(parents=True)
    return found


def lay(places: Places, release: str, *, venv: str = "v1") -> Release:
    """A release of one file."""
    folder = places.releases / release
    (folder / "lifetracker").mkdir(parents=True)
    (folder / "lifetracker/main.py").write_text("1\n")
    files = {"lifetracker/main.py": hashlib.sha256(b"1\n").hexdigest()}
    write_json(folder / "MANIFEST.json", {"files": files})
    write_json(folder / "release.json", {"id": release, "version": release})
    (places.venvs / venv).mkdir(exist_ok=True)
    (folder / ".venv").symlink_to(places.venvs / venv)
    return Release(folder)


def past(**outcomes: str | None) -> list[Undertaking]:
    """Deploys of these releases, and how they ended."""
    return [Undertaking(release, "deploy", release, None, outcome=outcome) for release, outcome in outcomes.items()]


def ids(places: Places) -> list[str]:
    return [each.id for each in releases.listed(places)]


class TestLive:
    def test_is_the_one_that_is_linked(self, places: Places) -> None:
        releases.switch(places, lay(places, "r1"))
        releases.switch(places, lay(places, "r2"))

        live = releases.live(places)
        assert live is not None
        assert (live.id, live.version) == ("r2", "r2")

    def test_is_none_before_the_first(self, places: Places) -> None:
        assert releases.live(places) is None

    def test_refuses_a_folder_in_its_place(self, places: Places) -> None:
        places.live.mkdir()

        with pytest.raises(Refused, match="move away what stands there"):
            releases.live(places)


class TestSwitch:
    def test_bears_what_a_killed_one_left(self, places: Places) -> None:
        (places.home / "api.next").symlink_to("nowhere")

        releases.switch(places, lay(places, "r1"))

        assert os.readlink(places.live) == str(places.releases / "r1")
        assert not (places.home / "api.next").is_symlink()

    @pytest.mark.thorough
    def test_leaves_no_instant_without_a_live_one(self, places: Places) -> None:
        """The link is renamed over the one before: it is never removed."""
        one, two = lay(places, "r1"), lay(places, "r2")
        releases.switch(places, one)
        code = "import os, sys\nwhile True: os.readlink(sys.argv[1])"
        with subprocess.Popen([sys.executable, "-c", code, places.live], stderr=subprocess.DEVNULL) as watcher:
            for _ in range(300):
                releases.switch(places, two)
                releases.switch(places, one)
            alive = watcher.poll() is None
            watcher.kill()

        assert alive


class TestFind:
    def test_is_the_release_of_that_name(self, places: Places) -> None:
        assert releases.find(places, lay(places, "r1").id).id == "r1"

    def test_refuses_another_name(self, places: Places) -> None:
        with pytest.raises(Refused, match="there is no release r9"):
            releases.find(places, "r9")


class TestNewId:
    def test_is_its_time_and_its_archive(self, places: Places) -> None:
        assert releases.new_id(places, "0123456789abcdef", NOW) == "20260301T120000Z-0123456789ab"

    @pytest.mark.parametrize("there", ["20260301T120000Z-ffffffffffff", "20991231T235959Z-0123456789ab"])
    def test_is_later_than_every_other_whatever_the_clock_says(self, places: Places, there: str) -> None:
        lay(places, there)

        assert releases.new_id(places, "0123456789abcdef", NOW)[:16] > there[:16]


class TestDifferences:
    def test_are_none_in_what_was_deployed(self, places: Places) -> None:
        release = lay(places, "r1")
        (release.folder / "lifetracker/__pycache__").mkdir()
        (release.folder / "lifetracker/__pycache__/main.pyc").write_bytes(b"")

        assert release.differences() == []

    def test_name_what_was_done_by_hand(self, places: Places) -> None:
        release = lay(places, "r1")
        (release.folder / "lifetracker/main.py").write_text("2\n")
        (release.folder / "lifetracker/new.py").touch()
        assert release.differences() == ["lifetracker/main.py was changed", "lifetracker/new.py was added"]

        (release.folder / "lifetracker/main.py").unlink()
        (release.folder / "lifetracker/main.py").symlink_to("/etc/hostname")
        assert "lifetracker/main.py is missing" in release.differences()


class TestGood:
    def test_are_those_whose_deploy_ended_well_and_that_are_here(self, places: Places) -> None:
        for release in ("r1", "r2", "r3", "r5"):
            lay(places, release)

        assert releases.good(places, past(r1="done", r2="failed", r3=None, r4="done", r5="dry run")) == ["r1"]

    def test_are_so_by_how_it_ended_last(self, places: Places) -> None:
        """The check after the record may have put it back."""
        lay(places, "r1")

        assert releases.good(places, [*past(r1="done"), *past(r1="failed")]) == []

    def test_stay_so_whatever_became_of_a_rollback(self, places: Places) -> None:
        lay(places, "r1")
        back = Undertaking("rollback-1", "rollback", "r1", None, outcome="failed")

        assert releases.good(places, [*past(r1="done"), back]) == ["r1"]


class TestPrune:
    def test_keeps_the_newest_and_the_live_and_the_last_good_one(self, places: Places) -> None:
        for number in range(1, 7):
            lay(places, f"r{number}")
        releases.switch(places, Release(places.releases / "r2"))
        known = past(r1="done", r2="done", r3="failed", r4="failed", r5="failed", r6="failed")

        gone = releases.prune(places, 2, known)

        assert ids(places) == ["r1", "r2", "r5", "r6"]
        assert gone == ["r3", "r4"]

    def test_keeps_what_a_process_runs_from_and_its_libraries(self, places: Places) -> None:
        for number in range(1, 5):
            lay(places, f"r{number}", venv=f"v{number}")
        releases.switch(places, Release(places.releases / "r4"))

        with running(["sleep", "60"], places.releases / "r1"):
            releases.prune(places, 2, past(r3="done", r4="done"))

        assert ids(places) == ["r1", "r3", "r4"]
        assert sorted(path.name for path in places.venvs.iterdir()) == ["v1", "v3", "v4"]

    def test_knows_a_running_one_by_where_it_really_is(self, places: Places, tmp_path: Path) -> None:
        for number in range(1, 4):
            lay(places, f"r{number}")
        (tmp_path / "linked").symlink_to(places.root)
        through = Places(tmp_path / "linked")

        with running(["sleep", "60"], places.releases / "r1"):
            releases.prune(through, 2, [])

        assert ids(places) == ["r1", "r2", "r3"]

    def test_keeps_libraries_that_a_process_was_started_from(self, places: Places) -> None:
        (places.venvs / "old/bin").mkdir(parents=True)
        (places.venvs / "old/bin/sleep").symlink_to("/bin/sleep")

        with running([str(places.venvs / "old/bin/sleep"), "60"], places.root):
            releases.prune(places, 2, [])
            assert (places.venvs / "old").exists()
        releases.prune(places, 2, [])
        assert not (places.venvs / "old").exists()

    def test_takes_what_is_read_only(self, places: Places) -> None:
        for number in range(1, 4):
            release = lay(places, f"r{number}")
            (release.folder / "lifetracker/main.py").chmod(0o444)

        releases.prune(places, 2, [])

        assert not (places.releases / "r1").exists()


class TestTakeAway:
    def test_makes_it_no_release_first(self, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
        release = lay(places, "r1")
        monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as if it were killed there

        releases.take_away(places, release.folder)

        assert ids(places) == []


class TestBackupOfCode:
    def saved(self, places: Places) -> list[str]:
        return sorted(path.name for path in (places.backups / "code").iterdir())

    def test_is_made_once(self, places: Places) -> None:
        release = lay(places, "r1")
        backup_code.save(places, release)
        made = (places.backups / "code/r1.tar.gz").stat().st_mtime_ns

        backup_code.save(places, release)

        assert (places.backups / "code/r1.tar.gz").stat().st_mtime_ns == made
        assert self.saved(places) == ["r1.tar.gz"]

    def test_holds_the_tree(self, places: Places, tmp_path: Path) -> None:
        backup_code.save(places, lay(places, "r1"))

        subprocess.run(["tar", "-xzf", places.backups / "code/r1.tar.gz", "-C", tmp_path], check=True)

        assert Release(tmp_path / "r1").differences() == []

    def test_is_nobody_elses_to_read(self, places: Places) -> None:
        backup_code.save(places, lay(places, "r1"))

        assert (places.backups / "code").stat().st_mode & 0o077 == 0

    def test_leaves_no_half_of_one(self, places: Places) -> None:
        with pytest.raises(FileNotFoundError):
            backup_code.save(places, Release(places.releases / "gone"))
        assert self.saved(places) == []

    def test_keeps_the_newest(self, places: Places) -> None:
        for number in range(1, 5):
            backup_code.save(places, lay(places, f"r{number}"))

        backup_code.prune(places, 2)

        assert self.saved(places) == ["r3.tar.gz", "r4.tar.gz"]

    def test_has_nothing_to_remove_before_the_first(self, places: Places) -> None:
        backup_code.prune(places, 2)


class TestLibraries:
    def test_that_a_killed_deploy_was_building_go(self, places: Places) -> None:
        lay(places, "r1")
        (places.venvs / "v1" / WHOLE).touch()
        for half in ("v2", "v2.wheels"):
            (places.venvs / half / "lib").mkdir(parents=True)

        releases.remove_half_libraries(places)

        assert [each.name for each in places.venvs.iterdir()] == ["v1"]

    def test_that_were_built_anew_are_those_of_older_releases_too(self, places: Places) -> None:
        old, other = lay(places, "r1", venv="v1"), lay(places, "r2", venv="v9")
        newest = lay(places, "r3", venv="v1-2")

        releases.share_libraries(places, newest)

        assert [os.path.basename(os.path.realpath(each.folder / ".venv")) for each in (old, other, newest)] == [
            *("v1-2", "v9", "v1-2")
        ]
        assert old.differences() == []


class TestOnTrial:
    def test_is_a_mark_beside_it_and_no_difference(self, places: Places) -> None:
        release = lay(places, "r1")

        release.put_on_trial()

        assert Trial(release.folder).goes_on
        assert (release.differences(), ids(places)) == ([], ["r1"])
        release.end_trial()
        assert not Trial(release.folder).goes_on

    def test_goes_with_the_release(self, places: Places) -> None:
        release = lay(places, "r1")
        release.put_on_trial()

        releases.take_away(places, release.folder)

        assert list(places.releases.iterdir()) == []
