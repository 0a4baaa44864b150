"""Ports for servers of a test's own."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """One that nobody has, below those that the system gives to clients.

    There, who keeps asking whether a server is up yet may be given the very port for its own end, and so be connected
    to itself: it takes the server for up, and the server finds its port taken.
    """
    for _ in range(100):
        port = random.randint(15_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
