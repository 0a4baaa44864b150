"""`docs/openapi.json`: the document, for who generates clients without a server.

    python -m tests.document

writes it anew from the application, which is where it is to be changed.
"""

from __future__ import annotations

import json
from pathlib import Path

from lifetracker.main import app

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"


def text() -> str:
    """The document as the file holds it."""
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
