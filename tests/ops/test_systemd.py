"""What is asked of systemd, and of the service that it started."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from lifetracker.ops import systemd
from lifetracker.ops.places import SERVICE
from lifetracker.ops.refusal import Refused
from lifetracker.ops.shell import ProgramFailed
from lifetracker.ops.systemd import SOCKET
from tests.ops.installation import Installation, answering
from tests.ports import free_port

WELL = {"/health": (200, {"status": "ok", "release": "r1"})}


@contextmanager
def saying(content: bytes) -> Iterator[str]:
    """A server that says this, whatever it is asked, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(1000)
            connection.sendall(content)
            connection.close()

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class TestShow:
    def test_reads_names_and_values(self, server: Installation) -> None:
        server.program("systemctl", "MainPID=7\nExecStart={ argv[]=/a --b=c ; }\n\n")

        assert systemd.show("MainPID", "ExecStart") == {"MainPID": "7", "ExecStart": "{ argv[]=/a --b=c ; }"}

    @pytest.mark.parametrize(("said", "process"), [("MainPID=7\n", 7), ("MainPID=0\n", 0), ("", 0)])
    def test_tells_the_main_process(self, server: Installation, said: str, process: int) -> None:
        server.program("systemctl", said)

        assert systemd.main_process() == process


class TestRestart:
    def test_forgets_failures_first(self, server: Installation) -> None:
        server.program("systemctl")

        systemd.restart()

        asked = [line.split()[0] for line in server.asked("systemctl").splitlines()]
        assert asked == ["reset-failed", "restart"]

    def test_fails_with_what_systemd_says(self, server: Installation) -> None:
        server.program("systemctl", complains="Job failed", code=1)

        with pytest.raises(ProgramFailed, match="Job failed"):
            systemd.restart()

    def test_stop_fails_so_too(self, server: Installation) -> None:
        server.program("systemctl", complains="no such unit", code=5)

        with pytest.raises(ProgramFailed, match="no such unit"):
            systemd.stop()


class TestAskHealth:
    def test_is_what_the_service_answers_whatever_its_status(self) -> None:
        with answering({"/health": (503, {"status": "fail", "release": "r1"})}) as url:
            assert systemd.ask_health(url) == {"status": "fail", "release": "r1"}

    def test_asks_straight_whatever_proxy_the_shell_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

        with answering(WELL) as url:
            assert systemd.ask_health(url)["release"] == "r1"

    @pytest.mark.parametrize("body", [b"<html>", [1], {"hello": "world"}])
    def test_refuses_another_service(self, body: object) -> None:
        with answering({"/health": (200, body)}) as url, pytest.raises(Refused, match="something else"):
            systemd.ask_health(url)

    def test_refuses_what_is_no_http(self) -> None:
        with saying(b"220 mail.example.org ESMTP\r\n") as url, pytest.raises(Refused, match="does not answer"):
            systemd.ask_health(url)

    def test_refuses_silence(self) -> None:
        with pytest.raises(Refused, match="does not answer"):
            systemd.ask_health(f"http://127.0.0.1:{free_port()}")


class TestAwaitRelease:
    def test_returns_once_it_answers(self) -> None:
        with answering(WELL) as url:
            systemd.await_release(url, "r1", 0.0)

    def test_refuses_an_old_process_that_is_well(self) -> None:
        with answering(WELL) as url, pytest.raises(Refused, match=r"answers with release r1.*expected was r2"):
            systemd.await_release(url, "r2", 0.1)

    def test_refuses_the_new_one_that_is_not(self) -> None:
        ill = {"/health": (503, {"status": "fail", "release": "r1"})}
        with answering(ill) as url, pytest.raises(Refused, match="status fail"):
            systemd.await_release(url, "r1", 0.1)

    def test_refuses_silence_in_time(self) -> None:
        with pytest.raises(Refused, match="does not answer"):
            systemd.await_release(f"http://127.0.0.1:{free_port()}", "r1", 0.1)


class TestStop:
    @pytest.mark.parametrize(("state", "stopped"), [("active", [SOCKET, SERVICE]), ("inactive", [SERVICE])])
    def test_takes_the_socket_along_where_there_is_one(
        self, server: Installation, state: str, stopped: list[str]
    ) -> None:
        """Else the next request would start the service again."""
        server.systemd_of(SOCKET, ActiveState=state)

        systemd.stop()

        assert server.asked("systemctl").splitlines()[-1] == " ".join(["stop", *stopped])
