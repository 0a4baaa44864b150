"""Instants in tables: UTC on both engines, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text

from lifetracker.core.db import Database, Transaction
from lifetracker.users.models import TRIES
from tests.people import FrozenClock


class TestUtcDateTime:
    @pytest.mark.parametrize(
        "instant",
        [
            datetime(2026, 3, 11, 12, 0, 0, 123456, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC),
        ],
    )
    def test_gives_back_what_was_put_in(self, db: Database, instant: datetime) -> None:
        assert db.write_now(there_and_back, instant) == instant

    def test_gives_it_back_in_utc(self, db: Database) -> None:
        in_kathmandu = datetime(2026, 3, 11, 12, tzinfo=timezone(timedelta(hours=5, minutes=45)))

        back = db.write_now(there_and_back, in_kathmandu)

        assert back.isoformat() == "2026-03-11T06:15:00+00:00"

    def test_is_ordered_by_time(self, db: Database, clock: FrozenClock) -> None:
        earlier, later = clock.now - timedelta(microseconds=1), clock.now
        db.write_now(
            lambda tx: tx.exec(insert(TRIES), [{"subject": "x", "at": later}, {"subject": "x", "at": earlier}])
        )

        found = db.read_now(lambda tx: tx.exec(select(TRIES.c.at).where(TRIES.c.at < later)).scalars().all())

        assert found == [earlier]

    def test_is_eight_bytes_on_sqlite(self, db: Database) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: PostgreSQL has a type of its own for instants")
        db.write_now(there_and_back, datetime(1970, 1, 2, tzinfo=UTC))

        assert db.read_now(lambda tx: tx.exec(text("SELECT at FROM attempts")).scalar()) == 24 * 60 * 60 * 1_000_000


def there_and_back(tx: Transaction, instant: datetime) -> datetime:
    tx.exec(insert(TRIES), {"subject": "x", "at": instant})
    back: datetime = tx.exec(select(TRIES.c.at)).scalar_one()
    return back
