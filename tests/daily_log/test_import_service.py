"""Bringing a life from Loop Habit Tracker: over HTTP and from the command line, once and again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from lifetracker.challenges import service as challenges
from lifetracker.cli import commands as cli
from lifetracker.core.db import Database
from lifetracker.core.sqlite import driver
from tests.core.units import locked
from tests.daily_log.loop_files import NO, SKIP, UNKNOWN, YES, YES_AUTO, LoopFile
from tests.people import Client, FrozenClock, refusal

Backups = Callable[..., LoopFile]
Samples = Callable[..., Path]


class TestImportFile:
    def test_takes_over_habits_and_their_log(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.habit(1, name="Meditate", question="Did you sit?")
        file.habit(2, name="Run", type=1, target_type=0, target_value=2.5, unit="miles", color=0)
        file.logs(1, "2026-03-09", YES, "rainy")
        file.logs(1, "2026-03-10", SKIP)
        file.logs(2, "2026-03-10", 3100)

        assert imported(anna, file) == {
            "format": "loop",
            "challenges_created": 2,
            "entries_created": 3,
            "entries_updated": 0,
            "rejected": [],
        }

        meditate, run = anna.got("/challenges")["items"]
        assert (meditate["title"], meditate["description"], meditate["kind"]) == ("Meditate", "Did you sit?", "check")
        assert (run["kind"], run["target"], run["unit"], run["color"]) == ("measure", 2.5, "miles", "#D32F2F")
        assert entries(anna, meditate) == [
            ("2026-03-09", 1.0, False, "rainy"),
            ("2026-03-10", None, True, None),
        ]
        assert entries(anna, run) == [("2026-03-10", 3.1, False, None)]

    def test_tells_what_was_one_too_many(
        self, anna: Client, loop_file: Backups, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(challenges, "MOST_LIVING", 2)
        anna.starts()
        file = loop_file()
        file.habit(1, name="Meditate")
        file.habit(2, name="Run")
        file.logs(2, "2026-03-10", YES)

        told = imported(anna, file)

        assert (told["challenges_created"], told["entries_created"]) == (1, 0)
        assert [(each["where"], "the most" in each["reason"]) for each in told["rejected"]] == [("Habits, Run", True)]

    @pytest.mark.parametrize(
        "kind", ["application/octet-stream", "application/json", "application/x-www-form-urlencoded", "text/plain", ""]
    )
    def test_takes_a_file_whatever_it_is_said_to_be(self, anna: Client, loop_file: Backups, kind: str) -> None:
        file = loop_file()
        file.habit(1)

        answer = anna.post("/users/me/import", content=file.content(), headers={"Content-Type": kind})

        assert answer.json()["challenges_created"] == 1

    def test_reads_the_file_before_it_waits_for_another_writer(self, db: Database, anna: Client) -> None:
        with locked(db) as stranger:
            answer = anna.post("/users/me/import", content=b"neither a backup nor any other file that is known")
            stranger.execute("COMMIT")

        assert refusal(answer) == (422, "unknown_format")

    def test_begins_a_challenge_with_its_first_entry(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-05")
        file.logs(1, "2026-03-01")
        file.habit(2)

        imported(anna, file)

        assert [each["start_date"] for each in anna.got("/challenges")["items"]] == ["2026-03-01", "2026-03-11"]

    def test_makes_open_ended_challenges_at_the_end_of_the_list(self, anna: Client, loop_file: Backups) -> None:
        anna.starts("Mine")
        file = loop_file()
        file.habit(5, name="Second", position=1)
        file.habit(6, name="First", position=0)

        imported(anna, file)

        challenges = anna.got("/challenges")["items"]
        assert [each["title"] for each in challenges] == ["Mine", "First", "Second"]
        assert (challenges[1]["duration_days"], challenges[1]["on_miss"], challenges[1]["tags"]) == (
            None,
            "continue",
            [],
        )

    def test_archives_what_is_archived(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.habit(1, name="Old", archived=1)
        file.logs(1, "2025-01-01")

        imported(anna, file)

        assert anna.got("/challenges")["items"] == []
        (old,) = anna.got("/challenges", status="archived")["items"]
        assert (old["title"], [day for day, *_ in entries(anna, old)]) == ("Old", ["2025-01-01"])

    @pytest.mark.parametrize("version", [9, 15, 22, 25])
    def test_reads_every_version(self, anna: Client, loop_file: Backups, version: int) -> None:
        file = loop_file(version)
        file.logs(file.habit(1, name="Meditate", freq_num=3, freq_den=7), "2026-03-09")

        report = imported(anna, file)

        assert (report["challenges_created"], report["entries_created"], report["rejected"]) == (1, 1, [])
        (meditate,) = anna.got("/challenges")["items"]
        assert meditate["schedule"] == {"type": "times", "count": 3, "per": "week"}
        assert entries(anna, meditate) == [("2026-03-09", 1.0, False, None)]

    def test_leaves_out_what_says_nothing(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.habit(1)
        file.logs(1, "2026-03-07", YES_AUTO)
        file.logs(1, "2026-03-08", UNKNOWN)
        file.logs(1, "2026-03-09", UNKNOWN, "could not")
        file.logs(1, "2026-03-10", NO)

        assert imported(anna, file)["entries_created"] == 2

        (meditate,) = anna.got("/challenges")["items"]
        assert entries(anna, meditate) == [
            ("2026-03-09", None, False, "could not"),
            ("2026-03-10", 0.0, False, None),
        ]

    def test_tells_what_it_could_not_take_over(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.habit(1, name="Run", type=1, target_value=0)
        file.logs(1, "2026-03-09", 2**62)
        file.logs(1, "2026-03-10", 1000)
        file.logs(1, 2**62)
        file.logs(7, "2026-03-10")

        report = imported(anna, file)

        assert report["entries_created"] == 1
        assert report["rejected"] == [
            {"where": "Habits, Run", "reason": "its target 0 cannot be reached or missed; it is 1 now"},
            {"where": "Repetitions, row 1", "reason": f"its value {2**62} has no meaning"},
            {"where": "Repetitions, row 3", "reason": "its timestamp is no day of the calendar"},
            {"where": "Repetitions, row 4", "reason": "it belongs to no habit"},
        ]

    def test_tells_at_most_a_thousand_of_them(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.insert("Repetitions", ("habit", "timestamp", "value"), [(7, 0, YES)] * 1001)

        assert len(imported(anna, file)["rejected"]) == 1000

    def test_takes_the_last_of_rows_that_repeat(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file(21)
        file.habit(1)
        for value in (NO, NO, YES):
            file.logs(1, "2026-03-10", value)

        assert imported(anna, file)["entries_created"] == 1
        assert anna.got("/daily-log")["items"][0]["value"] == 1

    def test_keeps_text_of_every_kind(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.habit(1, name="R\0un 🏃 'twice'; --", description="x" * 6000, uuid="a\0b")
        file.logs(1, "2026-03-10", YES, "é\0🏃🏽‍♀️" + "n" * 10_000)

        report = imported(anna, file)

        (run,) = anna.got("/challenges")["items"]
        assert (run["title"], run["description"]) == ("Run 🏃 'twice'; --", "x" * 5000)
        assert len(entries(anna, run)[0][3] or "") == 10_000
        assert len(report["rejected"]) == 2

    def test_lets_tomorrow_in(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-12")
        file.logs(1, "2026-03-13")

        report = imported(anna, file)

        assert (report["entries_created"], len(report["rejected"])) == (1, 1)

    def test_counts_in_today_and_stats(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.habit(1)
        for day in ("2026-03-08", "2026-03-09", "2026-03-10", "2026-03-11"):
            file.logs(1, day)

        imported(anna, file)

        (item,) = anna.got("/today")["items"]
        assert (item["outcome"], item["current_streak"]) == ("done", 4)
        assert anna.got(f"/challenges/{item['challenge']['id']}/stats")["done"] == 4

    def test_reads_an_empty_backup(self, anna: Client, loop_file: Backups) -> None:
        assert imported(anna, loop_file())["challenges_created"] == 0

    def test_stays_within_the_account(self, anna: Client, boris: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-10")
        imported(boris, file)
        before = boris.got("/daily-log")

        report = imported(anna, file)

        assert (report["challenges_created"], report["entries_created"]) == (1, 1)
        assert boris.got("/daily-log") == before
        assert len(boris.got("/challenges")["items"]) == 1

    @pytest.mark.thorough
    def test_takes_years_of_many_habits(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.fill(50, 2000, date(2020, 9, 1))

        assert imported(anna, file)["entries_created"] == 100_000


class TestSameFileTwice:
    def test_changes_nothing(self, anna: Client, loop_file: Backups, clock: FrozenClock) -> None:
        file = full(loop_file())
        imported(anna, file)
        before = everything(anna)
        clock.pass_(hours=1)

        report = imported(anna, file)

        assert (report["challenges_created"], report["entries_created"], report["entries_updated"]) == (0, 0, 0)
        assert everything(anna) == before

    @pytest.mark.parametrize("version", [12, 21])
    def test_changes_nothing_without_uuids_either(self, anna: Client, loop_file: Backups, version: int) -> None:
        file = loop_file(version)
        for habit_id in (1, 2):
            file.logs(file.habit(habit_id, name="Vegan"), "2026-03-10")
        imported(anna, file)
        before = everything(anna)

        imported(anna, file)

        assert len(before["challenges"]) == 2
        assert everything(anna) == before

    def test_changes_nothing_though_two_habits_share_a_uuid(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1, name="Run", uuid="ab"), "2026-03-09", YES)
        file.logs(file.habit(2, name="Swim", uuid="ab"), "2026-03-09", NO)
        assert imported(anna, file)["challenges_created"] == 2
        before = everything(anna)

        assert imported(anna, file)["entries_updated"] == 0
        assert everything(anna) == before

    def test_keeps_a_start_that_was_moved_since(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-01")
        imported(anna, file)
        (meditate,) = anna.got("/challenges")["items"]
        anna.changed(f"/challenges/{meditate['id']}", {"start_date": "2026-03-05"})

        imported(anna, file)

        assert anna.got(f"/challenges/{meditate['id']}")["start_date"] == "2026-03-05"

    def test_keeps_what_was_renamed_or_rescheduled_since(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file(21)
        file.logs(file.habit(1, name="Run"), "2026-03-01")
        imported(anna, file)
        (run,) = anna.got("/challenges")["items"]
        mine = anna.changed(
            f"/challenges/{run['id']}", {"title": "Jog", "schedule": {"type": "weekly", "days": ["mon"]}}
        )

        imported(anna, file)

        assert anna.got("/challenges")["items"] == [mine]

    def test_makes_anew_what_was_deleted_since(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-10")
        imported(anna, file)
        (meditate,) = anna.got("/challenges")["items"]
        anna.delete(f"/challenges/{meditate['id']}")

        report = imported(anna, file)

        assert (report["challenges_created"], report["entries_created"]) == (1, 1)
        assert len(anna.got("/daily-log")["items"]) == 1

    def test_fills_in_what_was_erased_since(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-10")
        imported(anna, file)
        (meditate,) = anna.got("/challenges")["items"]
        anna.delete(f"/challenges/{meditate['id']}/log/2026-03-10")

        assert imported(anna, file)["entries_created"] == 1

    def test_fills_an_archived_challenge_without_a_word(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1, archived=1), "2026-03-09")
        imported(anna, file)
        file.logs(1, "2026-03-10")

        report = imported(anna, file)

        assert (report["challenges_created"], report["entries_created"]) == (0, 1)
        assert anna.got("/challenges")["items"] == []


class TestNewerBackup:
    def test_adds_what_is_new(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-09")
        imported(anna, file)
        file.logs(1, "2026-03-10")
        file.logs(file.habit(2), "2026-03-10")

        report = imported(anna, file)

        assert (report["challenges_created"], report["entries_created"], report["entries_updated"]) == (1, 2, 0)

    def test_changes_what_was_changed_there(self, anna: Client, loop_file: Backups, clock: FrozenClock) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-10", NO)
        imported(anna, file)
        file.run(f"UPDATE Repetitions SET value = {YES}")
        clock.pass_(hours=1)

        report = imported(anna, file)

        (entry,) = anna.got("/daily-log")["items"]
        assert (report["entries_created"], report["entries_updated"]) == (0, 1)
        assert (entry["value"], entry["updated_at"]) == (1, "2026-03-11T13:00:00Z")

    def test_reaches_back_before_the_start(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-09")
        imported(anna, file)
        file.logs(1, "2026-02-01")

        imported(anna, file)

        assert anna.got("/challenges")["items"][0]["first_start_date"] == "2026-02-01"

    def test_brings_notes_where_there_are_none(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-10")
        imported(anna, file)
        file.run("UPDATE Repetitions SET notes = 'rainy'")

        assert imported(anna, file)["entries_updated"] == 1
        assert anna.got("/daily-log")["items"][0]["note"] == "rainy"

    def test_keeps_a_note_that_was_written_here(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-09", YES, "rainy")
        file.logs(1, "2026-03-10", YES)
        imported(anna, file)
        (meditate,) = anna.got("/challenges")["items"]
        for day in ("2026-03-09", "2026-03-10"):
            anna.logged(meditate["id"], day, note="mine")

        assert imported(anna, file)["entries_updated"] == 0
        assert [note for *_, note in entries(anna, meditate)] == ["mine", "mine"]

    def test_keeps_a_value_of_mine_where_it_has_a_note_alone(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-10", UNKNOWN, "could not")
        imported(anna, file)
        (meditate,) = anna.got("/challenges")["items"]
        anna.logged(meditate["id"], "2026-03-10", value=1)

        assert imported(anna, file)["entries_updated"] == 0
        assert entries(anna, meditate) == [("2026-03-10", 1.0, False, "could not")]

    def test_is_the_same_life_after_habits_got_uuids(self, anna: Client, loop_file: Backups) -> None:
        older, newer = loop_file(21), loop_file(25)
        for file in (older, newer):
            file.logs(file.habit(1, name="Run"), "2026-03-09")
        newer.logs(1, "2026-03-10")
        imported(anna, older)

        report = imported(anna, newer)

        assert (report["challenges_created"], report["entries_created"]) == (0, 1)

    def test_is_another_life_when_it_comes_from_another_phone(self, anna: Client, loop_file: Backups) -> None:
        """Ids begin anew in every phone: only by its name is a habit without a uuid told from another."""
        one, other = loop_file(21), loop_file(21)
        one.logs(one.habit(0, name="Run"), "2026-03-09")
        other.logs(other.habit(0, name="Read"), "2026-03-09", NO)
        imported(anna, one)

        report = imported(anna, other)

        assert (report["challenges_created"], report["entries_updated"]) == (1, 0)
        assert [each["title"] for each in anna.got("/challenges")["items"]] == ["Run", "Read"]


class TestDryRun:
    def test_tells_the_same_and_keeps_nothing(self, anna: Client, loop_file: Backups) -> None:
        file = full(loop_file())
        before = everything(anna)

        told = imported(anna, file, dry_run="true")

        assert everything(anna) == before
        assert told == imported(anna, file)

    def test_tells_what_an_updated_backup_would_change(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.logs(file.habit(1), "2026-03-09", NO)
        imported(anna, file)
        before = everything(anna)
        file.run(f"UPDATE Repetitions SET value = {YES}")
        file.logs(1, "2026-02-01")

        told = imported(anna, file, dry_run="true")

        assert (told["challenges_created"], told["entries_created"], told["entries_updated"]) == (0, 1, 1)
        assert everything(anna) == before


class TestRefusedFile:
    def test_is_one_of_no_known_format(self, anna: Client, subtests: pytest.Subtests) -> None:
        for content in (
            b"hello",
            b"PK\x03\x04zip",
            b'{"habits": []}',
            b"\x00" * 100,
            b"SQLite format 3",
            b"HabitName,",
        ):
            with subtests.test(content=content):
                response = upload(anna, content)

                assert refusal(response) == (422, "unknown_format")
                assert "Loop Habit Tracker" in response.json()["detail"]
                assert [error["code"] for error in response.json()["errors"]] == ["unknown_format"]

    def test_is_an_sqlite_file_of_something_else(self, anna: Client, tmp_path: Path) -> None:
        other = tmp_path / "other.db"
        with closing(driver.connect(other)) as connection:
            connection.execute("CREATE TABLE tracks (_id INTEGER PRIMARY KEY, name TEXT)")

        response = upload(anna, other.read_bytes())

        assert refusal(response) == (422, "unknown_format")
        assert response.json()["detail"] == "the file is an SQLite database, but not a backup of Loop Habit Tracker"

    def test_is_one_of_a_newer_loop(self, anna: Client, loop_file: Backups) -> None:
        file = loop_file()
        file.run("PRAGMA user_version = 26")

        response = upload(anna, file.content())

        assert refusal(response) == (422, "unknown_format")
        assert "newer" in response.json()["detail"]

    def test_is_a_damaged_one_of_which_nothing_is_kept(self, anna: Client, loop_file: Backups) -> None:
        content = full(loop_file()).content()

        response = upload(anna, content[:-4096])

        assert refusal(response) == (422, "unknown_format")
        assert "damaged" in response.json()["detail"]
        assert anna.got("/challenges")["items"] == []

    def test_is_an_empty_one(self, anna: Client) -> None:
        assert refusal(upload(anna, b"")) == (422, "unknown_format")
        assert anna.post("/users/me/import").status_code == 422

    def test_is_one_over_32_mib(self, anna: Client) -> None:
        assert refusal(upload(anna, b"\0" * (32 * 1024 * 1024 + 1))) == (413, "body_too_large")

    def test_may_be_as_long_as_32_mib(self, anna: Client) -> None:
        assert refusal(upload(anna, b"\0" * (32 * 1024 * 1024))) == (422, "unknown_format")

    @pytest.mark.parametrize("named", ["Loop", "csv", ""])
    def test_is_one_of_a_format_that_there_is_not(self, anna: Client, loop_file: Backups, named: str) -> None:
        response = upload(anna, loop_file().content(), format=named)

        assert refusal(response) == (422, "invalid")
        assert response.json()["errors"][0]["field"] == "format"

    @pytest.mark.parametrize("named", ["auto", "loop"])
    def test_is_none_when_its_format_is_named(self, anna: Client, loop_file: Backups, named: str) -> None:
        assert imported(anna, loop_file(), format=named)["format"] == "loop"

    def test_is_any_without_a_token_that_may_write(
        self, app: FastAPI, anna: Client, visitor: Client, loop_file: Backups
    ) -> None:
        content = loop_file().content()
        reader = Client(app, anna.made("/users/me/tokens", {"name": "watch", "scope": "read"})["token"])

        assert refusal(upload(visitor, content)) == (401, "unauthorized")
        assert refusal(upload(reader, content)) == (403, "read_only_token")


class TestCommandLine:
    def test_imports_into_an_account(
        self, anna: Client, loop_file: Backups, operator: Callable[..., tuple[int, str]]
    ) -> None:
        file = full(loop_file())
        file.logs(7, "2026-03-10")

        code, said = operator("import", str(file.path), "--user", "ANNA@example.test")

        assert code == 0
        assert said.splitlines() == [
            "loop: 3 challenges created, 5 entries created, 0 updated, 1 rejected",
            "  Repetitions, row 6: it belongs to no habit",
        ]
        assert len(anna.got("/daily-log")["items"]) == 5

    def test_keeps_nothing_of_a_dry_run(
        self, anna: Client, loop_file: Backups, operator: Callable[..., tuple[int, str]]
    ) -> None:
        file = full(loop_file())

        code, said = operator("import", str(file.path), "--user", "anna@example.test", "--dry-run")

        assert (code, said) == (0, "loop: 3 challenges created, 5 entries created, 0 updated, 0 rejected\n")
        assert anna.got("/daily-log")["items"] == []

    def test_refuses_in_a_sentence(self, anna: Client, db: Database, loop_file: Backups, tmp_path: Path) -> None:
        other = tmp_path / "notes.txt"
        other.write_text("hello")
        url = db.url.render_as_string(hide_password=False)

        done = subprocess.run(
            [sys.executable, "-m", "lifetracker", "import", str(other), "--user", "anna@example.test"],
            env={"LIFETRACKER_DATABASE_URL": url, "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "lifetracker: the file is none that can be imported: send the .db backup of Loop Habit Tracker\n"
        )


class TestSamples:
    """Real backups, from the folder that LIFETRACKER_SAMPLES names."""

    def test_of_version_12_is_taken_over_whole(self, anna: Client, sample: Samples) -> None:
        file = sample("loop", "loop.db")
        rows = question(file, "SELECT count(*) FROM Repetitions")

        report = body(upload(anna, file.read_bytes()))

        assert (report["challenges_created"], report["rejected"]) == (9, [])
        assert (report["entries_created"], report["entries_updated"]) == (rows, 0)
        assert {each["color"] for each in anna.got("/challenges")["items"]} == {"#00897B", "#E64A19"}

    def test_of_version_12_holds_what_loops_own_tests_find(self, anna: Client, sample: Samples) -> None:
        cases = json.loads(sample("loop", "import_cases.json").read_text("utf-8"))["cases"]
        (case,) = (case for case in cases if case["file"] == "loop.db")
        upload(anna, sample("loop", "loop.db").read_bytes())

        challenges = anna.got("/challenges")["items"]

        assert len(challenges) == case["habits"]
        for check in case["checks"]:
            challenge = challenges[check["index"]]
            log = {day: value for day, value, *_ in entries(anna, challenge)}
            assert challenge["title"] == check["name"]
            assert challenge["schedule"] == {"type": "times", "count": check["frequency"][0], "per": "week"}
            assert [log.get(day) for day in check["checked"]] == [1] * len(check["checked"])
            assert 1 not in [log.get(day) for day in check["not_checked"]]

    @pytest.mark.parametrize(
        ("parts", "titles", "count"),
        [(("databases", "021.db"), ["Hello world"], 3), (("databases", "022.db"), ["Work out", "Test"], 1)],
    )
    def test_of_later_versions_are_taken_over_whole(
        self, anna: Client, sample: Samples, parts: tuple[str, ...], titles: list[str], count: int
    ) -> None:
        report = body(upload(anna, sample("loop", *parts).read_bytes()))

        assert [each["title"] for each in anna.got("/challenges")["items"]] == titles
        assert (report["entries_created"], report["rejected"]) == (count, [])

    def test_do_not_mix(self, anna: Client, sample: Samples) -> None:
        """The ids of their habits overlap."""
        files = [sample("loop", *parts) for parts in (("loop.db",), ("databases", "021.db"), ("databases", "022.db"))]

        created = [body(upload(anna, file.read_bytes()))["challenges_created"] for file in files]

        assert created == [9, 1, 2]

    @pytest.mark.parametrize("parts", [("loop.db",), ("databases", "021.db"), ("databases", "022.db")])
    def test_change_nothing_the_second_time(self, anna: Client, sample: Samples, parts: tuple[str, ...]) -> None:
        content = sample("loop", *parts).read_bytes()
        upload(anna, content)
        before = everything(anna)

        report = body(upload(anna, content))

        assert (report["challenges_created"], report["entries_created"], report["entries_updated"]) == (0, 0, 0)
        assert everything(anna) == before

    def test_answer_today_and_stats(self, anna: Client, sample: Samples, clock: FrozenClock) -> None:
        clock.set("2016-03-21T12:00")  # the day of the newest entries
        upload(anna, sample("loop", "loop.db").read_bytes())

        today = anna.got("/today")

        assert len(today["items"]) == 9
        for item in today["items"]:
            stats = anna.got(f"/challenges/{item['challenge']['id']}/stats")
            assert stats["total_value"] == len(entries(anna, item["challenge"]))
            assert (stats["current_streak"], stats["streak_unit"]) == (item["current_streak"], item["streak_unit"])

    @pytest.mark.parametrize("name", ["rewire.db", "tickmate.db"])
    def test_of_other_trackers_are_refused(self, anna: Client, sample: Samples, name: str) -> None:
        response = upload(anna, sample("loop", name).read_bytes())

        assert refusal(response) == (422, "unknown_format")
        assert response.json()["detail"] == "the file is an SQLite database, but not a backup of Loop Habit Tracker"


@pytest.fixture
def operator(db: Database) -> Callable[..., tuple[int, str]]:
    """Runs a command on the test's database: exit code, and what it said on both streams."""

    def run(*arguments: str) -> tuple[int, str]:
        url = db.url.render_as_string(hide_password=False)
        done = CliRunner().invoke(cli.app, arguments, env={"LIFETRACKER_DATABASE_URL": url})
        return done.exit_code, done.output

    return run


def full(file: LoopFile) -> LoopFile:
    """Checks, a measure and a limit, archived and not, with values of every kind."""
    file.habit(1, name="Meditate")
    file.habit(2, name="Run", type=1, target_value=2.5, unit="miles", archived=1)
    file.habit(3, name="Beer", type=1, target_type=1, target_value=2, freq_num=3, freq_den=7)
    file.logs(1, "2026-03-08", YES, "rainy")
    file.logs(1, "2026-03-09", NO)
    file.logs(1, "2026-03-10", SKIP)
    file.logs(2, "2026-03-10", 2600)
    file.logs(3, "2026-03-11", 0)
    return file


def upload(person: Client, content: bytes, **query: str) -> httpx2.Response:
    headers = {"Content-Type": "application/octet-stream"}
    return person.post("/users/me/import", content=content, params=query, headers=headers)


def imported(person: Client, file: LoopFile, **query: str) -> dict[str, Any]:
    return body(upload(person, file.content(), **query))


def body(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


def entries(person: Client, challenge: dict[str, Any]) -> list[tuple[str, float | None, bool, str | None]]:
    items = person.got(f"/challenges/{challenge['id']}/log", limit=200)["items"]
    return [(entry["date"], entry["value"], entry["skipped"], entry["note"]) for entry in items]


def everything(person: Client) -> dict[str, Any]:
    """All that an import could change of an account."""
    challenges = [*person.got("/challenges")["items"], *person.got("/challenges", status="archived")["items"]]
    return {"challenges": challenges, "log": person.got("/daily-log", limit=200)}


def question(file: Path, statement: str) -> int:
    """The one number that a file answers."""
    with closing(driver.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as connection:
        number: int = connection.execute(statement).fetchone()[0]
    return number
