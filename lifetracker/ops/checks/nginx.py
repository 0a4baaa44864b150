"""Checks of the site before the service: that nginx runs what lies there, that our name leads to us, and of the key."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from lifetracker.ops import access, age, nginx, shell
from lifetracker.ops.checks.verdict import Verdict, failed, judged, skipped
from lifetracker.ops.places import Places
from lifetracker.ops.systemd import read_unit

INCLUDED = ("conf.d", "sites-enabled", "modules-enabled")  # of these a file that was taken away counts, too
ROOT = 0


def runs_what_lies_there(places: Places) -> Verdict:
    """That nginx is up, comes back with the machine, and has read its files as they are."""
    if (away := _nothing_to_look_at(places)) is not None:
        return away
    unit, read_at = read_unit(nginx.UNIT), nginx.read_at()
    if not unit.active or read_at is None:
        return failed(f"{nginx.UNIT} is {unit.state if unit.loaded else unit.told.get('LoadState')}")
    newer = [f"{path} was changed, and nginx still runs with what it read before" for path in _newer(places, read_at)]
    passing = [] if unit.enabled else [f"{nginx.UNIT} is {unit.at_boot}: it will not come back when the machine starts"]
    return judged([*passing, *newer], [], f"{nginx.UNIT} is {unit.state}, enabled, and has read what lies there")


def _nothing_to_look_at(places: Places) -> Verdict | None:
    """Also where nginx itself would not load what lies there: that has a check of its own, which fails then."""
    if not places.read_config().outside:
        return skipped('server.toml says public_url = ""')
    if not shell.has("nginx"):
        return failed("nginx is not installed")
    try:
        nginx.read(places)
    except shell.ProgramFailed:
        return skipped("nginx would not load what lies there: see `nginx`")
    return None


def _newer(places: Places, than: float) -> Iterator[Path]:
    files = nginx.read(places)
    pairs = {path for server in nginx.servers(files) for pair in server.pairs for path in pair}
    folders = [path for name in INCLUDED if (path := places.nginx / name).is_dir()]
    return (path for path in [*files, *folders, *sorted(pairs)] if age.changed(path) > than)


def name_is_ours_alone(places: Places) -> Verdict:
    """That one site answers to our name: of two on one port nginx takes the first, or the one of the nearer address."""
    if (away := _nothing_to_look_at(places)) is not None:
        return away
    site = places.read_config().site
    ours = [server for server in nginx.servers(nginx.read(places)) if site in server.names]
    if not ours:
        return failed(f"no site of nginx has the name {site}")
    twice = [(one, other) for one, other in combinations(ours, 2) if one.ports & other.ports]
    wrong = [f"{one.file} and {other.file} both answer to {site} on port {_told(one, other)}" for one, other in twice]
    return judged(wrong, [], f"{site} is the name of {' and '.join(sorted({str(each.file) for each in ours}))} alone")


def _told(one: nginx.Server, other: nginx.Server) -> str:
    return ", ".join(sorted(one.ports & other.ports))


def key_is_closed_and_fits(places: Places) -> Verdict:
    """That root alone can read the key of each certificate of our site, and that it is that certificate's."""
    if (away := _nothing_to_look_at(places)) is not None:
        return away
    site = places.read_config().site
    ours = [server for server in nginx.servers(nginx.read(places)) if site in server.names]
    pairs = list(dict.fromkeys(pair for server in ours for pair in server.pairs))
    if not pairs:
        return skipped(f"the site {site} has no certificate of its own")
    wrong = [why for chain, key in pairs for why in (*_misfit(chain, key), *_readers(key))]
    doubtful = [why for _, key in pairs for why in _careless(key)]
    return judged(wrong, doubtful, f"the key of {site} fits its certificate, and is root's alone")


def _misfit(chain: Path, key: Path) -> Iterator[str]:
    """nginx itself takes a key of another kind without a word, and then no client gets through."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password="")
    except (OSError, ValueError) as wrong:  # an SSLError is an OSError
        yield f"{key} does not fit {chain}: {getattr(wrong, 'reason', None) or wrong}"


def _readers(key: Path) -> Iterator[str]:
    if not key.exists():
        return
    seen = key.stat()
    if seen.st_uid != os.geteuid():
        yield f"{key} belongs to {access.user(seen.st_uid)}"
    if seen.st_mode & stat.S_IRWXO and _is_reached(key):
        yield f"everybody can read {key} (mode {access.mode(key)})"
    yield from (f"{name} can read {key}, by an access list" for name in access.named(key.resolve()))


def _careless(key: Path) -> Iterator[str]:
    if not key.exists():
        return
    seen = key.stat()
    if seen.st_mode & stat.S_IRWXO and not _is_reached(key):
        yield f"only a folder above keeps everybody from {key} (mode {access.mode(key)})"
    if seen.st_mode & stat.S_IRWXG and seen.st_gid not in (ROOT, os.getegid()):
        yield f"the group {access.group(seen.st_gid)} can read {key} (mode {access.mode(key)})"


def _is_reached(path: Path) -> bool:
    """Whether everybody may pass through all folders above what it leads to."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
