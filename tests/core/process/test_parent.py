"""The log of a parent of several workers, and of a worker until its application has begun."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SAY = """
import json, logging, logging.config, threading
logging.config.dictConfig(json.load(open("lifetracker/core/uvicorn.json")))
logging.getLogger("uvicorn.error").error("child process died")
print(*(thread.name for thread in threading.enumerate()))
"""


class TestBegin:
    def test_sends_what_uvicorn_says_into_the_one_log(self) -> None:
        assert said(JOURNAL_STREAM="8:1").stderr == "<3>- child process died\n"

    def test_keeps_to_the_form_that_was_asked_for(self) -> None:
        assert json.loads(said(LIFETRACKER_LOG_FORMAT=" JSON").stderr)["message"] == "child process died"

    def test_has_a_parent_tell_systemd(self) -> None:
        assert said(NOTIFY_SOCKET="/nowhere", WEB_CONCURRENCY="2").stdout.split() == ["MainThread", "systemd"]

    def test_leaves_it_to_who_serves_alone(self) -> None:
        assert said(NOTIFY_SOCKET="/nowhere", WEB_CONCURRENCY="1").stdout.split() == ["MainThread"]


def said(**environment: str) -> subprocess.CompletedProcess[str]:
    here = {**os.environ, "LIFETRACKER_LOG_FORMAT": "text", **environment}
    return subprocess.run([sys.executable, "-c", SAY], cwd=ROOT, env=here, capture_output=True, text=True, check=True)
