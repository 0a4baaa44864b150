"""One kept connection to a server, which treats it as the usual clients do."""

from __future__ import annotations

import http.client
import json
import select
import ssl
import urllib.parse
from typing import Any

SECONDS_TO_ANSWER = 10.0
CLOSED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)  # and RemoteDisconnected
REPEATABLE = ("GET", "PUT")


class Connection:
    """Opened when first needed, and anew when the server has closed it."""

    def __init__(self, base: str, ca: str | None = None, token: str = "", number: int = 0) -> None:
        self.token = token
        self.reopened = 0  # times it was found closed before anything was sent
        self.resent = 0  # times it was closed after a request went out and before a byte of answer came
        self._url = urllib.parse.urlsplit(base)
        self._context = ssl.create_default_context(cafile=ca) if self._url.scheme == "https" else None
        self._source = (f"127.0.1.{number}", 0) if number else None  # limits count by address: different people
        self._open: Any = None
        self._answering = False

    def ask(self, method: str, path: str, body: Any = None, form: str = "") -> tuple[int, bytes]:
        """Status and body of the answer; raises `OSError` or `HTTPException` when there is none."""
        sent, headers = self._prepared(body, form)
        kept = self._is_kept()
        try:
            return self._exchange(method, path, sent, headers)
        except CLOSED:
            self.close()
            if not kept or self._answering or method not in REPEATABLE:
                raise
            self.resent += 1
            return self._exchange(method, path, sent, headers)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def _prepared(self, body: Any, form: str) -> tuple[bytes | None, dict[str, str]]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if form:
            return form.encode(), {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        if body is None:
            return None, headers
        return json.dumps(body).encode(), {**headers, "Content-Type": "application/json"}

    def _is_kept(self) -> bool:
        """Whether there is a connection from before; one that the server closed meanwhile is none."""
        if self._open is not None and select.select([self._open.sock], [], [], 0)[0]:
            self.close()
            self.reopened += 1
        return self._open is not None

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        self._answering = False
        if self._open is None:
            self._open = self._connect()
        self._open.request(method, self._url.path + path, body, headers)
        answer = self._open.getresponse()
        self._answering = True
        content = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, content

    def _connect(self) -> http.client.HTTPConnection:
        where = self._url.netloc
        options: dict[str, Any] = {"timeout": SECONDS_TO_ANSWER, "source_address": self._source}
        if self._context is None:
            return http.client.HTTPConnection(where, **options)
        return http.client.HTTPSConnection(where, context=self._context, **options)
