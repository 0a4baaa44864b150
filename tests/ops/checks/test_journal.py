"""Whether the service complained, and whether that could be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from lifetracker.core.logging import FOLD
from lifetracker.ops.checks import journal as check_journal
from tests.ops.installation import Installation
from tests.ops.surroundings import START
from tests.ports import free_port

LATELY = "--since=-1min"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_journal, "KEPT_WITHIN", 0.3)


class TestJournal:
    def test_holds_without_errors(self, server: Installation) -> None:
        assert server.check("journal").says == "no error since the service started"

    def test_looks_at_errors_of_this_run_of_the_service_alone(self, server: Installation) -> None:
        server.check("journal")

        asked = server.asked("journalctl")
        assert "--priority=err _SYSTEMD_INVOCATION_ID=0af1 + INVOCATION_ID=0af1" in asked

    def test_fails_on_one_and_tells_the_last(self, server: Installation) -> None:
        lines = [{"MESSAGE": "a bug met GET /x"}, {"MESSAGE": list(b"caf\xff")}]
        server.program("journalctl", "\n".join(map(json.dumps, lines)))

        found = server.check("journal")

        assert found.state == "failed"
        assert found.says == "2 error(s) since the service started, the last: caf\ufffd"

    def test_tells_first_and_last_line_of_one_that_is_folded(self, server: Installation) -> None:
        folded = FOLD.join(("a bug met GET /x", "Traceback (most recent call last):", "File …", "KeyError: 7"))
        server.program("journalctl", json.dumps({"MESSAGE": folded}))

        assert server.check("journal").says.endswith("the last: a bug met GET /x | KeyError: 7")

    @pytest.mark.parametrize(("more", "told"), [({}, ""), ({"exception": "T:\n  f\nKeyError: 7\n"}, " | KeyError: 7")])
    def test_tells_what_a_line_of_json_says(self, server: Installation, more: dict[str, str], told: str) -> None:
        line = json.dumps({"level": "ERROR", "message": "a bug met GET /x", **more})
        server.program("journalctl", json.dumps({"MESSAGE": line}))

        assert server.check("journal").says.endswith(f"the last: a bug met GET /x{told}")

    def test_has_long_lines_told_in_full(self, server: Installation) -> None:
        """Without this word a field of 4 kB comes as null."""
        server.check("journal")

        assert all("--all" in line for line in server.asked("journalctl").splitlines())

    def test_looks_into_lines_that_carry_no_priority(self, server: Installation) -> None:
        with server.places.environment.open("a", encoding="utf-8") as environment:
            environment.write("LIFETRACKER_LOG_FORMAT=json\n")

        server.check("journal")

        assert '--grep="level": "(ERROR|CRITICAL)"' in server.asked("journalctl")

    def test_fails_when_the_journal_cannot_be_read(self, server: Installation) -> None:
        server.program("journalctl", code=1, complains="No journal files were opened")

        assert "No journal files" in server.check("journal").says

    def test_is_skipped_while_the_service_never_ran(self, server: Installation) -> None:
        server.systemd(InvocationID="")

        assert server.check("journal").state == "skipped"


class TestUnseen:
    """What cannot be seen is not well."""

    def test_is_what_is_older_than_the_journal(self, server: Installation) -> None:
        (server.programs / f"journalctl.{START}.says").unlink()

        found = server.check("journal")

        assert found.state == "warning"
        assert "does not reach back to when the service started" in found.says

    def test_is_everything_where_the_journal_keeps_nothing(self, server: Installation) -> None:
        server.program("systemd-cat")

        found = server.check("journal")

        assert found.state == "failed"
        assert "Storage=" in found.says

    def test_is_everything_where_the_service_is_not_heard(self, server: Installation) -> None:
        _tell_of_requests(server)
        with _service(server, heard=False):
            found = server.check("journal")

        assert found.state == "failed"
        assert "a line that the service just wrote is not in the journal" in found.says

    def test_is_everything_where_the_service_says_nothing(self, server: Installation) -> None:
        _tell_of_requests(server)
        server.configure(public_url="", url=f"http://127.0.0.1:{free_port()}")

        assert "the service says nothing" in server.check("journal").says

    def test_is_nothing_where_it_is_heard(self, server: Installation) -> None:
        _tell_of_requests(server)
        with _service(server, heard=True):
            assert server.check("journal").state == "ok"


def _tell_of_requests(server: Installation) -> None:
    text = server.places.environment.read_text(encoding="utf-8")
    server.places.environment.write_text(text.replace("=WARNING", "=INFO"), encoding="utf-8")


@contextmanager
def _service(server: Installation, *, heard: bool) -> Iterator[None]:
    """One whose line of each request is in the journal of this run, or is not."""
    journal = server.programs / f"journalctl.{LATELY}.says"

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if heard:
                told = f"{self.headers['X-Request-ID']} GET (no such path) 404"
                journal.write_text(json.dumps({"MESSAGE": told}) + "\n", encoding="utf-8")
            self.send_error(404)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as http:
        Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        server.configure(public_url="", url=f"http://127.0.0.1:{http.server_port}")
        yield
        http.shutdown()
