"""Processes that serve the application on a database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException


@contextmanager
def served(address: str, **settings: str) -> Iterator[tuple[str, int]]:
    """Host and port of a process on the database at `address`; ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    given = {"LIFETRACKER_DATABASE_URL": address, "LIFETRACKER_LOG_LEVEL": "WARNING", "LIFETRACKER_LIMITS": "off"}
    command = [sys.executable, "-m", "uvicorn", "lifetracker.main:app", "--host", host, "--port", str(port)]
    process = subprocess.Popen([*command, "--no-access-log"], env={**os.environ, **given, **settings})
    try:
        _await(host, port, process)
        yield host, port
    finally:
        process.terminate()
        process.wait(30)


def _await(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit("the application did not start")
        try:
            asked = HTTPConnection(host, port, timeout=10)
            asked.request("GET", "/health")
            asked.getresponse().read()
            asked.close()
            return
        except (OSError, HTTPException):
            time.sleep(0.1)
    raise SystemExit("the application does not answer")
