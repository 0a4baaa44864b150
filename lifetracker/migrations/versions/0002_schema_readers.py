"""Whose code may work on a schema stands in the database, so that the release before knows that it may go on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
oldest_reader = "0001"


def upgrade() -> None:
    op.create_table(
        "schema_readers",
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision", "reader", name=op.f("pk_schema_readers")),
        sqlite_with_rowid=False,
    )
