"""A real nginx with our site on ports of its own, and a stand-in for the service behind it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.ops.installation import make_certificate
from tests.ports import free_port

SITE = Path(__file__).parents[2] / "nginx" / "api.lifetracker.site.conf"
NAME = "api.lifetracker.site"
# As Debian's and Ubuntu's nginx.conf has it, but for where things lie.
AROUND = """
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
worker_rlimit_nofile 1024;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    access_log {folder}/access.log;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """Its body, which must say that it is a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        return dict(json.loads(self.body))


@dataclass
class Edge:
    """`seen` is what reached the service: a line and the headers of each request."""

    folder: Path
    http: int
    https: int
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def ask(
        self, target: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """What TLS answers for the request target, which is sent as it is."""
        lines = {"Host": NAME, "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return self.send(f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode() + body)

    def send(self, request: bytes, tls: ssl.SSLContext | None = None) -> Answer:
        with self.connect(tls) as connection:
            connection.sendall(request)
            return _read(connection)

    def connect(self, tls: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.https), timeout=10)
        return (tls or _trusting(self.folder)).wrap_socket(plain, server_hostname=NAME)

    def ask_http(self, target: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.http, timeout=10)
        connection.request("GET", target, headers={"Host": NAME})
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return answer


def _trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "certificate.pem")


def _read(connection: socket.socket) -> Answer:
    response = HTTPResponse(connection)
    response.begin()
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def lay_site(folder: Path, *, http: int, https: int, backend: int, changes: dict[str, str] | None = None) -> Path:
    """The site with ports, certificate and `changes` of a test, and an nginx.conf around it: that one's path."""
    make_certificate(folder, days=2, name=NAME)
    text = SITE.read_text(encoding="utf-8")
    ours = {
        "    listen 80;\n    listen [::]:80;": f"    listen 127.0.0.1:{http};",
        "    listen 443 ssl http2;\n    listen [::]:443 ssl http2;": f"    listen 127.0.0.1:{https} ssl http2;",
        "/etc/lifetracker/tls/fullchain.pem": f"{folder}/certificate.pem",
        "/etc/lifetracker/tls/privkey.pem": f"{folder}/key.pem",
        "127.0.0.1:8000 max_fails": f"127.0.0.1:{backend} max_fails",
        **(changes or {}),
    }
    for here, there in ours.items():
        assert text.count(here) == 1, here
        text = text.replace(here, there)
    text = text.replace("/var/log/nginx/", f"{folder}/")
    (folder / "site.conf").write_text(text, encoding="utf-8")
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(AROUND.format(folder=folder, user=user), encoding="utf-8")
    return config


@contextmanager
def edge(folder: Path, *, away: bool = False, changes: dict[str, str] | None = None) -> Iterator[Edge]:
    """nginx, and unless it is `away` a service that answers every path with what it was asked."""
    made = Edge(folder, free_port(), free_port())
    backend = free_port()
    config = lay_site(folder, http=made.http, https=made.https, backend=backend, changes=changes)
    nginx = subprocess.Popen([program(), "-p", folder, "-c", config, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        with _serving(made, None if away else backend):
            _await(made.https)
            yield made
    finally:
        nginx.terminate()
        nginx.wait(timeout=10)


def program() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found is not None
    return found


@contextmanager
def _serving(made: Edge, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if self.path == "/busy":
                return self.reply(503, {"Retry-After": "7"})
            return self.reply(404 if self.path == "/nothing" else 200, {})

        do_POST = do_GET  # noqa: N815

        def reply(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "2", "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None: ...

    with Server(("127.0.0.1", port), Echo) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield
        server.shutdown()


def _await(port: int) -> None:
    for _ in range(400):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.025)
    raise AssertionError("nginx does not listen")
