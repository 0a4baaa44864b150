"""An answer for who has sent a whole request and closed that half of the connection, as `nc -N` and some libraries do.

uvicorn closes such a connection at once: what was asked for is done, and nobody hears of it. It has no setting for
that, but makes its protocols of a class that its configuration holds, and ours is that class with one method more.
"""

from __future__ import annotations

import signal
from typing import Any


def answer_half_closed() -> None:
    """Have the uvicorn that runs in this process answer them; where another server or none does, nothing changes."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    config = getattr(server, "config", None)
    chosen = getattr(config, "http_protocol_class", None)
    if config is not None and isinstance(chosen, type) and hasattr(chosen, "eof_received"):
        config.http_protocol_class = _answering(chosen)


def _answering(chosen: Any) -> Any:
    class Answering(chosen):  # type: ignore[misc]  # which of them uvicorn has chosen shows only now
        def eof_received(self) -> bool | None:
            """True keeps the half open that the answer goes out by; it is closed once that is there."""
            cycle = getattr(self, "cycle", None)
            if cycle is None or cycle.more_body or cycle.response_complete:
                answer: bool | None = super().eof_received()
                return answer
            cycle.keep_alive = False
            return True

    return Answering
