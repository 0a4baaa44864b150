"""A kept connection: when it is opened anew, and when a request goes out a second time."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.load.connection import Connection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def answering(*plan: list[bytes]) -> Iterator[str]:
    """A server that gives the connections it takes, one after the other, these answers; b"" hangs up unanswered."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, plan), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


def _serve(listening: socket.socket, plan: tuple[list[bytes], ...]) -> None:
    for answers in plan:
        taken, _ = listening.accept()
        with taken:
            for answer in answers:
                taken.recv(65536)
                taken.sendall(answer)
            if b"99" in answers[-1]:  # cut short: reset it, so that the client does not take it for an end
                time.sleep(0.05)
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class TestConnection:
    def test_is_kept(self) -> None:
        with answering([OK, OK]) as base:
            connection = Connection(base)
            assert [connection.ask("GET", "/"), connection.ask("GET", "/")] == [(200, b"ok")] * 2
            assert (connection.reopened, connection.resent) == (0, 0)
            connection.close()

    def test_is_opened_anew_when_the_server_closed_it_meanwhile(self) -> None:
        with answering([OK], [OK]) as base:
            connection = Connection(base)
            connection.ask("POST", "/")
            assert connection._open is not None
            connection._open.sock.recv(1, socket.MSG_PEEK)  # waits for its end
            connection.ask("POST", "/")
            assert (connection.reopened, connection.resent) == (1, 0)
            connection.close()

    def test_sends_a_request_again_that_a_kept_one_did_not_answer(self) -> None:
        with answering([OK, b""], [OK]) as base:
            connection = Connection(base)
            connection.ask("GET", "/")
            assert connection.ask("PUT", "/") == (200, b"ok")
            assert (connection.reopened, connection.resent) == (0, 1)
            connection.close()

    def test_does_not_send_again_what_may_not_happen_twice(self) -> None:
        with answering([OK, b""]) as base:
            connection = Connection(base)
            connection.ask("GET", "/")
            with pytest.raises(ConnectionResetError):
                connection.ask("POST", "/")

    def test_does_not_send_again_on_a_new_connection(self) -> None:
        with answering([b""]) as base, pytest.raises(ConnectionResetError):
            Connection(base).ask("GET", "/")

    def test_does_not_send_again_once_an_answer_began(self) -> None:
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nok"
        with answering([OK, cut]) as base:
            connection = Connection(base)
            connection.ask("GET", "/")
            with pytest.raises(ConnectionResetError):
                connection.ask("GET", "/")
            assert connection.resent == 0
