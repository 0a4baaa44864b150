"""What the fuzzing tells, and what it lets nobody overlook."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz import report

DOCUMENT = {"paths": {"/today": {"get": {}}, "/users/me": {"get": {}, "parameters": [], "delete": {}}}}


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    path = tmp_path / "calls.jsonl"
    made = [("GET /today", 200), ("GET /today", 422), ("GET /today", 200), ("OPTIONS /today", 405)]
    path.write_text("".join(json.dumps({"operation": name, "status": status}) + "\n" for name, status in made))
    return path


class TestCountCalls:
    def test_counts_statuses_of_the_documents_operations(self, calls: Path) -> None:
        tally = report.count_calls(DOCUMENT, calls)

        assert tally == {
            "GET /today": Counter({200: 2, 422: 1}),
            "GET /users/me": Counter(),
            "DELETE /users/me": Counter(),
        }


class TestNeverSucceeded:
    def test_names_what_was_only_refused_and_what_was_not_called(self) -> None:
        tally: report.Tally = {
            "GET /a": Counter({201: 1, 404: 9}),
            "GET /b": Counter({304: 1, 404: 9}),
            "GET /c": Counter(),
        }

        assert report.never_succeeded(tally) == ["GET /b", "GET /c"]


class TestClosingLine:
    def test_is_plain_when_all_is_well(self) -> None:
        line = report.closing_line({"GET /a": Counter({200: 1234})}, failed=False)

        assert line == "fuzz: 1 operations, 1,234 calls, all answered 2xx at least once, nothing found"

    def test_says_so_when_it_is_not(self) -> None:
        assert report.closing_line({"GET /a": Counter({500: 1})}, failed=True).endswith("1 calls, FAILED")
