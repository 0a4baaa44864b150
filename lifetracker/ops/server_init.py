"""`lifetracker server init`: a bare server brought to where `deploy` works, by commands that could be typed as well.

Each step knows whether it is so already, and what makes it so; twice is once. What the operator wrote is never
overwritten: settings stay, an edited site stays with the new one beside it. Unit files are ours, drop-ins are theirs.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shlex
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from grp import getgrgid
from pathlib import Path

from lifetracker.ops import shell, source
from lifetracker.ops.places import SERVICE, USER, Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.source import TREE

SITE = "api.lifetracker.site"
UNITS = (SERVICE, "lifetracker-backup.service", "lifetracker-backup.timer")
COMMAND = "usr/local/bin/lifetracker"
SELF_SIGNED_DAYS = "90"
GIVEN = "/dev/stdin"  # files are given by their text: what an archive unpacked of itself is gone when it is typed
Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """`commands` make it so; the last of them is given `stdin`."""

    what: str
    is_so: Callable[[], bool]
    commands: Sequence[Command]
    stdin: str | None = None

    def told(self) -> Iterator[str]:
        """Its commands as a shell would take them."""
        *before, last = map(shlex.join, self.commands)
        yield from before
        yield last if self.stdin is None else f"{last} <<'EOF'\n{self.stdin}EOF"


def init(places: Places, site: str | None, say: Callable[[str], None], *, only_print: bool = False) -> None:
    """Make `places` a server for `site`, telling each step; with `only_print`, every command, and nothing changes.

    Below another root than `/`, what belongs to the machine (its users, systemd, nginx) is left out.
    """
    real = places.root == Path("/")
    if real and not only_print:
        _refuse_what_lacks()
    _refuse_another_name(places, site)
    name = site or places.read_config().site
    for step in _steps(places, name, real):
        if step.is_so():
            say(f"# as it should be: {step.what}")
        else:
            say(f"# {step.what}")
            if only_print:
                for line in step.told():
                    say(line)
            else:
                _run(step)
    say(f"# next: {_next(places)}")


def _next(places: Places) -> str:
    """`lifetracker` itself is of the live release: the first one is brought by its archive."""
    if places.live.exists():
        return "lifetracker ops-check"
    return f"{os.path.basename(sys.executable)} {source.archive() or 'ARCHIVE'} deploy"


def _run(step: Step) -> None:
    *before, last = step.commands
    for command in before:
        shell.run(command)
    shell.run(last, stdin=step.stdin)


def _refuse_another_name(places: Places, site: str | None) -> None:
    """Two sites of ours in one nginx name the same limits: it would refuse to load either."""
    if not places.config.exists() or (now := places.read_config().site) == (site or now):
        return
    raise Refused(
        f"{places.config} says that this server is {now}, not {site}: to give it another name change that line, remove "
        f"{places.nginx}/sites-enabled/{now}.conf, and run `server init` without --site"
    )


def _refuse_what_lacks() -> None:
    if os.geteuid() != 0:
        raise Refused("a server is prepared by root: run it with sudo")
    if importlib.util.find_spec("ensurepip") is None:
        raise Refused("this Python cannot make virtual environments: apt-get install python3-venv (of its version)")
    for program in ("systemctl", "nginx", "openssl"):
        if not shell.has(program):
            package = {"systemctl": "systemd"}.get(program, program)
            raise Refused(f"there is no {program} here: apt-get install {package}")
    if not Path("/run/systemd/system").is_dir():
        raise Refused("systemd does not run this machine: the service needs it")


def _steps(places: Places, site: str, real: bool) -> Iterator[Step]:
    if real:
        yield Step(f"user {USER}", _has_user, [_USERADD])
    for folder, mode, owner in _folders(places):
        yield _folder(folder, mode, owner if real else None)
    yield _settings(places.environment, TREE / "systemd/lifetracker.env", "0640", f"root:{USER}" if real else None)
    yield Step(
        f"what this operator decided, in {places.config}",
        places.config.exists,
        [("tee", str(places.config))],
        f'# docs/operations.md lists what may stand here.\nsite = "{site}"\n',
    )
    yield _file(places.root / COMMAND, TREE / "systemd/lifetracker", "0755")
    changed = False
    for unit in UNITS:
        step = _file(places.units / unit, TREE / "systemd" / unit, "0644")
        changed = changed or not step.is_so()
        yield step
    edge = [*_certificate(places, site), *_site(places, site)]
    site_is_read = all(step.is_so() for step in edge)
    yield from edge
    if real:
        yield Step("systemd has read the units", lambda: not changed, [("systemctl", "daemon-reload")])
        yield Step("the service starts with the machine", _is_enabled(SERVICE), [("systemctl", "enable", SERVICE)])
        yield Step("a backup every day", _is_enabled(UNITS[2]), [("systemctl", "enable", "--now", UNITS[2])])
        reload = [("nginx", "-t"), ("systemctl", "reload-or-restart", "nginx")]
        yield Step("nginx has read the site", lambda: site_is_read, reload)


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


def _folder(folder: Path, mode: str, owner: str | None) -> Step:
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise Refused(f"{folder} is no folder: move away what stands there")
    make = ("install", "-d", "-m", mode, *_whose(owner), str(folder))
    return Step(f"folder {folder}", lambda: _is(folder, mode, owner), [make])


def _whose(owner: str | None) -> list[str]:
    user, _, group = (owner or "").partition(":")
    return ["-o", user, "-g", group] if owner else []


def _is(path: Path, mode: str, owner: str | None) -> bool:
    try:
        found = path.stat()
        who = f"{pwd.getpwuid(found.st_uid).pw_name}:{getgrgid(found.st_gid).gr_name}"
    except (FileNotFoundError, KeyError):
        return False
    return stat.S_IMODE(found.st_mode) == int(mode, 8) and owner in (None, who)


def _settings(target: Path, first: Path, mode: str, owner: str | None) -> Step:
    """A file that is the operator's from then on: only who may read it is seen to."""
    make = ("install", "-m", mode, *_whose(owner), GIVEN, str(target))
    mend = [("chmod", mode, str(target)), *([("chown", owner, str(target))] if owner else [])]
    what = f"the service's settings, {target}"
    if target.exists():
        return Step(what, lambda: _is(target, mode, owner), mend)
    return Step(what, target.exists, [make], first.read_text(encoding="utf-8"))


def _file(target: Path, ours: Path, mode: str) -> Step:
    """A file of ours; one that is otherwise is kept as `.old`."""
    wanted = ours.read_text(encoding="utf-8")

    def is_so() -> bool:
        return target.is_file() and target.read_bytes() == wanted.encode() and _is(target, mode, None)

    keep = [("cp", "-p", str(target), f"{target}.old")] if target.exists() else []
    return Step(str(target), is_so, [*keep, ("install", "-m", mode, GIVEN, str(target))], wanted)


def _certificate(places: Places, site: str) -> Iterator[Step]:
    """A self-signed one until there is a real one, since nginx does not start without."""
    chain, key = places.etc / "tls/fullchain.pem", places.etc / "tls/privkey.pem"
    make = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-days", SELF_SIGNED_DAYS, "-subj", f"/CN={site}", "-addext", f"subjectAltName=DNS:{site}"),
        *("-keyout", str(key), "-out", str(chain)),
    )
    what = f"a certificate for {site}: self-signed, until docs/operations.md has brought a real one"
    yield Step(what, lambda: chain.exists() and key.exists(), [make])


def _site(places: Places, site: str) -> Iterator[Step]:
    """The site is the operator's once it is there; a newer one is laid beside it as `.new`."""
    target = places.nginx / "sites-available" / f"{site}.conf"
    wanted = (TREE / "nginx" / f"{SITE}.conf").read_text(encoding="utf-8").replace(SITE, site)

    def is_so(file: Path = target) -> bool:
        return file.is_file() and file.read_text(encoding="utf-8") == wanted

    beside = target.with_name(f"{target.name}.new")
    if target.exists() and not is_so():
        what = f"{target} was edited, or is of another release: it stays, and the new one is beside it"
        yield Step(what, lambda: is_so(beside), [("tee", str(beside))], wanted)
    else:
        yield Step(f"nginx's site {site}", is_so, [("tee", str(target))], wanted)
    enabled = places.nginx / "sites-enabled" / target.name
    link = ("ln", "-s", f"../sites-available/{target.name}", str(enabled))
    yield Step(f"{site} is enabled", enabled.is_symlink, [link])


def _has_user() -> bool:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


def _is_enabled(unit: str) -> Callable[[], bool]:
    def is_so() -> bool:
        try:
            return shell.run(["systemctl", "is-enabled", unit]).strip() == "enabled"
        except shell.ProgramFailed:
            return False

    return is_so
