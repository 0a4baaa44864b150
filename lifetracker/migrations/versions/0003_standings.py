"""How each challenge stood is kept, so that today is told without its whole log; the log can always rebuild it.

The database itself drops a standing when a day that it counts is written, whoever writes: the release before too.
"""

import sqlalchemy as sa
from alembic import op

from lifetracker.core.db.models import UtcDateTime

revision = "0003"
down_revision = "0002"
oldest_reader = "0001"

FORGET = (
    "DELETE FROM standings WHERE user_id = {0}.user_id AND rung IN (0, 1) AND challenge_id = {0}.challenge_id"
    " AND open_from > {0}.date"
)
ON_SQLITE = "CREATE TRIGGER {2}_forgets_standing AFTER {0} ON daily_log BEGIN {1}; END"
ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION forget_standing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN {FORGET.format("OLD")}; END IF;
        IF TG_OP <> 'DELETE' THEN {FORGET.format("NEW")}; END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER forgets_standing AFTER INSERT OR UPDATE OR DELETE ON daily_log"
    " FOR EACH ROW EXECUTE FUNCTION forget_standing()",
)


def Id() -> sa.types.TypeEngine[int]:  # noqa: N802  reads as a type below
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "standings",
        sa.Column("user_id", Id(), autoincrement=False, nullable=False),
        sa.Column("rung", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("challenge_id", Id(), autoincrement=False, nullable=False),
        sa.Column("rules_at", UtcDateTime(), nullable=False),
        sa.Column("week_starts_on", sa.Text(), nullable=False),
        sa.Column("open_from", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_standings_challenge_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_standings_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "rung", "challenge_id", name=op.f("pk_standings")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_standings_challenge_id"), "standings", ["challenge_id"])
    for statement in _forgetting(op.get_bind().dialect.name):
        op.execute(statement)


def _forgetting(dialect: str) -> list[str]:
    if dialect != "sqlite":
        return list(ON_POSTGRESQL)
    before, after = FORGET.format("OLD"), FORGET.format("NEW")
    forgets = {"insert": after, "update": f"{before}; {after}", "delete": before}
    return [ON_SQLITE.format(verb.upper(), statements, verb) for verb, statements in forgets.items()]
