"""Ways to break an installation below a temporary folder, for the table of `test_breakages.py`."""

from __future__ import annotations

import os
import py_compile
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ops.installation import (
    Installation,
    answering,
    await_open,
    back_up,
    make_certificate,
    running,
    serving_nginx,
    serving_unit,
    tell_nginx,
    tls_with,
)
from tests.ops.surroundings import START
from tests.ports import free_port

Break = Callable[[Installation, ExitStack], object]
NOBODY = 65534
TAG = sys.implementation.cache_tag
WAIT = "import sys; sys.stdin.read()"
LISTEN = "import socket, sys; held = socket.create_server(('0.0.0.0', int(sys.argv[1]))); sys.stdin.read()"


def told(**properties: str) -> Break:
    """systemd says this of the service, as it did when a drop-in, or somebody, had made it so."""
    return lambda server, _: server.systemd(**properties)


def told_of(unit: str, **properties: str) -> Break:
    return lambda server, _: server.systemd_of(unit, **properties)


def put(name: str, text: str = "more\n") -> Break:
    """A file that is written, or written over; its name begins at the installation's root."""

    def write(server: Installation, _: ExitStack) -> None:
        file = _path(server, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    return write


def away(name: str) -> Break:
    return lambda server, _: _path(server, name).unlink()


def opened(name: str, mode: int) -> Break:
    return lambda server, _: _path(server, name).chmod(mode)


def given(name: str, *, user: int = -1, group: int = -1) -> Break:
    return lambda server, _: os.chown(_path(server, name), user, group)


def listed(name: str) -> Break:
    """An access list that lets `nobody` read: as `setfacl -m u:nobody:r-x` writes it."""
    entries = [
        (0x01, 7, 0xFFFFFFFF),
        (0x02, 5, NOBODY),
        (0x04, 5, 0xFFFFFFFF),
        (0x10, 7, 0xFFFFFFFF),
        (0x20, 0, 0xFFFFFFFF),
    ]
    content = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)

    def set_list(server: Installation, _: ExitStack) -> None:
        try:
            os.setxattr(_path(server, name), "system.posix_acl_access", content)
        except OSError:
            pytest.skip("this file system has no access lists")

    return set_list


def _path(server: Installation, name: str) -> Path:
    """`LIVE` and `PACKAGES` stand for the live release and its libraries."""
    packages = next((server.places.venvs / "lock/lib").iterdir()) / "site-packages"
    name = name.replace("LIVE", str(server.release)).replace("PACKAGES", str(packages))
    return server.places.root / name


def served(then: Break) -> Break:
    """The service runs, and then this is done."""

    def serve(server: Installation, stack: ExitStack) -> None:
        stack.enter_context(serving_unit(server))
        then(server, stack)

    return serve


def before_nginx(then: Break) -> Break:
    """nginx runs with our site, and then this is done."""

    def serve(server: Installation, stack: ExitStack) -> None:
        server.configure(public_url="https://localhost/api")
        stack.enter_context(serving_nginx(server))
        then(server, stack)
        tell_nginx(server)

    return serve


def both(*breaks: Break) -> Break:
    return lambda server, stack: [each(server, stack) for each in breaks]


def replace_compiled(name: str) -> Break:
    """What a source is compiled to, put in the place of what another one is."""

    def replace(server: Installation, stack: ExitStack) -> None:
        file = _path(server, name)
        other = file.with_name("other.py")
        other.write_text("import os\n", encoding="utf-8")
        made = py_compile.compile(str(other), cfile=str(file.parent / "__pycache__" / f"{file.stem}.{TAG}.pyc"))
        other.unlink()
        assert made

    return replace


def edit_settings(server: Installation, _: ExitStack) -> None:
    with server.places.environment.open("a", encoding="utf-8") as file:
        file.write("LIFETRACKER_REGISTRATION=closed\n")


def listen_to_all(server: Installation, stack: ExitStack) -> None:
    port = free_port()
    server.configure(public_url="", url=f"http://127.0.0.1:{port}")
    stack.enter_context(running([sys.executable, "-c", LISTEN, str(port)], server.places.root, port))


def ask_a_shell(server: Installation, stack: ExitStack) -> None:
    """A shell that has yet to open the database: it does so at its first statement."""
    shell = server.programs / "sqlite3"
    shutil.copy(os.path.realpath("/bin/sh"), shell)
    command = [str(shell), "-c", "read word", "sqlite3", str(server.database)]
    pid = stack.enter_context(running(command, server.places.root))
    _await(lambda: Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "sqlite3")


def hold_the_database(server: Installation, stack: ExitStack) -> None:
    command = [sys.executable, "-c", f"held = open({str(server.database)!r}); {WAIT}"]
    pid = stack.enter_context(running(command, server.places.root))
    await_open(pid, str(server.database))


def _await(is_so: Callable[[], bool]) -> None:
    for _ in range(400):
        if is_so():
            return
        time.sleep(0.025)
    raise AssertionError("it did not come to be")


def edit_site(server: Installation, _: ExitStack) -> None:
    (server.places.nginx / "sites-available/site.conf").touch()


def break_nginx(server: Installation, _: ExitStack) -> None:
    server.program("nginx", code=1, complains="nginx:\n[emerg] unknown directive")


def no_line_is_kept(server: Installation, _: ExitStack) -> None:
    """As with `Storage=none`, or `MaxLevelStore=crit`: what is written is taken, and not there."""
    server.program("systemd-cat")


def rotate_journal(server: Installation, _: ExitStack) -> None:
    (server.programs / f"journalctl.{START}.says").unlink()


def log_error(server: Installation, _: ExitStack) -> None:
    server.program("journalctl", '{"MESSAGE": "a bug"}')


def fill_disk(server: Installation, _: ExitStack) -> None:
    os.truncate(server.database, 1 << 43)


def set_no_clock(server: Installation, _: ExitStack) -> None:
    server.program("timedatectl", "no\n")


def back_up_long_ago(server: Installation, _: ExitStack) -> None:
    back_up(server, hours=30)


def key_of_another_kind(server: Installation, _: ExitStack) -> None:
    """An RSA key beside a certificate for an elliptic curve: `nginx -t` is content with it."""
    key = server.places.etc / "tls/privkey.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)


def key_of_another_certificate(server: Installation, stack: ExitStack) -> None:
    other = server.places.root / "other"
    other.mkdir()
    make_certificate(other, days=90)
    shutil.copy(other / "key.pem", server.places.etc / "tls/privkey.pem")


def another_site(server: Installation, _: ExitStack) -> None:
    text = "server {\n    listen 443 ssl;\n    server_name 'api.lifetracker.site';\n}\n"
    (server.places.nginx / "sites-enabled/a-first").write_text(text, encoding="utf-8")


def certificate(server: Installation, stack: ExitStack) -> None:
    folder = server.places.root / "tls"
    folder.mkdir()
    address = stack.enter_context(answering({}, tls_with(make_certificate(folder, days=3))))
    server.configure(public_url=f"{address}/api")


def answer_otherwise(server: Installation, stack: ExitStack) -> None:
    address = stack.enter_context(answering({"/health": (200, {"status": "ok", "release": "another"})}))
    server.configure(public_url="", url=address)


def answer_badly(server: Installation, stack: ExitStack) -> None:
    fail = {"status": "fail", "checks": {"database": "the disk is full"}}
    address = stack.enter_context(answering({"/health": (503, fail), "/health/deep": (503, fail)}))
    server.configure(public_url=address, url=address)


def run_another_release(server: Installation, _: ExitStack) -> None:
    other = server.places.releases / "20261123T090000Z-ffffffffffff"
    shutil.copytree(server.release, other, symlinks=True)
    server.places.live.unlink()
    server.places.live.symlink_to(other)


def backed_up(server: Installation, _: ExitStack) -> None:
    back_up(server, hours=1)
