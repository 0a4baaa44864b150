"""The schema's history: one Alembic revision a step, each in `versions/`."""

# Every revision there ever was, oldest first; a test holds it against the files.
REVISIONS = ("0001",)
HEAD = REVISIONS[-1]
