"""What the checks find in databases that were broken by hand, each in its own way, and that they leave no trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lifetracker.core import sqlite
from lifetracker.core.db import Database
from lifetracker.core.db_check_repository import check_database
from lifetracker.core.db_checks.look_repository import Finding
from lifetracker.core.db_checks.open_repository import CannotCheck
from tests.core.checks import EXPECTED, broken, spoil
from tests.core.units import url_of
from tests.people import Client

HEAD = EXPECTED.revisions[-1]
WIDER = "(user_id, challenge_id, date, skipped)"
PARTIAL = "(user_id, challenge_id, date) WHERE value > 5"
NONE = "DELETE FROM alembic_version"
ANOTHER = "INSERT INTO alembic_version VALUES ('0000')"
MAKE_READERS = "CREATE TABLE IF NOT EXISTS schema_readers (revision TEXT, reader TEXT)"
ENTRY = "INSERT INTO daily_log VALUES ({user}, {challenge}, '2026-01-{day:02}', 1, {no}, NULL, {now}, {now})"


def entry(db: Database, user: int, challenge: int, day: int) -> str:
    no, now = ("0", "0") if db.embedded else ("false", "now()")
    return ENTRY.format(user=user, challenge=challenge, day=day, no=no, now=now)


def without_keys(db: Database) -> list[str]:
    """`daily_log` as it was, but for its keys."""
    if not db.embedded:
        return [
            "ALTER TABLE daily_log DROP CONSTRAINT pk_daily_log",
            "ALTER TABLE daily_log DROP CONSTRAINT fk_daily_log_user_id",
            "ALTER TABLE daily_log DROP CONSTRAINT fk_daily_log_challenge_id",
        ]
    return [
        "CREATE TABLE other AS SELECT * FROM daily_log",
        "DROP TABLE daily_log",
        "ALTER TABLE other RENAME TO daily_log",
    ]


@pytest.fixture
def challenge(anna: Client) -> int:
    made: int = anna.made("/challenges", {"title": "Walk", "start_date": "2026-01-01"})["id"]
    anna.put(f"/challenges/{made}/log/2026-01-02", json={})
    return made


AUDIT = "BEGIN SELECT 1; END"


class TestSoundDatabase:
    @pytest.mark.parametrize("deep", [False, True])
    def test_passes_every_check(self, db: Database, challenge: int, deep: bool) -> None:
        findings = check_database(url_of(db), EXPECTED, deep=deep)

        assert [str(finding) for finding in findings if finding.count] == []
        names = [finding.check for finding in findings]
        assert len(set(names)) == len(names)
        assert {"schema at head", "tables and columns", "integrity", "foreign keys declared"} <= set(names)
        assert "unique daily_log(user_id, challenge_id, date)" in names
        assert "no orphan daily_log.challenge_id -> challenges.id" in names

    def test_is_not_written_to(self, db: Database) -> None:
        before = counts(db)
        check_database(url_of(db), EXPECTED)

        assert counts(db) == before


class TestRows:
    def test_are_orphans_without_their_parents(self, db: Database, challenge: int) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: PostgreSQL lets nobody past a foreign key that is on")
        spoil(db, [entry(db, 404, 405, day) for day in range(1, 15)])

        found = broken(url_of(db))

        assert found == {
            f"no orphan {orphan}": Finding(f"no orphan {orphan}", 14, (key,))
            for orphan, key in [
                ("daily_log.user_id -> users.id", "user_id=404"),
                ("daily_log.challenge_id -> challenges.id", "challenge_id=405"),
            ]
        }

    def test_are_orphans_where_the_keys_are_switched_off(self, db: Database, challenge: int) -> None:
        if db.embedded:
            pytest.skip("PostgreSQL only: SQLite has no switch that stays")
        spoil(db, ["ALTER TABLE daily_log DISABLE TRIGGER ALL", entry(db, 404, challenge, 3)])

        found = broken(url_of(db))

        assert found["no orphan daily_log.user_id -> users.id"].keys == ("user_id=404",)
        assert found["foreign keys declared"].count == 2

    def test_are_found_where_the_keys_are_gone(self, db: Database, challenge: int) -> None:
        again = entry(db, 1, challenge, 2)
        spoil(db, [*without_keys(db), again, again, entry(db, 404, challenge, 3)])

        found = broken(url_of(db))

        assert found["unique daily_log(user_id, challenge_id, date)"].keys == (f"1/{challenge}/2026-01-02",)
        assert found["no orphan daily_log.user_id -> users.id"].keys == ("user_id=404",)
        assert "no orphan daily_log.challenge_id -> challenges.id" not in found
        assert found["foreign keys declared"].count == 2

    def test_are_counted_by_their_parents_where_the_keys_are_gone(self, db: Database, challenge: int) -> None:
        lost = [entry(db, user, challenge, day) for user in (404, 405) for day in (1, 2, 3)]
        spoil(db, [*without_keys(db), *lost])

        found = broken(url_of(db))["no orphan daily_log.user_id -> users.id"]

        assert (found.count, found.keys) == (6, ("user_id=404", "user_id=405"))

    @pytest.mark.parametrize("keys", [WIDER, PARTIAL])
    def test_are_not_proven_single_by_an_index_of_another_kind(self, db: Database, challenge: int, keys: str) -> None:
        again = entry(db, 1, challenge, 2)
        spoil(db, [*without_keys(db), again.replace(" 1, 0, ", " 1, 1, ").replace(" 1, false, ", " 1, true, ")])
        spoil(db, [f"CREATE UNIQUE INDEX another ON daily_log {keys}"])

        found = broken(url_of(db))["unique daily_log(user_id, challenge_id, date)"]

        assert found.keys == (f"1/{challenge}/2026-01-02",)

    def test_may_still_be_sound_where_a_key_is_gone(self, db: Database, challenge: int) -> None:
        spoil(db, without_keys(db))

        found = broken(url_of(db))

        assert found["unique daily_log(user_id, challenge_id, date)"].keys == ("the key is gone; no row is double yet",)
        assert not any(name.startswith("no orphan") for name in found)

    def test_are_counted_all_and_shown_in_part(self, db: Database, challenge: int) -> None:
        spoil(db, [*without_keys(db), *(entry(db, user, challenge, 1) for user in range(100, 125))])

        (finding,) = [each for name, each in broken(url_of(db)).items() if name.startswith("no orphan")]

        assert (finding.count, len(finding.keys)) == (25, 10)
        assert str(finding).endswith("user_id=109, …")


class TestSchema:
    @pytest.mark.parametrize(("revision", "age"), [("0000", "newer"), ("9999", "newer")])
    def test_must_be_at_head(self, db: Database, revision: str, age: str) -> None:
        spoil(db, [f"UPDATE alembic_version SET version_num = '{revision}'"])

        assert broken(url_of(db))["schema at head"].keys[0].startswith(f"it is at {revision}, {age} than ")

    def test_knows_an_older_one(self, db: Database) -> None:
        later = replace(EXPECTED, revisions=(*EXPECTED.revisions, "later"))

        (finding,) = [each for each in check_database(url_of(db), later) if each.count]

        assert finding.keys == (f"it is at {EXPECTED.revisions[-1]}, older than later, which this release needs",)

    @pytest.mark.parametrize(
        ("about", "reader", "passes"), [("9999", HEAD, True), ("9999", "1", False), ("1", HEAD, False)]
    )
    def test_may_be_newer_where_it_is_open_to_this_code(
        self, db: Database, about: str, reader: str, passes: bool
    ) -> None:
        spoil(db, ["UPDATE alembic_version SET version_num = '9999'", MAKE_READERS])
        spoil(db, [f"INSERT INTO schema_readers VALUES ('{about}', '{reader}')"])

        found = check_database(url_of(db), EXPECTED)[0]

        told = f"it is at 9999, newer than {HEAD}: the release that made it left it open to this one"
        assert (not found.count) is passes
        assert (str(found) == f"schema at head: ok, though {told}") is passes

    @pytest.mark.parametrize(("statement", "said"), [(NONE, "0 revisions: none"), (ANOTHER, "2 revisions: 0000, ")])
    def test_names_one_revision(self, db: Database, statement: str, said: str) -> None:
        spoil(db, [statement])

        assert broken(url_of(db))["schema at head"].keys[0].startswith(f"it names {said}")

    def test_misses_a_column_and_a_table(self, db: Database) -> None:
        spoil(db, ["ALTER TABLE daily_log DROP COLUMN note", "DROP TABLE password_resets"])

        found = broken(url_of(db))

        assert set(found) == {"tables and columns"}
        assert sorted(found["tables and columns"].keys) == ["daily_log.note", "password_resets"]

    def test_misses_an_index(self, db: Database) -> None:
        spoil(db, ["DROP INDEX ix_tokens_user_id"])

        assert broken(url_of(db)) == {"indexes": Finding("indexes", 1, ("tokens(user_id)",))}

    def test_misses_a_trigger(self, db: Database) -> None:
        """One of somebody else's, after the same event, is no stand-in."""
        on_sqlite = ["DROP TRIGGER delete_forgets_standing", f"CREATE TRIGGER audit AFTER DELETE ON daily_log {AUDIT}"]
        elsewhere = ["ALTER TRIGGER forgets_standing ON daily_log RENAME TO audit"]
        spoil(db, on_sqlite if db.file else elsewhere)

        events = ["delete"] if db.file else ["delete", "insert", "update"]
        missed = Finding("triggers", len(events), tuple(f"daily_log.forgets_standing({event})" for event in events))
        assert broken(url_of(db)) == {"triggers": missed}

    @pytest.mark.parametrize("switch", ["DISABLE", "ENABLE REPLICA"])
    def test_misses_a_trigger_that_does_not_act(self, db: Database, switch: str) -> None:
        if db.file:
            pytest.skip("PostgreSQL only: SQLite cannot switch one off")
        spoil(db, [f"ALTER TABLE daily_log {switch} TRIGGER forgets_standing"])

        assert broken(url_of(db))["triggers"].count == 3

    def test_must_be_ours(self, engine: Any, tmp_path: Path) -> None:
        with engine.fresh_database(migrated=False) as url:
            if url.startswith("sqlite"):
                with closing(sqlite.driver.connect(url.removeprefix("sqlite:///"))) as other:
                    other.execute("CREATE TABLE cats (name)")

            with pytest.raises(CannotCheck, match="not a database of LifeTracker"):
                check_database(url, EXPECTED)


class TestFile:
    def test_is_found_damaged(self, file: Path) -> None:
        with opened_by_hand(file) as connection:
            (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'attempts'").fetchone()
        content = bytearray(file.read_bytes())
        content[(page - 1) * 4096 : (page - 1) * 4096 + 100] = b"\xff" * 100
        file.write_bytes(content)

        assert broken(f"sqlite:///{file}")["integrity"].count

    def test_is_found_damaged_beyond_looking(self, file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        file.write_bytes(content)

        with pytest.raises(CannotCheck, match="the file is damaged: "):
            check_database(f"sqlite:///{file}", EXPECTED)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("DELETE FROM challenge_templates WHERE id = 3", "wrong # of entries in index "),
            ("UPDATE challenge_templates SET author_id = 1 WHERE id = 3", "row 3 missing from index "),
        ],
    )
    def test_is_found_with_an_index_that_lies(self, file: Path, change: str, said: str) -> None:
        name = "ix_challenge_templates_author_id"
        with opened_by_hand(file) as connection:
            (index,) = connection.execute("SELECT * FROM sqlite_schema WHERE name = ?", [name]).fetchall()
            connection.execute("DELETE FROM sqlite_schema WHERE name = ?", [name])
        with opened_by_hand(file) as connection:
            connection.execute(change)
        with opened_by_hand(file) as connection:
            connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", index)

        assert broken(f"sqlite:///{file}")["integrity"].keys == (f"{said}{name}",)


@contextmanager
def opened_by_hand(file: Path) -> Iterator[Any]:
    with closing(sqlite.driver.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        yield connection


def counts(db: Database) -> list[int]:
    return [
        db.read_now(lambda tx, name=name: tx.exec(text(f"SELECT count(*) FROM {name}")).scalar_one())  # type: ignore[misc]
        for name in EXPECTED.columns
    ]
