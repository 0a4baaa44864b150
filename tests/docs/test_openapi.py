"""`docs/openapi.json`: it is what the application says of itself today."""

from __future__ import annotations

from tests.document import FILE, text


class TestFile:
    def test_is_the_document_of_the_application(self) -> None:
        assert FILE.read_text("utf-8") == text(), "it is generated: ./dev test document"

    def test_names_no_host(self) -> None:
        assert "://" not in text()
