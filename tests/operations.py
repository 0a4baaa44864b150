"""Every operation of the application, as its own document lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lifetracker.main import app

DOCUMENT: dict[str, Any] = app.openapi()


@dataclass(frozen=True, repr=False)
class Operation:
    """`path` is as in the document: `/challenges/{challenge_id}`."""

    method: str
    path: str
    described: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def needs_token(self) -> bool:
        return bool(self.described["security"])

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def takes_json(self) -> bool:
        return "application/json" in self.described.get("requestBody", {}).get("content", {})

    @property
    def fields(self) -> list[str]:
        """Names of the JSON body's fields."""
        schema = self.described["requestBody"]["content"]["application/json"]["schema"]
        for reference in re.findall(r"#/components/schemas/(\w+)", str(schema)):
            return list(DOCUMENT["components"]["schemas"][reference]["properties"])
        return []

    def codes(self, status: int) -> list[str]:
        """The codes of problems with this status that the document promises."""
        answer = self.described["responses"].get(str(status), {})
        schema = answer.get("content", {}).get("application/problem+json", {}).get("schema", {})
        found: list[str] = schema.get("properties", {}).get("code", {}).get("enum", [])
        return found

    def at(self, **values: str) -> str:
        """The path with `values` put in; ids are 1 and dates 2026-03-11 unless said."""
        usual = {"date": "2026-03-11", "slug": "read-20-pages", "code": "x"}
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], usual.get(match[1], "1")), self.path)


OPERATIONS = [
    Operation(method.upper(), path, described)
    for path, operations in DOCUMENT["paths"].items()
    for method, described in operations.items()
]
PRIVATE = [operation for operation in OPERATIONS if operation.needs_token]
WRITING = [operation for operation in PRIVATE if operation.writes]
WITH_JSON = [operation for operation in OPERATIONS if operation.takes_json]
