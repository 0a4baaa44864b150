"""Reading a stranger's SQLite file: backups of every version, and files that are none or mean harm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from lifetracker.daily_log.loop_repository import NotLoop, is_sqlite, read_backup
from tests.daily_log.loop_files import NEWEST, NO, SKIP, YES, LoopFile, millis

Backups = Callable[..., LoopFile]
PAGE = 4096


class TestIsSqlite:
    def test_tells_by_the_first_bytes(self, loop_file: Backups) -> None:
        assert is_sqlite(loop_file().content())
        assert not is_sqlite(b"")
        assert not is_sqlite(b"SQLite format 3")
        assert not is_sqlite(b"PK\x03\x04 a zip")


class TestReadBackup:
    @pytest.mark.parametrize("version", [9, 12, 15])
    def test_reads_files_without_values(self, loop_file: Backups, version: int) -> None:
        file = loop_file(version)
        file.logs(file.habit(7, name="Meditate", freq_num=3, freq_den=7), "2026-03-01")

        backup = read_backup(file.content())

        (habit,), (row,) = backup.habits, backup.repetitions
        assert (backup.version, habit.id, habit.name, habit.freq_num, habit.freq_den) == (version, 7, "Meditate", 3, 7)
        assert (habit.type, habit.target_value, habit.unit, habit.question, habit.uuid) == (None,) * 5
        assert (row.habit, row.timestamp, row.value, row.notes) == (7, millis("2026-03-01"), None, None)

    @pytest.mark.parametrize("version", [16, 18, 21, 22, 23, 24])
    def test_reads_files_without_notes(self, loop_file: Backups, version: int) -> None:
        file = loop_file(version)
        file.logs(file.habit(), "2026-03-01", NO)

        backup = read_backup(file.content())

        assert (backup.habits[0].type, backup.repetitions[0].value, backup.repetitions[0].notes) == (0, NO, None)

    def test_reads_all_of_the_newest(self, loop_file: Backups) -> None:
        file = loop_file(NEWEST)
        file.habit(uuid="ab", type=1, target_type=1, target_value=2.5, unit="km", question="Did you run?", archived=1)
        file.logs(1, "2026-03-01", 1500, "rainy")

        backup = read_backup(file.content())

        (habit,), (row,) = backup.habits, backup.repetitions
        assert (habit.uuid, habit.type, habit.target_type, habit.target_value, habit.unit) == ("ab", 1, 1, 2.5, "km")
        assert (habit.question, habit.archived, habit.color) == ("Did you run?", 1, 8)
        assert (row.value, row.notes) == (1500, "rainy")

    def test_reads_names_of_columns_in_any_case(self, loop_file: Backups) -> None:
        file = loop_file(12)
        file.run("DROP TABLE Habits")
        file.run("CREATE TABLE Habits (Id INTEGER PRIMARY KEY, Name TEXT, FREQ_NUM INTEGER, Freq_Den INTEGER)")
        file.run("INSERT INTO Habits VALUES (5, 'Meditate', 1, 1)")

        (habit,) = read_backup(file.content()).habits

        assert (habit.id, habit.name, habit.color, habit.archived) == (5, "Meditate", None, None)

    def test_reads_habits_in_their_order(self, loop_file: Backups) -> None:
        file = loop_file()
        for habit_id, position in ((1, 2), (2, 0), (3, 1), (5, 0), (4, 0)):
            file.habit(habit_id, position=position)

        assert [habit.id for habit in read_backup(file.content()).habits] == [2, 4, 5, 3, 1]

    def test_reads_rows_of_the_log_in_the_files_order(self, loop_file: Backups) -> None:
        file = loop_file(21)
        for value in (YES, NO, SKIP):
            file.logs(1, "2026-03-01", value)

        assert [row.value for row in read_backup(file.content()).repetitions] == [YES, NO, SKIP]

    def test_reads_a_file_that_was_left_in_wal_mode(self, loop_file: Backups) -> None:
        file = loop_file()
        file.habit()
        file.run("PRAGMA journal_mode = WAL")
        assert file.content()[18:20] == b"\x02\x02"

        assert len(read_backup(file.content()).habits) == 1

    def test_reads_text_that_is_not_whole(self, loop_file: Backups) -> None:
        """Half of an emoji, say: Android cuts text without looking."""
        file = loop_file()
        file.habit()
        file.run(f"UPDATE Habits SET name = CAST(x'4d{'eda0bd'}' AS TEXT)")

        (habit,) = read_backup(file.content()).habits

        assert habit.name.startswith("M�")


class TestFileThatIsNoBackup:
    def test_is_refused_when_it_is_of_a_newer_loop(self, loop_file: Backups) -> None:
        file = loop_file()
        file.run("PRAGMA user_version = 26")

        with pytest.raises(NotLoop, match=r"newer Loop \(version 26\)"):
            read_backup(file.content())

    def test_is_told_by_its_tables_and_not_by_its_version(self, tmp_path: Path, loop_file: Backups) -> None:
        file = loop_file()
        file.run("DROP TABLE Habits")
        file.run("PRAGMA user_version = 99")

        with pytest.raises(NotLoop, match="not a backup of Loop"):
            read_backup(file.content())

    @pytest.mark.parametrize("table", ["Habits", "Repetitions"])
    def test_is_refused_without_a_table(self, loop_file: Backups, table: str) -> None:
        file = loop_file()
        file.run(f"DROP TABLE {table}")

        with pytest.raises(NotLoop, match="not a backup of Loop"):
            read_backup(file.content())

    @pytest.mark.parametrize("column", ["name", "freq_num", "freq_den"])
    def test_is_refused_without_a_column_that_all_versions_have(self, loop_file: Backups, column: str) -> None:
        file = loop_file()
        file.run(f"ALTER TABLE Habits DROP COLUMN {column}")

        with pytest.raises(NotLoop, match="not a backup of Loop"):
            read_backup(file.content())

    def test_is_refused_when_a_view_stands_for_a_table(self, loop_file: Backups) -> None:
        file = loop_file()
        file.run("ALTER TABLE Habits RENAME TO Kept")
        file.run("CREATE VIEW Habits AS SELECT * FROM Kept")

        with pytest.raises(NotLoop, match="not a backup of Loop"):
            read_backup(file.content())

    @pytest.mark.parametrize("written", ["CREATE VIRTUAL TABLE", "CREATE /*(*/ VIRTUAL TABLE"])
    def test_is_refused_when_a_virtual_table_stands_for_a_table(self, loop_file: Backups, written: str) -> None:
        file = loop_file()
        file.run("DROP TABLE Habits")
        file.run("CREATE VIRTUAL TABLE Habits USING fts5(id, name, freq_num, freq_den)")
        file.run(
            "PRAGMA writable_schema = ON",
            f"UPDATE sqlite_master SET sql = replace(sql, 'CREATE VIRTUAL TABLE', '{written}')",
        )

        with pytest.raises(NotLoop, match="not a backup of Loop"):
            read_backup(file.content())

    @pytest.mark.parametrize("rest", [b"", b"\x10\x00", b"\x00" * 496, b"\x10\x00" + b"\x00" * 4078, b"\x00\x01"])
    def test_is_refused_when_it_is_empty_but_for_its_head(self, rest: bytes) -> None:
        with pytest.raises(NotLoop, match=r"damaged|not a backup of Loop"):
            read_backup(b"SQLite format 3\0" + rest)

    def test_is_refused_with_more_habits_than_anybody_has(self, loop_file: Backups) -> None:
        file = loop_file()
        file.fill(1001, 0, date(2026, 3, 1))

        with pytest.raises(NotLoop, match="1001 habits"):
            read_backup(file.content())

    def test_is_refused_when_an_id_is_not_a_number(self, loop_file: Backups) -> None:
        file = loop_file(12, primary_key="text")
        file.habit("one", position=1)

        with pytest.raises(NotLoop, match="not a number"):
            read_backup(file.content())


class TestDamagedFile:
    @pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
    def test_is_refused_when_it_was_cut_off(self, loop_file: Backups, share: float) -> None:
        content = full(loop_file).content()

        with pytest.raises(NotLoop):
            read_backup(content[: int(len(content) * share)])

    @pytest.mark.parametrize("page", range(6))
    def test_is_refused_when_a_page_was_overwritten(self, loop_file: Backups, page: int) -> None:
        content = bytearray(full(loop_file).content())
        begin = page * PAGE + (100 if page == 0 else 0)
        content[begin : (page + 1) * PAGE] = b"\xa5" * ((page + 1) * PAGE - begin)

        if page == 1:  # the table `android_metadata`, which is not read
            assert len(read_backup(bytes(content)).habits) == 20
            return
        with pytest.raises(NotLoop, match="damaged"):
            read_backup(bytes(content))

    def test_is_refused_when_every_row_is_given_a_text_that_stands_in_the_file_once(self, loop_file: Backups) -> None:
        file = full(loop_file)
        file.run("ALTER TABLE Repetitions DROP COLUMN notes")
        file.run(f"ALTER TABLE Repetitions ADD COLUMN notes text DEFAULT '{'x' * 100_000}'")

        with pytest.raises(NotLoop, match="damaged"):
            read_backup(file.content())

    def test_is_refused_when_it_holds_more_rows_than_there_is_room_for(self, loop_file: Backups) -> None:
        """Every branch of the table's tree leads to the same leaf, so that a small file has millions of rows."""
        file = loop_file()
        file.fill(10, 2000, date(2020, 1, 1))

        with pytest.raises(NotLoop, match="damaged"):
            read_backup(looped(file))


def full(loop_file: Backups) -> LoopFile:
    """Some pages of habits and of their log."""
    file = loop_file()
    file.fill(20, 30, date(2026, 2, 1))
    return file


def looped(file: LoopFile) -> bytes:
    """The file with a tree of rows whose root points at one branch only, and that branch at one leaf only."""
    content = bytearray(file.content())
    root = 3 * PAGE  # of `Repetitions`, the third table
    cells = int.from_bytes(content[root + 3 : root + 5], "big")
    places = range(root + 12, root + 12 + 2 * cells, 2)
    children = [8, *(int.from_bytes(content[place : place + 2], "big") for place in places)]
    branch, leaf = (int.from_bytes(content[root + child :][:4], "big") for child in children[:2])
    content[(branch - 1) * PAGE : branch * PAGE] = content[root : root + PAGE]
    for child in children:
        content[root + child : root + child + 4] = branch.to_bytes(4, "big")
        place = (branch - 1) * PAGE + child
        content[place : place + 4] = leaf.to_bytes(4, "big")
    return bytes(content)
