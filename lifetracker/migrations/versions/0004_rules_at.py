"""A challenge tells when its rules were written, apart from all else of it: a new colour leaves its standing.

The release before does not tell it. So the database itself drops the standings of a challenge whose rules change, or
whose life takes a turn, whoever writes: as it does when a day is written (0003). Where nothing is told, the rules are
as old as the whole challenge is.
"""

import sqlalchemy as sa
from alembic import op

from lifetracker.core.db.models import UtcDateTime

revision = "0004"
down_revision = "0003"
oldest_reader = "0001"

RULES = (
    "kind",
    "direction",
    "target",
    "schedule",
    "first_start_date",
    "duration_days",
    "on_miss",
    "allowed_misses",
)
OF_TURN = "DELETE FROM standings WHERE user_id = {0}.user_id AND rung IN (0, 1) AND challenge_id = {0}.challenge_id"
OF_RULES = "DELETE FROM standings WHERE challenge_id = NEW.id"  # whoever keeps it
ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION forget_standing_of_turn() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN {OF_TURN.format("OLD")}; END IF;
        IF TG_OP <> 'DELETE' THEN {OF_TURN.format("NEW")}; END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER turn_forgets_standing AFTER INSERT OR UPDATE OR DELETE ON challenge_turns"
    " FOR EACH ROW EXECUTE FUNCTION forget_standing_of_turn()",
    f"""
    CREATE FUNCTION forget_standing_of_rules() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {OF_RULES};
        RETURN NULL;
    END $$
    """,
)


def upgrade() -> None:
    op.add_column("challenges", sa.Column("rules_at", UtcDateTime(), nullable=True))
    for statement in _on_sqlite() if op.get_bind().dialect.name == "sqlite" else _on_postgresql():
        op.execute(statement)


def _on_sqlite() -> list[str]:
    before, after = OF_TURN.format("OLD"), OF_TURN.format("NEW")
    forgets = {"insert": after, "update": f"{before}; {after}", "delete": before}
    turns = [
        f"CREATE TRIGGER {verb}_turn_forgets_standing AFTER {verb.upper()} ON challenge_turns BEGIN {statements}; END"
        for verb, statements in forgets.items()
    ]
    # The release before writes every field anew with each change: only one that says something else counts.
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in RULES)
    rules = "CREATE TRIGGER update_rules_forget_standing AFTER UPDATE OF {} ON challenges WHEN {} BEGIN {}; END"
    return [*turns, rules.format(", ".join(RULES), changed, OF_RULES)]


def _on_postgresql() -> list[str]:
    # As text, since JSON cannot be compared there.
    changed = " OR ".join(f"CAST(OLD.{name} AS text) IS DISTINCT FROM CAST(NEW.{name} AS text)" for name in RULES)
    rules = (
        f"CREATE TRIGGER rules_forget_standing AFTER UPDATE OF {', '.join(RULES)} ON challenges"
        f" FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION forget_standing_of_rules()"
    )
    return [*ON_POSTGRESQL, rules]
