"""The steps of `server init`: what each brings, whether that is there already, and the commands that make it so."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lifetracker.ops.places import BACKUP, SERVICE, TIMER, USER, Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.server import state as server_state
from lifetracker.ops.started_from import TREE

SITE = "api.lifetracker.site"
UNITS = (SERVICE, BACKUP, TIMER)
COMMAND = "usr/local/bin/lifetracker"
SELF_SIGNED_DAYS = "90"
Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """`commands` make it so; the last of them gets `stdin`, where there is such a text.

    What is written stands in the command itself, and is no path of ours: an archive's own files go when it ends.
    """

    what: str
    is_so: Callable[[], bool]
    commands: Sequence[Command]
    stdin: str | None = None

    def told(self) -> Iterator[str]:
        """Its commands as a shell would take them."""
        *before, last = map(shlex.join, self.commands)
        yield from before
        yield last if self.stdin is None else f"{last} <<'EOF'\n{self.stdin}EOF"


def steps(places: Places, site: str, real: bool) -> Iterator[Need]:
    if real:
        yield Need(f"user {USER}", partial(server_state.has_user, USER), [_USERADD])
    for folder, mode, owner in _folders(places):
        yield _folder(folder, mode, owner if real else None)
    yield _settings(places.environment, TREE / "systemd/lifetracker.env", "0640", f"root:{USER}" if real else None)
    yield Need(
        f"what this operator decided, in {places.config}",
        places.config.exists,
        [_write(places.config)],
        f'# docs/operations.md lists what may stand here.\nsite = "{site}"\n',
    )
    yield _file(places.root / COMMAND, TREE / "systemd/lifetracker", "0755")
    units = [_file(places.units / unit, TREE / "systemd" / unit, "0644") for unit in UNITS]
    changed = not all(step.is_so() for step in units)
    yield from units
    edge = [*_certificate(places, site), *_site(places, site)]
    edge_changed = not all(step.is_so() for step in edge)
    yield from edge
    if real:
        yield from _told_to_the_machine(places, site, changed, edge_changed)


def _told_to_the_machine(places: Places, site: str, units_changed: bool, edge_changed: bool) -> Iterator[Need]:
    """Also what was written by a run that was ended before it could tell."""
    read = partial(server_state.are_read, UNITS)
    yield Need("systemd has read the units", lambda: not units_changed and read(), [("systemctl", "daemon-reload")])
    enabled, daily = partial(server_state.is_enabled, SERVICE), partial(server_state.is_enabled, TIMER)
    yield Need("the service starts with the machine", enabled, [("systemctl", "enable", SERVICE)])
    yield Need("a backup every day", daily, [("systemctl", "enable", "--now", TIMER)])
    edge = (places.nginx / "sites-available" / f"{site}.conf", *(places.etc / "tls").glob("*.pem"))
    reload = [("nginx", "-t"), ("systemctl", "reload-or-restart", "nginx")]
    yield Need("nginx has read the site", lambda: not edge_changed and server_state.nginx_has_read(edge), reload)


_USERADD = (
    *("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/var/lib/lifetracker"),
    *("--shell", "/usr/sbin/nologin", USER),
)


def _folders(places: Places) -> Iterator[tuple[Path, str, str]]:
    for folder in (places.home, places.releases, places.venvs, places.etc):
        yield folder, "0755", "root:root"
    yield places.deploy, "0700", "root:root"
    yield places.etc / "tls", "0700", "root:root"
    yield places.data, "0750", f"{USER}:{USER}"
    yield places.backups, "0710", f"root:{USER}"
    sites = [places.nginx / name for name in ("sites-available", "sites-enabled")]
    for folder in (places.units, places.root / "usr/local/bin", *sites):
        if not folder.is_dir():
            yield folder, "0755", "root:root"


def _folder(folder: Path, mode: str, owner: str | None) -> Need:
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise Refused(f"{folder} is no folder: move away what stands there")
    make = ("install", "-d", "-m", mode, *_whose(owner), str(folder))
    return Need(f"folder {folder}", partial(server_state.is_so, folder, mode, owner), [make])


def _whose(owner: str | None) -> list[str]:
    user, _, group = (owner or "").partition(":")
    return ["-o", user, "-g", group] if owner else []


def _settings(target: Path, first: Path, mode: str, owner: str | None) -> Need:
    """A file that is the operator's from then on: only who may read it is seen to."""
    make = _write(target, mode, owner)
    mend = [("chmod", mode, str(target)), *([("chown", owner, str(target))] if owner else [])]
    what = f"the service's settings, {target}"
    is_so = partial(server_state.is_so, target, mode, owner)
    return Need(what, is_so, mend) if target.exists() else Need(what, is_so, [make], first.read_text(encoding="utf-8"))


def _write(target: Path, mode: str = "0644", owner: str | None = None) -> Command:
    """A command that makes its stdin a file, which is nobody else's to read for no instant."""
    return ("install", "-m", mode, *_whose(owner), "/dev/stdin", str(target))


def _file(target: Path, ours: Path, mode: str) -> Need:
    """A file of ours; one that is otherwise is kept as `.old`."""
    wanted = ours.read_text(encoding="utf-8")

    def is_so() -> bool:
        return target.is_file() and target.read_bytes() == wanted.encode() and server_state.is_so(target, mode, None)

    keep = [("cp", "-p", str(target), f"{target}.old")] if target.exists() else []
    return Need(str(target), is_so, [*keep, _write(target, mode)], wanted)


def _certificate(places: Places, site: str) -> Iterator[Need]:
    """A self-signed one until there is a real one, since nginx does not start without.

    In the place of links that lead nowhere, too: they were laid for a certificate that did not come.
    """
    chain, key = places.etc / "tls/fullchain.pem", places.etc / "tls/privkey.pem"
    if chain.exists() != key.exists():
        raise Refused(f"of {chain} and {key} only one is there: bring the other, or move that one away")
    make = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-days", SELF_SIGNED_DAYS, "-subj", f"/CN={site}", "-addext", f"subjectAltName=DNS:{site}"),
        *("-keyout", str(key), "-out", str(chain)),
    )
    lost = [str(file) for file in (chain, key) if file.is_symlink() and not file.exists()]
    remove, why = ([("rm", "-f", *lost)], f"; {' and '.join(lost)} led nowhere") if lost else ([], "")
    what = f"a certificate for {site}: self-signed, until docs/operations.md has brought a real one{why}"
    yield Need(what, lambda: chain.exists() and key.exists(), [*remove, make])


def _site(places: Places, site: str) -> Iterator[Need]:
    """The site is the operator's once it is there; a newer one is laid beside it as `.new`."""
    target = places.nginx / "sites-available" / f"{site}.conf"
    wanted = (TREE / "nginx" / f"{SITE}.conf").read_text(encoding="utf-8").replace(SITE, site)

    def is_so(file: Path = target) -> bool:
        return file.is_file() and file.read_text(encoding="utf-8") == wanted

    beside = target.with_name(f"{target.name}.new")
    if target.exists() and not is_so():
        what = f"{target} was edited, or is of another release: it stays, and the new one is beside it"
        yield Need(what, lambda: is_so(beside), [_write(beside)], wanted)
    else:
        yield Need(f"nginx's site {site}", is_so, [_write(target)], wanted)
    yield _enabled(target, places.nginx / "sites-enabled" / target.name)


def _enabled(site: Path, enabled: Path) -> Need:
    """By a link. A copy is what nginx loads: it stays where it is otherwise than the site, and gives way where not."""
    copied = enabled.is_file() and not enabled.is_symlink()
    if copied and not (site.is_file() and site.read_bytes() == enabled.read_bytes()):
        what = f"{enabled} is a copy, otherwise than {site}: it stays, and is what nginx loads"
        return Need(what, lambda: True, [])
    link = ("ln", "-sfn", f"../sites-available/{site.name}", str(enabled))
    return Need(f"{site.stem} is enabled", lambda: enabled.is_symlink() and enabled.exists(), [link])
