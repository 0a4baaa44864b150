"""Checks of the backups, and a table of what was broken for real, and what they said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import manifest as manifests
from lifetracker.ops.places import BACKUP, TIMER
from lifetracker.ops.refusal import Refused
from tests.ops.installation import DATABASE, Installation, as_execution, back_up, backup_of, verify

AHEAD = 7200  # hours


def age(server: Installation, *, hours: float) -> None:
    """Let the first release be so old."""
    made = server.places.releases / f"{manifests.clock() - timedelta(hours=hours):%Y%m%dT%H%M%SZ}-0123456789ab"
    server.release.rename(made)
    server.places.live.unlink()
    server.places.live.symlink_to(made)


class TestBackup:
    def test_holds_when_the_newest_is_young_enough(self, server: Installation) -> None:
        back_up(server, hours=80)
        name = back_up(server, hours=25)

        found = server.check("backup")

        assert (found.state, found.says) == ("ok", f"{name} is 25.0 hours old, of 2")

    def test_fails_when_it_is_older_than_it_may_be(self, server: Installation) -> None:
        name = back_up(server, hours=27)

        found = server.check("backup")

        assert (found.state, found.says) == ("failed", f"{name} is 27.0 hours old, of 1; it may be 26")

    def test_may_be_as_old_as_the_operator_says(self, server: Installation) -> None:
        server.configure(backup_age_hours=48)
        back_up(server, hours=27)

        assert server.check("backup").state == "ok"

    def test_does_not_count_one_that_is_not_whole(self, server: Installation) -> None:
        back_up(server, hours=80)
        half = server.places.backups / back_up(server, hours=1)
        half.rename(half.with_name(f"{half.name}.partial"))
        (server.places.backups / "notes").mkdir()

        assert server.check("backup").state == "failed"

    def test_does_not_count_one_that_was_kept_to_be_looked_at(self, server: Installation) -> None:
        back_up(server, hours=80)
        back_up(server, hours=1, problem="integrity")

        assert server.check("backup").state == "failed"

    @pytest.mark.parametrize("label", ["before-deploy", "before-rollback", "before-restore"])
    def test_does_not_count_what_no_night_brought(self, server: Installation, label: str) -> None:
        name = back_up(server, hours=300)
        back_up(server, hours=1, label=label)

        found = server.check("backup")

        assert (found.state, found.says) == ("failed", f"{name} is 300.0 hours old, of 1; it may be 26")

    def test_holds_without_one_on_a_new_installation(self, server: Installation) -> None:
        found = server.check("backup")

        assert found.state == "ok"
        assert found.says.startswith("none yet; the first release is 1.")

    def test_fails_without_one_on_an_old_installation(self, server: Installation) -> None:
        age(server, hours=30)

        assert server.check("backup").says == f"there is no whole backup of every day in {server.places.backups}"

    def test_fails_without_one_where_the_first_release_is_from_the_future(self, server: Installation) -> None:
        age(server, hours=-AHEAD)

        assert server.check("backup").state == "failed"

    def test_fails_without_one_where_nothing_was_deployed(self, server: Installation) -> None:
        server.places.live.unlink()
        server.release.rename(server.places.home / "app_NEW")

        assert server.check("backup").state == "failed"

    def test_is_of_the_newest_that_is_not_from_the_future(self, server: Installation) -> None:
        name, ahead = back_up(server, hours=1), back_up(server, hours=-AHEAD)

        found = server.check("backup")

        assert found.state == "failed"
        assert found.says.startswith(f"of {ahead} the time lies ahead: the clock was wrong then, or is now")
        assert name not in found.says

    def test_takes_a_clock_that_was_put_back_a_little_for_what_it_is(self, server: Installation) -> None:
        name = back_up(server, hours=-0.1)

        assert server.check("backup").says == f"{name} is 0.0 hours old, of 1"

    def test_looks_at_length_and_beginning_of_what_is_too_large_to_sum_up(
        self, server: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(manifests, "SUMMED_AT_ONCE", 100)
        database = server.places.backups / back_up(server, hours=1) / "life_tracker.db"

        assert server.check("backup").state == "ok"
        database.write_bytes(bytes(len(DATABASE)))
        assert server.check("backup").says.endswith("the beginning of life_tracker.db is overwritten")

    def test_holds_while_the_night_is_at_work(self, server: Installation) -> None:
        back_up(server, hours=25)
        server.systemd_of(BACKUP, ActiveState="activating", SubState="start")
        server.systemd_of(TIMER, SubState="running")

        assert server.check("backup").state == "ok"


class TestRestoreDrill:
    def test_holds_when_one_passed_lately(self, server: Installation) -> None:
        name = back_up(server, hours=80)
        back_up(server, hours=1)
        verify(server, name, days=3)

        found = server.check("restore drill")

        assert (found.state, found.says) == ("ok", f"{name} was verified 3 days ago")

    def test_warns_when_there_was_none(self, server: Installation) -> None:
        back_up(server, hours=1)

        found = server.check("restore drill")

        assert (found.state, found.says) == ("warning", "none of 1 backup(s) was ever verified")

    def test_warns_when_it_was_long_ago(self, server: Installation) -> None:
        verify(server, back_up(server, hours=900), days=36)

        assert server.check("restore drill").state == "warning"

    def test_fails_when_the_last_one_failed(self, server: Installation) -> None:
        verify(server, back_up(server, hours=80), days=3)
        bad = back_up(server, hours=30)
        verify(server, bad, days=1, failed="life_tracker.db is not the file that was written")

        found = server.check("restore drill")

        assert found.state == "failed"
        assert found.says == f"{bad} was found unsound 1 days ago: life_tracker.db is not the file that was written"

    def test_fails_though_an_older_one_passed_since(self, server: Installation) -> None:
        old, bad = back_up(server, hours=80), back_up(server, hours=30)
        verify(server, bad, days=1, failed="cut")
        verify(server, old, days=0)

        assert server.check("restore drill").state == "failed"

    def test_holds_when_one_passed_since(self, server: Installation) -> None:
        bad, good = back_up(server, hours=80), back_up(server, hours=30)
        verify(server, bad, days=3, failed="cut")
        verify(server, good, days=1)

        assert server.check("restore drill").state == "ok"

    def test_fails_though_one_of_a_deploy_passed_since(self, server: Installation) -> None:
        bad, other = back_up(server, hours=30), back_up(server, hours=1, label="before-deploy")
        verify(server, bad, days=1, failed="cut")
        verify(server, other, days=0)

        assert server.check("restore drill").state == "failed"

    def test_warns_of_one_of_a_deploy_when_a_daily_one_passed_since(self, server: Installation) -> None:
        bad, good = back_up(server, hours=30, label="before-deploy"), back_up(server, hours=1)
        verify(server, bad, days=1, failed="cut")
        verify(server, good, days=0)

        found = server.check("restore drill")

        assert (found.state, found.says) == ("warning", f"{bad} was found unsound 1 days ago: cut")

    def test_warns_when_the_last_one_was_kept_from_being_tried(self, server: Installation) -> None:
        name = back_up(server, hours=30)
        verify(server, name, days=1)
        verify(server, name, days=0, untried="too little disk")

        found = server.check("restore drill")

        assert (found.state, found.says) == ("warning", f"the drill of {name} was not done 0 days ago: too little disk")

    def test_says_what_failed_though_it_was_kept_from_being_tried_again(self, server: Installation) -> None:
        name = back_up(server, hours=30)
        verify(server, name, days=1, failed="cut")
        verify(server, name, days=0, untried="too little disk")

        assert server.check("restore drill").state == "failed"

    def test_warns_when_it_will_be(self, server: Installation) -> None:
        verify(server, back_up(server, hours=30), days=-300)

        assert "a clock was ahead" in server.check("restore drill").says

    def test_is_skipped_without_a_backup(self, server: Installation) -> None:
        assert server.check("restore drill").state == "skipped"


# What can be broken. Each takes the newest backup's folder, which passed its drill, where an older one did, too.


def delete_database(server: Installation, newest: Path) -> None:
    (newest / "life_tracker.db").unlink()


def empty_database(server: Installation, newest: Path) -> None:
    (newest / "life_tracker.db").write_bytes(b"")


def cut_database(server: Installation, newest: Path) -> None:
    (newest / "life_tracker.db").write_bytes(DATABASE[:-1])


def flip_a_bit(server: Installation, newest: Path) -> None:
    (newest / "life_tracker.db").write_bytes(DATABASE[:-1] + b"\1")


def link_the_database(server: Installation, newest: Path) -> None:
    (newest / "life_tracker.db").rename(server.places.data / "moved.db")
    (newest / "life_tracker.db").symlink_to(server.places.data / "moved.db")


def delete_manifest(server: Installation, newest: Path) -> None:
    (newest / "MANIFEST.json").unlink()


def cut_manifest(server: Installation, newest: Path) -> None:
    os.truncate(newest / "MANIFEST.json", 100)


def move_the_newest_away(server: Installation, newest: Path) -> None:
    newest.rename(server.places.root / newest.name)


def cut_an_older_one(server: Installation, newest: Path) -> None:
    (older(server, newest) / "life_tracker.db").write_bytes(b"cut")


def cut_one_of_a_deploy(server: Installation, newest: Path) -> None:
    (server.places.backups / back_up(server, hours=40, label="before-deploy") / "life_tracker.db").unlink()


def cut_an_older_manifest(server: Installation, newest: Path) -> None:
    (older(server, newest) / "MANIFEST.json").write_bytes(b"{")


def take_all_away(server: Installation, newest: Path) -> None:
    shutil.rmtree(server.places.backups)
    age(server, hours=30)


def set_the_clock_ahead(server: Installation, newest: Path) -> None:
    back_up(server, hours=-AHEAD)


def set_it_ahead_in_a_deploy(server: Installation, newest: Path) -> None:
    back_up(server, hours=-AHEAD, label="before-deploy")


def set_the_clock_back(server: Installation, newest: Path) -> None:
    """As all that was made looks then."""
    shutil.rmtree(server.places.backups)
    server.places.backups.mkdir()
    for days in (1, 2):
        back_up(server, hours=-24 * days)


def older(server: Installation, newest: Path) -> Path:
    return next(each.folder for each in backups.listed(server.places)[1:])


def fail_the_drill(server: Installation, newest: Path) -> None:
    (newest / "life_tracker.db").write_bytes(DATABASE[:-1])
    with pytest.raises(manifests.Unsound):
        backups.verify(server.places, backup_of(server, newest.name))


def fail_the_drill_and_mend_what_it_found(server: Installation, newest: Path) -> None:
    fail_the_drill(server, newest)
    (newest / "life_tracker.db").write_bytes(DATABASE)


def lock_the_drill_out(server: Installation, newest: Path) -> None:
    server.places.environment.write_text("LIFETRACKER_DATABASE_URL=nonsense\n", encoding="utf-8")
    with pytest.raises(Refused, match="must begin with"):
        backups.verify(server.places, backup_of(server, newest.name))


def scribble_on_the_record(server: Installation, newest: Path) -> None:
    (newest / "VERIFIED.json").write_bytes(b"[")


def timer(**told: str) -> Callable[[Installation, Path], None]:
    return lambda server, _: server.systemd_of(TIMER, **told)


def unit(**told: str) -> Callable[[Installation, Path], None]:
    return lambda server, _: server.systemd_of(BACKUP, **told)


def run_one_half(server: Installation, newest: Path) -> None:
    server.systemd_of(BACKUP, ExecStart=server.told_of[BACKUP]["ExecStart"].partition("\n")[0])


def ignore_what_fails(server: Installation, newest: Path) -> None:
    server.systemd_of(BACKUP, ExecStart=server.told_of[BACKUP]["ExecStart"].replace("errors=no", "errors=yes"))


BROKEN: list[tuple[str, Callable[[Installation, Path], None], str, str]] = [
    ("backup", delete_database, "failed", "and is damaged: it lacks life_tracker.db"),
    ("backup", empty_database, "failed", "life_tracker.db has 0 bytes, and had 4096"),
    ("backup", cut_database, "failed", "life_tracker.db has 4095 bytes, and had 4096"),
    ("backup", flip_a_bit, "failed", "life_tracker.db is not the file that was written"),
    ("backup", link_the_database, "failed", "it lacks life_tracker.db"),
    ("backup", delete_manifest, "failed", "it holds no MANIFEST.json"),
    ("backup", cut_manifest, "failed", "MANIFEST.json cannot be read"),
    ("backup", move_the_newest_away, "failed", "it may be 26"),
    ("backup", cut_an_older_one, "warning", "is damaged: life_tracker.db has 3 bytes, and had 4096"),
    ("backup", cut_one_of_a_deploy, "warning", "is damaged: it lacks life_tracker.db"),
    ("backup", cut_an_older_manifest, "warning", "MANIFEST.json cannot be read"),
    ("backup", take_all_away, "failed", "there is no whole backup of every day"),
    ("backup", set_the_clock_ahead, "failed", "the clock was wrong then, or is now (see `clock`)"),
    ("backup", set_it_ahead_in_a_deploy, "failed", "the time lies ahead"),
    ("backup", set_the_clock_back, "failed", "the clock was wrong then, or is now (see `clock`)"),
    ("backup", timer(UnitFileState="disabled"), "failed", "timer is disabled: it will not come back"),
    ("backup", timer(UnitFileState="enabled-runtime"), "failed", "timer is enabled-runtime: it will not come back"),
    ("backup", timer(ActiveState="inactive", SubState="dead"), "failed", "timer is inactive (dead): no backup will"),
    ("backup", timer(SubState="elapsed"), "failed", "timer is active (elapsed): no backup will come by itself"),
    ("backup", timer(LoadState="masked"), "failed", "systemd does not know lifetracker-backup.timer: it is masked"),
    ("backup", timer(LoadState="not-found"), "failed", "it is not-found"),
    ("backup", timer(LoadState="bad-setting"), "failed", "it is bad-setting"),
    ("backup", timer(Unit="other.service"), "failed", "starts other.service, not lifetracker-backup.service"),
    ("backup", timer(NeedDaemonReload="yes"), "failed", "timer was changed, and systemd still has the old one"),
    ("backup", unit(LoadState="masked"), "failed", "systemd does not know lifetracker-backup.service: it is masked"),
    ("backup", unit(ActiveState="failed", Result="exit-code", ExecMainStatus="1"), "failed", "did not end well"),
    ("backup", unit(ActiveState="failed", Result="timeout", ExecMainStatus="15"), "failed", "did not end well"),
    ("backup", unit(ActiveState="failed", Result="oom-kill"), "failed", "did not end well"),
    ("backup", unit(ExecMainStatus="1"), "failed", "did not end well"),  # SuccessExitStatus=1 of a drop-in
    ("backup", unit(ConditionTimestamp="Mon 2026-11-23", ConditionResult="no"), "failed", "did nothing: a condition"),
    ("backup", unit(NeedDaemonReload="yes"), "failed", "service was changed, and systemd still has the old one"),
    ("backup", unit(ExecStart=as_execution("/bin/true")), "failed", "runs `/bin/true`, which is no backup"),
    ("backup", unit(ExecStart=""), "failed", "runs `nothing`"),
    ("backup", run_one_half, "failed", "which is no backup and drill of ours"),
    ("backup", ignore_what_fails, "failed", "which is no backup and drill of ours"),
    ("restore drill", fail_the_drill, "failed", "was found unsound 0 days ago: backup"),
    ("restore drill", fail_the_drill_and_mend_what_it_found, "failed", "was found unsound 0 days ago: backup"),
    ("restore drill", lock_the_drill_out, "warning", "was not done 0 days ago: "),
    ("restore drill", scribble_on_the_record, "warning", "VERIFIED.json cannot be read"),
]


@pytest.fixture
def newest(server: Installation) -> Path:
    """With an older one beside it, both with a drill that passed."""
    for hours in (50, 1):
        verify(server, back_up(server, hours=hours), days=hours / 24)
    return backups.listed(server.places)[0].folder


class TestBroken:
    @pytest.mark.parametrize(("check", "breaks", "state", "says"), BROKEN)
    def test_is_told(
        self,
        server: Installation,
        newest: Path,
        check: str,
        breaks: Callable[[Installation, Path], None],
        state: str,
        says: str,
    ) -> None:
        breaks(server, newest)

        found = server.check(check)
        assert found.state == state
        assert says in found.says

    def test_would_be_well_otherwise(self, server: Installation, newest: Path) -> None:
        assert {server.check(check).state for check, *_ in {(row[0],) for row in BROKEN}} == {"ok"}
