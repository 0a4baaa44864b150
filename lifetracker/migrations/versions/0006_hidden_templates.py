"""The operator can hide a template; the release before does not know it, and shows it as long as it runs."""

import sqlalchemy as sa
from alembic import op

from lifetracker.core.db.models import UtcDateTime

revision = "0006"
down_revision = "0005"
oldest_reader = "0001"


def upgrade() -> None:
    op.add_column("challenge_templates", sa.Column("hidden_at", UtcDateTime(), nullable=True))
