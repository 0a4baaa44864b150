"""Questions about templates, as each database is asked them."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, select

from lifetracker.templates.repository import ORDERS, SLUG


class TestOrders:
    @pytest.mark.parametrize(("database", "collated"), [("sqlite", 0), ("postgresql+psycopg", 2)])
    def test_of_texts_are_by_code_points(self, database: str, collated: int) -> None:
        """A server made for English would put "a-b" after "ab"; the one that tests run on is made for none."""
        title, _ = ORDERS["title"]
        dialect = make_url(f"{database}://").get_dialect()()

        asked = str(select(1).order_by(title, SLUG).compile(dialect=dialect))

        assert asked.count('COLLATE "C"') == collated
