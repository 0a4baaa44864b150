"""What an address answers. Asked straight, whatever proxy the shell names, and no redirect followed."""

from __future__ import annotations

import json
import re
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from lifetracker.ops.refusal import Refused

ANSWERS_WITHIN = 5.0
LARGEST_ANSWER = 1024 * 1024
SHOWN = 300
TAG = re.compile(r"<[^>]*>")  # nginx answers for a service that is away, in HTML


class NoAnswer(Refused):
    """Nobody answers at an address, or not in HTTP, or not in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and a body that is JSON; of any other body, its beginning under `text`."""

    status: int
    body: dict[str, Any]

    def __str__(self) -> str:
        page = TAG.sub(" ", str(self.body.get("text", "")))
        told = self.body.get("detail") or page or json.dumps(self.body, ensure_ascii=False)
        return f"{self.status} ({' '.join(str(told).split())[:SHOWN]})"


def ask(url: str, *, seconds: float = ANSWERS_WITHIN, request_id: str | None = None) -> Answer:
    """What `GET url` answers; `NoAnswer` when nobody does. Whose certificate it is, is not looked at.

    With a `request_id` the log tells of the request by that.
    """
    connection, path = _connect(url, seconds)
    try:
        named = {"X-Request-ID": request_id} if request_id else {}
        connection.request("GET", path, headers={"Accept": "application/json", "Connection": "close", **named})
        response = connection.getresponse()
        return Answer(response.status, _read(response.read(LARGEST_ANSWER)))
    except (OSError, HTTPException) as error:
        raise NoAnswer(f"{url} does not answer: {error or type(error).__name__}") from None
    finally:
        connection.close()


def _connect(url: str, seconds: float) -> tuple[HTTPConnection, str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port, timeout=seconds), parts.path or "/"
    return HTTPSConnection(host, parts.port, timeout=seconds, context=unverified()), parts.path or "/"


def unverified() -> ssl.SSLContext:
    """TLS that takes any certificate: nothing secret is sent, and the certificate has a check of its own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _read(content: bytes) -> dict[str, Any]:
    text = content.decode(errors="replace")
    try:
        body = json.loads(text)
    except ValueError:
        return {"text": text[:SHOWN]}
    return body if isinstance(body, dict) else {"text": text[:SHOWN]}
