"""Alembic's entry: runs the steps on the connection it is handed, inside the transaction that is already open."""

from __future__ import annotations

from alembic import context

from lifetracker.migrations.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
