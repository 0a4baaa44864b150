"""nginx as it is set up on disk, read as nginx itself reads it, and since when it runs with what it read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from lifetracker.ops import age, shell
from lifetracker.ops.places import Places
from lifetracker.ops.systemd import read_unit

UNIT = "nginx.service"
WORKER = "nginx: worker process"  # one that still ends its last connections is called otherwise
TAKES_AT_MOST = 15.0
FILE = re.compile(r"^# configuration file (\S+):$", re.MULTILINE)
WORD = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|(?:\$\{[^}]*\}|\\.|[^\s{};])+""", re.DOTALL)
Directive = list[str]


@dataclass(frozen=True, slots=True)
class Server:
    """A `server` block: the file it stands in, and the directives of its own, without what is in its locations."""

    file: Path
    directives: tuple[Directive, ...]

    def all(self, name: str) -> list[Directive]:
        """The words behind each directive of that name."""
        return [words for first, *words in self.directives if first == name]

    @property
    def names(self) -> set[str]:
        return {name for words in self.all("server_name") for name in words}

    @property
    def ports(self) -> set[str]:
        """Those that it listens on, at whatever address; 80 where it does not say."""
        return {_port(words[0]) for words in self.all("listen") if words} or {"80"}

    @property
    def pairs(self) -> list[tuple[Path, Path]]:
        """Certificates with their keys, in the order in which they stand."""
        chains, keys = self.all("ssl_certificate"), self.all("ssl_certificate_key")
        return [(Path(chain[0]), Path(key[0])) for chain, key in zip(chains, keys, strict=False)]


def _port(address: str) -> str:
    _, colon, port = address.rpartition(":")
    if address.isdigit():
        return address
    return port if colon and port.isdigit() else "80"


def read(places: Places) -> dict[Path, str]:
    """Every file that nginx would load, in the order in which it does; `ProgramFailed` where it would not."""
    dump = shell.run(["nginx", "-T", "-q", "-c", places.nginx / "nginx.conf"], seconds=TAKES_AT_MOST)
    _, *parts = FILE.split(dump)
    return {Path(name): text for name, text in zip(parts[::2], parts[1::2], strict=True)}


def servers(files: dict[Path, str]) -> list[Server]:
    return [Server(file, tuple(block)) for file, text in files.items() for block in _blocks(text)]


def _blocks(text: str) -> Iterator[list[Directive]]:
    """The directives of each `server` block."""
    stack: list[list[Directive]] = [[]]
    words: Directive = []
    for word in _words(text):
        if word == "{":
            stack.append([words])
        elif word == "}":
            closed = stack.pop()
            if closed[:1] == [["server"]]:
                yield closed[1:]
        elif word == ";":
            stack[-1].append(words)
        else:
            words.append(word)
            continue
        words = []


def _words(text: str) -> Iterator[str]:
    """Without remarks, and without the quotes around one."""
    for found in WORD.findall(text):
        if not found.startswith("#"):
            yield found[1:-1] if found[0] in "\"'" else found


def read_at() -> float | None:
    """When nginx read what it runs with: a reload starts new workers. None where none runs.

    The oldest counts: one that died is started again with what was read before.
    """
    main = read_unit(UNIT).main_process
    workers = psutil.Process(main).children() if main and psutil.pid_exists(main) else []
    began = [age.started(each.pid) for each in workers if each.cmdline()[:1] == [WORKER]]
    return min(began, default=None)
