"""Generate both clients from the document, check their types, walk the README's tour with each, lint the document.

    python -m tests.clients.run PYTHON

PYTHON is that of the environment which `requirements.lock` made; what `package-lock.json` names is in `node_modules`.
Exit code 1, after what failed was told, when a tool has an error or a warning or an operation is missing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import document
from tests.fuzz.served import served

HERE = Path(__file__).parent
GENERATED = HERE / "generated"
DOCUMENT = GENERATED / "openapi.json"
PYTHON_CLIENT = GENERATED / "life_tracker_client"
TYPES = GENERATED / "schema.ts"
# Tools that would tell their makers, or ask them for something newer.
SILENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "SCARF_ANALYTICS": "false"}


class Failed(Exception):
    """What a tool said, or what is missing."""


def main(python: str) -> int:
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir()
    DOCUMENT.write_text(document.text(), "utf-8")
    try:
        for step in (make_python_client, make_typescript_client, walk_the_tour, lint):
            step(Path(python).absolute())
    except Failed as failed:
        _say(f"clients: FAILED: {failed}")
        return 1
    return 0


def make_python_client(python: Path) -> None:
    tools = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}  # it formats what it makes with ruff
    options = ["--path", str(DOCUMENT), "--output-path", str(PYTHON_CLIENT), "--meta", "none", "--fail-on-warning"]
    _run([str(python.with_name("openapi-python-client")), "generate", *options], tools)
    _none_missing("Python", {file.stem for file in PYTHON_CLIENT.glob("api/*/*.py")} - {"__init__"})
    here = {"MYPYPATH": str(GENERATED)}
    for what in (["--package", "life_tracker_client"], [str(HERE / "tour.py")]):
        _run([str(python), "-m", "mypy", "--strict", *what], here)


def make_typescript_client(_: Path) -> None:
    _run([_tool("openapi-typescript"), str(DOCUMENT), "--output", str(TYPES)])
    operations = TYPES.read_text("utf-8").partition("export interface operations {")[2].partition("\n}")[0]
    _none_missing("TypeScript", set(re.findall(r"^ {4}(\w+): \{", operations, re.MULTILINE)))
    _run([_tool("tsc"), "--project", str(HERE / "tsconfig.json")])


def walk_the_tour(python: Path) -> None:
    """Each client for itself, on a database of its own."""
    tours = {
        "Python": [str(python), str(HERE / "tour.py")],
        "TypeScript": ["node", str(GENERATED / "js" / "tour.js")],
    }
    for language, command in tours.items():
        with TemporaryDirectory(prefix="lifetracker-tour-") as folder, served(Path(folder)) as place:
            _say(_run([*command, place.url], {"PYTHONPATH": str(GENERATED)}).strip())
            if bug := place.first_bug():
                raise Failed(f"the tour in {language} met a bug:\n{bug}")


def lint(_: Path) -> None:
    """By both linters, where a hint is as bad as an error."""
    rules = str(HERE / "spectral.yaml")
    _say(_run([_tool("spectral"), "lint", "--ruleset", rules, "--fail-severity", "hint", str(DOCUMENT)]).strip())
    told = _run([_tool("redocly"), "lint", "--config", str(HERE / "redocly.yaml"), "--format", "json", str(DOCUMENT)])
    totals: dict[str, int] = json.loads(told)["totals"]
    _say(f"redocly: {', '.join(f'{count} {kind}' for kind, count in totals.items())}")
    if any(totals.values()):
        raise Failed(told)


def _none_missing(language: str, generated: set[str]) -> None:
    told: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))["paths"]
    operations = {each["operationId"] for path in told.values() for each in path.values()}
    _say(f"{language}: {len(operations & generated)} of {len(operations)} operations")
    if operations != generated:
        raise Failed(f"{language} has other operations: {sorted(operations ^ generated)}")


def _tool(name: str) -> str:
    return str(HERE / "node_modules" / ".bin" / name)


def _run(command: list[str], more: Mapping[str, str] | None = None) -> str:
    """What it says; `Failed` with all of it where it fails."""
    environment = {**os.environ, **SILENT, **(more or {})}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
