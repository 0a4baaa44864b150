"""Origins of web pages, as browsers write them in `Origin`: scheme, host and port, and nothing else. Pure.

One that is written otherwise would match no browser's, and nobody would be told. So what can only mean one origin is
written as browsers do, and the rest is refused.
"""

from __future__ import annotations

import ipaddress
import json
import re

ANY = "*"
WEB_PORTS = {"https": 443, "http": 80}
# Pages in the shell of an app, or of a browser's extension: they have no port.
SHELLS = ("capacitor", "ionic", "tauri", "app", "chrome-extension", "moz-extension", "safari-web-extension")
PARTS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:.]+\]|[^][/:@?#\\]+)(:(?P<port>[0-9]{1,5}))?/?", re.I
)
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
LONGEST_HOST, LAST_PORT = 253, 65_535
# Older rules write these as other letters, and browsers no longer do: such a name leads elsewhere.
READ_IN_TWO_WAYS = re.compile("[ßς\u200c\u200d]")
RIGHT = "an origin is written as https://app.example or http://localhost:5173"
IN_ASCII = "has a host that can only be written in ASCII, as browsers do: https://xn--…"


def parse(text: str) -> tuple[str, ...]:
    """The origins in a setting: separated by commas, spaces or lines, or a list in JSON. `ValueError` names one."""
    given = _listed(text.strip())
    found = tuple(dict.fromkeys(_origin(number, each) for number, each in enumerate(given, 1)))
    if ANY in found and len(found) > 1:
        raise ValueError("names * beside other origins: * alone lets in the pages of all, else leave it out")
    return found


def _listed(text: str) -> list[str]:
    if not text.startswith(("[", '"')):
        return re.findall(r"[^\s,]+", text)
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    listed = [read] if isinstance(read, str) else read
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError(f"begins as JSON and is no list of texts: write origins with commas between; {RIGHT}")
    return [each.strip() for each in listed]


def _origin(number: int, text: str) -> str:
    """One of them as a browser writes it. It is named by its number alone: it may hold a password."""
    if text == ANY:
        return text
    try:
        return _written_as_browsers_do(text)
    except ValueError as wrong:
        raise ValueError(f"origin {number} {wrong}") from None


def _written_as_browsers_do(text: str) -> str:
    parts = PARTS.fullmatch(text)
    if parts is None:
        raise ValueError(f"{_what_is_wrong(text)}: {RIGHT}")
    scheme, port = parts["scheme"].lower(), int(parts["port"] or 0)
    if scheme not in (*WEB_PORTS, *SHELLS):
        raise ValueError(f"has a scheme that no page has: {RIGHT}")
    if parts["port"] and (scheme in SHELLS or not 1 <= port <= LAST_PORT):
        raise ValueError(f"has a port that cannot be: {RIGHT}")
    end = f":{port}" if port and port != WEB_PORTS.get(scheme) else ""
    return f"{scheme}://{_host(parts['host'])}{end}"


def _what_is_wrong(text: str) -> str:
    if text.lower() == "null":
        return "is what every page without an origin sends, whosever it is"
    scheme, slashes, rest = text.partition("://")
    if not slashes:
        return "has no scheme"
    if "@" in rest:
        return "has a name or a password in it"
    if re.search(r"[/?#\\]", rest.removesuffix("/")):
        return "has a path, and an origin ends before that"
    return "is none" if scheme else "has no scheme"


def _host(written: str) -> str:
    """In small letters of ASCII, and an address in the one way that browsers write it."""
    if written.startswith("["):
        return f"[{_address(written[1:-1])}]"
    if "*" in written:
        raise ValueError("has a * for a part of its host, which matches nothing: write out each origin")
    host = _in_ascii(written.lower())
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"has a host that cannot be: {RIGHT}")
    return _address(host) if labels[-1].isdigit() else host


def _in_ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        if host.isprintable() and not READ_IN_TWO_WAYS.search(host):
            return host.encode("idna").decode()
    except UnicodeError:
        pass
    raise ValueError(IN_ASCII)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("has an address of numbers that cannot be: write it as http://192.168.1.5:8080") from None
