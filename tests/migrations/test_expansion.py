"""Every step keeps what it says: code of the revisions that it leaves its schema open to finds all it knows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from lifetracker.core.db import Database
from lifetracker.migrations import HEAD, REVISIONS
from lifetracker.migrations.upgrade import upgrade
from tests.migrations.expansion import shapes, stumbles
from tests.migrations.looks import readers
from tests.migrations.steps import CONTRACT, EXPAND, write_step

BATCH = 'with op.batch_alter_table("challenges") as table:'
GIVEN = 'op.add_column("users", sa.Column("born", sa.Text(), nullable=False, server_default="x"))'


class TestEveryStep:
    def test_keeps_all_that_its_readers_know(self, empty: Database) -> None:
        known = {}
        for revision in REVISIONS:
            upgrade(empty, revision)
            known[revision] = shapes(empty)

            found = {reader: stumbles(known[reader], known[revision]) for reader in readers(empty)}

            assert {reader: told for reader, told in found.items() if told} == {}

    def test_is_open_to_the_step_before(self, empty: Database) -> None:
        """A release later at the soonest what is gone may be gone: its code does without for a step already."""
        for before, revision in pairwise(REVISIONS):
            upgrade(empty, revision)

            assert before in readers(empty)


class TestStumbles:
    @pytest.mark.parametrize("statements", [EXPAND, [GIVEN]])
    def test_are_none_where_a_step_only_adds(self, empty: Database, steps: Path, statements: list[str]) -> None:
        assert stumbles_over(empty, steps, *statements) == []

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            (CONTRACT[0], "daily_log.note was"),
            ('op.drop_table("password_resets")', "password_resets is gone"),
            ('op.drop_index("ix_tokens_user_id", "tokens")', "tokens: index ['user_id'] is gone"),
            ('op.create_index("one_name", "users", ["display_name"], unique=True)', "is asked for"),
            ('op.alter_column("daily_log", "note", new_column_name="notes")', "daily_log.note was"),
            (f"{BATCH} table.alter_column('icon', nullable=False)", "challenges.icon was"),
            (f"{BATCH} table.alter_column('icon', type_=sa.Integer(), postgresql_using='1')", "challenges.icon was"),
            (f"{BATCH} table.add_column(sa.Column('mood', sa.Text(), nullable=False))", "challenges.mood must be"),
            (f"{BATCH} table.create_check_constraint('mild', 'duration_days > 0')", "is asked for"),
        ],
    )
    def test_tell_what_old_code_cannot_live_with(self, empty: Database, steps: Path, statement: str, told: str) -> None:
        assert told in str(stumbles_over(empty, steps, statement))


def stumbles_over(db: Database, steps: Path, *statements: str) -> list[str]:
    """What today's code would stumble over after a step of these statements."""
    upgrade(db)
    today = shapes(db)
    write_step(steps, "9001", HEAD, *statements, oldest_reader=HEAD)
    upgrade(db, "9001", steps)
    return stumbles(today, shapes(db))
