"""What partitioning asks of PostgreSQL: twins of tables, filled beside them, kept up with, and put in their place.

A twin stands in a schema of its own under the table's own name, as do its keys and indexes: so it takes their place by
a change of schema, and a later migration finds everything called as it was. Partitions stay in a schema aside, where no
list of tables shows them.
"""

# ruff: noqa: S608  names of tables and columns come from our own models, and from the database's catalogue
from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection, Table, text

from lifetracker.migrations.tables import METADATA

PARTITIONS, BUILDING, REPLACED = "lifetracker_partitions", "lifetracker_building", "lifetracker_replaced"
ROWS_A_PIECE = 50_000
LOCK_TIMEOUT = "1s"
# What hangs on a table and would not follow to its twin: an operator's own. Triggers of ours do follow.
OURS, NOTING = "forgets_standing", "note_changes"
IN_THE_WAY = """
    SELECT 'view ' || ev_class::regclass FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid
    WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = CAST(:name AS regclass)
    UNION SELECT 'trigger ' || tgname FROM pg_trigger
    WHERE tgrelid = CAST(:name AS regclass) AND NOT tgisinternal AND tgname NOT IN (:ours, :noting)
    UNION SELECT 'policy ' || polname FROM pg_policy WHERE polrelid = CAST(:name AS regclass)
    UNION SELECT 'key ' || conname FROM pg_constraint WHERE confrelid = CAST(:name AS regclass) AND contype = 'f'
    UNION SELECT 'publication ' || pubname FROM pg_publication_rel JOIN pg_publication ON pg_publication.oid = prpubid
    WHERE prrelid = CAST(:name AS regclass)
"""


def tables() -> list[Table]:
    """Those that grow with every day: their key begins with the person, and nothing else in them must be unique.

    All others are found by an id or a digest alone, which PostgreSQL could not keep unique across partitions.
    """
    referred = {key.column.table for table in METADATA.tables.values() for key in table.foreign_keys}
    return [
        table
        for table in METADATA.sorted_tables
        if next(iter(table.primary_key.columns)).name == "user_id"
        and table not in referred
        and not any(index.unique for index in table.indexes)
        and not any(column.unique for column in table.columns)
    ]


def claim(connection: Connection) -> bool:
    """Whether this connection is the only one that partitions, for as long as it lives."""
    question = text("SELECT pg_try_advisory_lock(hashtext('lifetracker db partition'))")
    return bool(connection.execute(question).scalar_one())


def partitions_of(connection: Connection, table: Table) -> int:
    """How many it has; 1 where it is whole."""
    question = text("SELECT count(*) FROM pg_inherits WHERE inhparent = CAST(:name AS regclass)")
    return connection.execute(question, {"name": table.name}).scalar_one() or 1


def in_the_way(connection: Connection, table: Table) -> list[str]:
    """What would be lost with the table."""
    return sorted(connection.execute(text(IN_THE_WAY), {"name": table.name, "ours": OURS, "noting": NOTING}).scalars())


def other_owner(connection: Connection, table: Table) -> str | None:
    """Whose the table is; None where it is ours."""
    question = """
        SELECT relowner::regrole::text FROM pg_class
        WHERE oid = CAST(:name AS regclass) AND relowner <> CAST(current_user AS regrole)
    """
    return connection.execute(text(question), {"name": table.name}).scalar()


def revision(connection: Connection) -> str:
    found: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return found


def read_committed(connection: Connection) -> None:
    """Each statement sees what was committed before it."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"))


def wait_briefly(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))


def clear_away(connection: Connection) -> None:
    """What a try left: twins, triggers, what these wrote, and tables whose place a twin took."""
    connection.execute(text(f"DROP SCHEMA IF EXISTS {BUILDING}, {REPLACED} CASCADE"))


def build(connection: Connection, table: Table, partitions: int) -> None:
    """An empty twin without keys."""
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {BUILDING}"))
    like = f"CREATE TABLE {_twin(table)} (LIKE {table.name} INCLUDING ALL EXCLUDING INDEXES)"
    if partitions == 1:
        connection.execute(text(like))
        return
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {PARTITIONS}"))
    connection.execute(text(f"{like} PARTITION BY HASH (user_id)"))
    for number, name in enumerate(parts(table, partitions)):
        values = f"FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number})"
        connection.execute(text(f"CREATE TABLE {name} PARTITION OF {_twin(table)} {values}"))


def note_changes(connection: Connection, table: Table) -> None:
    """From here on the key of every row that changes is written down."""
    key = _key(table)
    noting = f"INSERT INTO {_changed(table)} VALUES"
    connection.execute(
        text(f"CREATE TABLE {_changed(table)} AS SELECT {', '.join(key)} FROM {table.name} WITH NO DATA")
    )
    connection.execute(
        text(f"""
        CREATE FUNCTION {BUILDING}.note_{table.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP <> 'INSERT' THEN {noting} ({", ".join(f"OLD.{column}" for column in key)}); END IF;
            IF TG_OP <> 'DELETE' THEN {noting} ({", ".join(f"NEW.{column}" for column in key)}); END IF;
            RETURN NULL;
        END $$
        """)
    )
    connection.execute(
        text(f"""
        CREATE TRIGGER {NOTING} AFTER INSERT OR UPDATE OR DELETE ON {table.name}
        FOR EACH ROW EXECUTE FUNCTION {BUILDING}.note_{table.name}()
        """)
    )


def next_bound(connection: Connection, table: Table, after: int) -> int | None:
    """The last person of the next piece, whose people come after `after`; None when there is nobody more."""
    after_them = f"SELECT user_id FROM {table.name} WHERE user_id > :after ORDER BY user_id"
    there = connection.execute(text(f"{after_them} OFFSET {ROWS_A_PIECE} LIMIT 1"), {"after": after}).scalar()
    if there is None:
        question = text(f"SELECT max(user_id) FROM {table.name} WHERE user_id > :after")
        there = connection.execute(question, {"after": after}).scalar()
    return there


def fill_piece(connection: Connection, table: Table, after: int, until: int) -> int:
    """Rows of the people in between, the last one's too; how many there were."""
    columns = ", ".join(_names(connection, table))
    rows = f"SELECT {columns} FROM {table.name} WHERE user_id > :after AND user_id <= :until"
    filled = text(f"INSERT INTO {_twin(table)} ({columns}) {rows} ORDER BY {', '.join(_key(table))}")
    return connection.execute(filled, {"after": after, "until": until}).rowcount


def add_indexes(connection: Connection, table: Table) -> None:
    """Primary key and indexes, called as on the table itself."""
    for name, said in _constraints(connection, table, "p"):
        connection.execute(text(f"ALTER TABLE {_twin(table)} ADD CONSTRAINT {name} {said}"))
    question = """
        SELECT pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid = CAST(:name AS regclass) AND NOT indisprimary ORDER BY indexrelid
    """
    for said in connection.execute(text(question), {"name": table.name}).scalars():
        connection.execute(text(re.sub(r" ON (ONLY )?\S+ USING ", f" ON {_twin(table)} USING ", said, count=1)))


def declare_references(connection: Connection, table: Table, partitions: int) -> None:
    """On each partition, for new rows at first: to hold the old ones against them takes long, and would hold locks."""
    for part in parts(table, partitions):
        for name, said in _constraints(connection, table, "f"):
            connection.execute(text(f"ALTER TABLE {part} ADD CONSTRAINT {name} {said} NOT VALID"))


def validate_references(connection: Connection, table: Table, part: str) -> None:
    for name, _ in _constraints(connection, table, "f"):
        connection.execute(text(f"ALTER TABLE {part} VALIDATE CONSTRAINT {name}"))


def unite_references(connection: Connection, table: Table, partitions: int) -> None:
    """On the twin as a whole: PostgreSQL finds them held by every partition, and reads no row."""
    for name, said in _constraints(connection, table, "f") if partitions > 1 else ():
        connection.execute(text(f"ALTER TABLE {_twin(table)} ADD CONSTRAINT {name} {said}"))


def analyze(connection: Connection, table: Table) -> None:
    connection.execute(text(f"ANALYZE {_twin(table)}"))


def catch_up(connection: Connection, table: Table) -> int:
    """Bring the twin's rows to where the table's are, for every key that was noted; how many there were."""
    key, columns = _key(table), ", ".join(_names(connection, table))
    same = " AND ".join(f"twin.{column} = caught.{column}" for column in key)
    noted = f"WITH gone AS (DELETE FROM {_changed(table)} RETURNING *) SELECT DISTINCT * FROM gone"
    connection.execute(text(f"CREATE TEMPORARY TABLE caught ON COMMIT DROP AS {noted}"))
    count: int = connection.execute(text("SELECT count(*) FROM caught")).scalar_one()
    if count:
        connection.execute(text(f"DELETE FROM {_twin(table)} AS twin USING caught WHERE {same}"))
        now = f"SELECT {columns} FROM {table.name} JOIN caught USING ({', '.join(key)})"
        connection.execute(text(f"INSERT INTO {_twin(table)} ({columns}) {now}"))
    connection.execute(text("DROP TABLE caught"))
    return count


def lock(connection: Connection, tables: Sequence[Table]) -> None:
    connection.execute(text(f"LOCK TABLE {', '.join(table.name for table in tables)} IN ACCESS EXCLUSIVE MODE"))


def put_in_place(connection: Connection, table: Table) -> None:
    """The twin as the table; whoever might read or write the one may read or write the other.

    The table itself is thrown away later: to delete its files takes longer than all the rest.
    """
    schema = connection.execute(text("SELECT current_schema()")).scalar_one()
    granted = """
        SELECT format('GRANT %s ON %I TO %s', privilege_type, relname,
            CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(grantee::regrole::text) END)
        FROM pg_class, aclexplode(relacl) WHERE oid = CAST(:name AS regclass) AND grantee <> relowner
    """
    grants = connection.execute(text(granted), {"name": table.name}).scalars().all()
    hung = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = CAST(:name AS regclass) AND tgname = :ours"
    triggers = connection.execute(text(hung), {"name": table.name, "ours": OURS}).scalars().all()
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {REPLACED}"))
    connection.execute(text(f"DROP TRIGGER {NOTING} ON {table.name}"))
    connection.execute(text(f"ALTER TABLE {table.name} SET SCHEMA {REPLACED}"))
    connection.execute(text(f'ALTER TABLE {_twin(table)} SET SCHEMA "{schema}"'))
    for again in (*grants, *triggers):
        connection.execute(text(again))


def parts(table: Table, partitions: int) -> list[str]:
    """What holds the rows of a twin: its partitions, or itself."""
    if partitions == 1:
        return [_twin(table)]
    return [f"{PARTITIONS}.{table.name}_{partitions}_{number}" for number in range(partitions)]


def _twin(table: Table) -> str:
    return f"{BUILDING}.{table.name}"


def _changed(table: Table) -> str:
    return f"{BUILDING}.{table.name}_changed"


def _key(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _names(connection: Connection, table: Table) -> list[str]:
    """Of every column, those of a newer release too."""
    question = """
        SELECT quote_ident(attname) FROM pg_attribute
        WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
        ORDER BY attnum
    """
    return list(connection.execute(text(question), {"name": table.name}).scalars())


def _constraints(connection: Connection, table: Table, kind: str) -> list[tuple[str, str]]:
    """Name and definition of each."""
    question = """
        SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = CAST(:name AS regclass) AND contype = :kind ORDER BY conname
    """
    return [(row[0], row[1]) for row in connection.execute(text(question), {"name": table.name, "kind": kind})]
