"""The body of a request at the edge: how much of it may come, and what becomes of what nobody has read.

An answer may be there before the body is: a refusal needs none of it. What then still comes would be taken for the
next request of that connection, and who was told to wait before sending would send the next one in its place. So a
body that is not at its end when the answer begins is read on for a moment; if that does not end it, the answer says
`Connection: close`, and the connection stays open to the client's side a little longer, since closing it on somebody
who still sends takes the answer from them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from lifetracker.core.errors import BodyTooLarge
from lifetracker.core.http.quick import Message, Receive

A_MOMENT = 0.1  # seconds in which a body that was sent right behind its head arrives
LINGERING = 1.0  # seconds for who still sends after the answer
PLAIN_ENCODINGS = (b"", b"identity")


class Body:
    """One request's body, of at most `limit` bytes; `ended` tells that no more of it comes."""

    def __init__(self, headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> None:
        self._receive, self._limit, self._read = receive, limit, 0
        announced = headers.get(b"content-length", b"0")
        self._announced = int(announced) if announced.isdigit() else 0
        self._is_waited_for = headers.get(b"expect", b"").lower() == b"100-continue"
        self.ended = not self._announced and b"transfer-encoding" not in headers
        encodings = headers.get(b"content-encoding", b"").lower().split(b",")
        self.is_encoded = not self.ended and any(each.strip() not in PLAIN_ENCODINGS for each in encodings)

    def refuse_announced(self) -> None:
        """Raise `BodyTooLarge` before anything is read or done, where the client says how much it will send."""
        if self._announced > self._limit:
            raise self._too_large()

    async def receive(self) -> Message:
        message = await self._read_on()
        if self._read > self._limit:
            raise self._too_large()
        return message

    async def settle(self) -> bool:
        """Whether another request can follow: all of this one was read, or is now, within a moment.

        Who waits to be asked for the body is not asked: the answer is there.
        """
        if not self._is_waited_for and self._announced <= self._limit:
            await self._drain(A_MOMENT, self._limit)
        return self.ended

    async def linger(self) -> None:
        """Let a client that is still sending read the answer, before the connection is closed on it."""
        if not self._is_waited_for:
            await self._drain(LINGERING, 2 * self._limit)

    async def _drain(self, seconds: float, most: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.ended and self._read <= most:
                    await self._read_on()

    async def _read_on(self) -> Message:
        self._is_waited_for = False
        message = await self._receive()
        self._read += len(message.get("body", b""))
        self.ended = not message.get("more_body", False)
        return message

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"the body is over {self._limit // 1024} KiB, the most that this path takes")
