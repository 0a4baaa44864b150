"""What e-mail addresses are compared by gets a column of its own, beside the one that the release before compares.

`lifetracker db upgrade` fills it afterwards, a few rows in a transaction, as it does for rows that the release before
writes later: until then an account is found by what that one wrote. Two accounts may have one key, as they stay two.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
oldest_reader = "0001"


def upgrade() -> None:
    op.add_column("users", sa.Column("address_key", sa.Text(), nullable=True))
    op.create_index(op.f("ix_users_address_key"), "users", ["address_key"])
