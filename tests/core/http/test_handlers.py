"""Problems as answers: what the framework refuses by itself is called the same everywhere."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lifetracker.core.http import handlers


class TestRefusedByTheFramework:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (404, "not_found"),
            (413, "content_too_large"),
            (415, "unsupported_media_type"),
            (422, "unprocessable_content"),
        ],
    )
    def test_has_a_code_that_no_python_changes(self, status: int, code: str) -> None:
        request = Request({"type": "http", "method": "POST", "path": "/x", "headers": [], "query_string": b""})

        answered = asyncio.run(handlers._answer_http(request, HTTPException(status)))

        problem = json.loads(bytes(answered.body))
        assert (answered.status_code, problem["status"], problem["code"]) == (status, status, code)
        assert problem["type"] == f"urn:lifetracker:problem:{code}"
