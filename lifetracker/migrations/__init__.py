"""The schema's history: one Alembic revision a step, each in `versions/`.

A step says in `oldest_reader` whose code may work on the schema that it leaves: every revision from that one on. One
that only adds names what the step before it names; one that takes something away names the first revision whose code
does without. A step that says nothing is open to no code but its own.
"""

# Every revision there ever was, oldest first; a test holds it against the files.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
HEAD = REVISIONS[-1]
# In place of a revision while a copy into the database is under way: no code knows it, so none takes it for whole.
UNFINISHED = "copying"
