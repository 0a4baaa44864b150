"""Steps of releases that there are not yet, written into a folder of their own after the real ones."""

from __future__ import annotations

from pathlib import Path

# What code that knows nothing of it can live with, and what it cannot.
EXPAND = (
    'op.add_column("challenges", sa.Column("to_come", sa.Text()))',
    'op.create_table("things_to_come", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))',
)
CONTRACT = ('op.drop_column("daily_log", "note")',)
# SQLite cannot alter a column in place: Alembic builds the table anew and drops the old one.
REBUILD = (
    'with op.batch_alter_table("challenges") as table:',
    '    table.alter_column("icon", type_=sa.String(99))',
    '    table.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))',
)
ERASE = 'op.execute("DELETE FROM daily_log")'


def write_step(folder: Path, revision: str, after: str, *statements: str, oldest_reader: str | None = None) -> None:
    """A migration; each of `statements` is one line of its `upgrade`."""
    head = f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {revision!r}\ndown_revision = {after!r}\n"
    says = f"oldest_reader = {oldest_reader!r}\n" if oldest_reader else ""
    body = "".join(f"    {statement}\n" for statement in statements or ("pass",))
    (folder / f"{revision}.py").write_text(f"{head}{says}\n\ndef upgrade():\n{body}")
