"""Releases beside each other: which code may work on the schema of which, and what a newer one leaves to an older."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from lifetracker.core import smoke
from lifetracker.core.db import Database
from lifetracker.core.db.engines import SchemaRefused
from lifetracker.core.db_check_repository import check_database
from lifetracker.core.db_checks.look_repository import Expected
from lifetracker.migrations import HEAD, REVISIONS
from lifetracker.migrations.readers import READERS
from lifetracker.migrations.schema import current, require_servable
from lifetracker.migrations.upgrade import upgrade
from tests.core.units import note, notes, url_of
from tests.migrations.looks import counts, ddl, fill, readers
from tests.migrations.steps import CONTRACT, EXPAND, write_step
from tests.people import Client
from tests.processes import unmeasured

EXPECTED = Expected.of(json.loads(smoke.HEAD.read_text(encoding="utf-8")))
UPGRADE = """
import sys
from pathlib import Path
from lifetracker.core.db import Database
from lifetracker.migrations.upgrade import upgrade
upgrade(Database(sys.argv[1]), "9002", Path(sys.argv[2]))
"""
KILLED = 'import os, signal; op.execute("DELETE FROM daily_log"); os.kill(os.getpid(), signal.SIGKILL)'


@pytest.fixture
def expanded(db: Database, anna: Client, steps: Path) -> Database:
    """The database, filled, as the release after this one leaves it: it took nothing away."""
    fill(anna)
    write_step(steps, "9001", HEAD, *EXPAND, oldest_reader=HEAD)
    upgrade(db, "9001", steps)
    return db


@pytest.fixture
def contracted(expanded: Database, steps: Path) -> Database:
    """A release later still, which took away what the release after this one did without already."""
    write_step(steps, "9002", "9001", *CONTRACT, oldest_reader="9001")
    upgrade(expanded, "9002", steps)
    return expanded


class TestCodeOnAnExpandedSchema:
    def test_may_serve_it(self, expanded: Database) -> None:
        assert str(require_servable(expanded)).endswith(f"at 9001, which a newer release left open to code of {HEAD}")

    def test_reads_what_there_was_and_writes_more(self, expanded: Database, anna: Client) -> None:
        titles = [item["title"] for item in anna.got("/challenges")["items"]]
        cook = anna.starts("Cook")

        assert sorted(titles) == ["Read", "Walk"]
        assert anna.logged(cook, note="soup")["note"] == "soup"

    @pytest.mark.parametrize("deep", [False, True])
    def test_finds_all_that_it_needs(self, expanded: Database, deep: bool) -> None:
        findings = check_database(url_of(expanded), EXPECTED, deep=deep)

        assert [str(finding) for finding in findings if finding.count] == []
        assert str(findings[0]) == (
            f"schema at head: ok, though it is at 9001, newer than {HEAD}: "
            "the release that made it left it open to this one"
        )

    def test_still_misses_what_is_gone(self, expanded: Database) -> None:
        expanded.migrate_now(lambda connection: connection.execute(text("ALTER TABLE daily_log DROP COLUMN note")))

        found = [str(finding) for finding in check_database(url_of(expanded), EXPECTED) if finding.count]

        assert found == ["tables and columns: 1 found: daily_log.note"]

    @pytest.mark.thorough
    def test_passes_the_smoke_check(self, expanded: Database) -> None:
        here = unmeasured(LIFETRACKER_DATABASE_URL=url_of(expanded))

        done = subprocess.run([sys.executable, "-m", "lifetracker", "smoke"], env=here, capture_output=True, text=True)

        assert (done.returncode, done.stdout, done.stderr) == (0, "GUARDS OK\nDB CHECK OK\nSMOKE OK\n", "")

    def test_does_not_migrate_it(self, expanded: Database, copy_of: Callable[[], Path]) -> None:
        before = counts(expanded), ddl(expanded), copy_of().read_bytes() if expanded.embedded else b""

        with pytest.raises(SchemaRefused, match="Nothing was changed; this code can serve it as it is"):
            upgrade(expanded)

        assert (counts(expanded), ddl(expanded), copy_of().read_bytes() if expanded.embedded else b"") == before

    def test_does_not_trust_one_that_was_moved_by_other_means(self, expanded: Database) -> None:
        expanded.write_now(lambda tx: tx.exec(text("UPDATE alembic_version SET version_num = '9999'")))

        with pytest.raises(SchemaRefused, match="made by a newer release"):
            require_servable(expanded)


class TestCodeOnAContractedSchema:
    def test_is_refused(self, contracted: Database) -> None:
        with pytest.raises(SchemaRefused, match=r"at revision 9002, which this code does not know: .*restore a backup"):
            require_servable(contracted)

    def test_is_told_by_the_checks(self, contracted: Database) -> None:
        found = {finding.check: finding for finding in check_database(url_of(contracted), EXPECTED) if finding.count}

        assert found["schema at head"].keys == (f"it is at 9002, newer than {HEAD}, which this release needs",)

    def test_changes_nothing(self, contracted: Database, copy_of: Callable[[], Path]) -> None:
        if not contracted.embedded:
            pytest.skip("SQLite only: PostgreSQL has no one file to compare")
        contracted.close()  # so that all of it is in the one file
        file = copy_of()
        before = file.read_bytes()
        older = Database(f"sqlite:///{file}")

        for refused in (upgrade, require_servable):
            with pytest.raises(SchemaRefused, match="restore a backup"):
                refused(older)
        older.close()

        assert file.read_bytes() == before


class TestReaders:
    def test_are_all_revisions_while_nothing_was_taken_away(self, db: Database) -> None:
        assert readers(db) == set(REVISIONS)

    def test_stay_when_a_step_only_adds(self, expanded: Database) -> None:
        assert readers(expanded) == {HEAD, "9001"}

    def test_that_need_what_a_step_takes_away_are_closed_out(self, contracted: Database) -> None:
        assert readers(contracted) == {"9001", "9002"}

    def test_are_its_own_code_alone_when_a_step_says_nothing(self, db: Database, steps: Path) -> None:
        write_step(steps, "9001", HEAD, *EXPAND)
        upgrade(db, "9001", steps)

        assert readers(db) == {"9001"}

    def test_are_not_let_in_again_by_a_later_step(self, db: Database, steps: Path) -> None:
        write_step(steps, "9001", HEAD, *CONTRACT, oldest_reader="9001")
        write_step(steps, "9002", "9001", *EXPAND, oldest_reader="0001")
        upgrade(db, "9002", steps)

        assert readers(db) == {"9001", "9002"}

    def test_must_be_revisions_that_there_are(self, db: Database, steps: Path) -> None:
        write_step(steps, "9001", HEAD, *EXPAND, oldest_reader="900")

        with pytest.raises(ValueError, match="'900' is not in list"):
            upgrade(db, "9001", steps)

        assert (current(db), readers(db)) == (HEAD, set(REVISIONS))

    def test_are_put_right_by_the_release_itself(self, db: Database) -> None:
        db.migrate_now(lambda connection: connection.execute(READERS.delete()))
        upgrade(db)

        assert readers(db) == set(REVISIONS)


class TestUpgradeFromAnyRevision:
    @pytest.mark.parametrize("start", REVISIONS)
    def test_keeps_rows_and_ends_at_the_schema_of_a_fresh_one(self, empty: Database, db: Database, start: str) -> None:
        upgrade(empty, start)
        empty.write_now(note, "kept")

        assert upgrade(empty) == start

        assert (ddl(empty), current(empty), readers(empty)) == (ddl(db), HEAD, readers(db))
        assert empty.read_now(notes) == ["kept"]

    def test_may_skip_releases(self, empty: Database, contracted: Database, steps: Path) -> None:
        upgrade(empty, REVISIONS[0])

        upgrade(empty, "9002", steps)

        assert readers(empty) == readers(contracted)
        assert ddl(empty).keys() == ddl(contracted).keys()
        assert "to_come" in ddl(empty)["challenges"]
        assert "note" not in ddl(empty)["daily_log"]

    @pytest.mark.thorough
    def test_leaves_the_old_one_when_killed_between_two_steps(self, db: Database, anna: Client, steps: Path) -> None:
        fill(anna)
        before = counts(db), ddl(db), readers(db)
        write_step(steps, "9001", HEAD, *EXPAND, *CONTRACT)
        write_step(steps, "9002", "9001", KILLED)

        done = subprocess.run([sys.executable, "-c", UPGRADE, url_of(db), str(steps)], check=False)

        assert done.returncode == -signal.SIGKILL
        assert (counts(db), ddl(db), readers(db)) == before
        require_servable(db)
