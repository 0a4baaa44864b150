"""Installations below temporary folders."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.installation import (
    RELEASE,
    Installation,
    answering,
    back_up,
    install,
    make_certificate,
    prefer,
    serving_nginx,
    serving_unit,
    tls_with,
    verify,
    write_json,
)

# Nothing here asks the engine that the suite runs on, but for these.
ON_BOTH = ("backups/test_dump.py", "seeding/test_seed.py")
HERE = Path(__file__).parent
ON_POSTGRES = os.environ.get("LIFETRACKER_TEST_ENGINE") == "postgres"
TESTS = [path.relative_to(HERE).as_posix() for path in HERE.rglob("test_*.py")]
collect_ignore = [path for path in TESTS if ON_POSTGRES and path not in ON_BOTH]
WELL = {"status": "ok", "version": "1", "database": "ok", "release": RELEASE}
APP = """
import hashlib
import json

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(%r).encode()})
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Everything in its place and well, but that no process runs."""
    programs = tmp_path / "programs"
    monkeypatch.setenv("PATH", prefer(programs))
    return install(tmp_path / "root", programs)


@pytest.fixture
def well(server: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """The same with its service running, answering inside and outside, and backed up: every check holds."""
    certificate = make_certificate(tmp_path, days=90)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    verify(server, back_up(server, hours=1), days=0)
    _let_the_release_answer(server)
    with (
        serving_unit(server, confined=True),
        serving_nginx(server),
        answering({"/api/health": (200, WELL)}, tls_with(certificate)) as outside,
    ):
        server.configure(url=server.places.read_config().url, public_url=f"{outside}/api")
        yield server


def _let_the_release_answer(server: Installation) -> None:
    main, manifest = server.release / "lifetracker/main.py", server.release / "MANIFEST.json"
    main.write_text(APP % WELL, encoding="utf-8")
    told = json.loads(manifest.read_text(encoding="utf-8"))
    told["files"]["lifetracker/main.py"] = hashlib.sha256(main.read_bytes()).hexdigest()
    write_json(manifest, told)
