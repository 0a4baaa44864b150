"""What backups ask of a PostgreSQL: rows at one instant, who is connected, and a database to try a dump in."""

# ruff: noqa: S608  names come from the database's own catalogue, quoted, or are made here
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from lifetracker.ops.backups.file_repository import Damaged, Empty, NotOurs
from lifetracker.ops.refusal import Refused

# The schemas that `lifetracker db partition` makes.
OF_PARTITIONS = ("lifetracker_partitions", "lifetracker_building", "lifetracker_replaced")


@contextmanager
def held_still(url: URL) -> Iterator[Connection]:
    """One view of the database for as long as it is open, which cannot write."""
    with _asked(url, "REPEATABLE READ") as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection


def snapshot(connection: Connection) -> str:
    """The name by which `pg_dump` takes the same view."""
    name: str = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    return name


def facts_of(connection: Connection) -> dict[str, Any]:
    """Rows by table and revision of the schema; `Damaged` where an index is not sound."""
    invalid = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready"
    if broken := connection.execute(text(invalid)).scalars().all():
        raise Damaged(f"the database is damaged: indexes {', '.join(broken)}")
    listed = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    names = connection.execute(text(listed)).scalars().all()
    if not names:
        raise Empty("the database is empty")
    if "alembic_version" not in names:
        raise NotOurs("this is not a database of LifeTracker: it holds none of its tables")
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return {"tables": {name: _count(connection, name) for name in names}, "revision": revision}


def _count(connection: Connection, table: str) -> int:
    count: int = connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
    return count


def drops(connection: Connection) -> list[str]:
    """Statements that throw away tables, their triggers' functions and partitions, of whatever schema: a newer one has
    tables that a backup does not know, and that refer to those it knows. A view on a table makes them fail."""
    questions = {
        "DROP SCHEMA {} CASCADE": f"""
            SELECT string_agg(quote_ident(nspname), ', ') FROM pg_namespace WHERE nspname IN {OF_PARTITIONS}
        """,
        "DROP TABLE {}": """
            SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p') AND NOT relispartition
        """,
        "DROP FUNCTION {}": """
            SELECT string_agg(oid::regprocedure::text, ', ') FROM pg_proc
            WHERE pronamespace = CAST(current_schema() AS regnamespace) AND prorettype = CAST('trigger' AS regtype)
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
        """,
    }
    found = {statement: connection.execute(text(question)).scalar() for statement, question in questions.items()}
    return [statement.format(names) for statement, names in found.items() if names]


def users(connection: Connection) -> list[str]:
    """Whoever else is connected to this database."""
    question = """
        SELECT 'connection ' || pid || ' (' || coalesce(nullif(application_name, ''), usename) || ')'
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    """
    return list(connection.execute(text(question)).scalars())


@contextmanager
def database_aside(url: URL, name: str) -> Iterator[URL]:
    """An empty database on the same server, gone afterwards; one of a killed drill goes first."""
    with _asked(url, "AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
        try:
            yield url.set(database=name)
        finally:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@contextmanager
def _asked(url: URL, isolation: str) -> Iterator[Connection]:
    engine: Engine = create_engine(url, poolclass=NullPool, hide_parameters=True, isolation_level=isolation)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise Refused(f"PostgreSQL: {str(error.orig).strip().partition(chr(10))[0]}") from None
    except ModuleNotFoundError:
        raise Refused("PostgreSQL needs the extra: pip install 'lifetracker[postgres]'") from None
    finally:
        engine.dispose()
